/** The database's tables as Kysely sees them; made by `migrations/`. Integers may come back as BigInt: see `connection.ts`. */
import type { Generated } from 'kysely'

type Int = number | bigint

export interface CaptureTable {
  capture: Generated<number>
  name: string
  /** SHA-256 of the whole decompressed content; null until all of it was read. */
  digest: string | null
  /** SHA-256 of the first 64 KiB (or all, if shorter): finds a capture that may be the same without reading it all. */
  head_digest: string
  /** SHA-256 of the first `bytes` bytes: proves that an interrupted ingest goes on in the same content. */
  prefix_digest: string
  status: 'reading' | 'complete'
  /** JSON of the options that change what is read (recognisers, clock, layout). */
  options: string
  format: string | null
  clock: string | null
  /** 1 where timestamps are not nanoseconds (counter, uptime, x86-tsc). */
  ticks: Generated<number>
  host: string | null
  boot_id: string | null
  kernel: string | null
  /** JSON of the layout parser's state at `bytes`. */
  parser: string
  /** JSON of the process that is appending; null when none is. See `writer.ts`. */
  writer: string | null
  bytes: Generated<Int>
  lines: Generated<Int>
  events: Generated<Int>
  ignored: Generated<Int>
  malformed: Generated<Int>
  structural: Generated<Int>
  /** JSON: how many lines of which events were ignored. */
  ignored_names: Generated<string>
  lost: Generated<Int>
  /** 0 once a time stamp ran backwards: the fold then reads the capture sorted by time. */
  ordered: Generated<number>
  /** Earliest and latest time of any event: not of the first and the last one where time ran backwards. */
  first_ns: Int | null
  last_ns: Int | null
}

export interface StringTable {
  capture: number
  id: number
  text: string
}

export interface SegmentTable {
  /** Counts from 1 in the order of commits, over all captures. */
  segment: Generated<number>
  /** Position of the first event: 1-based over all captures. Segments without events share their successor's. */
  first_position: Int
  capture: number
  number: number
  first_seq: Int
  events: number
  first_line: Int
  lines: number
  first_byte: Int
  /** Bytes of content that the segment accounts for: those of `text`, and what was left out of overlong lines. */
  bytes: number
  /** Earliest and latest time of its events; null without events. */
  first_ns: Int | null
  last_ns: Int | null
  notes: string
  columns: Buffer
  text: Buffer
  /** SHA-256 of `text` and `columns` as stored. */
  checksum: string
}

export interface CheckpointTable {
  capture: number
  /** Version of the fold's code that wrote the read models. */
  version: string
  /** Events folded so far. */
  seq: Int
  /** 1 once the end of the capture was judged. */
  finished: number
  tier: string | null
}

export interface DeviceTable {
  capture: number
  id: number
  name: string
}

export interface MeaningTable {
  capture: number
  first_seq: Int
  events: number
  columns: Buffer
}

export interface SnapshotTable {
  capture: number
  /** Events folded. */
  seq: Int
  /** Time of the last of them. */
  ts_ns: Int
  /** Version of the fold's code whose state it is. */
  version: string
  /** All that the fold knew, serialised and compressed. */
  state: Buffer
}

interface Row {
  capture: number
  id: number
}

export interface BufferTable extends Row {
  ino: Int | null
  exporter: string | null
  exporter_device: string | null
  size: Int | null
  state: string
  exported_ns: Int | null
  released_ns: Int | null
  revocations: number
  attachments: number
  mappings: number
  findings: number
}

export interface AttachmentTable extends Row {
  buffer: number | null
  ino: Int | null
  attachment: string | null
  importer_device: string | null
  class: string
  deferred: number | null
  callback: string | null
  p2p: number | null
  basis: string
  attached_ns: Int | null
  detached_ns: Int | null
  refused_errno: number | null
  pinned: number | null
  invalidations: number
}

export interface MappingTable extends Row {
  buffer: number | null
  attachment_id: number | null
  ino: Int | null
  attachment: string | null
  importer_device: string | null
  direction: string | null
  iova: Int | null
  length: Int | null
  mapped_ns: Int | null
  unmapped_ns: Int | null
  unmapped_comm: string | null
  unmapped_pid: number | null
  ended_by: string | null
  live_at_reset: number
  unmap_latency_ns: Int | null
}

export interface RevocationTable extends Row {
  buffer: number
  ino: Int | null
  exporter_device: string | null
  cause: string
  requested_ns: Int
  notified_ns: Int | null
  fences_ns: Int | null
  unmapped_ns: Int | null
  completed_ns: Int | null
  restored_ns: Int | null
  permanent: number
  slowest_importer: string | null
  blocked_ns: Int | null
  verdict: string
}

export interface ResetTable extends Row {
  device: string | null
  method: string
  trigger: string
  started_ns: Int
  finished_ns: Int | null
  result: string | null
  buffers: number
  mappings_live: number
  verdict: string
}

export interface GapTable extends Row {
  cpu: number | null
  from_ns: Int | null
  to_ns: Int | null
  lost: Int | null
  reason: string
}

export interface FindingTable extends Row {
  finding: string
  rule: string
  severity: string
  verdict: string
  ts_ns: Int | null
  ino: Int | null
  exporter: string | null
  exporter_device: string | null
  importer_device: string | null
  importer_class: string | null
  attachment: string | null
  iova: Int | null
  comm: string | null
  pid: number | null
  summary: string
  /** JSON array of log positions. */
  evidence: string
  missing: string | null
}

export interface Schema {
  capture: CaptureTable
  string: StringTable
  segment: SegmentTable
  checkpoint: CheckpointTable
  device: DeviceTable
  meaning: MeaningTable
  snapshot: SnapshotTable
  buffer: BufferTable
  attachment: AttachmentTable
  mapping: MappingTable
  revocation: RevocationTable
  reset: ResetTable
  gap: GapTable
  finding: FindingTable
}
