/** drivers/dma-buf/dma-fence.c and dma-resv.c: work that a device has not finished yet. */
import { type Running, waitQueue } from '../scheduler.ts'
import { noteSignalled } from '../truth/resets.ts'
import { enter, leave, type Machine, type Thread, tracepoint } from './machine.ts'
import type { Buffer, Fence, Reservation } from './objects.ts'

/** DMA_RESV_USAGE_BOOKKEEP: a wait for it is one for all fences. */
export const BOOKKEEP = 3

/** The importer's device begins to work; the fence is added with the reservation lock held. */
export function* addFence(m: Machine, thread: Thread, buffer: Buffer, usage = BOOKKEEP): Running<Fence> {
  const fence: Fence = {
    context: m.nextFence,
    seqno: 1 + m.random.below(9),
    usage,
    driver: 'dbtest',
    timeline: 'dbt-ring0',
    signalled: false,
    waiters: waitQueue(),
    buffer,
    addedAt: m.scheduler.now,
    awaited: false,
    cutOff: null,
  }
  m.nextFence++
  yield* tracepoint(m, thread, 'dma_fence:dma_fence_init', shown(fence))
  buffer.reservation.fences.add(fence)
  yield* enter(m, thread, {
    fn: 'dma_resv_add_fence',
    fields: { resv: buffer.reservation.pointer, usage, context: fence.context, seqno: fence.seqno },
  })
  return fence
}

/** From 6.17 on, the names of a fence that has signalled are gone. */
function shown({ driver, timeline, context, seqno, signalled }: Fence) {
  return signalled
    ? { driver: 'detached-driver', timeline: 'signaled-timeline', context, seqno }
    : { driver, timeline, context, seqno }
}

export function* signal(m: Machine, thread: Thread, fence: Fence): Running {
  yield* tracepoint(m, thread, 'dma_fence:dma_fence_signaled', shown(fence))
  fence.signalled = true
  noteSignalled(m, fence)
  fence.buffer.reservation.fences.delete(fence)
  m.scheduler.wake(fence.waiters)
}

export function* destroy(m: Machine, thread: Thread, fence: Fence): Running {
  yield* tracepoint(m, thread, 'dma_fence:dma_fence_destroy', shown(fence))
}

/** `dma_resv_wait_timeout()` without a timeout, with or without the lock held. */
export function* waitForFences(
  m: Machine,
  thread: Thread,
  reservation: Reservation,
  { usage, interruptible, caller }: { usage: number; interruptible: boolean; caller: string },
): Running {
  const fn = 'dma_resv_wait_timeout'
  const fields = { resv: reservation.pointer, usage, interruptible: Number(interruptible) }
  yield* enter(m, thread, { fn, fields })
  for (;;) {
    const pending = [...reservation.fences].find((fence) => fence.usage <= usage)
    if (!pending) break
    yield pending.waiters
  }
  yield* leave(m, thread, { fn, caller, fields: { ...fields, ret: '9223372036854775807' } })
}
