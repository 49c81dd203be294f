/** Lines of a patch that are still to come. Plain JSON. */
export interface DiffHunk {
  depth: number
  before: number
  after: number
}

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/

/** The hunk that this line begins: `@@ -1,3 +1,9 @@`. */
export function beginHunk(text: string, depth: number): DiffHunk | null {
  const match = HUNK.exec(text)
  return match ? { depth, before: Number(match[1] ?? 1), after: Number(match[2] ?? 1) } : null
}

/** What is to come after this line, or null where it is no line of the hunk. */
export function advanceHunk({ depth, before, after }: DiffHunk, text: string): DiffHunk | null {
  if (before <= 0 && after <= 0) return null
  switch (text[0]) {
    case '+':
      return { depth, before, after: after - 1 }
    case '-':
      return { depth, before: before - 1, after }
    case ' ':
    case undefined:
      return { depth, before: before - 1, after: after - 1 }
    case '\\':
      return { depth, before, after }
    default:
      return null
  }
}
