/** A small BTF, written as the kernel's own build writes it (include/uapi/linux/btf.h). */
export interface BtfStruct {
  /** Empty for an anonymous one. */
  name: string
  size: number
  members: { name: string; type: number; bits: number }[]
  isUnion?: boolean
  /** Offsets carry the sizes of bitfields, too. */
  bitfields?: boolean
}

export type BtfEntry =
  | ({ kind: 'struct' } & BtfStruct)
  | { kind: 'int'; name: string; bytes: number }
  | { kind: 'pointer' | 'const' | 'typedef' | 'typeTag'; to: number; name?: string }
  | { kind: 'enum'; values: number }

const KINDS = { int: 1, pointer: 2, struct: 4, union: 5, enum: 6, typedef: 8, const: 10, typeTag: 18 } as const

/** Ids count from 1 in the order of `entries`, or go on behind `base`. */
export function writeBtf(entries: readonly BtfEntry[], { little = true, stringsFrom = 0 } = {}): Uint8Array {
  const strings: number[] = stringsFrom === 0 ? [0] : []
  const intern = (text: string): number => {
    if (text === '') return 0
    const at = strings.length
    strings.push(...Buffer.from(`${text}\0`, 'latin1'))
    return stringsFrom + at
  }
  const words: number[] = []
  const type = (name: string, kind: number, count: number, sizeOrType: number, flag = false) =>
    words.push(intern(name), ((flag ? 0x80000000 : 0) | (kind << 24) | count) >>> 0, sizeOrType)
  for (const entry of entries) {
    if (entry.kind === 'struct') {
      type(entry.name, entry.isUnion ? KINDS.union : KINDS.struct, entry.members.length, entry.size, entry.bitfields)
      for (const { name, type: of, bits } of entry.members) words.push(intern(name), of, bits)
    } else if (entry.kind === 'int') {
      type(entry.name, KINDS.int, 0, entry.bytes)
      words.push(entry.bytes * 8)
    } else if (entry.kind === 'enum') {
      type('', KINDS.enum, entry.values, 4)
      for (let i = 0; i < entry.values; i++) words.push(intern(`V${i}`), i)
    } else type(entry.name ?? '', KINDS[entry.kind], 0, entry.to)
  }
  const bytes = new Uint8Array(24 + words.length * 4 + strings.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xeb9f, little)
  view.setUint8(2, 1)
  for (const [i, word] of [24, 0, words.length * 4, words.length * 4, strings.length].entries())
    view.setUint32(4 + i * 4, word, little)
  for (const [i, word] of words.entries()) view.setUint32(24 + i * 4, word, little)
  bytes.set(strings, 24 + words.length * 4)
  return bytes
}
