import { clock, finding, type OracleFinding, verdict, type World } from './finding.ts'
import { liveAt } from './mappings.ts'
import { named, type TraceEvent } from './read-trace.ts'
import { returnOf } from './revocations.ts'

/** R18: the exporter's device goes away, or fails fatally, under a live mapping. One finding per mapping. */
export function deviceLostWhileMapped(world: World): OracleFinding[] {
  const losses = world.trace.events.flatMap(loss)
  return world.mappings.flatMap((mapping) => {
    const device = world.buffers.find((b) => b.ino === mapping.ino)?.device
    if (device == null) return []
    const live = losses.filter((l) => liveAt(mapping, l.event.seq))
    const named = live.find((l) => l.device === device)
    // A hotplug event names the port, not the function behind it.
    const behind = live.find((l) => l.port && l.device !== device)
    const lost = named ?? behind
    if (!lost) return []
    const certain = named !== undefined && mapping.mapped !== null && mapping.endedBy !== 'lost'
    const judged = verdict(world, certain, [mapping.mapped?.seq ?? -1, lost.event.seq])
    const of = { ino: mapping.ino, importer: mapping.device, event: lost.event }
    return [finding('device-lost-while-mapped', 'error', judged, of, `${lost.device} lost at ${clock(lost.event)}`)]
  })
}

/** KERNEL.md §4.1 "PCI/RAS": the texts of `pci_hp_event` and `aer_event`. */
function loss(event: TraceEvent): { event: TraceEvent; device: string; port: boolean }[] {
  if (event.name === 'pci_hp_event') {
    const match = /^(\S+) slot:.*event:(?:LINK_DOWN|CARD_NOT_PRESENT|Link Down|Card not present)/.exec(event.rest)
    return match ? [{ event, device: match[1]!, port: true }] : []
  }
  const match = event.name === 'aer_event' ? /^(\S+) \S+ Bus Error: severity=Fatal/.exec(event.rest) : null
  return match ? [{ event, device: match[1]!, port: false }] : []
}

const OPENS = /-+\[ cut here \]-+|\bWARNING:|\bBUG:|\bOops\b|refcount_t: |general protection fault|KASAN:|KFENCE:/
/** A frame, or the place of the warning. The list of modules names vfio in every splat. */
const OURS =
  /\b(?:dma_buf|dma_resv|dma_fence|vfio_pci)_\w+\+0x|\bat (?:dma_buf|dma_resv|dma_fence|vfio_pci)_|drivers\/(?:dma-buf|vfio)\//
const CALLS = new Set(['dbuf_unmap', 'dbuf_inval'])
const SPLAT_MS = 1_000

/** R19, CONTRACT §5.17: one finding from "cut here" to "end trace" of one task; an unrelated one proves nothing. */
export function kernelSplats(world: World): OracleFinding[] {
  return splats(world).map((lines) => {
    const [event] = lines as [TraceEvent]
    const ino = callAround(world, event)
    const related = ino !== null || lines.some((line) => OURS.test(line.rest))
    return finding('kernel-splat', 'error', verdict(world, related), { ino, event }, event.rest)
  })
}

/** The console lines of each splat. Splats of several tasks interleave. */
function splats(world: World): TraceEvent[][] {
  const found: TraceEvent[][] = []
  const open = new Map<string, TraceEvent[]>()
  for (const event of named(world.trace, 'console')) {
    const task = `${event.pid}/${event.cpu}`
    let now = open.get(task)
    if (now && Number(event.at - now.at(-1)!.at) / 1e6 > SPLAT_MS) now = undefined
    if (!now && OPENS.test(event.rest)) {
      now = []
      open.set(task, now)
      found.push(now)
    }
    now?.push(event)
    if (event.rest.includes('---[ end trace')) open.delete(task)
  }
  return found
}

/** The buffer of the dma-buf call that this task is in; null outside of one. */
function callAround(world: World, event: TraceEvent): string | null {
  const call = world.trace.events.findLast(
    (e) =>
      CALLS.has(e.name) &&
      e.pid === event.pid &&
      e.seq < event.seq &&
      (returnOf(world.trace, e, ['ino'])?.seq ?? world.end) > event.seq,
  )
  return call && verdict(world, true, [call.seq, event.seq]) === 'violated' ? (call.fields.get('ino') ?? null) : null
}

/** R20: one finding per gap. */
export function incompleteLog(world: World): OracleFinding[] {
  return world.trace.gaps.map((gap) => {
    const at = world.trace.events[Math.max(0, gap.after)]?.at ?? 0n
    const why = `line ${gap.line}: ${gap.lost ?? 'an unknown number of'} events lost on CPU ${gap.cpu ?? '?'}`
    return { rule: 'incomplete-log', ino: null, importer: null, severity: 'info', verdict: 'violated', at, why }
  })
}
