import { createHash } from 'node:crypto'
import { lineBytes } from '../domain/record.ts'
import { leaveCapture, resumeCapture } from '../log/append.ts'
import { type Capture, captureWithDigest, findCapture } from '../log/captures.ts'
import type { LogConnection } from '../log/connection.ts'
import { inWords } from '../log/errors.ts'
import { identify } from '../log/identify.ts'
import { readStrings } from '../log/segments.ts'
import { claimWriter, releaseWriter } from '../log/writer.ts'
import { type Committer, createCommitter } from './commit.ts'
import { createHead } from './content-head.ts'
import { createFold, FOLD_VERSION, type Fold } from './fold.ts'
import type { BatchReader, IngestOutcome, IngestRequest } from './ingest-request.ts'
import { createBatchPacker } from './pack-batch.ts'
import { takeUpFold } from './read-snapshots.ts'
import { rebuild, rebuildCapture } from './rebuild.ts'
import { refold } from './refold.ts'
import { readCheckpoint } from './store.ts'

/** How long a packed batch waits to learn whether it was the last one, so that a short trace is one transaction. */
const LAST_BATCH_WAIT_MS = 5
const LINE_FEED = 0x0a

/**
 * Appends a content to the log and brings the read models up to date, batch by batch: a batch's lines, its counts, what
 * was found in it and the checkpoint are one transaction. While the thread pool packs a batch, it is folded and the next
 * one is parsed. Throws `LogError`, and what the reader throws; what was committed before stays.
 */
export async function ingestCapture(request: IngestRequest): Promise<IngestOutcome> {
  const { db } = request
  const factory = request.createFold ?? createFold
  const version = request.version ?? FOLD_VERSION
  let release = () => {}
  const writer = claimWriter()
  let started: number | undefined
  try {
    rebuild(db, { staleOnly: true, createFold: factory, version, snapshots: request.snapshots })
    const identified = await identify(db.sqlite, request.content, request.options)
    release = identified.release
    const { identity, content } = identified
    if (identity.kind === 'duplicate')
      return { capture: identity.capture, duplicate: true, interrupted: false, sameAs: null, resumedAt: 0 }

    const known = identity.kind === 'resume' ? identity.capture : null
    const hash = identity.kind === 'resume' ? identity.hash : createHash('sha256')
    if (known) {
      db.sqlite.transaction(() => resumeCapture(db.sqlite, known, writer)).immediate()
      started = known.capture
    }
    const from = known?.bytes ?? 0
    const head = createHead(content, identity.headDigest, from)
    const reader = request.read({
      bytes: content.follow?.(from) ?? content.open(from),
      resume: known && { state: known.parser, strings: readStrings(db.sqlite, known.capture) },
      onBytes(bytes) {
        hash.update(bytes)
        head.add(bytes)
      },
    })
    const committer = createCommitter({
      db,
      version,
      createFold: factory,
      known,
      snapshots: request.snapshots,
      fold: known?.ordered ? takeUp(db, known, { createFold: factory, version, snapshots: request.snapshots }) : null,
      start: { name: content.name, headDigest: identity.headDigest, options: request.options, writer },
      onBegun: (capture) => {
        started = capture
      },
      onProgress: request.onProgress,
      onFindings: request.onFindings,
    })
    const digests = { content: () => hash.copy().digest('hex'), head: head.digest }
    const sameAs = (digest: string) => captureWithDigest(db.sqlite, digest) ?? null
    const ended = await readAll({ reader, digests, committer, sameAs, signal: request.signal })
    if (started !== undefined) leave(db, started, writer)
    const duplicate = started === undefined && ended.sameAs !== null
    return {
      capture: started === undefined ? ended.sameAs : (findCapture(db.sqlite, started) ?? null),
      duplicate,
      interrupted: ended.interrupted,
      sameAs: duplicate ? null : (ended.sameAs?.capture ?? null),
      resumedAt: from,
    }
  } catch (error) {
    if (started !== undefined) leave(db, started, writer)
    throw inWords(error, db.path)
  } finally {
    releaseWriter(writer)
    release()
  }
}

interface Reading {
  reader: BatchReader
  /** SHA-256 of what was read, and of its head. */
  digests: { content(): string; head(): string }
  committer: Committer
  /** The complete capture of that content: then this one is not completed. */
  sameAs(digest: string): Capture | null
  signal: AbortSignal | undefined
}

interface Ended {
  interrupted: boolean
  sameAs: Capture | null
}

async function readAll({ reader, digests, committer, sameAs, signal }: Reading): Promise<Ended> {
  const batches = reader.batches[Symbol.asyncIterator]()
  let begun = false
  const stopped = aborted(signal)
  const pack = createBatchPacker()
  try {
    let item = await Promise.race([batches.next(), stopped])
    while (item !== null && !item.done) {
      const batch = item.value
      const facts = reader.facts()
      const packing = pack(batch, {
        prefixDigest: digests.content(),
        headDigest: digests.head(),
        parser: reader.state(),
        facts,
      })
      const folded = committer.fold(batch, facts)
      // A line without its end may go on in a file that grows: it is only ever committed as the last one.
      const wait = lineBytes(batch).at(-1) === LINE_FEED ? LAST_BATCH_WAIT_MS : Number.POSITIVE_INFINITY
      const following = batches.next()
      following.catch(() => {})
      const packed = await packing
      const next = await within(wait, following)
      const digest = next?.done ? digests.content() : null
      const same = digest === null ? null : sameAs(digest)
      if (same === null || begun)
        committer.batch(packed, folded, digest === null || same ? null : { digest, facts: reader.facts() })
      begun = true
      if (digest !== null) return { interrupted: false, sameAs: same }
      item = signal?.aborted ? null : await Promise.race([following, stopped])
    }
    if (item === null) return { interrupted: true, sameAs: null }
    const digest = digests.content()
    const same = sameAs(digest)
    if (same === null) committer.end({ digest, facts: reader.facts() })
    return { interrupted: false, sameAs: same }
  } finally {
    // Not awaited: a stream that is waiting for its next chunk would keep the caller waiting with it.
    batches.return?.()?.catch(() => {})
  }
}

/** The fold as it was when the ingest was interrupted: its rows are there already, unless another version wrote them. */
function takeUp(db: LogConnection, known: Capture, how: TakeUp): Fold {
  const { sqlite } = db
  const checkpoint = readCheckpoint(sqlite, known.capture)
  if (checkpoint?.version !== how.version || checkpoint.seq !== known.events)
    return sqlite.transaction(() => rebuildCapture(db, known, how)).immediate()
  const { fold, seq } = takeUpFold(sqlite, known, null, { ...how, inputs: [] })
  refold(sqlite, known, fold, { store: null, finish: false, from: seq })
  return fold
}

type TakeUp = Parameters<typeof rebuildCapture>[2]

/** On a full disk even this cannot be written: then the process's end is what gives the capture up. */
function leave(db: LogConnection, capture: number, writer: string): void {
  try {
    if (db.sqlite.inTransaction) db.sqlite.exec('ROLLBACK')
    leaveCapture(db.sqlite, capture, writer)
  } catch {}
}

function aborted(signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve(null)
    else signal?.addEventListener('abort', () => resolve(null), { once: true })
  })
}

/** What `promise` gives within `ms`, else null; a failure shows when it is awaited again. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  const quiet = promise.catch(() => null)
  if (ms === Number.POSITIVE_INFINITY) return await quiet
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null)
  })
  try {
    return await Promise.race([quiet, late])
  } finally {
    clearTimeout(timer)
  }
}
