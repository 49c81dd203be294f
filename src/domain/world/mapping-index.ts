import type { Mapping } from './entities.ts'

/**
 * Finds the mappings of a device that cover, or did cover, an address. Blocks of 1 MiB; in each, by first address, the
 * newest few: IOVAs are used again, so what is kept is bounded by the address space in use, not by the trace. Plain
 * data, as all of the world is, so that it can be put away and taken up again.
 */
export type MappingIndex = Map<string, OfDevice>

interface OfDevice {
  blocks: Map<number, Map<bigint, Mapping[]>>
  wide: Map<bigint, Mapping[]>
}

const BLOCK_BITS = 20n
const KEPT = 6
/** A mapping wider than this many blocks goes into the device's list of wide ones. */
const WIDE = 64

export function indexMapping(index: MappingIndex, device: string, mapping: Mapping): void {
  if (mapping.iova === null) return
  let own = index.get(device)
  if (!own) {
    own = { blocks: new Map(), wide: new Map() }
    index.set(device, own)
  }
  const last = mapping.iova + (mapping.span ?? 1n) - 1n
  const from = Number(mapping.iova >> BLOCK_BITS)
  const to = Number(last >> BLOCK_BITS)
  if (to - from >= WIDE) return keep(own.wide, mapping)
  for (let block = from; block <= to; block++) {
    let starts = own.blocks.get(block)
    if (!starts) {
      starts = new Map()
      own.blocks.set(block, starts)
    }
    keep(starts, mapping)
  }
}

/** Newest first, whether live or retired. */
export function mappingsCovering(index: MappingIndex, device: string, address: bigint): Mapping[] {
  const own = index.get(device)
  if (!own) return []
  const found: Mapping[] = []
  for (const starts of [own.blocks.get(Number(address >> BLOCK_BITS)), own.wide]) {
    if (!starts) continue
    for (const list of starts.values()) for (const mapping of list) if (covers(mapping, address)) found.push(mapping)
  }
  return found.sort((a, b) => b.id - a.id)
}

function keep(starts: Map<bigint, Mapping[]>, mapping: Mapping): void {
  const list = starts.get(mapping.iova!)
  if (!list) {
    starts.set(mapping.iova!, [mapping])
    return
  }
  list.push(mapping)
  // Live ones must stay findable however many retired ones came after.
  if (list.length > KEPT) {
    const oldest = list.findIndex((m) => m.unmapped !== null)
    if (oldest >= 0) list.splice(oldest, 1)
  }
}

export function covers(mapping: Mapping, address: bigint): boolean {
  return mapping.iova !== null && address >= mapping.iova && address < mapping.iova + (mapping.span ?? 1n)
}
