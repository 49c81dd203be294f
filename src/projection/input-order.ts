import type { Span } from '../domain/world/window.ts'
import type { InputSpan } from '../log/read-inputs.ts'

/**
 * Says of each event, given in the order of time by the number of its line, whether an event behind it in the same
 * input came before it: then that input's own times run backwards. Lines of other inputs have no order with it.
 */
export function createOrderCheck(inputs: readonly InputSpan[]): (line: number) => boolean {
  const latest = new Map<number, number>()
  return (line) => {
    const input = inputAt(inputs, line)
    const before = latest.get(input) ?? 0
    if (line > before) latest.set(input, line)
    return line < before
  }
}

/** The input of a line; 0 where the capture is one file. */
function inputAt(inputs: readonly InputSpan[], line: number): number {
  let low = 0
  let high = inputs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (inputs[middle]!.line <= line) low = middle + 1
    else high = middle
  }
  return low === 0 ? 0 : inputs[low - 1]!.input
}

/** From when to when each input reaches. */
export function spansOf(inputs: readonly InputSpan[]): Span[] {
  return inputs.map(({ input, first, last }) => ({ input, first, last }))
}
