/** What a timeline is about, in one capture: buffers, devices, and the events that findings about them rest on. */
import type Database from 'better-sqlite3'
import { ACT_TYPES, type ActType } from '../../domain/act-type.ts'
import type { RuleName, Severity, Verdict } from '../../domain/rules.ts'

export interface Subject {
  /** Ids of buffers, all of whose events are wanted. */
  buffers: Set<number>
  /** Indices of devices, all of whose events are wanted. */
  devices: Set<number>
  /** Indices of devices whose resets and moves are wanted: they exported one of the buffers. */
  exporters: Set<number>
  /** While the buffers were there; null is the end of the trace on that side. */
  lifetime: { from: bigint | null; to: bigint | null }
  /** Log positions of evidence. */
  evidence: Set<number>
  findings: MarkedFinding[]
  /** Nothing in particular: every event that means something. */
  everything: boolean
}

export interface MarkedFinding {
  finding: string
  rule: RuleName
  severity: Severity
  verdict: Verdict
  ns: bigint | null
  summary: string
  evidence: number[]
  missing: string | null
}

/** Kinds of act on a device that concern the buffers it exported. */
const ON_EXPORTER: readonly ActType[] = [
  'device-move',
  'device-cleanup',
  'device-close',
  'device-export',
  'reset',
  'power',
  'zap',
  'device-error',
]
export const ON_EXPORTER_TYPES: ReadonlySet<number> = new Set(ON_EXPORTER.map((type) => ACT_TYPES.indexOf(type)))

export interface SubjectFilter {
  capture: number
  /** As two's complement. */
  ino: bigint | undefined
  device: string | undefined
}

interface BufferRow {
  id: bigint
  exporter_device: string | null
  exported_ns: bigint | null
  released_ns: bigint | null
}

/** Null where the capture knows nothing of it. */
export function findSubject(sqlite: Database.Database, filter: SubjectFilter): Subject | null {
  const { capture, ino, device } = filter
  const everything = ino === undefined && device === undefined
  const parameters = { capture, ino: ino ?? null, device: device ?? null }
  const buffers = sqlite
    .prepare(
      `SELECT id, exporter_device, exported_ns, released_ns FROM buffer WHERE capture = @capture
       AND (ino = @ino OR (@ino IS NULL AND exporter_device = @device))`,
    )
    .safeIntegers()
    .all(parameters) as BufferRow[]
  const devices = new Map(
    (sqlite.prepare('SELECT name, id FROM device WHERE capture = ?').raw().all(capture) as [string, number][]) ?? [],
  )
  const own = ino === undefined && device !== undefined ? devices.get(device) : undefined
  const findings = readFindings(sqlite, parameters)
  if (!everything && buffers.length === 0 && own === undefined && findings.length === 0) return null
  const exporters = buffers.flatMap(({ exporter_device }) => devices.get(exporter_device ?? '') ?? [])
  return {
    buffers: new Set(buffers.map(({ id }) => Number(id))),
    devices: new Set(own === undefined ? [] : [own]),
    exporters: new Set(exporters),
    lifetime: {
      from: edge(
        buffers,
        (b) => b.exported_ns,
        (a, b) => a < b,
      ),
      to: edge(
        buffers,
        (b) => b.released_ns,
        (a, b) => a > b,
      ),
    },
    evidence: new Set(findings.flatMap(({ evidence }) => evidence)),
    findings,
    everything,
  }
}

/** The outermost of the times; null where one of them is unknown. */
function edge(
  buffers: BufferRow[],
  time: (buffer: BufferRow) => bigint | null,
  outer: (a: bigint, b: bigint) => boolean,
): bigint | null {
  const [first, ...rest] = buffers.map(time)
  return rest.reduce<bigint | null>((a, b) => (a === null || b === null ? null : outer(a, b) ? a : b), first ?? null)
}

function readFindings(
  sqlite: Database.Database,
  parameters: { capture: number; ino: bigint | null; device: string | null },
): MarkedFinding[] {
  const rows = sqlite
    .prepare(
      `SELECT finding, rule, severity, verdict, ts_ns, summary, evidence, missing FROM finding WHERE capture = @capture AND
         CASE WHEN @ino IS NOT NULL THEN ino = @ino
           WHEN @device IS NOT NULL THEN @device IN (exporter_device, importer_device)
           ELSE TRUE END
       ORDER BY ts_ns, id`,
    )
    .safeIntegers()
    .all(parameters) as (Omit<MarkedFinding, 'ns' | 'evidence'> & { ts_ns: bigint | null; evidence: string })[]
  return rows.map(({ ts_ns, evidence, ...rest }) => ({
    ...rest,
    ns: ts_ns,
    evidence: JSON.parse(evidence) as number[],
  }))
}
