import { many } from '../quantity.ts'
import type { DeedKind, Row } from './deed.ts'
import { between, range, VERDICT_TALLY, verdictsText } from './words.ts'

export const reset: DeedKind = {
  from: 'reset r',
  place: 'r.device',
  ns: 'r.started_ns',
  columns: ['method', '"trigger"', 'finished_ns', 'result', 'mappings_live', 'verdict'],
  kind: ['r.method', 'r."trigger"', 'r.result'],
  span: 'r.finished_ns - r.started_ns',
  tally: { ...VERDICT_TALLY, live: 'r.mappings_live > 0' },
  verdict: true,
  one(row, ticks) {
    const { ns, finished_ns, mappings_live } = row
    const took = finished_ns === null ? ', its end was not seen' : between(' in ', ns, finished_ns, ticks)
    const live = mappings_live === 0n ? 'nothing mapped' : `${many(Number(mappings_live), 'mapping')} live`
    return `reset${way(row)}${took}${ended(row)}, ${live}`
  },
  all(group, ticks) {
    const { row, count, tally } = group
    const live = tally.live === 0 ? 'never with a live mapping' : `${tally.live} of them with live mappings`
    return `${many(count, 'reset')}${way(row)}${range(group, ticks)}${ended(row)}, ${live}: ${verdictsText(group)}`
  },
}

const METHODS: Record<string, string> = {
  flr: ' by FLR',
  bus: ' by bus reset',
  pm: ' by power state',
  'af-flr': ' by AF FLR',
}

function way({ method, trigger }: Row): string {
  return `${METHODS[method as string] ?? ''}${trigger === 'unknown' ? '' : ` through ${trigger}`}`
}

function ended({ result }: Row): string {
  return result === null ? '' : result === 'ok' ? ', ok' : `, failed with ${result}`
}
