import { makeData, type RecordBatch, RecordBatchStreamWriter, type Schema, Utf8, Vector } from 'apache-arrow'
import type { Column, ColumnBatch, ColumnData } from '../../queries/column.ts'
import type { QueryResult } from '../../queries/run-query.ts'
import { compactDictionaries } from './compact-dictionaries.ts'
import { recordBatch } from './record-batch.ts'
import { arrowSchema } from './schema.ts'

/**
 * The bytes of an Arrow IPC stream: schema, whole dictionaries, one record batch for each batch, end-of-stream. Where
 * the batches fail, so does the iteration, and the end-of-stream marker is never given.
 */
export function* writeArrow({ columns, batches }: QueryResult): Generator<Uint8Array> {
  const iterator = batches[Symbol.iterator]()
  try {
    const first = iterator.next()
    let next = first.done ? first : iterator.next()
    // All of the answer is in hand: its dictionaries need no word that no row uses.
    const head = first.done ? emptyBatch(columns) : next.done ? compactDictionaries(first.value) : first.value
    const schema = arrowSchema(columns)
    const dictionaries = new Dictionaries(columns, head)
    const stream = new Stream(schema)
    stream.write(recordBatch(schema, head, dictionaries.vectors))
    yield stream.take()
    for (; !next.done; next = iterator.next()) {
      dictionaries.check(next.value)
      stream.write(recordBatch(schema, next.value, dictionaries.vectors))
      yield stream.take()
    }
    stream.finish()
    yield stream.take()
  } finally {
    iterator.return?.()
  }
}

/** Readers differ in what they make of delta and replacement dictionaries: each is written once, before the first batch. */
class Dictionaries {
  readonly vectors: (Vector<Utf8> | undefined)[]
  readonly #columns: readonly Column[]

  constructor(columns: readonly Column[], first: ColumnBatch) {
    this.#columns = columns
    this.vectors = first.columns.map((data) => (data.kind === 'dictionary' ? textVector(data.dictionary) : undefined))
  }

  check(batch: ColumnBatch): void {
    for (const [at, data] of batch.columns.entries()) {
      if (data.kind !== 'dictionary' || data.dictionary.length === this.vectors[at]!.length) continue
      const stranger = data.dictionary[this.vectors[at]!.length]
      throw new Error(`column ${this.#columns[at]!.name} holds "${stranger}", which its vocabulary does not list`)
    }
  }
}

function textVector(texts: readonly string[]): Vector<Utf8> {
  const valueOffsets = new Int32Array(texts.length + 1)
  for (let i = 0; i < texts.length; i++) valueOffsets[i + 1] = valueOffsets[i]! + Buffer.byteLength(texts[i]!)
  const data = Buffer.from(texts.join(''))
  return new Vector([makeData({ type: new Utf8(), length: texts.length, nullCount: 0, valueOffsets, data })])
}

/** An empty answer still carries one batch, and so its dictionaries: some readers miss them otherwise. */
function emptyBatch(columns: readonly Column[]): ColumnBatch {
  return { rows: 0, columns: columns.map(emptyColumn) }
}

function emptyColumn({ type, vocabulary }: Column): ColumnData {
  const offsets = new Int32Array(1)
  switch (type) {
    case 'int32':
      return { kind: 'int32', values: new Int32Array(), valid: null }
    case 'bool':
      return { kind: 'bool', values: new Uint8Array(), valid: null }
    case 'utf8':
      return { kind: 'utf8', offsets, bytes: new Uint8Array(), valid: null }
    case 'dictionary':
      return { kind: 'dictionary', values: new Int32Array(), dictionary: vocabulary ?? [], valid: null }
    case 'int64-list':
      return { kind: 'list', offsets, values: new BigInt64Array(), valid: null }
    default:
      return { kind: 'wide', values: new BigInt64Array(), valid: null }
  }
}

/** apache-arrow's writer, with its many small writes gathered into one piece a batch instead of its own queue. */
class Stream extends RecordBatchStreamWriter {
  #pieces: Uint8Array[] = []

  constructor(schema: Schema) {
    super({ autoDestroy: false })
    this.reset(undefined, schema)
  }

  override write(batch: RecordBatch): void {
    this._writeRecordBatch(batch)
  }

  override finish(): this {
    return this._writeFooter(this._schema!)
  }

  take(): Uint8Array {
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    return bytes
  }

  protected override _write(chunk: ArrayBufferView): this {
    this.#pieces.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    return this
  }
}
