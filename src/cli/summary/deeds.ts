/** The wording of what happened: each kind of row told alone, or many of them at once. */
import { getSystemErrorName } from 'node:util'
import type { EpisodeVerdict } from '../../domain/rules.ts'
import { type Fold, type FoldBy, isFolded, type Spread } from './fold-rows.ts'
import { many, sizeText, spanText } from './quantity.ts'
import type { AttachRow, ExportRow, MapRow, ResetRow, RevokeRow } from './story-rows.ts'

/** One line of the story. */
export interface Deed {
  place: string
  /** Null is before the trace. */
  ns: bigint | null
  text: string
  /** For single episodes; of many, the text counts verdicts. */
  verdict: EpisodeVerdict | null
}

interface Wording<T> extends FoldBy<T> {
  one(row: T, ticks: boolean): string
  all(fold: Fold<T>, ticks: boolean): string
  verdict?(row: T): EpisodeVerdict
}

/** Lines of all folds: single rows where there are few. */
export function deedsOf<T extends { place: string | null; ns: bigint | null }>(
  folds: Fold<T>[],
  wording: Wording<T>,
  ticks: boolean,
): Deed[] {
  return folds.flatMap((fold): Deed[] => {
    if (isFolded(fold)) return [{ place: fold.place, ns: fold.ns, text: wording.all(fold, ticks), verdict: null }]
    return fold.rows.map((row) => ({
      place: fold.place,
      ns: row.ns,
      text: wording.one(row, ticks),
      verdict: wording.verdict?.(row) ?? null,
    }))
  })
}

const WORST_FIRST: readonly EpisodeVerdict[] = ['violated', 'undetermined', 'clean']

const buffer = ({ ino }: { ino: bigint | null }) => (ino === null ? 'a buffer without a known inode' : `buffer ${ino}`)
const importer = (row: { importer: string | null }) => row.importer ?? 'an importer that no event names'
const address = (iova: bigint | null) => (iova === null ? '' : ` at 0x${iova.toString(16)}`)

export const exported: Wording<ExportRow> = {
  kind: ({ ns, exporter }) => `${ns !== null} ${exporter}`,
  span: () => null,
  tally: ({ releasedNs }) => (releasedNs === null ? ['open'] : ['released']),
  one(row, ticks) {
    const { ns, exporter, size, releasedNs } = row
    const by = exporter === null ? '' : ` by ${exporter}`
    const began = ns === null ? 'was there before its export was seen' : 'exported'
    const ended =
      releasedNs === null
        ? ', no release seen'
        : `, released${ns === null ? '' : ` after ${spanText(releasedNs - ns, ticks)}`}`
    return `${buffer(row)} ${began}${by}${size === null ? '' : `, ${sizeText(size)}`}${ended}`
  },
  all({ count, rows, tally }) {
    const began = rows[0]!.ns === null ? 'were there before their export was seen' : 'exported'
    const by = rows[0]!.exporter === null ? '' : ` by ${rows[0]!.exporter}`
    return `${many(count, 'buffer')} ${began}${by}; the release of ${tally.get('released') ?? 0} was seen`
  },
}

export const attached: Wording<AttachRow> = {
  kind: (row) => `${row.importer} ${row.class} ${row.refused}`,
  span: () => null,
  tally: () => [],
  one(row) {
    if (row.refused !== null) return `${importer(row)} refused with ${errnoName(row.refused)}: ${buffer(row)}`
    return `${importer(row)} attached to ${buffer(row)}: ${row.class} importer${row.class === 'unknown' ? '' : ` (${row.basis})`}`
  },
  all({ count, rows }) {
    const [row] = rows
    if (row!.refused !== null) return `${importer(row!)} refused ${many(count, 'time')} with ${errnoName(row!.refused)}`
    return `${importer(row!)} attached ${many(count, 'time')}: ${row!.class} importer`
  },
}

export const mapped: Wording<MapRow> = {
  kind: (row) => `${row.importer} ${row.endedBy} ${row.liveAtReset}`,
  span: (row) => (row.endedBy === 'revoke' ? row.latencyNs : null),
  tally: () => [],
  one(row, ticks) {
    const { ns, endedNs, endedBy, comm, pid, latencyNs } = row
    const what = ns === null ? `${importer(row)} had ${buffer(row)} mapped` : `${importer(row)} mapped ${buffer(row)}`
    const live = row.liveAtReset ? ', live during a reset' : ''
    if (endedNs === null) return `${what}${address(row.iova)}${live}, no unmap seen`
    const who = comm === null ? '' : ` by ${comm}-${pid ?? '?'}`
    const after = ns === null ? '' : ` after ${spanText(endedNs - ns, ticks)}`
    const told = endedBy === 'revoke' && latencyNs !== null ? `, ${speed(latencyNs, ticks)}` : ''
    return `${what}${address(row.iova)}; unmapped${after}${who}${REASON[endedBy ?? ''] ?? ''}${told}${live}`
  },
  all({ count, rows, spread }, ticks) {
    const { endedBy, liveAtReset } = rows[0]!
    const live = liveAtReset ? ', live during a reset' : ''
    if (endedBy === null) return `${importer(rows[0]!)} mapped ${many(count, 'time')}${live}, no unmap seen`
    const told = spread.most === null ? '' : `, the slowest ${speed(spread.most, ticks)}`
    return `${importer(rows[0]!)} mapped ${many(count, 'time')}, each unmapped again${REASON[endedBy] ?? ''}${told}${live}`
  },
}

const REASON: Record<string, string> = {
  revoke: ' because of a revoke',
  detach: ' by its detach',
  release: ' by the release',
}

/** An unmap inside the callback is over before the importers count as notified. */
function speed(latency: bigint, ticks: boolean): string {
  return latency <= 0n ? 'while it was being told' : `${spanText(latency, ticks)} after it was told`
}

export const revoked: Wording<RevokeRow> = {
  kind: (row) => `${row.cause} ${row.permanent}`,
  span: ({ blockedNs }) => blockedNs,
  tally: ({ verdict }) => [verdict],
  verdict: ({ verdict }) => verdict,
  one(row, ticks) {
    const { ns, cause, blockedNs, restoredNs, permanent } = row
    const took = blockedNs === null ? '' : `, complete after ${spanText(blockedNs, ticks)}`
    const back = restoredNs === null || ns === null ? '' : `, restored after ${spanText(restoredNs - ns, ticks)}`
    const what = cause === 'move' ? 'moved' : `revoked${permanent ? ' for good' : ''}`
    return `${buffer(row)} ${what}${cause === 'move' ? '' : because(cause)}${took}${back}`
  },
  all({ count, rows, spread, tally }, ticks) {
    const { cause, permanent } = rows[0]!
    const what =
      cause === 'move'
        ? many(count, 'move')
        : `${many(count, 'revocation')}${permanent ? ' for good' : ''}${because(cause)}`
    return `${what}${range(spread, ticks)}: ${verdicts(tally)}`
  },
}

function because(cause: string): string {
  return cause === 'unknown' ? ', the cause is unknown' : ` (${cause})`
}

export const reset: Wording<ResetRow> = {
  kind: (row) => `${row.method} ${row.trigger} ${row.result}`,
  span: ({ ns, finishedNs }) => (ns === null || finishedNs === null ? null : finishedNs - ns),
  tally: ({ verdict, live }) => (live > 0 ? [verdict, 'live'] : [verdict]),
  verdict: ({ verdict }) => verdict,
  one(row, ticks) {
    const { ns, finishedNs, live } = row
    const took =
      ns === null || finishedNs === null ? ', its end was not seen' : ` in ${spanText(finishedNs - ns, ticks)}`
    return `reset${way(row)}${took}${ended(row.result)}, ${live === 0 ? 'nothing mapped' : `${many(live, 'mapping')} live`}`
  },
  all({ count, rows, spread, tally }, ticks) {
    const [row] = rows
    const live = tally.get('live') ?? 0
    return `${many(count, 'reset')}${way(row!)}${range(spread, ticks)}${ended(row!.result)}, ${live === 0 ? 'never with a live mapping' : `${live} of them with live mappings`}: ${verdicts(tally)}`
  },
}

const METHOD: Record<string, string> = {
  flr: ' by FLR',
  bus: ' by bus reset',
  pm: ' by power state',
  'af-flr': ' by AF FLR',
}

function way({ method, trigger }: ResetRow): string {
  return `${METHOD[method] ?? ''}${trigger === 'unknown' ? '' : ` through ${trigger}`}`
}

function ended(result: string | null): string {
  return result === null ? '' : result === 'ok' ? ', ok' : `, failed with ${result}`
}

function range({ least, most }: Spread, ticks: boolean): string {
  if (least === null || most === null) return ''
  return least === most ? `, ${spanText(least, ticks)} each` : `, ${spanText(least, ticks)} to ${spanText(most, ticks)}`
}

function verdicts(tally: Map<string, number>): string {
  const words = WORST_FIRST.filter((verdict) => tally.has(verdict)).map((verdict) => `${tally.get(verdict)} ${verdict}`)
  return words.join(', ')
}

function errnoName(errno: number): string {
  // ENOTSUPP is the kernel's own and never meant to leave it.
  if (errno === 524) return 'ENOTSUPP'
  try {
    return getSystemErrorName(-errno)
  } catch {
    return `errno ${errno}`
  }
}
