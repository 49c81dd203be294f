import type { Act } from '../act.ts'
import { type Fields, isCutString, keyEnd, valueEnd, valueText } from './fields.ts'
import { fillSlot, SLOT_OF, type Slot } from './slots.ts'

/**
 * The fields of one probe in the order in which it prints them. All its records have the same, so a name is compared
 * in place and no string is made of it, nor of a value that nobody wants.
 */
export interface FieldShape {
  keys: string[]
  slots: (Slot | undefined)[]
}

export function emptyShape(): FieldShape {
  return { keys: [], slots: [] }
}

const EQUALS = 0x3d

/** Reads the fields from `from` on into the slots of `act`; those of unknown name go into `strangers`. */
export function fillFields(payload: string, from: number, shape: FieldShape, act: Act, strangers: Fields): void {
  strangers.count = 0
  const end = payload.length
  let at = from
  let index = 0
  while (at < end) {
    const expected = shape.keys[index]
    let mark: number
    if (
      expected !== undefined &&
      payload.startsWith(expected, at) &&
      payload.charCodeAt(at + expected.length) === EQUALS
    ) {
      mark = at + expected.length
    } else {
      mark = keyEnd(payload, at)
      if (mark === -1) {
        const next = payload.indexOf(' ', at)
        if (next === -1) return
        at = next + 1
        continue
      }
      shape.keys[index] = payload.slice(at, mark)
      shape.slots[index] = SLOT_OF.get(shape.keys[index]!)
    }
    const stop = valueEnd(payload, mark + 1)
    const slot = shape.slots[index]
    if (isCutString(payload, mark + 1, stop)) return
    if (slot !== undefined) fillSlot(act, slot, valueText(payload, mark + 1, stop))
    else {
      strangers.keys[strangers.count] = shape.keys[index]!
      strangers.values[strangers.count++] = valueText(payload, mark + 1, stop)
    }
    index++
    at = stop
  }
}
