import type { ActType } from '../act-type.ts'
import type { Finding } from '../findings.ts'
import type { KernelVersion } from '../kernel-version.ts'
import type { BufferState } from '../read-model.ts'
import { type TraceRecord, UNKNOWN } from '../record.ts'
import type { Capability } from './capability.ts'
import type { Attachment, Buffer, Entity, Mapping, Reset, Revocation, Sighting } from './entities.ts'
import type { Fence } from './fence.ts'
import type { MappingIndex } from './mapping-index.ts'
import type { Snapshot } from './snapshot.ts'
import { createTask, forgetCalls, type Task } from './task.ts'
import type { VfioDevice } from './vfio-device.ts'
import { createWindow, gapBetween, type Span, type Window } from './window.ts'

/** Durations that rules compare against, nanoseconds. */
export interface Thresholds {
  lateUnmapWarning: bigint
  lateUnmapError: bigint
  /** A fault line can be printed this long after the access it tells of. */
  faultDelay: bigint
  /** So long after its last mapping of an address an importer may be the one that still uses it, though others came after. */
  addressShared: bigint
  /** An attach may be printed this long after it passed the exporter's test. */
  attachRace: bigint
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  lateUnmapWarning: 1_000_000_000n,
  lateUnmapError: 10_000_000_000n,
  faultDelay: 12_000_000n,
  addressShared: 100_000_000n,
  attachRace: 100_000_000n,
}

/** Everything the fold knows at one moment of one capture. */
export interface World {
  thresholds: Thresholds
  /** Timestamps are ticks: no duration can be judged. */
  ticks: boolean
  /** Null where nothing says which kernel was traced. */
  kernel: KernelVersion | null
  /** The record being folded. */
  record: TraceRecord
  now: Sighting
  /** What the record turned out to be about. */
  about: { buffer: Buffer | null; attachment: Attachment | null; device: string | null }

  buffersByIno: Map<string, Buffer>
  buffersByPointer: Map<string, Buffer>
  /** Buffers can share a reservation object: a GPU's address space has one for all its private buffers. */
  buffersByResv: Map<string, Set<Buffer>>
  buffersByDevice: Map<string, Set<Buffer>>
  /** Unreleased buffers of a vfio exporter whose device is not known. */
  homeless: Set<Buffer>
  unreleased: Set<Buffer>
  /** Buffers first met otherwise than by their export, as many as are worth remembering. */
  older: Buffer[]
  attachmentsByPointer: Map<string, Attachment>
  attachmentsByHash: Map<string, Attachment>
  /** Open attachments whose raw pointer no event has shown. */
  unbound: Set<Attachment>
  /** Importer ops tables by address, as attachments have shown them. */
  importersByOps: Map<string, Attachment>
  refusedByOps: Map<string, Attachment[]>
  mappings: MappingIndex
  vfioByName: Map<string, VfioDevice>
  vfioByPointer: Map<string, VfioDevice>
  resetsByDevice: Map<string, Reset>
  /** Fences that have not signalled; one for each buffer that a fence guards. */
  fences: Map<string, Fence[]>
  /** Keys of fences that signalled lately: they may be added to a reservation object afterwards. */
  signalled: Set<string>
  tasks: Map<number, Task>
  window: Window

  revocations: Revocation[]
  resets: Reset[]
  findings: Finding[]
  /** By the buffer or attachment that they name. */
  findingsOf: Map<Buffer | Attachment, Set<Finding>>
  /** Violated findings that rest on nothing having happened in some stretch of time. */
  resting: Set<Finding>
  /** Kinds of act seen so far, and functions whose return is probed. */
  seen: Set<ActType>
  returning: Set<string>
  /** Functions whose thread went on without a return. */
  returnless: Set<string>
  /** Functions whose probes were seen. */
  functions: Set<string>
  /** IOVAs (16 hex digits) that `iommu:map` has translated and `iommu:unmap` not taken away since, with the event that did. */
  translations: Map<number, number>
  /** Whether the current record's function was in `returning` before this record. */
  returningBefore: boolean
  /** By port: the device below it that an error was last reported from. */
  errorBelow: Map<string, string>
  /** Of iommufd's mappings that are live: how many other address spaces have their address translated. */
  sharers: Map<Mapping, number>
  /** By bridge: the buses below it, from and to. */
  busesBelow: Map<string, { from: number; to: number }>
  /** Devices of which an uncorrected error was told, and that were not told to have recovered. */
  troubled: Map<string, Sighting>
  /** What importers' attachments have shown of their classes, by device. */
  capabilities: Map<string, Capability>
  /** By pid, oldest first: a pid is used again. The name is null where the trace does not give it. */
  exits: Map<number, { at: Sighting; comm: string | null }[]>
  /** When the kernel log last told of an IOMMU fault. */
  faulted: bigint | null
  /** Attachments still open after their buffer's release. */
  orphans: Set<Attachment>
  /** The snapshot whose lines are being read. */
  snapshot: Snapshot | null
  /** Released buffers, oldest first, until they are forgotten. */
  graveyard: Buffer[]

  /** `traced`: buffers that not only snapshots have shown. */
  counts: { buffers: number; attachments: number; mappings: number; traced: number }
  changed: {
    buffers: Buffer[]
    attachments: Attachment[]
    mappings: Mapping[]
    revocations: Revocation[]
    resets: Reset[]
    gaps: number[]
    findings: Finding[]
  }
}

export interface WorldOptions {
  thresholds: Thresholds
  ticks: boolean
  kernel: KernelVersion | null
  record: TraceRecord
  /** The inputs of a merged capture. */
  spans?: Span[]
}

export function createWorld({ spans, ...options }: WorldOptions): World {
  return {
    ...options,
    now: { ns: 0n, seq: 0, cpu: UNKNOWN, pid: UNKNOWN },
    about: { buffer: null, attachment: null, device: null },
    buffersByIno: new Map(),
    buffersByPointer: new Map(),
    buffersByResv: new Map(),
    buffersByDevice: new Map(),
    homeless: new Set(),
    unreleased: new Set(),
    older: [],
    attachmentsByPointer: new Map(),
    attachmentsByHash: new Map(),
    unbound: new Set(),
    importersByOps: new Map(),
    refusedByOps: new Map(),
    mappings: new Map(),
    vfioByName: new Map(),
    vfioByPointer: new Map(),
    resetsByDevice: new Map(),
    fences: new Map(),
    signalled: new Set(),
    tasks: new Map(),
    window: createWindow(spans),
    revocations: [],
    resets: [],
    findings: [],
    findingsOf: new Map(),
    resting: new Set(),
    seen: new Set(),
    returning: new Set(),
    returnless: new Set(),
    functions: new Set(),
    translations: new Map(),
    returningBefore: false,
    errorBelow: new Map(),
    sharers: new Map(),
    busesBelow: new Map(),
    troubled: new Map(),
    capabilities: new Map(),
    exits: new Map(),
    faulted: null,
    orphans: new Set(),
    snapshot: null,
    graveyard: [],
    counts: { buffers: 0, attachments: 0, mappings: 0, traced: 0 },
    changed: { buffers: [], attachments: [], mappings: [], revocations: [], resets: [], gaps: [], findings: [] },
  }
}

/** Everything that a machine forgets when it is started anew; what was found stays. */
export function forgetBoot(world: World): void {
  const { buffersByIno, buffersByPointer, buffersByResv, buffersByDevice, homeless, unreleased } = world
  const { attachmentsByPointer, attachmentsByHash, unbound, importersByOps, refusedByOps, orphans } = world
  const { vfioByName, vfioByPointer, resetsByDevice, fences, signalled, tasks, translations, errorBelow, exits } = world
  for (const buffers of [buffersByIno, buffersByPointer, buffersByResv, buffersByDevice, homeless, unreleased])
    buffers.clear()
  for (const attachments of [attachmentsByPointer, attachmentsByHash, unbound, importersByOps, refusedByOps, orphans])
    attachments.clear()
  for (const others of [vfioByName, vfioByPointer, resetsByDevice, fences, signalled, tasks, translations])
    others.clear()
  for (const devices of [errorBelow, world.busesBelow, world.troubled, world.capabilities]) devices.clear()
  exits.clear()
  world.graveyard.length = 0
  world.mappings.clear()
}

/** The thread of the current record. Idle tasks all have pid 0, one on each CPU. */
export function currentTask(world: World): Task {
  const { pid, cpu } = world.record
  const unknown = pid === UNKNOWN || (pid === 0 && cpu === UNKNOWN)
  const key = unknown ? UNKNOWN : pid === 0 ? -2 - cpu : pid
  let task = world.tasks.get(key)
  if (!task) {
    task = createTask(unknown)
    world.tasks.set(key, task)
  }
  // It may have done what it was in the middle of where events were lost, on the CPU that it comes from or on this one.
  if (task.cpu !== cpu && gapBetween(world.window, task.spoke, world.now.ns)) forgetCalls(task)
  task.cpu = cpu
  task.spoke = world.now.ns
  return task
}

/** Marks a row as changed. */
export function touch<T extends Entity>(list: T[], entity: T): void {
  if (entity.dirty) return
  entity.dirty = true
  list.push(entity)
}

/** Moves a buffer into a state, and notes since when it is in it. */
export function setState(world: World, buffer: Buffer, state: BufferState): void {
  if (buffer.state === state) return
  buffer.state = state
  buffer.since = world.now
  touch(world.changed.buffers, buffer)
}
