import { type Refusal, refuse } from '../../ingest/refusal.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { mergeTraces } from './merge-traces.ts'
import type { OpenedTrace } from './open-trace.ts'

/** Opens all of `paths` as one capture; where one of them cannot be used, none is. */
export async function openMerged(
  paths: string[],
  options: CaptureOptions,
  open: (path: string) => Promise<OpenedTrace | Refusal>,
): Promise<OpenedTrace | Refusal> {
  const traces: OpenedTrace[] = []
  const close = () => traces.forEach((trace) => void trace.close())
  for (const path of paths) {
    const trace = await open(path)
    if (trace.kind === 'refused') {
      close()
      const message = trace.message.includes(path) ? trace.message : `${path}: ${trace.message}`
      return refuse(trace.code, message, trace.advice)
    }
    traces.push(trace)
  }
  const merged = mergeTraces(traces, { options, offsets: traces.map(() => 0n) })
  if (merged.kind === 'refused') close()
  return merged
}
