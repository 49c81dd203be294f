import type { Act } from '../act.ts'
import { u64 } from '../recognise/pointer.ts'
import type { Buffer } from '../world/entities.ts'
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

/** `dma_resv_add_fence()`: the fence guards the buffer that owns this reservation object. */
export function onReservationAdd({ world, act }: Context): void {
  if (act.point === 'return') return
  const buffer = act.resv === null ? undefined : world.buffersByResv.get(act.resv)
  const key = fenceKey(act)
  if (!buffer || key === null) return
  world.about.buffer = buffer
  const fence = { key, buffer, added: world.now, signalled: null, awaited: false }
  buffer.fences.add(fence)
  world.fences.set(key, fence)
}

export function onFence(context: Context): void {
  const { world, act } = context
  if (act.detail !== 'signaled') return
  world.functions.add('dma_fence_signaled')
  const key = fenceKey(act)
  const fence = key === null ? undefined : world.fences.get(key)
  if (!fence) return
  world.about.buffer = fence.buffer
  fence.signalled = world.now
  world.fences.delete(fence.key)
  fence.buffer.fences.delete(fence)
  context.tell('fence-signalled', { fence })
}

/** `dma_resv_wait_timeout()`: only one over all fences, that returned with time left, is the wait a revoke needs. */
export function onReservationWait(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'entry') {
    enter(task, act.fn!, world.now, { resv: act.resv, usage: act.usage })
    const buffer = ownerOf(world, act.resv, task.invalidated)
    world.about.buffer = buffer
    return
  }
  const call = leave(task, act.fn!)
  const resv = act.resv ?? call?.resv ?? null
  const usage = Number(act.usage ?? call?.usage ?? Number.NaN)
  const buffer = ownerOf(world, resv, task.invalidated)
  world.about.buffer = buffer
  const expired = act.ret === '0' || (act.ret?.startsWith('-') ?? false)
  if (!buffer || expired || !(usage >= BOOKKEEP)) return
  for (const fence of buffer.fences) fence.awaited = true
  if (buffer.revocation?.notified) fencesDrained(world, buffer.revocation, world.now)
}

/** The exporter waits on the buffer that it has just invalidated: that names its reservation object. */
function ownerOf(world: World, resv: string | null, invalidated: Buffer | null): Buffer | null {
  if (resv === null) return null
  const known = world.buffersByResv.get(resv)
  if (known) return known
  if (!invalidated || invalidated.resv !== null || invalidated.released) return null
  invalidated.resv = resv
  world.buffersByResv.set(resv, invalidated)
  touch(world.changed.buffers, invalidated)
  return invalidated
}
