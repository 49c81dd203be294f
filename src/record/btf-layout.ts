import { type Btf, BtfKind } from './btf.ts'
import type { Member, StructLayout } from './struct-layout.ts'

/** The layout of structures as a kernel's BTF has it; `source` names the file. */
export function btfLayout(btf: Btf, source: string): StructLayout {
  return {
    source,
    exact: true,
    member(struct, name) {
      const id = btf.structs.get(struct)
      const found = id === undefined ? null : findMember(btf, id, name, 0, new Set())
      return found && found.bits % 8 === 0 ? { offset: found.bits / 8, struct: leadsTo(btf, found.type) } : null
    },
  }
}

/** Looks into anonymous structures and unions, too; into each once, since a damaged one may hold itself. */
function findMember(
  btf: Btf,
  id: number,
  name: string,
  bits: number,
  visited: Set<number>,
): { type: number; bits: number } | null {
  if (visited.has(id)) return null
  visited.add(id)
  for (const member of btf.types[id]?.members ?? []) {
    const at = bits + member.bitOffset
    if (member.name === name) return { type: member.type, bits: at }
    const inner = member.name === '' ? findMember(btf, member.type, name, at, visited) : null
    if (inner) return inner
  }
  return null
}

const TRANSPARENT: readonly number[] = [
  BtfKind.typedef,
  BtfKind.volatile,
  BtfKind.const,
  BtfKind.restrict,
  BtfKind.typeTag,
]

/** Longer chains of qualifiers than any compiler writes. */
const DEEPEST = 16

/** The structure behind pointers and qualifiers; null for all else. */
function leadsTo(btf: Btf, id: number): Member['struct'] {
  let type = btf.types[id]
  for (let depth = 0; type && depth < DEEPEST; depth++) {
    if (type.kind === BtfKind.struct) return nameOf(btf, id)
    if (type.kind !== BtfKind.pointer && !TRANSPARENT.includes(type.kind)) return null
    id = type.sizeOrType
    type = btf.types[id]
  }
  return null
}

function nameOf(btf: Btf, id: number): string | null {
  for (const [name, known] of btf.structs) if (known === id) return name
  return null
}
