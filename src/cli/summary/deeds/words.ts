/** Wording that several kinds of deed share. */
import { getSystemErrorName } from 'node:util'
import { many, spanText } from '../quantity.ts'
import type { Many, Row } from './deed.ts'

export function bufferName({ ino }: Row): string {
  return typeof ino === 'bigint' ? `buffer ${BigInt.asUintN(64, ino)}` : 'a buffer without a known inode'
}

export function importerName({ importer_device }: Row): string {
  return (importer_device as string | null) ?? 'an importer that no event names'
}

/** From a time to another, or '' where one is unknown. */
export function between(words: string, from: unknown, to: unknown, ticks: boolean): string {
  return typeof from === 'bigint' && typeof to === 'bigint' ? `${words}${spanText(to - from, ticks)}` : ''
}

/** `, 3 ms to 20 ms`. */
export function range({ least, most }: Many, ticks: boolean): string {
  if (least === null || most === null) return ''
  return least === most ? `, ${spanText(least, ticks)} each` : `, ${spanText(least, ticks)} to ${spanText(most, ticks)}`
}

/** What episodes count by verdict, for `verdictsText`. */
export const VERDICT_TALLY = {
  violated: "r.verdict = 'violated'",
  undetermined: "r.verdict = 'undetermined'",
  clean: "r.verdict = 'clean'",
}

export function verdictsText({ tally }: Many): string {
  return Object.keys(VERDICT_TALLY)
    .filter((verdict) => tally[verdict]! > 0)
    .map((verdict) => `${tally[verdict]} ${verdict}`)
    .join(', ')
}

export function times(count: number): string {
  return many(count, 'time')
}

/** Names that the kernel uses and Node does not: 95 has two, and 524 was never meant to leave the kernel. */
const KERNEL_NAMES: Record<number, string> = { 95: 'EOPNOTSUPP', 524: 'ENOTSUPP' }

export function errnoName(errno: unknown): string {
  const number = Number(errno)
  try {
    return KERNEL_NAMES[number] ?? getSystemErrorName(-number)
  } catch {
    return `errno ${number}`
  }
}
