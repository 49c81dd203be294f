import type { Note } from '../domain/record.ts'

/** Notes as JSON; a BigInt n travels as {"bigint":"n"}. */
export function encodeNotes(notes: Note[]): string {
  return JSON.stringify(notes, (_, value) => (typeof value === 'bigint' ? { bigint: String(value) } : value))
}

export function decodeNotes(stored: string): Note[] {
  return JSON.parse(stored, (_, value) => (typeof value?.bigint === 'string' ? BigInt(value.bigint) : value))
}
