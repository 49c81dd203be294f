/** An input whose layout is known, ready to be ingested. */

import { type DetectedLayout, detectLayout, headReadsAs, kernelLogHead } from '../../ingest/detect-layout.ts'
import type { Ending, Input } from '../../ingest/inputs/input.ts'
import { isKernelLogFormat } from '../../ingest/kernel-log/detect-kernel-log.ts'
import { LAYOUTS, type Format as Layout } from '../../ingest/layout.ts'
import { type Refusal, type RefusalCode, refuse } from '../../ingest/refusal.ts'
import type { Content } from '../log/content.ts'
import type { BatchReader, ReaderStart } from '../projection/ingest-request.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { lookAhead } from './look-ahead.ts'
import { type Around, createTraceReader } from './trace-reader.ts'

export interface OpenedTrace {
  kind: 'trace'
  /** As messages name it. */
  path: string
  content: Content
  format: Layout
  /** What the layout has to know of it before the first line. */
  begin?: unknown
  /** It is a snapshot, or one of its inputs is: it has the time that is given with `--at`. */
  takesTime: boolean
  around: Around
  /** How its reading goes. */
  ending: Ending
  /** Bytes, where that is known before all of it was read. */
  size: number | null
  read(start: ReaderStart): BatchReader
  /** Interrupts its ingest, where another than the process's signal is to do that. */
  signal?: AbortSignal
  /** Removes what was put aside to be read more than once. */
  release?(): void
}

/** Looks at the first bytes of `input`; of a kernel log, at all of it. Throws `LogError` `disk-full`. */
export async function openTrace(input: Input, options: CaptureOptions): Promise<OpenedTrace | Refusal> {
  const { path, name, head, seekable, open, size, ending } = input
  const layout = chooseLayout(head, options.layout)
  if (layout.kind === 'refused') return layout
  const { content, format, begin, release } = await lookAhead({ name, head, seekable, open }, layout, options.layout)
  return {
    kind: 'trace',
    path,
    content,
    format,
    begin,
    takesTime: LAYOUTS[format].takesTime ?? false,
    around: input,
    ending,
    size,
    read: (start) => createTraceReader(start, format, options, input, begin),
    release,
  }
}

/** What no choice of a layout makes readable. */
export const FINAL: readonly RefusalCode[] = ['empty', 'binary', 'compressed', 'trace-dat', 'perf-data']

export function chooseLayout(head: Buffer, given: Layout | undefined): DetectedLayout | Refusal {
  const detected = detectLayout(head)
  if (given === undefined || (detected.kind === 'refused' && FINAL.includes(detected.code))) return detected
  // A head that no layout fits may be foreign text before a trace; one that another layout fits is a mistake.
  if (detected.kind === 'layout' && detected.format !== given && !headReadsAs(head, given))
    return refuse(
      'not-a-trace',
      `None of its first lines is of the layout ${given}; they are ${detected.format}.`,
      'Leave --layout away.',
    )
  return isKernelLogFormat(given)
    ? { kind: 'layout', format: given, begin: kernelLogStart(head, given) }
    : { kind: 'layout', format: given }
}

/** Without a stamp in its beginning, what is said to be a kernel log is read line by line. */
function kernelLogStart(head: Buffer, given: Layout): unknown {
  return kernelLogHead(head)?.start ?? { style: given === 'dmesg' ? 'lines' : null, named: false }
}
