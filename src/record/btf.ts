/**
 * BTF, the kernel's description of its own types (Documentation/bpf/btf.rst): as much of it as leads from a structure's
 * name to its members. Reads raw BTF, as `/sys/kernel/btf/vmlinux` gives it, and a module's on top of the kernel's.
 */
export interface Btf {
  /** Types of the kernel come first, a module's go on counting; id 0 is void. */
  types: readonly BtfType[]
  structs: ReadonlyMap<string, number>
  /** Bytes of the string section, for a module's BTF that goes on behind it. */
  stringBytes: number
  text(offset: number): string
}

export interface BtfType {
  kind: number
  /** Size in bytes, or the id of the type that is pointed to, named or qualified. */
  sizeOrType: number
  members: readonly BtfMember[]
}

export interface BtfMember {
  /** Empty for an anonymous structure or union. */
  name: string
  type: number
  bitOffset: number
}

/** Input that is no BTF is expected: the words say what is wrong with it. */
export type BtfOutcome = { ok: true; btf: Btf } | { ok: false; why: string }

export const BtfKind = {
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  typeTag: 18,
}

const MAGIC = 0xeb9f
const HEADER = 24
const TYPE = 12
const VOID: BtfType = { kind: 0, sizeOrType: 0, members: [] }

/** Bytes behind a type's head: once, and for each of its `vlen` entries. */
const TAILS: Readonly<Record<number, readonly [once: number, each: number]>> = {
  1: [4, 0],
  2: [0, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  7: [0, 0],
  8: [0, 0],
  9: [0, 0],
  10: [0, 0],
  11: [0, 0],
  12: [0, 0],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  16: [0, 0],
  17: [4, 0],
  18: [0, 0],
  19: [0, 12],
}

export function parseBtf(bytes: Uint8Array, base: Btf | null = null): BtfOutcome {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER) return { ok: false, why: 'it is shorter than the header of a BTF' }
  const little = view.getUint16(0, true) === MAGIC
  if (!little && view.getUint16(0, false) !== MAGIC)
    return { ok: false, why: 'it does not begin with the magic number of BTF (0xeb9f)' }
  const u32 = (at: number) => view.getUint32(at, little)
  const begin = u32(4)
  const [typesAt, typesEnd] = [begin + u32(8), begin + u32(8) + u32(12)]
  const [stringsAt, stringBytes] = [begin + u32(16), u32(20)]
  if (typesEnd > bytes.length || stringsAt + stringBytes > bytes.length) return { ok: false, why: 'it is cut off' }

  const own = base?.stringBytes ?? 0
  const text = (offset: number): string => {
    if (base && offset < own) return base.text(offset)
    const start = stringsAt + offset - own
    const end = bytes.indexOf(0, start)
    return Buffer.from(bytes.subarray(start, end < 0 ? bytes.length : end)).toString('latin1')
  }
  const types: BtfType[] = base ? [...base.types] : [VOID]
  const structs = new Map(base?.structs)
  for (let at = typesAt; at < typesEnd; ) {
    if (at + TYPE > typesEnd) return { ok: false, why: `its type ${types.length} is cut off` }
    const info = u32(at + 4)
    const [kind, vlen, flag] = [(info >>> 24) & 0x1f, info & 0xffff, info >>> 31 === 1]
    const tail = TAILS[kind]
    if (!tail) return { ok: false, why: `its type ${types.length} is of kind ${kind}, which is not known` }
    const next = at + TYPE + tail[0] + tail[1] * vlen
    if (next > typesEnd) return { ok: false, why: `its type ${types.length} is cut off` }
    const composite = kind === BtfKind.struct || kind === BtfKind.union
    // The first of several structures of one name: a driver's own comes behind the kernel's.
    const name = composite ? text(u32(at)) : ''
    if (kind === BtfKind.struct && name !== '' && !structs.has(name)) structs.set(name, types.length)
    types.push({ kind, sizeOrType: u32(at + 8), members: composite ? readMembers(at + TYPE, vlen, flag) : [] })
    at = next
  }
  return { ok: true, btf: { types, structs, stringBytes: own + stringBytes, text } }

  function readMembers(from: number, count: number, isBitfields: boolean): BtfMember[] {
    return Array.from({ length: count }, (_, i) => {
      const at = from + i * 12
      const offset = u32(at + 8)
      return { name: text(u32(at)), type: u32(at + 4), bitOffset: isBitfields ? offset & 0xffffff : offset }
    })
  }
}
