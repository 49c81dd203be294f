import { z } from 'zod'
import type { Act, Point } from '../act.ts'
import type { ActType } from '../act-type.ts'
import { type Fields, fieldOf, readFields } from './fields.ts'

/**
 * A user's declaration that an event of their own driver is an access, a map, an unmap or a reset. `fields` says which
 * payload field holds what; `when` keeps only records whose fields have these values.
 *
 * @example
 * { "event": "labimp_dma_start", "as": "access",
 *   "fields": { "device": "dev", "iova": "addr", "length": "len", "direction": "dir", "ino": "ino" } }
 */
export const userRecogniserSchema = z
  .strictObject({
    event: z.string().min(1),
    as: z.enum(['access', 'map', 'unmap', 'reset-start', 'reset-end']),
    fields: z.strictObject({
      device: z.string().optional(),
      ino: z.string().optional(),
      attach: z.string().optional(),
      sgt: z.string().optional(),
      iova: z.string().optional(),
      length: z.string().optional(),
      direction: z.string().optional(),
      ret: z.string().optional(),
    }),
    when: z.record(z.string(), z.string()).optional(),
  })
  .describe('one event and what it means')

export type UserRecogniser = z.infer<typeof userRecogniserSchema>

export const userRecognisersSchema = z.strictObject({ recognisers: z.array(userRecogniserSchema).min(1) })

const MEANINGS: Record<UserRecogniser['as'], { type: ActType; point: Point }> = {
  access: { type: 'access', point: 'entry' },
  map: { type: 'map', point: 'return' },
  unmap: { type: 'unmap', point: 'entry' },
  'reset-start': { type: 'reset', point: 'entry' },
  'reset-end': { type: 'reset', point: 'return' },
}

type Compiled = (payload: string, fields: Fields, act: Act) => boolean

export function compileUserRecognisers(own: readonly UserRecogniser[]): Map<string, Compiled> {
  const compiled = new Map<string, Compiled>()
  for (const [event, all] of Map.groupBy(own, (recogniser) => recogniser.event))
    compiled.set(event, (payload, fields, act) => all.some((recogniser) => apply(recogniser, payload, fields, act)))
  return compiled
}

function apply(recogniser: UserRecogniser, payload: string, fields: Fields, act: Act): boolean {
  readFields(payload, 0, fields)
  for (const [key, value] of Object.entries(recogniser.when ?? {})) {
    if (fieldOf(fields, key) !== value) return false
  }
  const { type, point } = MEANINGS[recogniser.as]
  act.type = type
  act.point = point
  act.fn = recogniser.event
  for (const [slot, field] of Object.entries(recogniser.fields)) {
    if (field === undefined) continue
    const value = named(fields, payload, field)
    if (value !== null) act[slot as keyof UserRecogniser['fields']] = value
  }
  return true
}

/** Kernel formats also write `attachment:%p`. */
function named(fields: Fields, payload: string, field: string): string | null {
  const value = fieldOf(fields, field)
  if (value !== null) return value
  const at = payload.indexOf(`${field}:`)
  if (at === -1) return null
  const end = payload.indexOf(' ', at)
  return payload.slice(at + field.length + 1, end === -1 ? undefined : end)
}
