import { emptyAct } from '../domain/act.ts'
import { ACT_TYPES } from '../domain/act-type.ts'
import type { Context } from '../domain/evolve/context.ts'
import { onEnd } from '../domain/evolve/ending.ts'
import { evolve } from '../domain/evolve/evolve.ts'
import { ANY_CPU, onBackwards, onNote, settleGap } from '../domain/evolve/notes.ts'
import { findingRow, retell } from '../domain/findings.ts'
import { parseVersion } from '../domain/kernel-version.ts'
import type { Changes, MeaningBatch } from '../domain/read-model.ts'
import { beginsAsProbe, createRecogniser } from '../domain/recognise/recognise.ts'
import { SNAPSHOT_TYPES } from '../domain/recognise/snapshot.ts'
import { type Note, type RecordBatch, type TraceRecord, UNKNOWN } from '../domain/record.ts'
import { diagnose, diagnoseWith } from '../domain/rules/index.ts'
import type { RuleModule } from '../domain/rules/rule.ts'
import type { OwnRule } from '../domain/rules.ts'
import type { Sighting } from '../domain/world/entities.ts'
import { createTask } from '../domain/world/task.ts'
import { evidenceTier } from '../domain/world/tier.ts'
import { endGap, gapRow, heard, heardSnapshot } from '../domain/world/window.ts'
import { createWorld, currentTask, type WorldOptions } from '../domain/world/world.ts'
import type { InputSpan } from '../log/read-inputs.ts'
import { emptyMeaning } from './empty-meaning.ts'
import { createFoldState, type FoldState } from './fold-state.ts'
import { type FoldedOptions, thresholdsOf } from './folded-options.ts'
import { createOrderCheck, spansOf } from './input-order.ts'
import { joinNotes } from './join-notes.ts'
import { textReader } from './payload-text.ts'
import { createRepeatCheck } from './repeated-events.ts'
import { attachmentRow, bufferRow, mappingRow, resetRow, revocationRow } from './rows.ts'

/** Changes whenever the same log would give other read models, or the world another shape: older ones are then rebuilt. */
export const FOLD_VERSION = '16'

export interface FoldOptions {
  /** Timestamps are ticks of an unknown unit, so no duration can be judged. */
  ticks: boolean
  /** Version of the kernel that was traced, as the capture says it. */
  kernel?: string | null
  /** The events come sorted because the content's time stamps ran backwards: in a file, or from one input to the next. */
  sorted?: boolean
  /** The inputs that the capture was merged from. */
  inputs?: readonly InputSpan[]
  /** The capture's parsed `options`. */
  options: unknown
  /** Goes on from what another fold of the same capture knew; `strings` is the capture's dictionary. */
  from?: { state: FoldState; strings: readonly string[] } | undefined
  /** Rules that are heard beside the built-in ones; what they find must not be stored. */
  rules?: readonly RuleModule<OwnRule>[]
}

/** Folds the events of one capture, in time order, into read models and findings. */
export interface Fold {
  /** `firstSeq` is the number, in the capture, of the batch's first event. */
  feed(batch: RecordBatch, firstSeq: number): Changes
  /** Judges what only the end of the capture can tell. */
  finish(): Changes
  /** The tier of evidence (T0…T3, KERNEL.md §6) that the events seen so far amount to. */
  tier(): string | null
  /** All that it knows, between two batches: plain data, which goes on changing as it is fed. */
  state(): FoldState
}

const KNOWN = 1
const DULL = 2
const SNAPSHOT = 3

const TYPE_INDEX = new Map(ACT_TYPES.map((type, index) => [type, index]))

export function createFold({
  ticks,
  kernel = null,
  sorted = false,
  inputs = [],
  options,
  from,
  rules = [],
}: FoldOptions): Fold {
  const own = (options ?? {}) as FoldedOptions
  const { recognise, knows } = createRecogniser(own.recognisers)
  const state = from?.state ?? createFoldState(createWorld(worldOptions({ ticks, kernel }, own, inputs)), inputs)
  const { world, spans, devices } = state
  const { record } = world
  const backwards = sorted ? createOrderCheck(inputs, state.latestLines) : null
  const isRepeat = createRepeatCheck(spans, state.telling)
  const act = emptyAct()
  const judge = rules.length > 0 ? diagnoseWith(rules) : diagnose
  const strings: string[] = from ? [...from.strings] : []
  /** By dictionary id: whether an event of that name can mean anything without a probe's head; 0 not asked yet. */
  let names = new Uint8Array(1024)
  const context: Context = {
    world,
    act,
    task: createTask(),
    tell: (name, fact) => judge(world, name, fact),
  }

  return {
    feed(batch, firstSeq) {
      for (let k = 0; k < batch.strings.length; k++) strings[batch.firstString + k] = batch.strings[k]!
      const text = textReader(batch)
      const meaning = emptyMeaning(firstSeq, batch.count)
      const notes = joinNotes(state.trailing, batch.notes)
      state.trailing = []
      let { last } = state
      let note = 0
      for (let i = 0; i < batch.count; i++) {
        const time = batch.time[i]!
        while (note < notes.length && notes[note]!.beforeEvent <= i) {
          world.now = nobody(last ?? time, firstSeq + i)
          takeNote(notes[note++]!, time)
        }
        record.seq = firstSeq + i
        record.cpu = batch.cpu[i]!
        if (backwards?.(batch.firstLine + batch.line[i]!, record.cpu) || (last !== null && time < last))
          onBackwards(context)
        last = time
        const kind = nameKind(batch.name[i]!)
        hear(time, kind)
        const start = batch.payloadStart[i]!
        if (kind === DULL && !beginsAsProbe(batch.bytes[start]!)) continue
        record.line = batch.firstLine + batch.line[i]!
        record.time = time
        record.pid = batch.pid[i]!
        record.tgid = batch.tgid[i]!
        record.comm = strings[batch.comm[i]!] ?? ''
        record.name = strings[batch.name[i]!]!
        record.payload = text(start, batch.payloadEnd[i]!)
        // A list is whole or proves nothing: its lines are never another's.
        if ((kind !== SNAPSHOT && isRepeat(record)) || !recognise(record, act)) continue
        world.now = { ns: time, seq: record.seq, cpu: record.cpu, pid: record.pid }
        world.about.buffer = null
        world.about.attachment = null
        world.about.device = null
        context.task = kind === SNAPSHOT ? createTask() : currentTask(world)
        evolve(context)
        remember(meaning, i)
      }
      if (batch.count > 0) world.now = nobody(last!, firstSeq + batch.count - 1)
      state.last = last
      state.trailing = notes.slice(note)
      return take(meaning)
    },
    finish() {
      for (const note of state.trailing.splice(0)) takeNote(note, null)
      if (state.heardLast >= 0) world.now = nobody(world.window.end!, state.heardLast)
      context.task = createTask()
      onEnd(context)
      return take(null)
    },
    tier: () => evidenceTier(world.seen),
    state: () => state,
  }

  /** `next` is the time of the event that follows; null where none does. */
  function takeNote(note: Note, next: bigint | null): void {
    // Of another input, whose end lies behind this place.
    if (note.kind === 'heard' && next !== null && note.time > next) return
    if (note.kind === 'input' && inputs.length === 0)
      spans.push({ line: note.line, input: note.input, first: null, last: null })
    onNote(context, note)
  }

  function nameKind(id: number): number {
    if (id >= names.length) {
      const larger = new Uint8Array(Math.max(id + 1, names.length * 2))
      larger.set(names)
      names = larger
    }
    if (names[id] === 0) names[id] = SNAPSHOT_TYPES.has(strings[id]!) ? SNAPSHOT : knows(strings[id]!) ? KNOWN : DULL
    return names[id]!
  }

  function hear(time: bigint, kind: number): void {
    const { window } = world
    if (kind === SNAPSHOT) {
      heardSnapshot(window, time)
      // Another input's lines do not end a gap of the trace.
      if (window.first !== null) return
    } else {
      state.heardLast = record.seq
      const own = heard(window, record.cpu, time)
      if (own) settleGap(context, own)
    }
    const any = window.open.get(ANY_CPU)
    if (!any) return
    window.open.delete(ANY_CPU)
    endGap(window, any, time)
    settleGap(context, any)
  }

  function remember(meaning: MeaningBatch, i: number): void {
    meaning.type[i] = TYPE_INDEX.get(act.type)!
    const { buffer, attachment, device } = world.about
    meaning.buffer[i] = (buffer ?? attachment?.buffer)?.id ?? -1
    meaning.attachment[i] = attachment?.id ?? -1
    const name = device ?? attachment?.device ?? act.device
    if (name === null) return
    let index = devices.get(name)
    if (index === undefined) {
      index = devices.size
      devices.set(name, index)
    }
    meaning.device[i] = index
  }

  function take(meaning: MeaningBatch | null): Changes {
    const { changed } = world
    retell(world)
    const firstDevice = state.devicesTold
    const newDevices = devices.size > firstDevice ? [...devices.keys()].slice(firstDevice) : []
    state.devicesTold = devices.size
    return {
      buffers: hand(changed.buffers, bufferRow),
      attachments: hand(changed.attachments, attachmentRow),
      mappings: hand(changed.mappings, mappingRow),
      revocations: hand(changed.revocations, revocationRow),
      resets: hand(changed.resets, resetRow),
      gaps: [...new Set(changed.gaps.splice(0))].map((id) => gapRow(world.window.gaps[id]!)),
      findings: hand(changed.findings, findingRow),
      firstDevice,
      devices: newDevices,
      meaning,
    }
  }
}

function worldOptions(
  { ticks, kernel }: { ticks: boolean; kernel: string | null },
  own: FoldedOptions,
  inputs: readonly InputSpan[],
): WorldOptions {
  const record: TraceRecord = { seq: 0, line: 0, time: 0n, cpu: 0, pid: 0, tgid: 0, comm: '', name: '', payload: '' }
  const version = kernel === null ? null : parseVersion(kernel)
  return { thresholds: thresholdsOf(own), ticks, kernel: version, record, spans: spansOf(inputs) }
}

/** Empties a list of changed entities into rows. */
function hand<T extends { dirty: boolean }, R>(list: T[], row: (entity: T) => R): R[] {
  return list.splice(0).map((entity) => {
    entity.dirty = false
    return row(entity)
  })
}

/** A moment of which no line is the sighting. */
function nobody(ns: bigint, seq: number): Sighting {
  return { ns, seq, cpu: UNKNOWN, pid: UNKNOWN }
}
