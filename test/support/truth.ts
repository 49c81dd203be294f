/** A trace's truth (`*.expected.json`) held against what the fold made of it, by the rules that score findings. */
import type { AttachmentRow } from '../../src/domain/read-model.ts'
import type { Folded } from './fold-file.ts'

type Cell = string | number | boolean | null
/** `a|b` and `<column>_also_ok` name further right answers. */
export type TruthRow = Record<string, Cell | string[] | undefined>
type Row = Record<string, unknown>

export interface Truth {
  trace: string
  lines?: { events?: number }
  findings?: (TruthRow & { rule: string; severity: string })[]
  arguable?: TruthRow[]
  buffers?: TruthRow[]
  importers?: TruthRow[]
  resets?: TruthRow[]
  revocations?: TruthRow[]
  mappings?: TruthRow[]
}

/** What is missed, false or wrong, a line each; empty where all is right. */
export function compareWithTruth(folded: Folded, truth: Truth): string[] {
  return [
    ...compareFindings(folded, truth),
    ...compareTable(
      'buffers',
      buffers(folded),
      truth.buffers,
      ['ino'],
      'exporter exporter_device size state revocations',
    ),
    ...compareTable(
      'importers',
      importers(folded),
      truth.importers,
      ['device', 'class', 'callback'],
      'basis refused deferred',
    ),
    ...compareTable(
      'resets',
      resets(folded),
      truth.resets,
      ['device', 'started_at'],
      'method trigger verdict mappings_live',
    ),
    ...compareTable(
      'revocations',
      revocations(folded),
      truth.revocations,
      ['ino', 'requested_at'],
      'cause permanent verdict',
    ),
    ...compareTable(
      'mappings',
      mappings(folded),
      truth.mappings,
      ['ino', 'mapped_at'],
      'iova length unmapped_at attachment',
    ),
    ...(truth.lines?.events === undefined || truth.lines.events === folded.events
      ? []
      : [`events: ${folded.events}, truth ${truth.lines.events}`]),
  ]
}

function compareFindings(folded: Folded, truth: Truth): string[] {
  const found = folded.findings.map((f) => ({
    rule: f.rule,
    severity: f.severity,
    verdict: f.verdict,
    ino: f.ino,
    importer_device: f.importerDevice,
    exporter_device: f.exporterDevice,
    summary: f.summary,
  }))
  const expected = truth.findings ?? []
  const matched = new Set<Row>()
  const merged = new Set<unknown>()
  const unmet = expected.filter((want) => {
    const hit = found.find((f) => !matched.has(f) && same(f, want) && accepts(want, 'verdict', f.verdict))
    if (hit) matched.add(hit)
    if (hit && want.merge) merged.add(want.merge)
    return !hit && want.severity !== 'info'
  })
  // One finding may stand for a whole group.
  const missed = unmet.filter((want) => !merged.has(want.merge))
  const spurious = found.filter(
    (f) =>
      !matched.has(f) &&
      f.severity !== 'info' &&
      f.verdict === 'violated' &&
      ![...expected, ...(truth.arguable ?? [])].some((want) => same(f, want)),
  )
  return [
    ...missed.map((want) => `missed: ${want.rule} ino ${want.ino} importer ${want.importer_device}`),
    ...spurious.map((f) => `false: ${f.rule}: ${f.summary}`),
  ]
}

function compareTable(table: string, rows: Row[], wanted: TruthRow[] | undefined, keys: string[], columns: string) {
  const notes: string[] = []
  const taken = new Set<Row>()
  for (const want of wanted ?? []) {
    const name = `${table} ${keys.map((key) => `${key} ${want[key]}`).join(', ')}`
    const row = nearest(
      rows.filter((r) => !taken.has(r)),
      want,
      keys,
    )
    if (!row) {
      notes.push(`${name}: no such row`)
      continue
    }
    taken.add(row)
    for (const column of columns.split(' ')) {
      if (want[column] !== undefined && want[column] !== null && !accepts(want, column, row[column]))
        notes.push(`${name}: ${column} is ${row[column]}, truth ${want[column]}`)
    }
  }
  return notes
}

/** Equal keys; of several, the one nearest in time, within 0.15 s. */
function nearest(rows: Row[], want: TruthRow, keys: string[]): Row | undefined {
  const plain = keys.filter((key) => !key.endsWith('_at') && want[key] != null)
  const time = keys.find((key) => key.endsWith('_at') && want[key] != null)
  const fitting = rows.filter((row) => plain.every((key) => accepts(want, key, row[key])))
  if (!time) return fitting[0]
  const distance = (row: Row) => Math.abs(Number(row[time]) - Number(want[time]))
  return fitting.filter((row) => distance(row) < 0.15).sort((a, b) => distance(a) - distance(b))[0]
}

function accepts(want: TruthRow, key: string, got: unknown): boolean {
  const given = want[key]
  if (given === undefined) return true
  const right = [
    ...(typeof given === 'string' ? given.split('|') : [given]),
    ...((want[`${key.replace(/_(at|device)$/, '')}_also_ok`] as Cell[] | undefined) ?? []),
    ...((want[`${key}_also_ok`] as Cell[] | undefined) ?? []),
  ]
  return right.some((value) => (value === null ? got == null : got != null && String(got) === String(value)))
}

function same(found: Row, want: TruthRow): boolean {
  return (
    found.rule === want.rule &&
    ['ino', 'importer_device', 'exporter_device'].every(
      (key) => found[key] == null || want[key] == null || accepts(want, key, found[key]),
    )
  )
}

const seconds = (ns: bigint | null): string | null => (ns === null ? null : (Number(ns) / 1e9).toFixed(6))

function buffers({ buffers: rows }: Folded): Row[] {
  return rows.map((row) => ({ ...row, exporter_device: row.exporterDevice }))
}

function resets({ resets: rows }: Folded): Row[] {
  return rows.map((row) => ({ ...row, started_at: seconds(row.startedNs), mappings_live: row.mappingsLive }))
}

function revocations({ revocations: rows }: Folded): Row[] {
  return rows.map((row) => ({ ...row, requested_at: seconds(row.requestedNs) }))
}

function mappings({ mappings: rows }: Folded): Row[] {
  return rows.map((row) => ({
    ...row,
    importer_device: row.importerDevice,
    iova: row.iova === null ? null : `0x${row.iova.toString(16)}`,
    mapped_at: seconds(row.mappedNs),
    unmapped_at: seconds(row.unmappedNs),
  }))
}

const BASES = ['unknown', 'inferred', 'declared', 'observed']

/** One row for each device, class and callback, as the `importers` query has them. */
function importers({ attachments }: Folded): Row[] {
  const rows = new Map<string, Row & { basis: string; refused: number }>()
  for (const a of attachments) {
    const key = JSON.stringify([a.importerDevice, a.class, a.callback])
    const row = rows.get(key) ?? {
      device: a.importerDevice,
      class: a.class,
      callback: a.callback,
      basis: 'unknown',
      refused: 0,
      deferred: null,
    }
    rows.set(key, count(row, a))
  }
  return [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

function count<T extends Row & { basis: string; refused: number }>(row: T, a: AttachmentRow): T {
  return {
    ...row,
    refused: row.refused + (a.refusedErrno === null ? 0 : 1),
    basis: BASES.indexOf(a.basis) > BASES.indexOf(row.basis) ? a.basis : row.basis,
    deferred: a.deferred === null ? row.deferred : row.deferred === true || a.deferred,
  }
}
