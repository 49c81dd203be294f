/** What importers do when they are told to let go: inside the callback, later, or not at all (KERNEL.md §1.2). */
import { acquire, type Running, release } from '../scheduler.ts'
import { unpin } from './attachments.ts'
import { destroy, signal } from './fences.ts'
import type { Told } from './importer.ts'
import { fork, type Machine, type Thread } from './machine.ts'
import { unmap } from './mappings.ts'
import type { Attachment } from './objects.ts'

/** `<callback>+0x44/0x60 [module]`, where the callback's symbol is printed with +0x0. */
function within(callback: string): string {
  return callback.replace('+0x0/', '+0x44/')
}

/** Stops, and unmaps before it returns. */
export function unmapInCallback(): Told {
  return function* (m, thread, attachment) {
    const caller = within(attachment.importer.callback!)
    for (const mapping of [...attachment.mappings]) yield* unmap(m, thread, mapping, caller)
    yield* unpinAll(m, thread, attachment)
  }
}

/** Stops, and lets a worker unmap after a while; `after` gives the nanoseconds. */
export function unmapLater(after: (m: Machine) => number): Told {
  // biome-ignore lint/correctness/useYield: it only starts a thread
  return function* (m, _thread, attachment) {
    m.scheduler.start(worker(m, attachment), after(m))
  }
}

function* worker(m: Machine, attachment: Attachment): Running {
  const thread: Thread = { ...fork(m, `kworker/${m.random.below(m.cpus)}:1`), tgid: 0 }
  const { lock } = attachment.buffer.reservation
  yield* acquire(lock)
  for (const mapping of [...attachment.mappings]) yield* unmap(m, thread, mapping, LATER)
  yield* unpinAll(m, thread, attachment)
  release(m.scheduler, lock)
}

const LATER = 'process_one_work+0x174/0x330'

/** Hears it, and keeps what it has. */
export function keepMapping(): Told {
  return function* () {
    // Nothing happens, which is the point.
  }
}

/** A device that is still at work: its fences signal some time later, from a worker. */
export function* finishWork(m: Machine, attachment: Attachment, after: number): Running {
  yield after
  const thread: Thread = { ...fork(m, `kworker/${m.random.below(m.cpus)}:0`), tgid: 0 }
  for (const fence of [...attachment.buffer.reservation.fences]) {
    yield* signal(m, thread, fence)
    yield* destroy(m, thread, fence)
  }
}

/** Importers that hold their pin for as long as their mapping let go of both. */
function* unpinAll(m: Machine, thread: Thread, attachment: Attachment): Running {
  while (attachment.pins > 0) yield* unpin(m, thread, attachment)
}
