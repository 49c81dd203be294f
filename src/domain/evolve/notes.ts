import { reconsider } from '../findings.ts'
import { type Note, UNKNOWN } from '../record.ts'
import type { Snapshot } from '../world/snapshot.ts'
import { forgetCalls } from '../world/task.ts'
import { addGap, BACKWARDS, covered, endGap, type Gap, NO_THREAD } from '../world/window.ts'
import { forgetBoot } from '../world/world.ts'
import type { Context } from './context.ts'
import { endSplat } from './kernel-log.ts'

/** Lines that are no events and yet say what the events cannot prove. */
export function onNote(context: Context, note: Note): void {
  const { world } = context
  const { window } = world
  const seq = world.now.seq
  switch (note.kind) {
    case 'lost': {
      const cpu = note.cpu === UNKNOWN ? null : note.cpu
      for (const task of world.tasks.values())
        if (cpu === null || task.cpu === cpu || task.cpu === UNKNOWN) forgetCalls(task)
      return begin(context, cpu ?? ANY_CPU, {
        cpu,
        // A CPU that has said nothing yet may have lost them at any time.
        from: cpu === null ? window.end : (window.last[cpu] ?? null),
        to: null,
        lost: note.lost,
        reason: BUFFER_FULL,
        seq,
      })
    }
    case 'buffer-started':
      return begin(context, note.cpu, {
        cpu: note.cpu,
        from: null,
        to: null,
        lost: null,
        reason: 'the buffer of this CPU starts later than others',
        seq,
      })
    case 'heard':
      window.first ??= note.time
      window.end = later(window.end, note.time)
      window.last[note.cpu] = later(window.last[note.cpu], note.time)
      return hear(context, note.cpu, note.time)
    case 'input':
      window.beginning = note.input
      return
    case 'entries':
      if (note.written <= note.inBuffer) return beginDump(context)
      return overwritten(context, note.written - note.inBuffer)
    case 'recording':
      return note.on ? recordingBegins(context) : recordingEnds(context)
    case 'boot':
      return anotherBoot(context)
    case 'partial':
      return add(context, { cpu: null, from: null, to: null, lost: null, reason: note.why, seq })
    case 'cut':
      return add(context, {
        cpu: null,
        from: window.end,
        to: null,
        lost: null,
        reason: note.why ?? 'the trace is cut in the middle of a line',
        seq,
      })
    case 'unread':
      return unread(
        context,
        note.lines === 1
          ? `line ${note.line} is not understood`
          : `lines ${note.line} to ${note.line + note.lines - 1} are not understood`,
      )
    case 'overlong':
      return unread(context, `line ${note.line} is too long to be understood`)
    default:
  }
}

function later(known: bigint | null | undefined, ns: bigint): bigint {
  return (known ?? ns) > ns ? known! : ns
}

/** Events are missing before the first that the buffer still held, which may have been read before its header. */
function overwritten(context: Context, lost: bigint): void {
  const { window, now } = context.world
  const to = window.beginning === null ? window.first : null
  const reason = 'overwritten: the header counts more events than the buffer still held'
  const gap = { cpu: null, from: null, to, lost, reason, seq: now.seq }
  if (to === null) begin(context, ANY_CPU, gap)
  else add(context, gap)
}

/** An input with a header of its own is a dump by itself: nothing says that it goes on where the one before it ended. */
function beginDump(context: Context): void {
  const { window, now } = context.world
  const { beginning, end } = window
  if (beginning === null || end === null || covered(window, end, beginning)) return
  const reason = 'none of the merged inputs covers this time'
  begin(context, ANY_CPU, { cpu: null, from: end, to: null, lost: null, reason, seq: now.seq })
}

const BUFFER_FULL = 'the ring buffer was full'
/** A dump is all that the trace buffer held: what was before it, the log alone tells of. */
function recordingBegins(context: Context): void {
  const { window, now } = context.world
  const open = window.open.get(NOT_RECORDED)
  if (!open) {
    window.recordedFrom ??= now.ns
    return
  }
  window.open.delete(NOT_RECORDED)
  endGap(window, open, now.ns)
  settleGap(context, open)
}

/** kernel/trace/trace.c `ftrace_dump()` switches tracing off for good. */
function recordingEnds(context: Context): void {
  const { window, now } = context.world
  if (window.open.has(NOT_RECORDED)) return
  const reason = 'the trace ends with its dump, the kernel log goes on'
  begin(context, NOT_RECORDED, { cpu: null, from: window.end, to: null, lost: null, reason, seq: now.seq })
}

/** Key of the gap that the next dump ends. */
const NOT_RECORDED = -3

/** Inode numbers, addresses and mappings begin anew; what was open is gone, and nobody saw how. */
function anotherBoot(context: Context): void {
  const { world } = context
  for (const task of world.tasks.values()) endSplat(context, task)
  forgetBoot(world)
  const reason = 'another boot begins'
  begin(context, ANY_CPU, { cpu: null, from: world.window.end, to: null, lost: null, reason, seq: world.now.seq })
}

/** Before the first event there is nothing to prove yet; where a gap is open to the next event, it holds these lines. */
function unread(context: Context, reason: string): void {
  const { window, now, tasks } = context.world
  for (const task of tasks.values()) forgetCalls(task)
  const from = window.end ?? window.snapshot
  if (from === null || window.open.has(ANY_CPU)) return
  begin(context, ANY_CPU, { cpu: null, from, to: null, lost: null, reason, seq: now.seq })
}

/** A CPU speaks at this time: the gaps that were waiting for it end. */
export function hear(context: Context, cpu: number, ns: bigint): void {
  const { window } = context.world
  for (const key of [cpu, ANY_CPU]) {
    const gap = window.open.get(key)
    if (!gap) continue
    window.open.delete(key)
    endGap(window, gap, ns)
    settleGap(context, gap)
  }
}

/** Key of a gap that the next event of any CPU ends. */
export const ANY_CPU = -2

function begin(context: Context, until: number, gap: Omit<Gap, 'id'>): void {
  const { window, changed } = context.world
  const open = window.open.get(until)
  if (open) {
    // The same event ends both.
    open.lost = open.lost === null || gap.lost === null ? null : open.lost + gap.lost
    if (gap.from === null) open.from = null
    changed.gaps.push(open.id)
    return
  }
  const added = addGap(window, gap)
  window.open.set(until, added)
  changed.gaps.push(added.id)
}

/** Both ends are known, or nothing will tell them. */
function add(context: Context, gap: Omit<Gap, 'id'>): void {
  settleGap(context, addGap(context.world.window, gap))
}

/** Both ends of a gap are known: findings that rest on that stretch of time are looked at again. */
export function settleGap(context: Context, gap: Gap): void {
  context.world.changed.gaps.push(gap.id)
  context.tell('gap', { gap })
  reconsider(context.world)
}

/** What is missing from a snapshot, or makes it useless, makes no event of the trace doubtful. */
export function noteSnapshot(context: Context, { at }: Snapshot, reason: string): void {
  const gap = { cpu: null, from: at.ns, to: at.ns, lost: null, reason, seq: at.seq, snapshot: true as const }
  const added = addGap(context.world.window, gap)
  context.world.changed.gaps.push(added.id)
  context.tell('gap', { gap: added })
}

/** The time stamp is earlier than the one before it: the file is not in order, and nothing about order is certain. */
export function onBackwards(context: Context): void {
  doubtAll(context, BACKWARDS)
}

/** Calls are paired by their threads: without them, what one thread entered looks like another's. */
export function onNoThread(context: Context): void {
  doubtAll(context, NO_THREAD)
}

function doubtAll(context: Context, reason: string): void {
  const { world } = context
  if (world.window.gaps.some((gap) => gap.reason === reason)) return
  add(context, { cpu: null, from: null, to: null, lost: null, reason, seq: world.now.seq })
}

/** Gaps whose end never came reach to the end of the trace. */
export function closeGaps(context: Context): void {
  const { window } = context.world
  for (const gap of window.open.values()) settleGap(context, gap)
}
