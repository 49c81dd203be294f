import type { Random } from '../random.ts'
import type { Mapping } from './objects.ts'

/** Kernel objects by their size class: what was freed last is handed out first, as SLUB does. */
export interface Slab {
  allocate(kind: Kind): string
  free(kind: Kind, pointer: string): void
}

const CLASSES = { dmabuf: 0x200, attachment: 0x40, table: 0x50, device: 0x1000 } as const
export type Kind = keyof typeof CLASSES

export function createSlab(random: Random): Slab {
  const free = new Map<Kind, string[]>()
  const next = new Map<Kind, bigint>()
  for (const [i, kind] of (Object.keys(CLASSES) as Kind[]).entries()) {
    free.set(kind, [])
    next.set(kind, 0xffff889a00000000n + BigInt(i + 1) * 0x20000000n + BigInt(random.below(0x4000)) * 0x1000n)
  }
  return {
    allocate(kind) {
      const again = free.get(kind)!.pop()
      if (again !== undefined) return again
      const address = next.get(kind)!
      next.set(kind, address + BigInt(CLASSES[kind]))
      return `0x${address.toString(16)}`
    },
    free: (kind, pointer) => void free.get(kind)!.push(pointer),
  }
}

/** The embedded reservation object of a `dma_buf`: at +0xe8 (KERNEL.md §4.2). */
export function reservationOf(dmabuf: string): string {
  return `0x${(BigInt(dmabuf) + 0xe8n).toString(16)}`
}

/** Device addresses of one IOMMU domain: from the top down, freed ones first, as the caches of drivers/iommu/iova.c do. */
export interface AddressSpace {
  /** First addresses of what is mapped now. */
  readonly live: ReadonlySet<number>
  allocate(length: number): number
  free(iova: number, length: number): void
  /** How often this address has been handed out. */
  uses(iova: number): number
  /** By first address: what was there, and is gone. */
  readonly retired: Map<number, Mapping[]>
}

const TOP = 0x1_0000_0000

export function createAddressSpace(): AddressSpace {
  const free = new Map<number, number[]>()
  const live = new Set<number>()
  const uses = new Map<number, number>()
  let lowest = TOP
  return {
    live,
    retired: new Map(),
    allocate(length) {
      let iova = free.get(length)?.pop()
      if (iova === undefined) {
        lowest -= length
        iova = lowest
      }
      live.add(iova)
      uses.set(iova, (uses.get(iova) ?? 0) + 1)
      return iova
    },
    free(iova, length) {
      live.delete(iova)
      const same = free.get(length)
      if (same) same.push(iova)
      else free.set(length, [iova])
    },
    uses: (iova) => uses.get(iova) ?? 0,
  }
}

export function retire({ retired }: AddressSpace, mapping: Mapping): void {
  const before = retired.get(mapping.iova)
  if (before) before.push(mapping)
  else retired.set(mapping.iova, [mapping])
}

/** `ERR_PTR(-errno)`. */
export function errorPointer(errno: number): string {
  return `0x${(2n ** 64n - BigInt(errno)).toString(16)}`
}

/** What `%p` makes of a pointer: the same for the same within a boot, and no way back. */
export function hashed(pointer: string, key: number): string {
  let mixed = (Number(BigInt(pointer) & 0xffffffffn) ^ key) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0
  return ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(16, '0')
}
