import { Bool, type DataType, Dictionary, Field, Int32, Int64, List, Schema, Uint64, Utf8 } from 'apache-arrow'
import type { Column } from '../../queries/column.ts'

/**
 * The Arrow schema of a query's columns. Fields carry `doc`; times carry `unit` (`ns`) and `clock` (the capture's own:
 * its name is in `captures.clock`). A dictionary's id is its column's index.
 */
export function arrowSchema(columns: readonly Column[]): Schema {
  return new Schema(
    columns.map((column, at) => new Field(column.name, arrowType(column, at), column.nullable, metadata(column))),
  )
}

/** Nanoseconds are Int64, for apache-arrow's own timestamps lose digits. */
function arrowType({ type }: Column, id: number): DataType {
  switch (type) {
    case 'int64':
    case 'count':
      return new Int64()
    case 'uint64':
      return new Uint64()
    case 'int32':
      return new Int32()
    case 'bool':
      return new Bool()
    case 'utf8':
      return new Utf8()
    case 'dictionary':
      return new Dictionary(new Utf8(), new Int32(), id)
    case 'int64-list':
      return new List(new Field('item', new Int64(), false))
  }
}

function metadata({ name, doc }: Column): Map<string, string> {
  const entries = new Map([['doc', doc]])
  if (name.endsWith('_ns')) entries.set('unit', 'ns').set('clock', 'capture')
  return entries
}
