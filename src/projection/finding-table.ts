import type { FindingRow } from '../domain/read-model.ts'
import { type ReadModel, signed } from './read-model-table.ts'

/** Columns of a finding behind `capture`, in the order of the table. */
export const FINDING_COLUMNS = [
  'id',
  'finding',
  'rule',
  'severity',
  'verdict',
  'ts_ns',
  'ino',
  'exporter',
  'exporter_device',
  'importer_device',
  'importer_class',
  'attachment',
  'iova',
  'comm',
  'pid',
  'summary',
  'evidence',
  'missing',
] as const

export const findingTable: ReadModel<FindingRow> = {
  name: 'finding',
  from: 'findings',
  columns: FINDING_COLUMNS,
  values: (r, context) => [
    r.id,
    context.findingName(r),
    r.rule,
    r.severity,
    r.verdict,
    r.ns,
    signed(r.ino),
    r.exporter,
    r.exporterDevice,
    r.importerDevice,
    r.importerClass,
    r.attachment,
    signed(r.iova),
    r.comm,
    r.pid,
    r.summary,
    JSON.stringify(r.evidence.map(context.position)),
    r.missing,
  ],
}
