import { type DeedKind, withBuffer } from './deed.ts'
import { bufferName, errnoName, importerName, times } from './words.ts'

export const attached: DeedKind = {
  from: withBuffer('attachment'),
  place: 'coalesce(b.exporter_device, b.exporter)',
  // When an attach was refused is not kept: it is told after the export.
  ns: 'coalesce(r.attached_ns, CASE WHEN r.refused_errno IS NOT NULL THEN b.exported_ns END)',
  timed: 'r.attached_ns IS NOT NULL',
  columns: ['ino', 'importer_device', 'class', 'basis', 'refused_errno'],
  kind: ['r.importer_device', 'r.class', 'r.refused_errno'],
  one(row) {
    const { class: importerClass, basis, refused_errno } = row
    if (refused_errno !== null)
      return `${importerName(row)} refused with ${errnoName(refused_errno)}: ${bufferName(row)}`
    const known = importerClass === 'unknown' ? '' : ` (${basis})`
    return `${importerName(row)} attached to ${bufferName(row)}: ${importerClass} importer${known}`
  },
  all({ row, count }) {
    if (row.refused_errno !== null)
      return `${importerName(row)} refused ${times(count)} with ${errnoName(row.refused_errno)}`
    return `${importerName(row)} attached ${times(count)}: ${row.class} importer`
  },
}
