import type { ResetMethod, ResetTrigger } from '../../domain/read-model.ts'
import type { Machine } from '../kernel/machine.ts'
import type { Buffer, Fence, Mapping } from '../kernel/objects.ts'
import type { PciFunction } from '../kernel/pci-function.ts'
import { cannotBeTold } from './attachments.ts'
import { breach, type TrueReset } from './truth.ts'

/** A reset that has touched the hardware, and what it met. */
export interface Hit {
  reset: TrueReset
  buffers: Set<Buffer>
  /** Of these, those that nobody had revoked. */
  unrevoked: Set<Buffer>
  mapped: Set<Buffer>
}

/** The hardware is being reset: everything that is mapped now is mapped into a device that is going away. */
export function noteTouched(
  m: Machine,
  target: { device: string | null; fn: PciFunction | null; buffers?: Iterable<Buffer> },
  how: { method: ResetMethod; trigger: ResetTrigger },
): Hit {
  const reset: TrueReset = {
    kind: 'reset',
    device: target.device,
    at: m.scheduler.now,
    violated: false,
    doubtful: false,
    live: 0,
    ...how,
  }
  m.truth.resets.push(reset)
  const hit: Hit = { reset, buffers: new Set(), unrevoked: new Set(), mapped: new Set() }
  if (target.fn) target.fn.hit = hit
  for (const buffer of target.buffers ?? buffersOf(m, target.fn)) {
    hit.buffers.add(buffer)
    if (!buffer.revoked && !buffer.dead) hit.unrevoked.add(buffer)
    for (const attachment of buffer.attachments) {
      for (const mapping of attachment.mappings) live(m, hit, mapping)
      if (buffer.revocation && buffer.exporter.name === 'dbtest' && cannotBeTold(attachment))
        breach(m.truth, 'non-revocable-importer', {
          ino: buffer.ino,
          importer: attachment.importer.device,
          severity: 'error',
          at: reset.at,
          why: `a ${attachment.importer.class} importer of an exporter that revokes`,
        })
    }
    for (const fence of buffer.reservation.fences) pending(m, fence, hit.reset)
    neverDrained(m, buffer, hit.reset)
  }
  for (const attachment of m.attachments) {
    const { buffer } = attachment
    if (!buffer.released || buffer.owner === null || buffer.owner !== target.fn) continue
    for (const mapping of attachment.mappings) orphaned(m, hit, mapping)
  }
  return hit
}

/** The buffer was released under it, which is a breach of its own: nobody need say that it is live in this reset, too. */
function orphaned(m: Machine, { reset }: Hit, { attachment, iova }: Mapping): void {
  reset.doubtful = true
  breach(m.truth, 'reset-while-mapped', {
    ino: attachment.buffer.ino,
    importer: attachment.importer.device,
    exporter: reset.device,
    severity: 'info',
    at: m.scheduler.now,
    why: `mapped at ${iova.toString(16)}, though the buffer was released`,
  })
}

function live(m: Machine, hit: Hit, mapping: Mapping): void {
  const { buffer, importer } = mapping.attachment
  hit.reset.live++
  mapping.liveAtReset = true
  hit.mapped.add(buffer)
  breach(m.truth, 'reset-while-mapped', {
    ino: buffer.ino,
    importer: importer.device,
    exporter: hit.reset.device,
    severity: 'critical',
    at: m.scheduler.now,
    why: `mapped at ${mapping.iova.toString(16)} during the reset`,
    during: [hit.reset, buffer.revocation],
  })
}

/** A map that succeeds while its device is being reset. */
export function noteMappedInReset(m: Machine, mapping: Mapping): void {
  const hit = mapping.attachment.buffer.owner?.hit
  if (hit) live(m, hit, mapping)
}

/** The revoke was taken for complete, or the hardware went (`reset`), without a wait for this fence. */
function pending(m: Machine, fence: Fence, reset: TrueReset | null): void {
  const { revocation } = fence.buffer
  if (fence.awaited || fence.signalled || !revocation) return
  fence.cutOff = { reset: reset ?? fence.cutOff?.reset ?? null }
  if (revocation.fencesForgotten) {
    if (reset) reset.violated = true
    return
  }
  revocation.fencesForgotten = true
  breach(m.truth, 'fences-not-awaited', {
    ino: fence.buffer.ino,
    severity: 'error',
    at: m.scheduler.now,
    why: `fence ${fence.context}:${fence.seqno} was pending`,
    during: [revocation, reset],
  })
}

/** VFIO's move returns: whatever comes of it, the revoke is over. */
export function noteRevoked(m: Machine, buffer: Buffer): void {
  for (const fence of buffer.reservation.fences) pending(m, fence, null)
  neverDrained(m, buffer, null)
}

/** The exporter did not wait, and no fence was there to show it: a trace cannot tell whether one was needed. */
function neverDrained(m: Machine, { ino, exporter, revocation }: Buffer, reset: TrueReset | null): void {
  if (!revocation || !exporter.flaws.forgetsFences) return
  if (reset && !reset.violated) reset.doubtful = true
  if (revocation.fencesForgotten) return
  revocation.fencesForgotten = true
  breach(m.truth, 'fences-not-awaited', {
    ino,
    severity: 'error',
    at: m.scheduler.now,
    why: 'it did not wait, and nothing was pending',
    provable: false,
    during: [revocation, reset],
  })
}

export function noteSignalled(m: Machine, fence: Fence): void {
  if (!fence.cutOff || fence.awaited) return
  breach(m.truth, 'late-fence', {
    ino: fence.buffer.ino,
    severity: 'error',
    at: m.scheduler.now,
    why: `fence ${fence.context}:${fence.seqno} signalled after the revoke was over`,
    during: [fence.buffer.revocation, fence.cutOff.reset],
  })
}

/** The reset is over: what came without a revoke is known. */
export function noteResetOver(m: Machine, { reset, unrevoked, mapped }: Hit, fn: PciFunction | null): void {
  if (fn) fn.hit = null
  for (const buffer of unrevoked)
    breach(m.truth, 'reset-without-revoke', {
      ino: buffer.ino,
      exporter: reset.device,
      severity: mapped.has(buffer) ? 'error' : 'warning',
      at: reset.at,
      why: 'nobody had revoked it',
      during: [reset],
    })
}

/** A reset that was refused before it got as far as the device. */
export function noteUntouched(m: Machine, fn: PciFunction, trigger: ResetTrigger): void {
  m.truth.resets.push({
    kind: 'reset',
    device: fn.name,
    at: m.scheduler.now,
    violated: false,
    doubtful: false,
    live: 0,
    method: 'unknown',
    trigger,
  })
}

/** Its buffers are about to come back although the reset runs. */
export function noteRestoredEarly(m: Machine, { name, buffers, hit }: PciFunction): void {
  for (const { ino } of buffers)
    breach(m.truth, 'early-restore', {
      ino,
      exporter: name,
      severity: 'error',
      at: m.scheduler.now,
      why: 'restored while the reset was running',
      during: [hit?.reset],
    })
}

/** All that was ever exported from it, orphans of an earlier opening as well. */
function buffersOf(m: Machine, fn: PciFunction | null): Buffer[] {
  return [...m.buffers].filter(({ owner }) => owner !== null && owner === fn)
}

/** An FLR follows the revoke: that is what it was for (CONTRACT §5.4). */
export function noteFlr({ buffers }: PciFunction): void {
  for (const { revocation } of buffers) if (revocation?.cause === 'reset') revocation.cause = 'flr'
}
