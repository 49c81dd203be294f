import type { MeaningBatch } from '../domain/read-model.ts'
import { readPlanes, widthOf, writePlanes } from '../log/planes.ts'
import { unzstd, zstdSync } from '../log/zstd.ts'

/** One entry an event; -1 where an event has none. As in `MeaningBatch`. */
export type Meaning = Pick<MeaningBatch, 'type' | 'buffer' | 'attachment' | 'device'>

/** Four widths in bytes, then the columns as byte planes; ids are stored off by one. */
const HEAD = 4

export function packMeaningSync(batch: MeaningBatch): Buffer {
  return zstdSync(encodeMeaning(batch))
}

/** The `columns` of a `meaning` row that stands for `count` events. */
export function unpackMeaning(stored: Uint8Array, count: number): Meaning {
  const raw = unzstd(stored)
  let offset = HEAD
  const column = (index: number) => {
    const values = readPlanes(raw, offset, count, raw[index]!)
    offset += count * raw[index]!
    return values
  }
  const type = new Uint8Array(column(0))
  const buffer = idsOf(column(1))
  const attachment = idsOf(column(2))
  const device = idsOf(column(3))
  if (offset !== raw.length) throw new RangeError('meaning columns have the wrong length')
  return { type, buffer, attachment, device }
}

/** The `type` column alone, for those who only ask which kinds of act there were. */
export function unpackTypes(stored: Uint8Array, count: number): Uint8Array {
  const raw = unzstd(stored)
  return new Uint8Array(readPlanes(raw, HEAD, count, raw[0]!))
}

function encodeMeaning(batch: MeaningBatch): Buffer {
  const { count } = batch
  const shifted = (ids: Int32Array) => {
    const values = new Uint32Array(count)
    for (let i = 0; i < count; i++) values[i] = ids[i]! + 1
    return values
  }
  const columns = [
    new Uint32Array(batch.type.subarray(0, count)),
    shifted(batch.buffer),
    shifted(batch.attachment),
    shifted(batch.device),
  ]
  const widths = columns.map((values) => widthOf(values, count))
  const raw = Buffer.allocUnsafe(HEAD + count * widths.reduce((sum, width) => sum + width, 0))
  raw.set(widths)
  let offset = HEAD
  for (const [i, values] of columns.entries()) offset = writePlanes(raw, offset, values, count, widths[i]!)
  return raw
}

function idsOf(shifted: Uint32Array): Int32Array {
  const ids = new Int32Array(shifted.length)
  for (let i = 0; i < ids.length; i++) ids[i] = shifted[i]! - 1
  return ids
}
