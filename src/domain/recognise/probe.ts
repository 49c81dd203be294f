import type { Act, Point } from '../act.ts'
import type { ActType } from '../act-type.ts'
import { emptyShape, type FieldShape, fillFields } from './field-shape.ts'
import { emptyFields, type Fields } from './fields.ts'
import { FUNCTIONS, type ProbedFunction, RECIPE_NAMES, RECIPE_PREFIX } from './functions.ts'
import type { Head } from './head.ts'
import { fillSlot, type Slot } from './slots.ts'
import { TRACEPOINT_TYPES } from './tracepoints.ts'

/** What the records of one probe mean that return to one caller: all but the values of their fields. */
export interface Probe {
  /** The payload's head, as text. */
  head: string
  type: ActType
  fn: string
  point: Point
  module: string | null
  caller: string | null
  callerModule: string | null
  recipe: boolean
  spec: ProbedFunction | null
  /** The slots of the function's parameters in order, at a return after that of its value. */
  places: readonly string[]
  /** A record of it has been recognised. */
  met: boolean
  /** The fields as this probe prints them, in order: learned from its first record. */
  shape: FieldShape
}

/**
 * A probe event is known by the function in its head, else by a recipe name. Null where the probe means nothing here.
 */
export function probeOf(name: string, head: Head, headText: string): Probe | null {
  const recipe = RECIPE_PREFIX.test(name)
  const probe = (type: ActType, spec: ProbedFunction | null, fn = head.name, point = head.point): Probe => ({
    head: headText,
    type,
    fn,
    point,
    module: head.module,
    caller: head.caller,
    callerModule: head.callerModule,
    recipe,
    spec,
    places: spec ? placesOf(spec, point) : [],
    met: false,
    shape: emptyShape(),
  })
  if (head.point === 'event') {
    const type = TRACEPOINT_TYPES.get(head.name)
    return type === undefined ? null : probe(type, null)
  }
  const known = FUNCTIONS.get(head.name)
  if (known) return probe(known.type, known)
  const byName = recipe ? RECIPE_NAMES.get(name) : undefined
  if (byName) {
    const spec = FUNCTIONS.get(byName.fn)!
    return probe(spec.type, spec, byName.fn, byName.point)
  }
  if (recipe && name.startsWith('pcirst_'))
    return probe('reset', null, head.name, name.endsWith('_ret') ? 'return' : head.point)
  return name.startsWith('cb_') ? probe('importer-callback', null) : null
}

const strangers = emptyFields()

/**
 * Fills `act` from one record of a probe. Field names are hints: those nobody has heard of are taken by their place
 * among the function's parameters and by what their values look like.
 */
export function recogniseProbe(probe: Probe, payload: string, act: Act): void {
  act.type = probe.type
  act.point = probe.point
  act.fn = probe.fn
  act.module = probe.module
  act.caller = probe.caller
  act.callerModule = probe.callerModule
  act.recipe = probe.recipe
  act.fresh = !probe.met
  probe.met = true
  fillFields(payload, probe.head.length, probe.shape, act, strangers)
  const { spec } = probe
  if (!spec) return
  fillByPlace(strangers, act, probe.places)
  if (act.point === 'return' && spec.returns) {
    const slot = spec.returns as Slot
    if (act[slot] === null && act.ret !== null) act[slot] = asPointer(act.ret)
  }
}

const KERNEL_POINTER = /^0xff[0-9a-f]{14}$/
const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/

function placesOf({ returns, args }: ProbedFunction, point: Point): readonly string[] {
  return point === 'return' && returns ? [returns, ...args] : args
}

/** `arg1`, `arg2` … by number; other unknown names by the look of their values, in the order of the parameters. */
function fillByPlace(fields: Fields, act: Act, places: readonly string[]): void {
  for (let i = 0; i < fields.count; i++) {
    const key = fields.keys[i]!
    const value = fields.values[i]!
    const numbered = /^arg(\d+)$/.exec(key)
    if (numbered) {
      const slot = places[Number(numbered[1]) - 1] as Slot | undefined
      if (slot && act[slot] === null) fillSlot(act, slot, value)
    } else if (PCI_ADDRESS.test(value)) {
      act.device ??= value
    } else if (KERNEL_POINTER.test(value)) {
      const slot = places.find((s) => act[s as Slot] === null && POINTER_SLOTS.has(s)) as Slot | undefined
      if (slot) fillSlot(act, slot, value)
    } else if (/^-?\d+$/.test(value)) {
      const slot = places.find((s) => act[s as Slot] === null && !POINTER_SLOTS.has(s)) as Slot | undefined
      if (slot) fillSlot(act, slot, value)
    }
  }
}

const POINTER_SLOTS: ReadonlySet<string> = new Set(['dmabuf', 'attach', 'sgt', 'resv', 'vdev', 'devicePtr', 'ops'])

/** A pointer printed as a signed number (`err=$retval:s64`) → `0x…`. */
export function asPointer(value: string): string {
  if (value.startsWith('0x')) return value
  try {
    return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`
  } catch {
    return value
  }
}
