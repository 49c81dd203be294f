/** Inputs of one boot with clocks of their own, put on one clock by the kernel log lines that both have. */
import { duplicatesOf, type LoggedLine } from '../../ingest/align/align-console-log.ts'
import { alignClocks, type ToldLine } from '../../ingest/align/anchors.ts'
import { readKernelLog } from '../../ingest/align/told-lines.ts'
import { isKernelLogFormat } from '../../ingest/kernel-log/detect-kernel-log.ts'
import { type Refusal, refuse } from '../../ingest/refusal.ts'
import type { CaptureOptions } from './ingest-options.ts'
import type { OpenedTrace } from './open-trace.ts'
import { clockKnown } from './trace-reader.ts'

export interface AlignedInputs {
  kind: 'aligned'
  traces: OpenedTrace[]
  /** Nanoseconds to be added to the times of each. */
  offsets: bigint[]
}

/**
 * Finds which inputs have another clock than the first trace, and by how much it differs. Without `align` such an input
 * is refused: two clocks are never taken for one.
 */
export async function alignInputs(traces: OpenedTrace[], options: CaptureOptions): Promise<AlignedInputs | Refusal> {
  const base = traces.filter((trace) => !isStranger(trace, traces, options))
  const offsets = traces.map(() => 0n)
  const aligned = [...traces]
  for (const [i, trace] of traces.entries()) {
    if (base.includes(trace)) continue
    if (!options.align) return refuseClocks(trace, base[0]!)
    const own: LoggedLine[] = []
    const told: ToldLine[] = []
    const alignment = await alignClocks(keep(linesOf([trace]), own), keep(linesOf(base), told))
    if (alignment.kind === 'refused') return refuseAlignment(trace, base[0]!, alignment.reason)
    const { offset, anchors, spread } = alignment
    trace.ending.remarks.add(
      `put on the clock of ${base[0]!.content.name} by ${anchors} kernel log lines that are in both: its times + ${offset / 1000n} us, within ${spread / 1000n} us`,
    )
    offsets[i] = offset
    if (isKernelLogFormat(trace.format))
      aligned[i] = { ...trace, begin: { ...(trace.begin as object), duplicates: duplicatesOf(told, own, -offset) } }
  }
  return { kind: 'aligned', traces: aligned, offsets }
}

/** A kernel log beside traces, or a trace whose clock is known to be another than that of the first one. */
function isStranger(trace: OpenedTrace, all: OpenedTrace[], options: CaptureOptions): boolean {
  const first = all.find(({ format, takesTime }) => !isKernelLogFormat(format) && !takesTime) ?? all[0]!
  if (trace === first || trace.takesTime) return false
  if (isKernelLogFormat(trace.format) || isKernelLogFormat(first.format)) return true
  const [clock, other] = [clockKnown(trace.around, options), clockKnown(first.around, options)]
  return clock !== null && other !== null && clock !== other
}

async function* linesOf(traces: OpenedTrace[]): AsyncGenerator<LoggedLine> {
  for (const { content, format, begin } of traces) yield* readKernelLog(content.open(0), { format, begin })
}

async function* keep<Line>(lines: AsyncIterable<Line>, kept: Line[]): AsyncGenerator<Line> {
  for await (const line of lines) {
    kept.push(line)
    yield line
  }
}

function refuseClocks({ content: { name }, format }: OpenedTrace, base: OpenedTrace): Refusal {
  return refuse(
    'clocks-differ',
    `${name} (${format}) has another clock than ${base.content.name} (${base.format}).`,
    '--align puts it on that clock by the kernel log lines that both have (printk:console in the trace).',
  )
}

function refuseAlignment({ content }: OpenedTrace, base: OpenedTrace, reason: string): Refusal {
  return refuse(
    'clocks-differ',
    `${content.name} cannot be put on the clock of ${base.content.name}: ${reason}.`,
    'Ingest it alone; next time record printk:console with the trace.',
  )
}
