import type { Act } from '../act.ts'
import { u64 } from '../recognise/pointer.ts'
import type { Buffer } from '../world/entities.ts'
import type { Fence } from '../world/fence.ts'
import { enter, leave } from '../world/task.ts'
import { touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { fencesDrained } from './revocations.ts'

/** DMA_RESV_USAGE_BOOKKEEP: waits for every fence; smaller usages leave some out. */
const BOOKKEEP = 3

/**
 * A fence is its (context, seqno): tracepoints print both cut to 32 bits, probes in full; driver and timeline names
 * are replaced once it has signalled and say nothing (KERNEL.md §4.1).
 */
export function fenceKey(act: Act): string | null {
  const context = u64(act.context)
  const seqno = u64(act.seqno)
  return context === null || seqno === null ? null : `${BigInt.asUintN(32, context)}:${BigInt.asUintN(32, seqno)}`
}

/** `dma_resv_add_fence()`: the fence guards the buffers that own this reservation object. */
export function onReservationAdd({ world, act }: Context): void {
  const owners = [...ownersOf(world, act.resv, null)]
  const key = fenceKey(act)
  if (key === null) return
  const known = world.fences.get(key) ?? []
  for (const buffer of owners) {
    world.about.buffer = buffer
    if (world.signalled.has(key) || known.some((fence) => fence.buffer === buffer)) continue
    const fence: Fence = { key, buffer, added: world.now, signalled: null, awaited: false, shared: owners.length > 1 }
    buffer.fences.add(fence)
    known.push(fence)
    world.fences.set(key, known)
  }
}

export function onFence(context: Context): void {
  const { world, act } = context
  const key = fenceKey(act)
  if (key === null) return
  if (act.detail === 'init' || act.detail === 'emit') world.signalled.delete(key)
  if (act.detail !== 'signaled') return
  world.functions.add('dma_fence_signaled')
  rememberSignal(world.signalled, key)
  const fences = world.fences.get(key)
  if (!fences) return
  world.fences.delete(key)
  for (const fence of fences) {
    world.about.buffer = fence.buffer
    fence.signalled = world.now
    if (!fence.awaited) fence.buffer.signalled = world.now
    fence.buffer.fences.delete(fence)
    context.tell('fence-signalled', { fence })
  }
}

const REMEMBERED = 4096

function rememberSignal(signalled: Set<string>, key: string): void {
  signalled.add(key)
  for (const oldest of signalled) {
    if (signalled.size <= REMEMBERED) return
    signalled.delete(oldest)
  }
}

/** A released buffer's fences concern nobody. */
export function dropFences(world: World, buffer: Buffer): void {
  for (const fence of buffer.fences) {
    const others = (world.fences.get(fence.key) ?? []).filter((other) => other !== fence)
    if (others.length === 0) world.fences.delete(fence.key)
    else world.fences.set(fence.key, others)
  }
  buffer.fences.clear()
}

/** `dma_resv_wait_timeout()`: only one over all fences, that returned with time left, is the wait a revoke needs. */
export function onReservationWait(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'entry') {
    enter(task, act.fn!, world.now, { resv: act.resv, usage: act.usage })
    for (const buffer of ownersOf(world, act.resv, task.invalidated)) {
      world.about.buffer = buffer
      if (buffer.revocation && Number(act.usage) >= BOOKKEEP) buffer.revocation.waiting ??= world.now
    }
    return
  }
  const call = leave(task, act.fn!)
  const resv = act.resv ?? call?.resv ?? null
  const usage = Number(act.usage ?? call?.usage ?? Number.NaN)
  const expired = Number(act.ret ?? 1) <= 0
  for (const buffer of ownersOf(world, resv, task.invalidated)) {
    world.about.buffer = buffer
    if (expired || !(usage >= BOOKKEEP)) continue
    for (const fence of buffer.fences) fence.awaited = true
    const { revocation } = buffer
    if (revocation && (revocation.notified || !revocation.returns)) fencesDrained(world, revocation, world.now)
  }
}

/** The exporter waits on the buffer that it has just invalidated: that names its reservation object. */
function ownersOf(world: World, resv: string | null, invalidated: Buffer | null): Iterable<Buffer> {
  if (resv === null) return []
  const known = world.buffersByResv.get(resv)
  if (known) return known
  if (!invalidated || invalidated.resv !== null || invalidated.released) return []
  giveReservation(world, invalidated, resv)
  return [invalidated]
}

export function giveReservation(world: World, buffer: Buffer, resv: string): void {
  leaveReservation(world, buffer)
  buffer.resv = resv
  const owners = world.buffersByResv.get(resv)
  if (owners) {
    // The object stands inside its `dma_buf`: one at the same address is gone, though its release was not seen.
    for (const owner of owners) if (owner.dmabuf === buffer.dmabuf) owners.delete(owner)
    owners.add(buffer)
  } else world.buffersByResv.set(resv, new Set([buffer]))
  touch(world.changed.buffers, buffer)
}

export function leaveReservation(world: World, buffer: Buffer): void {
  if (buffer.resv === null) return
  const owners = world.buffersByResv.get(buffer.resv)
  owners?.delete(buffer)
  if (owners?.size === 0) world.buffersByResv.delete(buffer.resv)
}
