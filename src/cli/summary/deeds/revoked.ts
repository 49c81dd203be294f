import { many } from '../quantity.ts'
import { type DeedKind, type Row, withBuffer } from './deed.ts'
import { between, bufferName, range, VERDICT_TALLY, verdictsText } from './words.ts'

export const revoked: DeedKind = {
  from: withBuffer('revocation'),
  place: 'coalesce(r.exporter_device, b.exporter)',
  ns: 'r.requested_ns',
  columns: ['ino', 'cause', 'permanent', 'completed_ns', 'restored_ns', 'verdict'],
  kind: ['r.cause', 'r.permanent'],
  span: 'r.blocked_ns',
  tally: VERDICT_TALLY,
  verdict: true,
  one(row, ticks) {
    const { ns, completed_ns, restored_ns } = row
    const took = between(', complete after ', ns, completed_ns, ticks)
    return `${bufferName(row)} ${how(row)}${took}${between(', restored after ', ns, restored_ns, ticks)}`
  },
  all(group, ticks) {
    const { row, count } = group
    const what = row.cause === 'move' ? many(count, 'move') : `${many(count, 'buffer')} ${how(row)}`
    return `${what}${range(group, ticks)}: ${verdictsText(group)}`
  },
}

function how({ cause, permanent }: Row): string {
  if (cause === 'move') return 'moved'
  return `revoked${permanent === 1n ? ' for good' : ''}${cause === 'unknown' ? ', cause unknown' : ` (${cause})`}`
}
