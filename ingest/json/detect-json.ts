import type { DetectedLayout } from '../detect-layout.ts'
import { createLineHead, Scan } from '../line-head.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { readJsonEvent } from './json-event.ts'
import { headerOf, parseObject } from './ndjson.ts'

const TRACE_EVENTS = refuse(
  'trace-event-json',
  'This is JSON of the trace viewer ("traceEvents"): slices and counters made of a trace, not its events.',
  'Give the trace that it was made of: the text of /sys/kernel/tracing/trace, or atrace without -z.',
)

/** Types of the messages that bpftrace prints besides `printf`. */
const BPFTRACE =
  /^(?:printf|cat|join|time|attached_probes|lost_events|map|hist|stats|value|cgroup_path|syscall|strftime)$/

/** JSON lines that are read; null where the input is no JSON, or JSON of another kind. */
export function detectJson(lines: readonly string[]): DetectedLayout | Refusal | null {
  const full = lines.filter((line) => line.trim() !== '')
  if (!/^\s*[{[]/.test(full[0] ?? '')) return null
  if (full.slice(0, 20).some((line) => /"traceEvents"\s*:\s*\[|"ph"\s*:\s*"[BEXiCM]"/.test(line))) return TRACE_EVENTS
  const objects = full.map(parseObject).filter((object) => object !== null)
  const head = createLineHead()
  if (objects.some((one) => readJsonEvent(one, false, head) === Scan.event || headerOf(one, { ticks: false })))
    return { kind: 'layout', format: 'ndjson' }
  if (objects.some(({ type, data }) => typeof type === 'string' && BPFTRACE.test(type) && data !== undefined))
    return { kind: 'layout', format: 'bpftrace-json' }
  return null
}
