import type { Capture } from '../../log/captures.ts'
import { mostFirst } from '../ignored-names.ts'
import { type Page, quoted } from './page.ts'
import { count, many, spanText, timeText } from './quantity.ts'

/** How much the events of a trace can prove, by tier. */
export const TIER_WORDS: Record<string, string> = {
  T0: 'native dma_buf events only',
  T1: 'native dma_buf events and the kernel log or resets',
  T2: 'probes on maps, unmaps, invalidates or moves',
  T3: 'probes, and IOMMU, DMA or fence events',
}

/** What was read: every line of it, with what kind of trace it is and the time it covers. */
export function* headingText(page: Page, capture: Capture, evidence: string, duplicate: boolean): Generator<string> {
  const { ticks, firstNs, lastNs } = capture
  const again = duplicate ? ', already in the log: nothing was appended' : ''
  yield `${page.paint('bold', quoted(capture.name, page.width))}: capture ${capture.capture}${again}\n`
  const lines = [
    `${count(capture.lines)} lines read: ${many(capture.events, 'event')}`,
    `${count(capture.structural)} of structure`,
    ...(capture.ignored > 0 ? [`${count(capture.ignored)} ignored`] : []),
    `${count(capture.malformed)} not understood`,
  ]
  const lost = `${many(capture.lost, 'event')} known to be lost`
  yield `  ${lines.join(', ')}; ${capture.lost > 0n ? page.paint('yellow', lost) : lost}\n`
  if (capture.ignored > 0) yield `  ignored: ${ignoredText(capture)}\n`
  const facts = [
    capture.format ?? 'layout unknown',
    `clock ${capture.clock ?? 'unknown'}`,
    ...(capture.kernel === null ? [] : [`Linux ${quoted(capture.kernel, 60)}`]),
    ...(firstNs === null || lastNs === null
      ? []
      : [`${timeText(firstNs, ticks)} to ${timeText(lastNs, ticks)} (${spanText(lastNs - firstNs, ticks)})`]),
  ]
  yield `  ${facts.join(', ')}\n`
  yield `  evidence: ${evidence}\n\n`
}

const NAMES = 5

/** `sched_switch 812, timer_start 40 and 31 of 3 other names`. */
function ignoredText(capture: Capture): string {
  const names = mostFirst(capture)
  const shown = names.slice(0, NAMES).map(([name, lines]) => `${quoted(name, 60)} ${count(lines)}`)
  const rest = names.slice(NAMES)
  const lines = rest.reduce((sum, [, lines]) => sum + lines, 0)
  return `${shown.join(', ')}${rest.length > 0 ? ` and ${count(lines)} of ${many(rest.length, 'other name')}` : ''}`
}
