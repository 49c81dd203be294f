/** What happened, as rows of the read models, each at its place: the exporting device, else the exporter. */
import type Database from 'better-sqlite3'
import type { EpisodeVerdict } from '../../domain/rules.ts'

interface Row {
  /** Device that exports, else the exporter's name; null where no event says. */
  place: string | null
  ns: bigint | null
  ino: bigint | null
}

export interface ExportRow extends Row {
  exporter: string | null
  size: bigint | null
  releasedNs: bigint | null
  state: string
}

export interface AttachRow extends Row {
  importer: string | null
  class: string
  basis: string
  /** Positive errno. */
  refused: number | null
}

export interface MapRow extends Row {
  importer: string | null
  iova: bigint | null
  endedNs: bigint | null
  comm: string | null
  pid: number | null
  endedBy: string | null
  liveAtReset: boolean
  /** From told to unmapped. */
  latencyNs: bigint | null
}

export interface RevokeRow extends Row {
  cause: string
  permanent: boolean
  blockedNs: bigint | null
  restoredNs: bigint | null
  verdict: EpisodeVerdict
}

export interface ResetRow extends Row {
  method: string
  trigger: string
  finishedNs: bigint | null
  result: string | null
  live: number
  verdict: EpisodeVerdict
}

const PLACE = 'coalesce(b.exporter_device, b.exporter) AS place'
const OF_BUFFER = (column: string) => `LEFT JOIN buffer b ON b.capture = r.capture AND b.id = r.${column}`

type Raw = Record<string, never>

/** Rows in the order in which they first appear in the trace. */
export function storyRows(sqlite: Database.Database, capture: number) {
  function* select<T>(sql: string, shape: (raw: Raw) => T): Generator<T> {
    const statement = sqlite.prepare(`${sql} WHERE r.capture = ? ORDER BY r.id`).safeIntegers()
    for (const raw of statement.iterate(capture)) yield shape(raw as Raw)
  }
  const row = (r: Raw): Row => ({
    place: r.place!,
    ns: r.ns!,
    ino: r.ino === null ? null : BigInt.asUintN(64, r.ino!),
  })
  const unsigned = (value: bigint | null) => (value === null ? null : BigInt.asUintN(64, value))
  const flag = (value: bigint) => value === 1n
  const number = (value: bigint | null) => (value === null ? null : Number(value))
  return {
    exports: () =>
      select<ExportRow>(
        `SELECT coalesce(r.exporter_device, r.exporter) AS place, r.exported_ns AS ns, r.ino, r.exporter, r.size,
           r.released_ns, r.state FROM buffer r`,
        (r) => ({
          ...row(r),
          exporter: r.exporter!,
          size: unsigned(r.size!),
          releasedNs: r.released_ns!,
          state: r.state!,
        }),
      ),
    attaches: () =>
      select<AttachRow>(
        `SELECT ${PLACE}, r.attached_ns AS ns, r.ino, r.importer_device, r.class, r.basis, r.refused_errno
         FROM attachment r ${OF_BUFFER('buffer')}`,
        (r) => ({
          ...row(r),
          importer: r.importer_device!,
          class: r.class!,
          basis: r.basis!,
          refused: number(r.refused_errno!),
        }),
      ),
    maps: () =>
      select<MapRow>(
        `SELECT ${PLACE}, r.mapped_ns AS ns, r.ino, r.importer_device, r.iova, r.unmapped_ns, r.unmapped_comm,
           r.unmapped_pid, r.ended_by, r.live_at_reset, r.unmap_latency_ns FROM mapping r ${OF_BUFFER('buffer')}`,
        (r) => ({
          ...row(r),
          importer: r.importer_device!,
          iova: unsigned(r.iova!),
          endedNs: r.unmapped_ns!,
          comm: r.unmapped_comm!,
          pid: number(r.unmapped_pid!),
          endedBy: r.ended_by!,
          liveAtReset: flag(r.live_at_reset!),
          latencyNs: r.unmap_latency_ns!,
        }),
      ),
    revokes: () =>
      select<RevokeRow>(
        `SELECT coalesce(r.exporter_device, b.exporter) AS place, r.requested_ns AS ns, r.ino, r.cause, r.permanent,
           r.blocked_ns, r.restored_ns, r.verdict FROM revocation r ${OF_BUFFER('buffer')}`,
        (r) => ({
          ...row(r),
          cause: r.cause!,
          permanent: flag(r.permanent!),
          blockedNs: r.blocked_ns!,
          restoredNs: r.restored_ns!,
          verdict: r.verdict!,
        }),
      ),
    resets: () =>
      select<ResetRow>(
        `SELECT r.device AS place, r.started_ns AS ns, NULL AS ino, r.method, r."trigger", r.finished_ns, r.result,
           r.mappings_live, r.verdict FROM reset r`,
        (r) => ({
          ...row(r),
          method: r.method!,
          trigger: r.trigger!,
          finishedNs: r.finished_ns!,
          result: r.result!,
          live: Number(r.mappings_live!),
          verdict: r.verdict!,
        }),
      ),
  }
}
