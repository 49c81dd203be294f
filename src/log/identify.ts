import { createHash, type Hash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { type Capture, capturesWithHead, shortCaptures } from './captures.ts'
import { type Content, type Spooled, spool } from './content.ts'
import { LogError } from './errors.ts'

/** What the log knows of a content before anything of it is written. */
export type Identity =
  | { kind: 'new'; headDigest: string }
  /** The log has all of it. */
  | { kind: 'duplicate'; headDigest: string; capture: Capture }
  /** The log has its beginning, of an ingest that was interrupted; `hash` has taken in just that. */
  | { kind: 'resume'; headDigest: string; capture: Capture; hash: Hash }

export interface Identified {
  identity: Identity
  /** To be read from; a stream that had to be read for this comes back as a temporary file. */
  content: Content
  /** Removes that file. */
  release(): void
}

/**
 * Looks for the content in the log. A content whose first 64 KiB are new to the log is not read; any other is hashed
 * whole, once. A stream that is followed is new: what it held before is gone from it. Throws `LogError`
 * `capture-changed` where an interrupted ingest had other options.
 */
export async function identify(sqlite: Database.Database, content: Content, options: unknown): Promise<Identified> {
  const headDigest = createHash('sha256').update(content.head).digest('hex')
  const passing = content.follow !== undefined && !content.seekable
  const candidates = passing
    ? []
    : [...capturesWithHead(sqlite, headDigest), ...begunWith(sqlite, content.head, headDigest)]
  if (candidates.length === 0) return { identity: { kind: 'new', headDigest }, content, release: () => {} }
  const spooled: Spooled = content.seekable ? { content, remove: () => {} } : await spool(content)
  try {
    const { digest, prefixes } = await hashOnce(
      spooled.content,
      candidates.filter((capture) => !capture.complete).map((capture) => capture.bytes),
    )
    const found = (identity: Identity) => ({ identity, content: spooled.content, release: spooled.remove })
    const same = candidates.find((capture) => capture.digest === digest)
    if (same) return found({ kind: 'duplicate', headDigest, capture: same })
    for (const capture of candidates) {
      const hash = capture.complete ? undefined : prefixes.get(capture.bytes)
      if (hash?.copy().digest('hex') !== capture.prefixDigest) continue
      refuseOtherOptions(capture, options)
      return found({ kind: 'resume', headDigest, capture, hash: hash! })
    }
    return found({ kind: 'new', headDigest })
  } catch (error) {
    spooled.remove()
    throw error
  }
}

/** Captures that were begun when the content was shorter than the 64 KiB that name it now. */
function begunWith(sqlite: Database.Database, head: Buffer, headDigest: string): Capture[] {
  return shortCaptures(sqlite).filter(
    (capture) =>
      capture.headDigest !== headDigest &&
      capture.bytes <= head.length &&
      capture.prefixDigest === createHash('sha256').update(head.subarray(0, capture.bytes)).digest('hex'),
  )
}

/** The digest of all of it, and the hash as it was at each of the places `at` that it is long enough for. */
async function hashOnce(content: Content, at: number[]): Promise<{ digest: string; prefixes: Map<number, Hash> }> {
  const places = [...new Set(at)].sort((a, b) => a - b)
  const prefixes = new Map<number, Hash>()
  const hash = createHash('sha256')
  let passed = 0
  for await (const chunk of content.open(0)) {
    let from = 0
    while (places.length > 0 && places[0]! <= passed + chunk.length) {
      const place = places.shift()!
      hash.update(chunk.subarray(from, place - passed))
      from = place - passed
      prefixes.set(place, hash.copy())
    }
    hash.update(chunk.subarray(from))
    passed += chunk.length
  }
  return { digest: hash.digest('hex'), prefixes }
}

function refuseOtherOptions(capture: Capture, options: unknown): void {
  const before = JSON.stringify(capture.options)
  if (before === JSON.stringify(options)) return
  throw new LogError(
    'capture-changed',
    `${capture.name}: its ingest was interrupted at line ${capture.lines} and had other options (${before}); ` +
      'give the same options to go on, or another --db to begin anew',
  )
}
