import type { Capture } from '../log/captures.ts'
import { listCaptures } from '../log/captures.ts'
import type { LogConnection } from '../log/connection.ts'
import { inWords } from '../log/errors.ts'
import { readInputs } from '../log/read-inputs.ts'
import { createFold, FOLD_VERSION } from './fold.ts'
import { type FoldFactory, foldFor, refold } from './refold.ts'
import { createStore, readCheckpoint } from './store.ts'

export interface RebuildOptions {
  /** Only this capture; default all. */
  capture?: number
  /** Only captures whose read models another version of the fold wrote. */
  staleOnly?: boolean
  createFold?: FoldFactory
  version?: string
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
      rebuildCapture(db, capture, options.createFold ?? createFold, version)
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
export function rebuildCapture(db: LogConnection, capture: Capture, createFold: FoldFactory, version = FOLD_VERSION) {
  const store = createStore(db.sqlite, capture.capture)
  const fold = foldFor(capture, createFold, readInputs(db.sqlite, capture.capture))
  store.clear()
  refold(db.sqlite, capture, fold, store, capture.complete)
  store.writeCheckpoint({ version, seq: capture.events, finished: capture.complete, tier: fold.tier() })
  return fold
}
