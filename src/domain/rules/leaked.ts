import { detachProbes } from '../evolve/detachments.ts'
import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { report } from '../findings.ts'
import type { Attachment, Mapping, Sighting } from '../world/entities.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { attachDoubt, bufferName, importerName, joinDoubt, mappingName } from './wording.ts'

/**
 * R7. A mapping or an attachment that nobody took down. Open at the end of a trace it may simply live on: only after
 * its buffer's release, or well after its owner's exit, has it leaked.
 *
 * Traps: DRM importers hold for hours by design; a process that exits lets go a moment *after* its exit event.
 */
export const leakedMapping: RuleModule = {
  rule: 'leaked-mapping',
  on: {
    ended({ at }, world) {
      for (const attachment of open(world)) for (const mapping of attachment.mappings) leaked(world, mapping, at)
    },
  },
}

export const leakedAttachment: RuleModule = {
  rule: 'leaked-attachment',
  on: {
    ended({ at }, world) {
      for (const attachment of open(world)) {
        report(world, {
          rule: 'leaked-attachment',
          severity: 'warning',
          at: attachment.attached ?? at,
          attachment,
          pid: attachment.pid,
          evidence: [attachment.attached, at],
          absent: { from: attachment.attached?.ns ?? null, to: at.ns },
          needs: detachProbes(attachment),
          missing: certain(world, attachment, at)
            ? attachDoubt(attachment)
            : 'the trace ends while it is open: it may be taken down later',
          summary: `${importerName(attachment)} never detached from ${bufferName(attachment.buffer)}`,
        })
      }
    },
  },
}

function* open(world: World): Generator<Attachment> {
  for (const buffer of world.unreleased) yield* buffer.attachments
  yield* world.orphans
}

function leaked(world: World, mapping: Mapping, at: Sighting): void {
  const attachment = mapping.attachment!
  report(world, {
    rule: 'leaked-mapping',
    severity: 'warning',
    at: mapping.mapped ?? at,
    mapping,
    pid: attachment.pid,
    evidence: [mapping.mapped, at],
    absent: { from: mapping.mapped?.ns ?? null, to: at.ns },
    needs: unmapProbes(world, mapping),
    missing: certain(world, attachment, at)
      ? joinDoubt(attachment)
      : 'the trace ends while it is open: it may be taken down later',
    summary: `${mappingName(mapping)} was never unmapped`,
  })
}

/** Long enough after an exit for the files to be closed. */
const AFTER_EXIT = 1_000_000_000n

function certain(world: World, attachment: Attachment, at: Sighting): boolean {
  if (attachment.buffer?.released) return true
  const exit = attachment.pid === null ? undefined : world.exits.get(attachment.pid)
  return (
    exit !== undefined &&
    attachment.attached !== null &&
    exit.seq > attachment.attached.seq &&
    at.ns - exit.ns > AFTER_EXIT
  )
}
