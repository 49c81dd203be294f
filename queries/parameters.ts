/** Parameters that several queries share. Each takes text, as it stands on a command line or in a URL. */
import { z } from 'zod'

const MAX_INT64 = 2n ** 63n - 1n

/** Number of a capture. */
export const capture = z
  .string()
  .regex(/^\d{1,9}$/, 'is not the number of a capture; `query captures` lists them')
  .transform(Number)
  .optional()
  .describe('number of the capture')

/** An unsigned 64-bit integer, as the two's complement that SQLite stores. */
export const ino = unsigned('is not an inode number (decimal or 0x…)').optional().describe('inode number of the buffer')

export const text = z.string().min(1, 'is empty').optional()
export const device = text

/** Nanoseconds (`1234567890`), or seconds with a decimal point as traces print them (`1.234567`). */
const time = z.string().transform((text, context) => {
  const ns = /^-?\d{1,20}$/.test(text) ? BigInt(text) : secondsToNs(text)
  if (ns !== null && ns <= MAX_INT64 && ns >= -MAX_INT64) return ns
  context.addIssue('is not a time: nanoseconds (1234567890), or seconds with a decimal point (1.234567)')
  return z.NEVER
})
export const from = time.optional().describe('not before this time: nanoseconds, or seconds with a decimal point')
export const to = time.optional().describe('not after this time')

export const limit = z
  .string()
  .regex(/^\d{1,9}$/, 'is not a number of rows')
  .transform(Number)
  .optional()
  .describe('at most this many rows')

export function oneOf<const Values extends readonly [string, ...string[]] | readonly string[]>(values: Values) {
  return z
    .enum(values as unknown as [Values[number], ...Values[number][]], `is none of ${values.join(', ')}`)
    .optional()
}

function unsigned(complaint: string) {
  return z.string().transform((text, context) => {
    const value = /^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) ? BigInt(text) : -1n
    if (value >= 0n && value < 2n ** 64n) return BigInt.asIntN(64, value)
    context.addIssue(complaint)
    return z.NEVER
  })
}

/** A log position. */
export const position = z
  .string()
  .regex(/^\d{1,18}$/, 'is not a log position')
  .transform(BigInt)
  .optional()

/** Log positions as `evidence` lists them, separated by commas or blanks; ascending, each once. */
export const positions = z
  .string()
  .regex(/^\d{1,15}(?:[ ,]+\d{1,15})*$/, 'is not a list of log positions (12,15,19)')
  .transform((text) => [...new Set(text.split(/[ ,]+/).map(Number))].sort((a, b) => a - b))
  .optional()

function secondsToNs(text: string): bigint | null {
  const match = /^(-?)(\d{1,10})\.(\d{1,9})$/.exec(text)
  if (!match) return null
  const ns = BigInt(match[2]!) * 1_000_000_000n + BigInt(match[3]!.padEnd(9, '0'))
  return match[1] ? -ns : ns
}
