import { isAscii, isUtf8 } from 'node:buffer'
import type { RecordBatch } from '../domain/record.ts'

/** Payloads are ASCII but for names that people chose; those are UTF-8 where they are valid, else bytes. */
export function textReader(batch: RecordBatch): (from: number, to: number) => string {
  const { bytes } = batch
  if (isAscii(bytes)) return (from, to) => bytes.toString('latin1', from, to)
  return (from, to) =>
    isUtf8(bytes.subarray(from, to)) ? bytes.toString('utf8', from, to) : bytes.toString('latin1', from, to)
}
