import type { MappingEnd } from '../../domain/read-model.ts'
import type { Machine, Thread } from '../kernel/machine.ts'
import type { Attachment, Buffer, Mapping } from '../kernel/objects.ts'
import { noteMappedInReset } from './resets.ts'
import { breach, type TrueRevocation } from './truth.ts'

/** KERNEL.md §6, R2: the deadlines of an unmap. */
const LATE = 1e9
const FAR_TOO_LATE = 10e9

const who = ({ attachment: { buffer, importer } }: Mapping) => ({ ino: buffer.ino, importer: importer.device })

export function noteMapped(m: Machine, mapping: Mapping): void {
  const { buffer } = mapping.attachment
  const at = m.scheduler.now
  if (!buffer.revoked) return noteMappedInReset(m, mapping)
  const during = [buffer.revocation]
  if (buffer.dead)
    breach(m.truth, 'use-after-permanent-revoke', {
      ...who(mapping),
      severity: 'error',
      at,
      why: 'mapped after the revoke for good',
      during,
    })
  else
    breach(m.truth, 'map-while-revoked', {
      ...who(mapping),
      severity: 'critical',
      at,
      why: 'mapped while revoked',
      during,
    })
}

/** The exporter tells its importers: every mapping that lives is to go, and one whose importer has no callback cannot. */
export function noteTold(m: Machine, buffer: Buffer, episode: TrueRevocation): void {
  for (const attachment of buffer.attachments) {
    if (attachment.mappings.size > 0 && attachment.toldIn !== episode) attachment.invalidations++
    attachment.toldIn = episode
    for (const mapping of attachment.mappings) {
      mapping.told ??= { episode, at: m.scheduler.now, enteredAt: null, notifiedAt: null, fencesAt: null }
      if (attachment.importer.callback !== null || mapping.noted.has('invalidate-ignored')) continue
      mapping.noted.add('invalidate-ignored')
      breach(m.truth, 'invalidate-ignored', {
        ...who(mapping),
        severity: 'error',
        at: m.scheduler.now,
        why: 'told without a callback',
        during: [episode],
      })
    }
  }
}

/** Its callbacks are about to be called. */
export function noteTelling(m: Machine, buffer: Buffer): void {
  for (const attachment of buffer.attachments)
    for (const { told } of attachment.mappings) if (told) told.enteredAt ??= m.scheduler.now
}

export function noteEnded(mapping: Mapping, { comm, pid }: Thread, how: MappingEnd): void {
  mapping.endedBy = how
  mapping.endedIn = { comm, pid }
}

/** The importer has let go, within its callback or not. */
export function noteLetGo(mapping: Mapping, thread: Thread): void {
  const { told, attachment } = mapping
  const within = attachment.callbackIn === thread
  noteEnded(mapping, thread, told || within ? 'revoke' : 'unmap')
  if (!told || attachment.importer.callback === null) return
  if (attachment.acted !== 'later') attachment.acted = within ? 'within' : 'later'
}

export function noteNotified(m: Machine, buffer: Buffer): void {
  for (const { told } of mappingsOf(buffer)) if (told) told.notifiedAt ??= m.scheduler.now
}

export function noteDrained(m: Machine, buffer: Buffer): void {
  for (const { told } of mappingsOf(buffer)) if (told) told.fencesAt ??= m.scheduler.now
}

function mappingsOf(buffer: Buffer): Mapping[] {
  return buffer.attachments.flatMap((attachment) => [...attachment.mappings])
}

export function noteUnmapped(m: Machine, mapping: Mapping): void {
  const took = sinceTold(mapping, mapping.returnedAt!)
  if (took === null || took < LATE) return
  late(m, mapping, took, took >= FAR_TOO_LATE, true)
}

/** From the later of "all are told" and "fences are drained". */
function sinceTold({ told, attachment }: Mapping, at: number): number | null {
  if (!told || attachment.importer.callback === null) return null
  return at - Math.max(told.notifiedAt ?? told.at, told.fencesAt ?? 0)
}

function late(m: Machine, mapping: Mapping, took: number, error: boolean, provable: boolean): void {
  if (mapping.noted.has('late-unmap')) return
  mapping.noted.add('late-unmap')
  breach(m.truth, 'late-unmap', {
    ...who(mapping),
    severity: error ? 'error' : 'warning',
    at: m.scheduler.now,
    why: `${(took / 1e9).toFixed(3)} s after it was told`,
    provable,
    during: [mapping.told!.episode],
  })
}

export function noteUnmappedAgain(m: Machine, mapping: Mapping): void {
  breach(m.truth, 'double-unmap', {
    ...who(mapping),
    severity: 'critical',
    at: m.scheduler.now,
    why: 'unmapped a second time',
  })
}

/** The buffer's last reference has gone. */
export function noteReleased(m: Machine, buffer: Buffer): void {
  for (const attachment of buffer.attachments) {
    breach(m.truth, 'released-while-attached', {
      ino: buffer.ino,
      importer: attachment.importer.device,
      severity: 'error',
      at: m.scheduler.now,
      why: 'released while attached',
    })
    for (const mapping of attachment.mappings) never(m, mapping, true)
  }
}

function never(m: Machine, mapping: Mapping, released: boolean): void {
  const waited = sinceTold(mapping, m.scheduler.now)
  // Until the fences have drained, its time has not begun.
  const begun = mapping.told?.fencesAt !== null || mapping.attachment.buffer.exporter.flaws.forgetsFences === true
  if (waited !== null) late(m, mapping, waited, true, begun && (released || waited >= LATE))
}

/** The trace ends: what is open now was never taken down, as far as anybody can see. */
export function noteEnd(m: Machine, attachments: Iterable<Attachment>): void {
  for (const attachment of attachments) {
    if (attachment.detached) continue
    const { buffer, importer } = attachment
    const open = {
      ino: buffer.ino,
      importer: importer.device,
      severity: 'warning' as const,
      at: m.scheduler.now,
      provable: buffer.released,
    }
    breach(m.truth, 'leaked-attachment', { ...open, why: 'never detached' })
    for (const mapping of attachment.mappings) {
      breach(m.truth, 'leaked-mapping', { ...open, why: 'never unmapped' })
      never(m, mapping, false)
    }
  }
}
