import { tableFromIPC as flechette } from '@uwdata/flechette'
import { RecordBatchReader, tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Column, ColumnBatch } from '../../queries/column.ts'
import { QUERIES } from '../../queries/index.ts'
import { openSnapshot } from '../../queries/run-query.ts'
import { writeArrow } from '../../src/arrow/ipc-stream.ts'
import { type LogConnection, openReader } from '../../src/log/connection.ts'
import { writeJson } from '../../src/output/json.ts'
import { type LogFixture, MANY, makeLog } from '../queries/log-fixture.ts'

type Row = Record<string, unknown>

/** A value as Arrow gives it, in the words of our JSON. */
function asJson(column: Column, value: unknown): unknown {
  if (value === null || value === undefined) return null
  switch (column.type) {
    case 'count':
      return Number(value)
    case 'int64':
    case 'uint64':
      if (typeof value !== 'bigint') throw new Error(`${column.name} is a ${typeof value}`)
      return String(value)
    case 'int64-list':
      return [...(value as Iterable<bigint>)].map(String)
    default:
      return value
  }
}

function readAll(columns: readonly Column[], length: number, get: (column: string, row: number) => unknown): Row[] {
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(columns.map((column) => [column.name, asJson(column, get(column.name, row))])),
  )
}

function withApacheArrow(columns: readonly Column[], bytes: Uint8Array): Row[] {
  const table = tableFromIPC(bytes)
  expect(table.schema.fields.map(({ name }) => name)).toEqual(columns.map(({ name }) => name))
  const vectors = new Map(columns.map(({ name }) => [name, table.getChild(name)!]))
  return readAll(columns, table.numRows, (name, row) => vectors.get(name)!.get(row))
}

function withFlechette(columns: readonly Column[], bytes: Uint8Array): Row[] {
  const table = flechette(bytes, { useBigInt: true })
  expect(table.names).toEqual(columns.map(({ name }) => name))
  const vectors = new Map(columns.map(({ name }) => [name, table.getChild(name)!]))
  return readAll(columns, table.numRows, (name, row) => vectors.get(name)!.at(row))
}

describe.each([
  ['a log with nulls and extremes', {}, {}],
  ['an empty log', { empty: true }, {}],
  ['several batches', { many: true }, { mappings: MANY + 3 }],
] as [string, object, Record<string, number>][])('%s', (_, options, rows) => {
  let log: LogFixture
  let connection: LogConnection
  beforeAll(async () => {
    log = await makeLog(options)
    connection = openReader(log.path)
  })
  afterAll(() => {
    connection.close()
    log.remove()
  })

  test.each(QUERIES.map((query) => [query.name, query] as const))(
    '%s: Arrow read by apache-arrow and by flechette equals the JSON',
    (name, query) => {
      const snapshot = openSnapshot(connection)
      const json = JSON.parse([...writeJson(snapshot.run(query, {} as never))].join(''))
      const bytes = Buffer.concat([...writeArrow(snapshot.run(query, {} as never))])
      snapshot.end()
      if (rows[name] !== undefined) expect(json).toHaveLength(rows[name])
      expect(withApacheArrow(query.columns, bytes)).toEqual(json)
      expect(withFlechette(query.columns, bytes)).toEqual(json)
    },
  )
})

const COLUMNS: Column[] = [
  { name: 'word_ns', type: 'dictionary', doc: 'a word', nullable: false, vocabulary: ['a', 'b', 'c'] },
]
const words = (dictionary: string[], ...values: number[]): ColumnBatch => ({
  rows: values.length,
  columns: [{ kind: 'dictionary', values: Int32Array.from(values), dictionary, valid: null }],
})

describe('the stream', () => {
  test('gives each dictionary once, whole, before the batches', () => {
    const dictionary = ['a', 'b', 'c']
    const pieces = [
      ...writeArrow({ columns: COLUMNS, batches: [words(dictionary, 0), words(dictionary, 2), words(dictionary, 1)] }),
    ]
    const reader = RecordBatchReader.from(Buffer.concat(pieces))
    const batches = [...reader]
    expect(batches.map((batch) => batch.getChildAt(0)!.get(0))).toEqual(['a', 'c', 'b'])
    expect(new Set(batches.map((batch) => batch.data.children[0]!.dictionary)).size).toBe(1)
    expect(countMessages(Buffer.concat(pieces))).toEqual({ schema: 1, dictionary: 1, batch: 3, end: 1 })
  })

  test('of one batch carries only the words it uses', () => {
    const bytes = Buffer.concat([...writeArrow({ columns: COLUMNS, batches: [words(['a', 'b', 'c'], 2)] })])
    const column = tableFromIPC(bytes).getChildAt(0)!
    expect(column.get(0)).toBe('c')
    expect(column.data[0]!.dictionary!.toArray()).toEqual(['c'])
  })

  test('breaks off without its end where a batch fails', () => {
    const batches = (function* () {
      yield words(['a'], 0)
      yield words(['a'], 0)
      yield words(['a'], 0)
      throw new Error('disk gone')
    })()
    const pieces: Uint8Array[] = []
    expect(() => {
      for (const piece of writeArrow({ columns: COLUMNS, batches })) pieces.push(piece)
    }).toThrow('disk gone')
    expect(pieces.length).toBeGreaterThan(0)
    expect(countMessages(Buffer.concat(pieces)).end).toBe(0)
  })

  test('refuses a word that came too late for its dictionary', () => {
    const dictionary = ['a']
    const batches = (function* () {
      yield words(dictionary, 0)
      yield words(dictionary, 0)
      dictionary.push('z')
      yield words(dictionary, 1)
    })()
    expect(() => [...writeArrow({ columns: COLUMNS, batches })]).toThrow('column word_ns holds "z"')
  })

  test('says what times are counted in', () => {
    const bytes = Buffer.concat([...writeArrow({ columns: COLUMNS, batches: [] })])
    const field = tableFromIPC(bytes).schema.fields[0]!
    expect(Object.fromEntries(field.metadata)).toEqual({ doc: 'a word', unit: 'ns', clock: 'capture' })
  })
})

/** Walks the encapsulated messages of an IPC stream; the header type is the union tag of the flatbuffer's Message. */
function countMessages(bytes: Buffer): { schema: number; dictionary: number; batch: number; end: number } {
  const counts = { schema: 0, dictionary: 0, batch: 0, end: 0 }
  let offset = 0
  while (offset < bytes.length) {
    expect(bytes.readInt32LE(offset)).toBe(-1)
    const size = bytes.readInt32LE(offset + 4)
    if (size === 0) {
      counts.end++
      break
    }
    const message = offset + 8 + bytes.readInt32LE(offset + 8)
    const vtable = message - bytes.readInt32LE(message)
    const field = (n: number) => (4 + 2 * n < bytes.readUInt16LE(vtable) ? bytes.readUInt16LE(vtable + 4 + 2 * n) : 0)
    const kind = bytes.readUInt8(message + field(1))
    counts[kind === 1 ? 'schema' : kind === 2 ? 'dictionary' : 'batch']++
    const body = field(3) === 0 ? 0 : Number(bytes.readBigInt64LE(message + field(3)))
    offset += 8 + size + body
  }
  return counts
}
