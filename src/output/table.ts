import type { Column, ColumnBatch } from '../../queries/column.ts'
import type { QueryResult } from '../../queries/run-query.ts'
import { cells } from './cell.ts'
import { pieces } from './pieces.ts'

export interface TableOptions {
  /** Texts longer than this are cut; Infinity leaves them whole. */
  maxWidth: number
  /** Dresses the header line. */
  heading: (text: string) => string
}

const RIGHT = new Set<Column['type']>(['int64', 'uint64', 'count', 'int32'])

/** Aligned columns for people. Widths are those of the first batch: a later, longer text pushes its line out. */
export function* writeTable({ columns, batches }: QueryResult, { maxWidth, heading }: TableOptions): Generator<string> {
  let widths: number[] | undefined
  for (const batch of batches) {
    const rows = shown(columns, batch, maxWidth)
    if (widths === undefined) {
      widths = columns.map(({ name }, at) =>
        rows.reduce((width, row) => Math.max(width, length(row[at]!)), name.length),
      )
      yield `${heading(
        line(
          columns.map(({ name }) => name),
          columns,
          widths,
        ),
      )}\n`
    }
    const fixed = widths
    yield* pieces(batch.rows, (row) => `${line(rows[row]!, columns, fixed)}\n`)
  }
  if (widths === undefined) yield `${heading(columns.map(({ name }) => name).join('  '))}\n`
}

function shown(columns: readonly Column[], batch: ColumnBatch, maxWidth: number): string[][] {
  const texts = columns.map((column, at) => cells(column, batch.columns[at]!))
  return Array.from({ length: batch.rows }, (_, row) => texts.map((text) => cut(printable(text(row) ?? '-'), maxWidth)))
}

function line(row: string[], columns: readonly Column[], widths: number[]): string {
  const padded = row.map((text, at) => {
    const padding = ' '.repeat(Math.max(0, widths[at]! - length(text)))
    return RIGHT.has(columns[at]!.type) ? padding + text : text + padding
  })
  return padded.join('  ').trimEnd()
}

/** Task names and payloads come from a trace that may hold anything: no byte of theirs reaches the terminal as a command. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (char) => NAMED[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' }

function cut(text: string, maxWidth: number): string {
  if (text.length <= maxWidth) return text
  const characters = [...text]
  return characters.length <= maxWidth ? text : `${characters.slice(0, maxWidth - 1).join('')}…`
}

/** Characters, not UTF-16 units. */
function length(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
