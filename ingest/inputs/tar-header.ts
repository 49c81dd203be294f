/** Header blocks of tar archives: POSIX ustar, pax, and GNU's long names and large numbers. */

export interface TarHeader {
  name: string
  type: string
  size: number
}

const NAME = [0, 100] as const
const SIZE = [124, 136] as const
const TYPE = 156
const MAGIC = [257, 263] as const
const PREFIX = [345, 500] as const

/** `block` has a right checksum; null where its size is no number. */
export function readTarHeader(block: Buffer): TarHeader | null {
  const size = readNumber(block.subarray(...SIZE))
  if (size === null) return null
  const ustar = block.toString('latin1', ...MAGIC) === 'ustar\0'
  const prefix = ustar ? text(block.subarray(...PREFIX)) : ''
  const name = text(block.subarray(...NAME))
  const type = block[TYPE] === 0 ? '0' : String.fromCharCode(block[TYPE]!)
  return { name: prefix === '' ? name : `${prefix}/${name}`, type, size }
}

function text(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

/** Octal digits, or GNU's big-endian bytes behind a set first bit. */
function readNumber(field: Buffer): number | null {
  if (field[0]! & 0x80) {
    let value = BigInt(field[0]! & 0x7f)
    for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte)
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null
  }
  const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(field.toString('latin1'))
  return digits === null ? null : Number.parseInt(digits[1] || '0', 8)
}

/** Records of a pax header: `length key=value\n`. */
export function readPax(body: Buffer): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at)
    const length = Number(body.toString('latin1', at, space))
    if (space < 0 || !Number.isInteger(length) || length <= space - at || at + length > body.length) break
    const record = body.toString('utf8', space + 1, at + length - 1)
    const equals = record.indexOf('=')
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1))
    at += length
  }
  return records
}
