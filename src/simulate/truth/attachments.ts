import type { Machine } from '../kernel/machine.ts'
import type { Attachment } from '../kernel/objects.ts'
import { breach } from './truth.ts'

/** Without a probe on the entry, an attach this close behind the revoke may have passed the exporter's test before it. */
const RACE = 100e6

/** An importer that cannot be told to let go. */
export function cannotBeTold({ importer }: Attachment): boolean {
  return importer.callback === null
}

export function noteAttached(m: Machine, attachment: Attachment, entered: number): void {
  const { buffer, importer } = attachment
  const at = m.scheduler.now
  const who = { ino: buffer.ino, importer: importer.device, at }
  const { revocation } = buffer
  if (cannotBeTold(attachment) && buffer.exporter.revokes && buffer.exporter.name !== 'dbtest')
    breach(m.truth, 'non-revocable-importer', {
      ...who,
      severity: 'error',
      why: `a ${importer.class} importer was accepted`,
    })
  if (!buffer.revoked || !revocation || entered < revocation.at) return
  const provable = at - revocation.at > RACE
  if (buffer.dead)
    breach(m.truth, 'use-after-permanent-revoke', {
      ...who,
      severity: 'error',
      why: 'attached after the revoke for good',
      provable,
      during: [revocation],
    })
  else
    breach(m.truth, 'attach-while-revoked', {
      ...who,
      severity: 'error',
      why: 'attached while revoked',
      provable,
      during: [revocation],
    })
}

export function noteDetached(m: Machine, { buffer, importer, pins }: Attachment): void {
  if (pins === 0) return
  breach(m.truth, 'pin-imbalance', {
    ino: buffer.ino,
    importer: importer.device,
    severity: 'warning',
    at: m.scheduler.now,
    why: `detached with ${pins} pins`,
  })
}

export function noteUsedDetached(m: Machine, { buffer, importer }: Attachment, call: string): void {
  breach(m.truth, 'use-after-detach', {
    ino: buffer.ino,
    importer: importer.device,
    severity: 'critical',
    at: m.scheduler.now,
    why: `${call} through a detached attachment`,
  })
}
