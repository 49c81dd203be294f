import { report } from '../findings.ts'
import type { Buffer, Reset, Revocation, Sighting } from '../world/entities.ts'
import type { Fence } from '../world/fence.ts'
import { isTie, tied } from '../world/order.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { taskOf } from './task-of.ts'
import { bufferName, resetName } from './wording.ts'

/**
 * R4. The exporter took the buffer for revoked, or went on to reset, without waiting for the fences of the buffer's reservation object.
 *
 * Traps: a wait for usage 0, 1 or 2 (KERNEL, WRITE, READ) does not cover BOOKKEEP fences; importers wait at map
 * (usage 0), which is no revoke wait; a wait after the reset, in the un-revoke, comes too late; without a fence seen to
 * be pending nobody is known to have been cut off.
 */
export const fencesNotAwaited: RuleModule = {
  rule: 'fences-not-awaited',
  on: {
    reset({ reset }, world) {
      if (!reset.touched) return
      for (const buffer of reset.buffers) {
        const { revocation } = buffer
        if (!revocation || !isUnawaited(revocation, reset.touched)) continue
        const pending = new Set([
          ...revocation.unsignalled,
          ...reset.unsignalled.filter((one) => one.buffer === buffer),
        ])
        if (pending.size === 0 && !world.seen.has('reservation-wait')) continue
        speak(world, revocation, [...pending], reset.touched, reset)
      }
    },
    // No reset came: the memory was disabled, or power taken.
    restored({ revocation }, world) {
      unreset(world, revocation)
    },
    released({ buffer }, world) {
      unreset(world, buffer.revocation)
    },
    ended(_, world) {
      if (world.seen.has('reservation-wait')) lookBack(world)
      for (const buffer of world.unreleased) unreset(world, buffer.revocation)
    },
  },
}

function isUnawaited({ requested, restored, fences }: Revocation, touched: Sighting): boolean {
  const isBefore = (one: Sighting | null) => one !== null && one.seq < touched.seq
  return requested.seq <= touched.seq && !isBefore(restored) && !isBefore(fences)
}

/** That waits are recorded may have shown only after the reset. */
function lookBack(world: World): void {
  const byBuffer = new Map<Buffer, Revocation[]>()
  for (const revocation of world.revocations) {
    const before = byBuffer.get(revocation.buffer)
    if (before) before.push(revocation)
    else byBuffer.set(revocation.buffer, [revocation])
  }
  for (const reset of world.resets) {
    const { touched } = reset
    if (!touched) continue
    for (const buffer of reset.buffers) {
      const revocation = byBuffer.get(buffer)?.findLast(({ requested }) => requested.seq <= touched.seq)
      if (revocation && isUnawaited(revocation, touched)) speak(world, revocation, [], touched, reset)
    }
  }
}

function unreset(world: World, revocation: Revocation | null): void {
  if (!revocation?.completed) return
  const waited = revocation.fences !== null || !world.seen.has('reservation-wait')
  if (revocation.unsignalled.length > 0 || !waited)
    speak(world, revocation, revocation.unsignalled, revocation.completed, null)
}

function speak(
  world: World,
  revocation: Revocation,
  pending: readonly Fence[],
  at: Sighting,
  reset: Reset | null,
): void {
  if (revocation.flagged.includes('fences-not-awaited')) return
  revocation.flagged.push('fences-not-awaited')
  const { buffer } = revocation
  const what = reset ? resetName(reset) : 'the end of the revoke'
  const fences = pending.map((fence) => `fence ${fence.key}`).join(', ')
  report(world, {
    rule: 'fences-not-awaited',
    severity: 'error',
    at,
    buffer,
    revocation,
    reset,
    ...taskOf(world, reset?.pid ?? world.record.pid),
    evidence: [revocation.requested, revocation.notified, ...pending.map((fence) => fence.added), at],
    absent: { from: earliest(revocation.requested, pending), to: at.ns },
    needs: [['dma_resv_wait_timeout%return', 'fence-wait'], ['dma_fence_signaled']],
    missing: doubt(pending, revocation, at),
    summary:
      pending.length === 0
        ? `no wait for the fences of ${bufferName(buffer)} was seen between its invalidate and ${what}`
        : `${what} came while ${fences} of ${bufferName(buffer)} had not signalled and nobody had waited`,
  })
}

function doubt(pending: readonly Fence[], revocation: Revocation, at: Sighting): string | null {
  if (pending.length === 0) return 'no fence of this buffer was seen to be pending, so that none was needed is possible'
  if (pending.every((fence) => isTie(fence.signalled, at)))
    return 'the fence signalled in the microsecond in which it should have: which came first is not certain'
  const wait = tied('the end of the wait and the reset', revocation.fences, at)
  if (wait) return wait
  return pending.every((fence) => fence.shared)
    ? 'other buffers share the reservation object: the fences may be theirs'
    : null
}

/** A signal can have been lost from the moment that a fence was added. */
function earliest(requested: Sighting, pending: readonly Fence[]): bigint {
  return pending.reduce((first, { added }) => (added.ns < first ? added.ns : first), requested.ns)
}
