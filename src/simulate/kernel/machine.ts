import type { Random } from '../random.ts'
import type { Running, Scheduler } from '../scheduler.ts'
import type { Truth } from '../truth/truth.ts'
import { type AddressSpace, createAddressSpace, type Slab } from './addresses.ts'
import type { Attachment, Buffer } from './objects.ts'

/** Who is running: what a trace prints of a task. */
export interface Thread {
  comm: string
  pid: number
  tgid: number
  cpu: number
}

/** What a point of a kernel function shows; values as the trace prints them. */
export type Fields = Readonly<Record<string, string | number>>

/** A place in the kernel that a probe can sit on. */
export interface Point {
  fn: string
  /** Module of `fn`, in brackets behind the symbol. */
  module?: string
  /** For a return: who is returned to, `symbol+0x1/0x2 [module]`. */
  caller?: string
  fields: Fields
}

/** What takes down the points that are recorded. */
export interface Recorder {
  point(thread: Thread, point: Point): void
  /** A native tracepoint, `group:event` with its fields. */
  tracepoint(thread: Thread, name: string, fields: Fields): void
  /** A line of the kernel log. */
  log(thread: Thread, text: string): void
  /** An event of no concern here. */
  noise(thread: Thread): void
}

/** The machine that the actors act on. */
export interface Machine {
  readonly random: Random
  readonly scheduler: Scheduler
  readonly recorder: Recorder
  readonly truth: Truth
  readonly slab: Slab
  /** By device: the addresses that its IOMMU gives out. */
  readonly spaces: Map<string, AddressSpace>
  readonly cpus: number
  /** Kernel up to 7.0: the callback is `move_notify`. */
  readonly old: boolean
  nextInode: number
  nextPid: number
  /** Pids of tasks that are gone: handed out again first, so that they come back at once. */
  readonly freePids: number[]
  nextFence: number
  /** Unreleased buffers, and attachments that were not detached. */
  readonly buffers: Set<Buffer>
  readonly attachments: Set<Attachment>
}

export function fork(m: Machine, comm: string): Thread {
  const pid = m.freePids.pop() ?? m.nextPid++
  return { comm, pid, tgid: pid, cpu: m.random.below(m.cpus) }
}

export function exit(m: Machine, thread: Thread): void {
  m.freePids.push(thread.pid)
}

/** Another thread of the same process. */
export function clone(m: Machine, thread: Thread, comm = thread.comm): Thread {
  return { comm, pid: m.nextPid++, tgid: thread.tgid, cpu: m.random.below(m.cpus) }
}

export const microseconds = (us: number): number => Math.round(us * 1e3)
export const milliseconds = (ms: number): number => Math.round(ms * 1e6)
export const seconds = (s: number): number => Math.round(s * 1e9)

/** Code runs for some microseconds from one point to the next; now and then the scheduler moves the thread elsewhere. */
function* work(m: Machine, thread: Thread): Running {
  yield microseconds(m.random.chance(0.03) ? m.random.between(20, 200) : m.random.between(1.2, 12))
  if (m.cpus > 1 && m.random.chance(0.01)) thread.cpu = m.random.below(m.cpus)
}

/** The thread enters a function. */
export function* enter(m: Machine, thread: Thread, point: Point): Running {
  yield* work(m, thread)
  m.recorder.point(thread, point)
}

/** The thread returns from a function to its caller. */
export function* leave(m: Machine, thread: Thread, point: Point & { caller: string }): Running {
  yield* work(m, thread)
  m.recorder.point(thread, point)
}

export function* tracepoint(m: Machine, thread: Thread, name: string, fields: Fields): Running {
  yield* work(m, thread)
  m.recorder.tracepoint(thread, name, fields)
}

export function* printk(m: Machine, thread: Thread, text: string): Running {
  yield* work(m, thread)
  m.recorder.log(thread, text)
}

export function spaceOf(m: Machine, device: string): AddressSpace {
  let space = m.spaces.get(device)
  if (!space) {
    space = createAddressSpace()
    m.spaces.set(device, space)
  }
  return space
}
