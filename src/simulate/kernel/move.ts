/** Exporters other than VFIO that tell their importers: GPU drivers to move, uverbs to destroy, a module to reset by itself. */
import type { Cause } from '../../domain/read-model.ts'
import type { Running } from '../scheduler.ts'
import { noteDrained, noteNotified, noteTold } from '../truth/mappings.ts'
import { noteResetOver, noteTouched } from '../truth/resets.ts'
import { noteRevocation } from '../truth/revocations.ts'
import { invalidate, locked } from './buffers.ts'
import { BOOKKEEP, waitForFences } from './fences.ts'
import { enter, leave, type Machine, milliseconds, type Thread } from './machine.ts'
import type { Buffer } from './objects.ts'

interface Telling {
  caller: string
  waiter: string
  cause: Cause
  /** The buffer cannot be mapped from here on. */
  revokes: boolean
}

const TELLING = {
  move: {
    caller: 'amdgpu_bo_move_notify+0x71/0xc0 [amdgpu]',
    waiter: 'ttm_bo_wait_ctx+0x2c/0x60 [ttm]',
    cause: 'move',
    revokes: false,
  },
  destroy: {
    caller: 'uverbs_dmabuf_revoke+0x4b/0xd0 [ib_uverbs]',
    waiter: 'uverbs_dmabuf_revoke+0x66/0xd0 [ib_uverbs]',
    cause: 'destroy',
    revokes: true,
  },
  module: {
    caller: 'dbt_ioctl+0x2cb/0x73a [dbtest]',
    waiter: 'dbt_ioctl+0x53e/0x73a [dbtest]',
    cause: 'unknown',
    revokes: false,
  },
} as const satisfies Record<string, Telling>

/** Tells all importers, waits for the fences and, unless the exporter forgets, for the unmaps. */
export function* tell(m: Machine, thread: Thread, buffer: Buffer, how: keyof typeof TELLING): Running {
  const { caller, waiter, cause, revokes } = TELLING[how]
  const { flaws, counts } = buffer.exporter
  const episode = noteRevocation(m, buffer, { at: m.scheduler.now, cause, permanent: how === 'destroy' })
  yield* locked(m, buffer, function* () {
    if (revokes) buffer.revoked = true
    buffer.revoking = true
    buffer.dead = how === 'destroy'
    buffer.revocation = episode
    noteTold(m, buffer, episode)
    yield* invalidate(m, thread, buffer, caller, () => {
      episode.at = m.scheduler.now
    })
    noteNotified(m, buffer)
    if (flaws.forgetsFences) return
    for (const fence of buffer.reservation.fences) fence.awaited = true
    yield* waitForFences(m, thread, buffer.reservation, { usage: BOOKKEEP, interruptible: false, caller: waiter })
    noteDrained(m, buffer)
  })
  while (counts && !flaws.forgetsUnmaps && buffer.counted > 0) yield buffer.unmapped
  buffer.revoking = false
}

/** The module's own reset: it names its device by address alone. */
export function* resetByModule(m: Machine, thread: Thread, buffer: Buffer, ms: number): Running {
  const fields = { devicePointer: '0xffff889ac10560d0', ms }
  const point = { fn: 'dbt_hw_reset', module: 'dbtest', fields }
  yield* enter(m, thread, point)
  const hit = noteTouched(m, { device: null, fn: null, buffers: [buffer] }, { method: 'unknown', trigger: 'unknown' })
  // It told its importers, which is all the revoke that this exporter knows.
  if (buffer.revocation) hit.unrevoked.delete(buffer)
  yield milliseconds(ms)
  noteResetOver(m, hit, null)
  yield* leave(m, thread, { ...point, caller: 'dbt_ioctl+0x3af/0x73a [dbtest]' })
}

/** The module takes its device into service again: it tells once more, and there is nobody left to hear. */
export function* unrevokeModule(m: Machine, thread: Thread, buffer: Buffer): Running {
  yield* locked(m, buffer, function* () {
    noteToldAgain(m, buffer)
    yield* invalidate(m, thread, buffer, TELLING.module.caller)
    yield* waitForFences(m, thread, buffer.reservation, {
      usage: BOOKKEEP,
      interruptible: false,
      caller: TELLING.module.waiter,
    })
  })
}

/** An importer without the callback that still has its mapping ignores this one as well: it is one breach. */
function noteToldAgain(m: Machine, buffer: Buffer): void {
  if (buffer.revocation) noteTold(m, buffer, buffer.revocation)
}
