import { openInputs } from '../../ingest/inputs/open-inputs.ts'
import { type Refusal, refuse } from '../../ingest/refusal.ts'
import { alignInputs } from './align-inputs.ts'
import type { Io } from './command.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { isNoTrace } from './ingest-path.ts'
import { mergeTraces, refuseMerge } from './merge-traces.ts'
import type { OpenedTrace } from './open-trace.ts'
import type { TraceOpener } from './redact-trace.ts'

/**
 * Opens all that `paths` stand for as one capture; where one of them cannot be used, none is. What can be read more than
 * once can be read after `openInputs` has gone on; the rest cannot be merged.
 */
export async function openMerged(
  paths: string[],
  options: CaptureOptions,
  open: TraceOpener,
  io: Io,
): Promise<OpenedTrace | Refusal> {
  const traces: OpenedTrace[] = []
  let merged: OpenedTrace | Refusal | undefined
  try {
    merged = await mergeAll(paths, traces, options, open, io)
    return merged
  } finally {
    if (merged?.kind !== 'trace') for (const trace of traces) trace.release?.()
  }
}

/** Puts what it opened into `traces`, whatever comes of it. */
async function mergeAll(
  paths: string[],
  traces: OpenedTrace[],
  options: CaptureOptions,
  open: TraceOpener,
  io: Io,
): Promise<OpenedTrace | Refusal> {
  for (const path of paths) {
    const before = traces.length
    for await (const opened of openInputs(path, { stdin: io.stdin, signal: io.signal })) {
      if (opened.kind === 'remark' && !opened.incomplete) continue
      if (opened.kind === 'remark') return refuse('damaged', `${opened.path}: ${opened.text}.`, 'Fetch it again.')
      const trace = opened.kind === 'input' ? await open(opened) : opened.refusal
      if (trace.kind === 'trace') traces.push(trace)
      else if (!isNoTrace(opened, trace)) return named(opened.path, trace)
    }
    if (traces.length === before) return refuse('not-a-trace', `There is no trace in ${path}.`, 'Give a trace.')
  }
  const refusal = refuseMerge(traces, options)
  if (refusal) return refusal
  const aligned = await alignInputs(traces, options)
  return aligned.kind === 'refused' ? aligned : mergeTraces(aligned.traces, { options, offsets: aligned.offsets })
}

function named(path: string, { code, message, advice }: Refusal): Refusal {
  return refuse(code, message.includes(path) ? message : `${path}: ${message}`, advice)
}
