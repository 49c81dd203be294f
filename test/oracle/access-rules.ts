import { clock, finding, type OracleFinding, verdict, type World } from './finding.ts'
import { liveAt, type Mapping } from './mappings.ts'
import type { TraceEvent } from './read-trace.ts'

/** A fault line: which device touched which address. */
export interface Fault {
  event: TraceEvent
  device: string
  address: bigint
}

/** How long after the access its line may be printed: the fault interrupt is asynchronous and rate limited. */
const PRINTED_LATE_NS = 12_000_000n

/** KERNEL.md §4.1 "Fault text": VT-d and AMD and SMMUv3 by console, the others by `iommu:io_page_fault`. */
const FAULTS: [string, RegExp][] = [
  ['console', /DMAR: \[DMA (?:Read|Write)[^\]]*\] Request device \[(\S+)\].*? fault addr (?:0x)?([0-9a-f]+)/],
  ['console', /AMD-Vi: Event logged \[IO_PAGE_FAULT device=(\S+) .*?address=0x([0-9a-f]+)/],
  ['console', /(\S+): (?:AMD-Vi: )?Event logged \[IO_PAGE_FAULT domain=\S+ address=0x([0-9a-f]+)/],
  ['console', /event: F_\w+ client: (\S+) .*?\biova: 0x([0-9a-f]+)/],
  ['io_page_fault', /IOMMU:\S+ (\S+) iova=0x([0-9a-f]+)/],
]

export function faults(world: World): Fault[] {
  return world.trace.events.flatMap((event) => {
    for (const [name, pattern] of FAULTS) {
      const match = event.name === name ? pattern.exec(event.rest) : null
      if (match) {
        const device = /^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(match[1]!) ? `0000:${match[1]}` : match[1]!
        return [{ event, device, address: BigInt(`0x${match[2]}`) }]
      }
    }
    return []
  })
}

/** R1, CONTRACT §5.13: one finding per retired mapping; a fault inside a live mapping belongs to that one. */
export function useAfterRevoke(world: World): OracleFinding[] {
  const charged = faults(world).flatMap((fault) => {
    const mapping = newestRetired(world, fault)
    return mapping ? [{ fault, mapping, verdict: certainty(world, fault, mapping) }] : []
  })
  return world.mappings.flatMap((mapping) => {
    const own = charged.filter((c) => c.mapping === mapping)
    const worst = own.find((c) => c.verdict === 'violated') ?? own[0]
    if (!worst) return []
    const { event, address } = worst.fault
    const why = `fault at 0x${address.toString(16)} (${clock(event)}), retired ${clock(mapping.ended!)} by ${mapping.endedBy}`
    const of = { ino: mapping.ino, importer: mapping.device, event }
    return [finding('use-after-revoke', 'critical', worst.verdict, of, why)]
  })
}

function newestRetired(world: World, { event, device, address }: Fault): Mapping | null {
  const covering = world.mappings.filter(
    (m) =>
      m.device === device &&
      m.range !== null &&
      m.range.from <= address &&
      address < m.range.to &&
      (m.mapped?.seq ?? -1) < event.seq,
  )
  if (covering.some((m) => liveAt(m, event.seq))) return null
  return covering.reduce<Mapping | null>((a, b) => (a && a.ended!.seq > b.ended!.seq ? a : b), null)
}

/** A newer mapping of the address may be missing from the trace, or the access may have come before the unmap. */
function certainty(world: World, fault: Fault, mapping: Mapping): OracleFinding['verdict'] {
  const late = fault.event.at - mapping.ended!.at > PRINTED_LATE_NS
  const certain = late && mapping.mapped !== null && mapping.endedBy !== 'lost'
  return verdict(world, certain, [mapping.mapped?.seq ?? -1, fault.event.seq])
}
