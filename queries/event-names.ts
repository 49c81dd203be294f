/** What events of one capture are called in an answer that may hold many captures. */
import type Database from 'better-sqlite3'
import { readStrings } from '../src/log/read-log.ts'

/** Texts of a whole answer, each once. Complete before the first batch, as an Arrow stream needs it. */
export class AnswerDictionary {
  readonly texts: string[] = []
  readonly #index = new Map<string, number>()

  indexOf(text: string): number {
    let index = this.#index.get(text)
    if (index === undefined) {
      index = this.texts.push(text) - 1
      this.#index.set(text, index)
    }
    return index
  }
}

export interface AnswerNames {
  /** Task and event names. */
  strings: AnswerDictionary
  attachments: AnswerDictionary
  devices: AnswerDictionary
}

/** From the ids of one capture to indices in the answer's dictionaries; -1 where the text is unknown. */
export interface CaptureNames {
  strings: Int32Array
  attachments: Int32Array
  devices: Int32Array
  /** Inode numbers by buffer id, as two's complement; `inoKnown[id]` is 0 where the number is unknown. */
  ino: BigInt64Array
  inoKnown: Uint8Array
}

export function createAnswerNames(): AnswerNames {
  return { strings: new AnswerDictionary(), attachments: new AnswerDictionary(), devices: new AnswerDictionary() }
}

/** Reads a capture's names and adds them to those of the answer. */
export function addCapture(sqlite: Database.Database, capture: number, names: AnswerNames): CaptureNames {
  const inos = new Map(pairs<bigint | null>(sqlite, 'SELECT id, ino FROM buffer WHERE capture = ?', capture))
  const length = greatest(inos.keys()) + 1
  const ino = new BigInt64Array(length)
  const inoKnown = new Uint8Array(length)
  for (const [id, value] of inos) {
    if (value === null) continue
    ino[id] = value
    inoKnown[id] = 1
  }
  return {
    strings: Int32Array.from(readStrings(sqlite, capture), (text) => names.strings.indexOf(text)),
    attachments: indices(sqlite, 'SELECT id, attachment FROM attachment WHERE capture = ?', capture, names.attachments),
    devices: indices(sqlite, 'SELECT id, name FROM device WHERE capture = ?', capture, names.devices),
    ino,
    inoKnown,
  }
}

function indices(sqlite: Database.Database, sql: string, capture: number, dictionary: AnswerDictionary): Int32Array {
  const rows = pairs<string | null>(sqlite, sql, capture)
  const byId = new Int32Array(greatest(rows.map(([id]) => id)) + 1).fill(-1)
  for (const [id, text] of rows) if (text !== null) byId[id] = dictionary.indexOf(text)
  return byId
}

function pairs<Value>(sqlite: Database.Database, sql: string, capture: number): [id: number, value: Value][] {
  const rows = sqlite.prepare(`${sql} ORDER BY id`).raw().safeIntegers().all(capture) as [bigint, Value][]
  return rows.map(([id, value]) => [Number(id), value])
}

function greatest(ids: Iterable<number>): number {
  let max = -1
  for (const id of ids) if (id > max) max = id
  return max
}
