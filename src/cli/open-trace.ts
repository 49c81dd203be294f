/** An input whose layout is known, ready to be ingested. */
import { type DetectedLayout, detectLayout, headReadsAs } from '../../ingest/detect-layout.ts'
import type { Ending, Input } from '../../ingest/inputs/input.ts'
import { LAYOUTS, type Format as Layout } from '../../ingest/layout.ts'
import { type Refusal, type RefusalCode, refuse } from '../../ingest/refusal.ts'
import type { Content } from '../log/content.ts'
import type { BatchReader, ReaderStart } from '../projection/ingest-request.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { type Around, createTraceReader } from './trace-reader.ts'

export interface OpenedTrace {
  kind: 'trace'
  /** As messages name it. */
  path: string
  content: Content
  format: Layout
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
}

/** Looks at the first bytes of `input`; nothing else is read yet. */
export function openTrace(input: Input, options: CaptureOptions): OpenedTrace | Refusal {
  const { path, name, head, seekable, open, size, ending } = input
  const layout = chooseLayout(head, options.layout)
  if (layout.kind === 'refused') return layout
  return {
    kind: 'trace',
    path,
    content: { name, head, seekable, open },
    format: layout.format,
    takesTime: LAYOUTS[layout.format].takesTime ?? false,
    around: input,
    ending,
    size,
    read: (start) => createTraceReader(start, layout.format, options, input),
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
  return { kind: 'layout', format: given }
}
