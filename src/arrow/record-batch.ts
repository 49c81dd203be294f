import {
  type Data,
  type DataType,
  type Field,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  type Vector,
} from 'apache-arrow'
import { asUnsigned, type ColumnBatch, type ColumnData, type Validity } from '../../queries/column.ts'

/** Wraps a batch's typed arrays, without a copy. `dictionaries[i]` belongs to column i, where that is a dictionary. */
export function recordBatch(
  schema: Schema,
  batch: ColumnBatch,
  dictionaries: readonly (Vector | undefined)[],
): RecordBatch {
  const children = schema.fields.map((field, at) => columnData(field, batch, batch.columns[at]!, dictionaries[at]))
  const type = new Struct(schema.fields as Field[])
  return new RecordBatch(schema, makeData({ type, length: batch.rows, nullCount: 0, children }))
}

function columnData({ type }: Field, { rows }: ColumnBatch, data: ColumnData, dictionary: Vector | undefined): Data {
  const common = { type: type as never, length: rows, ...nulls(data.valid, rows) }
  switch (data.kind) {
    case 'wide':
      return make({
        ...common,
        data: (type as { isSigned?: boolean }).isSigned ? data.values : asUnsigned(data.values),
      })
    case 'int32':
      return make({ ...common, data: data.values })
    case 'bool':
      return make({ ...common, data: packBits(data.values) })
    case 'utf8':
      return make({ ...common, valueOffsets: data.offsets, data: data.bytes })
    case 'dictionary':
      return make({ ...common, data: data.values, dictionary })
    case 'list': {
      const child = makeData({
        type: type.children[0]!.type,
        length: data.values.length,
        nullCount: 0,
        data: data.values,
      } as never)
      return make({ ...common, valueOffsets: data.offsets, child })
    }
  }
}

/** `makeData` is overloaded by type, which here is known only at run time. */
function make(properties: object): Data<DataType> {
  return makeData(properties as never) as Data<DataType>
}

function nulls(valid: Validity, rows: number): { nullCount: number; nullBitmap?: Uint8Array } {
  if (valid === null) return { nullCount: 0 }
  let nullCount = 0
  for (let i = 0; i < rows; i++) if ((valid[i >> 3]! & (1 << (i & 7))) === 0) nullCount++
  return { nullCount, nullBitmap: valid }
}

function packBits(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array((bytes.length + 7) >> 3)
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) bits[i >> 3]! |= 1 << (i & 7)
  return bits
}
