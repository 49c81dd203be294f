import { type ColumnBatch, type ColumnData, isValid } from '../../queries/column.ts'

/** The same batch, its dictionaries cut down to the words that its rows use, in the same order. */
export function compactDictionaries(batch: ColumnBatch): ColumnBatch {
  return { rows: batch.rows, columns: batch.columns.map((data) => compact(data, batch.rows)) }
}

function compact(data: ColumnData, rows: number): ColumnData {
  if (data.kind !== 'dictionary' || data.dictionary.length <= rows) return data
  const used = new Set<number>()
  for (let i = 0; i < rows; i++) if (isValid(data.valid, i)) used.add(data.values[i]!)
  const kept = [...used].sort((a, b) => a - b)
  const renumbered = new Map(kept.map((old, index) => [old, index]))
  const values = new Int32Array(rows)
  for (let i = 0; i < rows; i++) if (isValid(data.valid, i)) values[i] = renumbered.get(data.values[i]!)!
  return { ...data, values, dictionary: kept.map((old) => data.dictionary[old]!) }
}
