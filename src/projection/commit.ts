import type { Changes, FindingRow } from '../domain/read-model.ts'
import type { RecordBatch } from '../domain/record.ts'
import { appendBatch, beginCapture, completeCapture, type NewCapture, type PackedBatch } from '../log/append.ts'
import { type TimeRange, timeRange } from '../log/batch-summary.ts'
import { type Capture, type CaptureFacts, findCapture } from '../log/captures.ts'
import type { LogConnection } from '../log/connection.ts'
import { type InputSpan, readInputs } from '../log/read-inputs.ts'
import { lastTime, listSegments, type Segment } from '../log/segments.ts'
import type { Fold } from './fold.ts'
import type { Progress } from './ingest-request.ts'
import { packMeaningSync } from './meaning-codec.ts'
import { createPositions, inLogOrder } from './numbering.ts'
import { lastPlace, storedBytes } from './read-snapshots.ts'
import { refoldWithSnapshots } from './rebuild.ts'
import { type FoldFactory, foldFor } from './refold.ts'
import { renameFindings } from './rename-findings.ts'
import { createStore, type Snapshot, type Store } from './store.ts'
import { createSnapshotter, type SnapshotPolicy } from './take-snapshots.ts'

export interface CommitterOptions {
  db: LogConnection
  version: string
  createFold: FoldFactory
  snapshots: SnapshotPolicy | undefined
  /** The capture that is gone on with, and its fold; null for a new one, which begins with its first batch. */
  known: Capture | null
  fold: Fold | null
  start: NewCapture
  onBegun(capture: number): void
  onProgress: ((progress: Progress) => void) | undefined
  onFindings: ((findings: FindingRow[], ticks: boolean) => void) | undefined
}

/** The content is at its end. */
export interface End {
  digest: string
  facts: CaptureFacts
}

/** What was made of a batch, ready to be written; no changes where time ran backwards. */
export interface Folded {
  range: TimeRange
  changes: Changes | null
  meaning: Buffer | null
  tier: string | null
  snapshot: Snapshot | null
}

export interface Committer {
  fold(batch: RecordBatch, facts: CaptureFacts): Folded
  /** One transaction: the batch, its read models, the checkpoint, and where `end` is given the capture's end. */
  batch(packed: PackedBatch, folded: Folded, end: End | null): void
  end(end: End): void
}

/** Folds and commits the batches of one capture. Once time ran backwards it folds no more, but all of it sorted at the end. */
export function createCommitter(options: CommitterOptions): Committer {
  const { db, version, known, createFold } = options
  const { sqlite } = db
  const places: Pick<Segment, 'firstSeq' | 'firstPosition'>[] = known
    ? listSegments(sqlite, { capture: known.capture })
    : []
  const numbering = inLogOrder(createPositions(places))
  const { bytes = 0, lines = 0, events = 0 } = known ?? {}
  const progress = { bytes, lines, events, findings: known ? countFindings(sqlite, known.capture) : 0 }
  let headDigest = known?.headDigest ?? options.start.headDigest
  let capture = known?.capture
  let store = known && createStore(sqlite, known.capture)
  let fold = options.fold
  let ordered = known?.ordered ?? true
  let fed = known?.events ?? 0
  let stored = known ? storedBytes(sqlite, known.capture) : 0
  const snapshot = createSnapshotter(version, options.snapshots, known ? lastPlace(sqlite, known.capture) : undefined)
  let timeBefore = known && lastTime(sqlite, known.capture)

  // A line that names the kernel can come after the first events.
  let kernelFolded = known?.kernel ?? null
  const foldWith = ({ ticks, kernel }: CaptureFacts, inputs: readonly InputSpan[] = []) => {
    kernelFolded = kernel
    return foldFor({ ticks, kernel, ordered, options: options.start.options }, createFold, inputs)
  }

  function transact(act: (id: number, into: Store) => void): void {
    const write = sqlite.transaction(() => {
      const id = capture ?? beginCapture(sqlite, options.start).capture
      store ??= createStore(sqlite, id)
      act(id, store)
      return id
    })
    const id = write.immediate()
    if (capture === undefined) options.onBegun(id)
    capture = id
    options.onProgress?.({ ...progress, ordered })
  }

  /** From the beginning: sorted, or knowing the kernel. */
  function foldAgain(id: number, into: Store, facts: CaptureFacts): Fold {
    const again = foldWith(facts, readInputs(sqlite, id))
    into.clear()
    refoldWithSnapshots(sqlite, findCapture(sqlite, id)!, again, into, { version, snapshots: options.snapshots })
    return again
  }

  function writeEnd(id: number, into: Store, { digest, facts }: End): void {
    completeCapture(sqlite, id, digest, facts)
    fold ??= foldWith(facts)
    if (ordered && facts.kernel === kernelFolded) into.write(fold.finish(), numbering)
    else fold = foldAgain(id, into, facts)
    into.writeCheckpoint({ version, seq: fed, finished: true, tier: fold.tier() })
  }

  return {
    fold(batch, facts) {
      const range = timeRange(batch, timeBefore)
      if (batch.count > 0) timeBefore = batch.time[batch.count - 1]!
      ordered &&= range.ordered
      const firstSeq = fed
      fed += batch.count
      if (!ordered) return { range, changes: null, meaning: null, tier: null, snapshot: null }
      fold ??= foldWith(facts)
      const changes = fold.feed(batch, firstSeq)
      const meaning = changes.meaning && packMeaningSync(changes.meaning)
      // How much the log takes for this batch is not known yet.
      return { range, changes, meaning, tier: fold.tier(), snapshot: snapshot(fold, { seq: fed, stored }) }
    },
    batch(packed, { range, changes, meaning, tier, snapshot: taken }, end) {
      const told = progress.findings
      transact((id, into) => {
        const placed = appendBatch(sqlite, id, packed, range)
        places.push(placed)
        if (packed.headDigest !== headDigest) renameFindings(sqlite, id, headDigest, packed.headDigest)
        if (changes) {
          into.write(changes, numbering)
          if (meaning) into.writeMeaning(changes.meaning!, meaning)
          if (packed.facts.kernel !== kernelFolded) fold = foldAgain(id, into, packed.facts)
          else if (taken) into.writeSnapshot(taken)
          into.writeCheckpoint({ version, seq: placed.firstSeq + packed.summary.events, finished: false, tier })
        }
        if (end) writeEnd(id, into, end)
        for (const { id } of changes?.findings ?? []) progress.findings = Math.max(progress.findings, id + 1)
        progress.bytes += packed.summary.bytes
        progress.lines += packed.summary.lines
        progress.events += packed.summary.events
      })
      headDigest = packed.headDigest
      stored += packed.columns.length + packed.text.length
      const found = changes?.findings.filter(({ id }) => id >= told) ?? []
      if (found.length > 0) options.onFindings?.(found, packed.facts.ticks)
    },
    end(end) {
      transact((id, into) => writeEnd(id, into, end))
    },
  }
}

/** Findings are numbered from 0. */
function countFindings(sqlite: LogConnection['sqlite'], capture: number): number {
  return sqlite.prepare('SELECT coalesce(max(id) + 1, 0) FROM finding WHERE capture = ?').pluck().get(capture) as number
}
