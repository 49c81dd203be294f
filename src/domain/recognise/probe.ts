import type { Act } from '../act.ts'
import type { Fields } from './fields.ts'
import { FUNCTIONS, type ProbedFunction, RECIPE_NAMES, RECIPE_PREFIX } from './functions.ts'
import type { Head } from './head.ts'
import { fillSlot, SLOT_OF, type Slot } from './slots.ts'
import { TRACEPOINT_TYPES } from './tracepoints.ts'

/**
 * A probe event: known by the function in its head, else by a recipe name. Field names are hints: those nobody has
 * heard of are taken by their place among the function's parameters and by what their values look like.
 * Returns false where the probe means nothing here.
 */
export function recogniseProbe(name: string, head: Head, fields: Fields, act: Act): boolean {
  const recipe = RECIPE_PREFIX.test(name)
  const known = head.point === 'event' ? undefined : FUNCTIONS.get(head.name)
  const byName = recipe ? RECIPE_NAMES.get(name) : undefined
  act.recipe = recipe
  act.fn = head.name
  act.module = head.module
  act.caller = head.caller
  act.callerModule = head.callerModule
  act.point = head.point
  if (head.point === 'event') {
    const type = TRACEPOINT_TYPES.get(head.name)
    if (type === undefined) return false
    act.type = type
    return fillByName(fields, act, null)
  }
  if (known) {
    act.type = known.type
    return fillByName(fields, act, known)
  }
  if (byName) {
    act.fn = byName.fn
    act.point = byName.point
    const spec = FUNCTIONS.get(byName.fn)!
    act.type = spec.type
    return fillByName(fields, act, spec)
  }
  if (recipe && name.startsWith('pcirst_')) {
    act.type = 'reset'
    if (name.endsWith('_ret')) act.point = 'return'
    return fillByName(fields, act, null)
  }
  if (recipe && name.startsWith('dbuf_')) return false
  if (/^cb_/.test(name)) {
    act.type = 'importer-callback'
    return fillByName(fields, act, null)
  }
  return false
}

const KERNEL_POINTER = /^0xff[0-9a-f]{14}$/
const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/

function fillByName(fields: Fields, act: Act, spec: ProbedFunction | null): boolean {
  let strangers = 0
  for (let i = 0; i < fields.count; i++) {
    const slot = SLOT_OF.get(fields.keys[i]!)
    if (slot === undefined) strangers++
    else fillSlot(act, slot, fields.values[i]!)
  }
  if (strangers > 0 && spec) fillByPlace(fields, act, spec)
  if (act.point === 'return' && spec?.returns) {
    const slot = spec.returns as Slot
    if (slot !== 'ret' && act[slot] === null && act.ret !== null) act[slot] = asPointer(act.ret)
  }
  return true
}

/** `arg1`, `arg2` … by number; other unknown names by the look of their values, in the order of the parameters. */
function fillByPlace(fields: Fields, act: Act, spec: ProbedFunction): void {
  const atReturn = act.point === 'return'
  const order: string[] = atReturn && spec.returns ? [spec.returns, ...spec.args] : [...spec.args]
  for (let i = 0; i < fields.count; i++) {
    const key = fields.keys[i]!
    if (SLOT_OF.has(key)) continue
    const value = fields.values[i]!
    const numbered = /^arg(\d+)$/.exec(key)
    if (numbered) {
      const slot = order[Number(numbered[1]) - 1] as Slot | undefined
      if (slot && act[slot] === null) fillSlot(act, slot, value)
    } else if (PCI_ADDRESS.test(value)) {
      act.device ??= value
    } else if (KERNEL_POINTER.test(value)) {
      const slot = order.find((s) => act[s as Slot] === null && POINTER_SLOTS.has(s)) as Slot | undefined
      if (slot) fillSlot(act, slot, value)
    } else if (/^-?\d+$/.test(value)) {
      const slot = order.find((s) => act[s as Slot] === null && !POINTER_SLOTS.has(s)) as Slot | undefined
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
