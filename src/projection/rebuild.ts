import type { Capture } from '../log/captures.ts'
import { listCaptures } from '../log/captures.ts'
import type { LogConnection } from '../log/connection.ts'
import { inWords } from '../log/errors.ts'
import { readInputs } from '../log/read-inputs.ts'
import { createFold, FOLD_VERSION, type Fold } from './fold.ts'
import { type FoldFactory, foldFor, refold } from './refold.ts'
import { createStore, readCheckpoint, type Store } from './store.ts'
import { createSnapshotter, type SnapshotPolicy } from './take-snapshots.ts'

export interface RebuildOptions {
  /** Only this capture; default all. */
  capture?: number
  /** Only captures whose read models another version of the fold wrote. */
  staleOnly?: boolean
  createFold?: FoldFactory
  version?: string
  snapshots?: SnapshotPolicy | undefined
  onProgress?: (done: { captures: number; of: number }) => void
}

/**
 * Replays the log into the read models from its beginning, in one transaction: readers see the old rows until all of it
 * is done. Returns how many captures were replayed. Throws `LogError`.
 */
export function rebuild(db: LogConnection, options: RebuildOptions = {}): number {
  const { sqlite } = db
  const version = options.version ?? FOLD_VERSION
  const wanted = () =>
    listCaptures(sqlite).filter(
      ({ capture }) =>
        (options.capture === undefined || capture === options.capture) &&
        !(options.staleOnly && readCheckpoint(sqlite, capture)?.version === version),
    )
  if (options.staleOnly && wanted().length === 0) return 0
  const all = sqlite.transaction(() => {
    const captures = wanted()
    for (const [done, capture] of captures.entries()) {
      options.onProgress?.({ captures: done, of: captures.length })
      rebuildCapture(db, capture, {
        createFold: options.createFold ?? createFold,
        version,
        snapshots: options.snapshots,
      })
    }
    return captures.length
  })
  try {
    return all.immediate()
  } catch (error) {
    throw inWords(error, db.path)
  }
}

/** To be called in a transaction. Returns the fold as it is at the end of what was read of the capture. */
export function rebuildCapture(
  { sqlite }: LogConnection,
  capture: Capture,
  how: { createFold: FoldFactory; version: string; snapshots: SnapshotPolicy | undefined },
) {
  const store = createStore(sqlite, capture.capture)
  const fold = foldFor(capture, how.createFold, readInputs(sqlite, capture.capture))
  store.clear()
  refoldWithSnapshots(sqlite, capture, fold, store, how)
  store.writeCheckpoint({
    version: how.version,
    seq: capture.events,
    finished: capture.complete,
    tier: fold.tier(),
  })
  return fold
}

/** Folds all of a capture into an empty store. */
export function refoldWithSnapshots(
  sqlite: LogConnection['sqlite'],
  capture: Capture,
  fold: Fold,
  store: Store,
  how: { version: string; snapshots: SnapshotPolicy | undefined },
): void {
  const take = createSnapshotter(how.version, how.snapshots)
  refold(sqlite, capture, fold, {
    store,
    finish: capture.complete,
    onFed(place) {
      const snapshot = take(fold, place)
      if (snapshot) store.writeSnapshot(snapshot)
    },
  })
}
