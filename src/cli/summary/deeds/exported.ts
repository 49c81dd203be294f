import { many, sizeText } from '../quantity.ts'
import type { DeedKind } from './deed.ts'
import { between, bufferName } from './words.ts'

export const exported: DeedKind = {
  from: 'buffer r',
  place: 'coalesce(r.exporter_device, r.exporter)',
  ns: 'r.exported_ns',
  columns: ['ino', 'exporter', 'size', 'released_ns'],
  kind: ['r.exported_ns IS NULL', 'r.exporter'],
  tally: { released: 'r.released_ns IS NOT NULL' },
  one(row, ticks) {
    const { ns, exporter, size, released_ns } = row
    const by = exporter === null ? '' : ` by ${exporter}`
    const of = exporter === null ? '' : ` of ${exporter}`
    const big = typeof size === 'bigint' ? `, ${sizeText(BigInt.asUintN(64, size))}` : ''
    const ended = released_ns === null ? ', no release seen' : `, released${between(' after ', ns, released_ns, ticks)}`
    return `${bufferName(row)}${ns === null ? `${of}, export not seen` : ` exported${by}`}${big}${ended}`
  },
  all({ row, count, tally }) {
    const exporter = row.exporter ?? 'an unknown exporter'
    const what = row.ns === null ? ` of ${exporter}, export not seen` : ` exported by ${exporter}`
    const seen = tally.released!
    const released =
      seen === 0 ? 'no release of any' : `the release of ${seen === count ? 'each' : many(seen, 'of them', 'of them')}`
    return `${many(count, 'buffer')}${what}; ${released} was seen`
  },
}
