import type {
  AttachmentRow,
  BufferRow,
  Changes,
  FindingRow,
  GapRow,
  MappingRow,
  ResetRow,
  RevocationRow,
} from '../domain/read-model.ts'
import type { Schema } from '../log/schema.ts'

/** What SQLite is given for a field. */
export type Value = string | number | bigint | null

/** What only the store knows when a row is written. */
export interface RowContext {
  findingName(row: FindingRow): string
  /** Position in the log of an event of the fold. */
  position(seq: number): number
}

/** One read model: its columns behind `capture`, and a row's values for them. */
export interface ReadModel<Row> {
  name: keyof Schema
  from: keyof Changes
  columns: readonly string[]
  values(row: Row, context: RowContext): Value[]
}

/** Unsigned 64 bits as SQLite's signed ones. */
const signed = (value: bigint | null): bigint | null => (value === null ? null : BigInt.asIntN(64, value))
const flag = (value: boolean | null): number | null => (value === null ? null : value ? 1 : 0)

const buffer: ReadModel<BufferRow> = {
  name: 'buffer',
  from: 'buffers',
  columns: [
    'id',
    'ino',
    'exporter',
    'exporter_device',
    'size',
    'state',
    'exported_ns',
    'released_ns',
    'revocations',
    'attachments',
    'mappings',
    'findings',
  ],
  values: (r) => [
    r.id,
    signed(r.ino),
    r.exporter,
    r.exporterDevice,
    signed(r.size),
    r.state,
    r.exportedNs,
    r.releasedNs,
    r.revocations,
    r.attachments,
    r.mappings,
    r.findings,
  ],
}

const attachment: ReadModel<AttachmentRow> = {
  name: 'attachment',
  from: 'attachments',
  columns: [
    'id',
    'buffer',
    'ino',
    'attachment',
    'importer_device',
    'class',
    'deferred',
    'callback',
    'p2p',
    'basis',
    'attached_ns',
    'detached_ns',
    'refused_errno',
    'pinned',
    'invalidations',
  ],
  values: (r) => [
    r.id,
    r.buffer,
    signed(r.ino),
    r.attachment,
    r.importerDevice,
    r.class,
    flag(r.deferred),
    r.callback,
    flag(r.p2p),
    r.basis,
    r.attachedNs,
    r.detachedNs,
    r.refusedErrno,
    flag(r.pinned),
    r.invalidations,
  ],
}

const mapping: ReadModel<MappingRow> = {
  name: 'mapping',
  from: 'mappings',
  columns: [
    'id',
    'buffer',
    'attachment_id',
    'ino',
    'attachment',
    'importer_device',
    'direction',
    'iova',
    'length',
    'mapped_ns',
    'unmapped_ns',
    'unmapped_comm',
    'unmapped_pid',
    'ended_by',
    'live_at_reset',
    'unmap_latency_ns',
  ],
  values: (r) => [
    r.id,
    r.buffer,
    r.attachmentId,
    signed(r.ino),
    r.attachment,
    r.importerDevice,
    r.direction,
    signed(r.iova),
    signed(r.length),
    r.mappedNs,
    r.unmappedNs,
    r.unmappedComm,
    r.unmappedPid,
    r.endedBy,
    flag(r.liveAtReset),
    r.unmapLatencyNs,
  ],
}

const revocation: ReadModel<RevocationRow> = {
  name: 'revocation',
  from: 'revocations',
  columns: [
    'id',
    'buffer',
    'ino',
    'exporter_device',
    'cause',
    'requested_ns',
    'notified_ns',
    'fences_ns',
    'unmapped_ns',
    'completed_ns',
    'restored_ns',
    'permanent',
    'slowest_importer',
    'blocked_ns',
    'verdict',
  ],
  values: (r) => [
    r.id,
    r.buffer,
    signed(r.ino),
    r.exporterDevice,
    r.cause,
    r.requestedNs,
    r.notifiedNs,
    r.fencesNs,
    r.unmappedNs,
    r.completedNs,
    r.restoredNs,
    flag(r.permanent),
    r.slowestImporter,
    r.blockedNs,
    r.verdict,
  ],
}

const reset: ReadModel<ResetRow> = {
  name: 'reset',
  from: 'resets',
  columns: [
    'id',
    'device',
    'method',
    'trigger',
    'started_ns',
    'finished_ns',
    'result',
    'buffers',
    'mappings_live',
    'verdict',
  ],
  values: (r) => [
    r.id,
    r.device,
    r.method,
    r.trigger,
    r.startedNs,
    r.finishedNs,
    r.result,
    r.buffers,
    r.mappingsLive,
    r.verdict,
  ],
}

const gap: ReadModel<GapRow> = {
  name: 'gap',
  from: 'gaps',
  columns: ['id', 'cpu', 'from_ns', 'to_ns', 'lost', 'reason'],
  values: (r) => [r.id, r.cpu, r.fromNs, r.toNs, r.lost, r.reason],
}

const finding: ReadModel<FindingRow> = {
  name: 'finding',
  from: 'findings',
  columns: [
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
  ],
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

export const READ_MODELS = [buffer, attachment, mapping, revocation, reset, gap, finding] as ReadModel<never>[]

/** Every table that `rebuild` empties for a capture and fills again. */
export const PROJECTED = [
  ...READ_MODELS.map((model) => model.name),
  'device',
  'meaning',
  'checkpoint',
] as (keyof Schema)[]
