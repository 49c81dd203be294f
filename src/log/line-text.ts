import { isUtf8 } from 'node:buffer'

/** Text of a byte range: UTF-8 where it is that, else every byte as the Latin-1 character of its number. */
export function textOf(bytes: Buffer, start = 0, end = bytes.length): string {
  const part = bytes.subarray(start, end)
  return isUtf8(part) ? part.toString('utf8') : part.toString('latin1')
}

/** Where a line's text ends: before `\n` or `\r\n`. */
export function lineEnd(bytes: Buffer, start: number, end: number): number {
  if (end > start && bytes[end - 1] === 0x0a) end--
  if (end > start && bytes[end - 1] === 0x0d) end--
  return end
}
