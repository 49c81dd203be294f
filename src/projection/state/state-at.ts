import type Database from 'better-sqlite3'
import type { RecordBatch } from '../../domain/record.ts'
import type { World } from '../../domain/world/world.ts'
import type { Capture } from '../../log/captures.ts'
import { readInputs } from '../../log/read-inputs.ts'
import { listSegments } from '../../log/segments.ts'
import { createFold, FOLD_VERSION, type Fold } from '../fold.ts'
import { inFoldOrder } from '../fold-order.ts'
import { createPositions } from '../numbering.ts'
import { type TakenUp, takeUpFold } from '../read-snapshots.ts'
import { foldFor } from '../refold.ts'
import { buffersOf, strayAttachments } from './buffers.ts'
import { devicesOf } from './devices.ts'
import { applyKnowledge } from './knowledge.ts'
import type { WorldRows } from './rows.ts'
import { type Trust, trustAt } from './trust.ts'

/** A capture as it was at one moment. */
export interface StateAt extends WorldRows {
  capture: number
  at: bigint
  /** How many events had happened. */
  events: number
  /** Where the last of them is in the log; null where there was none, or the capture's times run backwards. */
  position: number | null
  trust: Trust
}

export interface StateOptions {
  /** Only buffers of this inode number, those among them that are gone included. */
  ino?: bigint | undefined
  /** False folds from the first event even where a snapshot would do. */
  snapshots?: boolean
}

/**
 * Folds a capture up to `at`, all events of that nanosecond included, from the latest snapshot before it. What is
 * a state is as those events alone show it; what a thing is (an importer's class, a buffer's exporter) does not change,
 * and is taken from the whole capture. Reads only; call it inside a read transaction.
 */
export function stateAt(
  sqlite: Database.Database,
  capture: Capture,
  at: bigint,
  { ino, snapshots = true }: StateOptions = {},
): StateAt {
  const how = { version: snapshots ? FOLD_VERSION : '', createFold, inputs: readInputs(sqlite, capture.capture) }
  const { fold, seq } = takeUpFold(sqlite, capture, at, how)
  if (seq === 0) seedReturns(sqlite, capture, fold)
  const events = feedUntil(sqlite, capture, at, { fold, seq })
  const rows = rowsOf(fold.state().world, ino ?? null)
  applyKnowledge(sqlite, capture.capture, rows)
  const positionOf = createPositions(listSegments(sqlite, { capture: capture.capture }))
  const position = capture.ordered && events > 0 ? positionOf(events - 1) : null
  return { capture: capture.capture, at, events, position, trust: trustAt(sqlite, capture, at), ...rows }
}

/** All that is told of a world. */
export function rowsOf(world: World, ino: bigint | null = null): WorldRows {
  return { buffers: buffersOf(world, ino), devices: devicesOf(world), attachments: strayAttachments(world) }
}

/**
 * Which functions' returns are probed does not change while a trace is recorded, but shows with the first return only:
 * until then a call would be over when it was entered. The first batch tells of most.
 */
function seedReturns(sqlite: Database.Database, capture: Capture, fold: Fold): void {
  for (const { batch, firstSeq } of inFoldOrder(sqlite, capture)) {
    const ahead = foldFor(capture, createFold, readInputs(sqlite, capture.capture))
    ahead.feed(batch, firstSeq)
    const { returning } = fold.state().world
    for (const fn of ahead.state().world.returning) returning.add(fn)
    return
  }
}

/** Gives how many events have been fed then. */
function feedUntil(sqlite: Database.Database, capture: Capture, at: bigint, { fold, seq }: TakenUp): number {
  let events = seq
  for (const { batch, firstSeq } of inFoldOrder(sqlite, capture, { from: seq, until: at })) {
    const count = eventsUntil(batch, at)
    events = firstSeq + count
    if (count === batch.count) fold.feed(batch, firstSeq)
    else {
      const notes = batch.notes.filter(({ beforeEvent }) => beforeEvent < count)
      if (count > 0) fold.feed({ ...batch, count, notes }, firstSeq)
      break
    }
  }
  return events
}

/** Times of a batch do not run backwards: how many events are not after `at`. */
function eventsUntil({ time, count }: RecordBatch, at: bigint): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (time[middle]! <= at) low = middle + 1
    else high = middle
  }
  return low
}
