import type { Note } from '../domain/record.ts'

/** Notes of two batches as one batch would have them: where one ends must not show in what is found. */
export function joinNotes(before: readonly Note[], after: readonly Note[]): Note[] {
  const joined: Note[] = before.map((note) => ({ ...note, beforeEvent: 0 }))
  for (const note of after) {
    const last = joined.at(-1)
    const goesOn = last?.kind === 'unread' && note.kind === 'unread' && last.line + last.lines === note.line
    if (goesOn && last.beforeEvent === note.beforeEvent)
      joined[joined.length - 1] = { ...last, lines: last.lines + note.lines }
    else joined.push(note)
  }
  return joined
}
