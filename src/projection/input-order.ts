import type { Span } from '../domain/world/window.ts'
import type { InputSpan } from '../log/read-inputs.ts'

const CPUS = 2 ** 32

/**
 * Says of each event, given in the order of time by the number of its line, whether an event of the same CPU behind it
 * in the same input came before it: then times run backwards. Between CPUs lines have no such order: `trace_pipe` prints
 * what one CPU has written when another may still be writing something earlier. `latest` is what it remembers.
 */
export function createOrderCheck(
  inputs: readonly InputSpan[],
  latest: Map<number, number>,
): (line: number, cpu: number) => boolean {
  return (line, cpu) => {
    const key = inputAt(inputs, line) * CPUS + cpu + 1
    const before = latest.get(key) ?? 0
    if (line > before) latest.set(key, line)
    return line < before
  }
}

/** The input of a line; 0 where the capture is one file. */
export function inputAt(inputs: readonly InputSpan[], line: number): number {
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
