import type { Act } from '../act.ts'
import type { ActType } from '../act-type.ts'
import { type Fields, fieldOf, readFields } from './fields.ts'

/** Facts of a snapshot (`ingest/snapshot/scan-bufinfo.ts`, `ingest/snapshot/scan-fdinfo.ts`), by the names that their layouts give them. */
export const SNAPSHOT_TYPES: ReadonlyMap<string, ActType> = new Map<string, ActType>([
  ['bufinfo_buffer', 'snapshot-buffer'],
  ['bufinfo_attachment', 'snapshot-attachment'],
  ['bufinfo_fence', 'snapshot-fence'],
  ['bufinfo_total', 'snapshot-total'],
  ['bufinfo_end', 'snapshot-total'],
  ['fdinfo_buffer', 'snapshot-holder'],
])

/**
 * Fills `act` from a snapshot's payload. For fences `state` is `1` where signalled; for totals `detail` says of what:
 * `devices` of one buffer, all `buffers`, or only `some` of them where lines are missing; `nents` is how many.
 */
export function recogniseSnapshot(name: string, payload: string, fields: Fields, act: Act): boolean {
  const type = SNAPSHOT_TYPES.get(name)
  if (type === undefined) return false
  act.type = type
  readFields(payload, 0, fields)
  act.ino = fieldOf(fields, 'ino')
  act.size = fieldOf(fields, 'size')
  act.exporter = fieldOf(fields, 'exp_name')
  if (type === 'snapshot-attachment') act.device = fieldOf(fields, 'dev_name')
  if (type === 'snapshot-holder') act.fd = fieldOf(fields, 'fd')
  if (type === 'snapshot-total') {
    act.detail = name === 'bufinfo_total' ? 'devices' : fieldOf(fields, 'complete') === '1' ? 'buffers' : 'some'
    act.nents = fieldOf(fields, 'objects') ?? fieldOf(fields, 'devices')
  }
  if (type === 'snapshot-fence') {
    act.usage = fieldOf(fields, 'usage')
    act.context = fieldOf(fields, 'context')
    act.seqno = fieldOf(fields, 'seqno')
    act.state = fieldOf(fields, 'signaled')
  }
  return true
}
