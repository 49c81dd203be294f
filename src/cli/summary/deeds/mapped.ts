import { spanText } from '../quantity.ts'
import { type DeedKind, type Row, withBuffer } from './deed.ts'
import { between, bufferName, importerName, times } from './words.ts'

export const mapped: DeedKind = {
  from: withBuffer('mapping'),
  place: 'coalesce(b.exporter_device, b.exporter)',
  ns: 'r.mapped_ns',
  columns: [
    'ino',
    'importer_device',
    'iova',
    'unmapped_ns',
    'unmapped_comm',
    'unmapped_pid',
    'ended_by',
    'live_at_reset',
    'unmap_latency_ns',
  ],
  kind: ['r.importer_device', 'r.ended_by', 'r.live_at_reset'],
  span: "CASE WHEN r.ended_by = 'revoke' THEN r.unmap_latency_ns END",
  one(row, ticks) {
    const { ns, iova, unmapped_ns, unmapped_comm, unmapped_pid, ended_by, unmap_latency_ns } = row
    const what = `${importerName(row)} ${ns === null ? `had ${bufferName(row)} mapped` : `mapped ${bufferName(row)}`}`
    const where = typeof iova === 'bigint' ? ` at 0x${BigInt.asUintN(64, iova).toString(16)}` : ''
    if (unmapped_ns === null) return `${what}${where}${live(row)}, no unmap seen`
    const who = unmapped_comm === null ? '' : ` by ${unmapped_comm}-${unmapped_pid ?? '?'}`
    const told =
      ended_by === 'revoke' && typeof unmap_latency_ns === 'bigint' ? `, ${speed(unmap_latency_ns, ticks)}` : ''
    return `${what}${where}; unmapped${between(' after ', ns, unmapped_ns, ticks)}${who}${reason(row)}${told}${live(row)}`
  },
  all({ row, count, most }, ticks) {
    const what = `${importerName(row)} mapped ${times(count)}`
    if (row.ended_by === null) return `${what}${live(row)}, no unmap seen`
    const told = most === null ? '' : `, the slowest ${speed(most, ticks)}`
    return `${what}, each unmapped again${reason(row)}${told}${live(row)}`
  },
}

const REASONS: Record<string, string> = {
  revoke: ' because of a revoke',
  detach: ' by its detach',
  release: ' by the release',
}

function reason({ ended_by }: Row): string {
  return REASONS[ended_by as string] ?? ''
}

function live({ live_at_reset }: Row): string {
  return live_at_reset === 1n ? ', live during a reset' : ''
}

/** An unmap inside the callback is over before the importers count as notified. */
function speed(latency: bigint, ticks: boolean): string {
  return latency <= 0n ? 'while it was being told' : `${spanText(latency, ticks)} after it was told`
}
