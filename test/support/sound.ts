/** What is true of every fold, whatever it is of. */
import type { RevocationRow } from '../../src/domain/read-model.ts'
import type { Folded } from './fold-file.ts'

/** What does not hold together, a line each; empty where all does. */
export function unsound(folded: Folded): string[] {
  return [...findings(folded), ...buffers(folded), ...mappings(folded), ...episodes(folded), ...numbers(folded)]
}

function findings({ findings: all, events, attachments, buffers: known }: Folded): string[] {
  return all.flatMap((row) => {
    const { evidence, ino, importerDevice, verdict, missing } = row
    const name = `finding ${row.id}, ${row.rule}`
    return wrong(name, {
      'has no evidence': evidence.length > 0,
      'has evidence that is no event': evidence.every((seq) => seq >= 0 && seq <= events),
      'has evidence out of order, or twice': evidence.every((seq, i) => i === 0 || seq > evidence[i - 1]!),
      'has no time': row.ns !== null,
      'is certain and lacks something, or neither': (verdict === 'violated') === (missing === null),
      'says nothing': row.summary !== '' && missing !== '',
      'names a buffer that is none': ino === null || known.some((buffer) => buffer.ino === ino),
      'names an importer that never attached':
        row.attachment === null || attachments.some((one) => one.importerDevice === importerDevice),
    })
  })
}

function buffers({ buffers: all, attachments, mappings, revocations, findings: found }: Folded): string[] {
  return all.flatMap((row) => {
    const own = <T extends { buffer: number | null }>(rows: T[]): T[] => rows.filter(({ buffer }) => buffer === row.id)
    const alone = row.ino !== null && all.filter(({ ino }) => ino === row.ino).length === 1
    const accepted = own(attachments).filter(({ refusedErrno }) => refusedErrno === null)
    const seen = accepted.filter(({ attachedNs }) => attachedNs !== null)
    return wrong(`buffer ${row.id}`, {
      'counts fewer attachments than were seen to begin': seen.length <= row.attachments,
      'counts more attachments than it had': accepted.length >= row.attachments,
      'counts its mappings wrong': own(mappings).length === row.mappings,
      'counts its revocations wrong': own(revocations).length === row.revocations,
      'counts its findings wrong': !alone || found.filter(({ ino }) => ino === row.ino).length === row.findings,
      'is released or not': row.releasedNs === null || row.state === 'released',
    })
  })
}

function mappings({ mappings: all, attachments }: Folded): string[] {
  return all.flatMap((row) => {
    const attachment = attachments.find(({ id }) => id === row.attachmentId)
    const { mappedNs, unmappedNs } = row
    return wrong(`mapping ${row.id}`, {
      'has another importer than its attachment': row.importerDevice === (attachment?.importerDevice ?? null),
      'ended without an end, or the other way round': (unmappedNs === null) === (row.endedBy === null),
      'ended before it began': mappedNs === null || unmappedNs === null || mappedNs <= unmappedNs,
      'waited less than nothing': row.unmapLatencyNs === null || row.unmapLatencyNs >= 0n,
    })
  })
}

function episodes({ revocations, resets }: Folded): string[] {
  const inOrder = ({ requestedNs, notifiedNs, fencesNs, completedNs }: RevocationRow) =>
    [notifiedNs, fencesNs, completedNs].every((ns) => ns === null || ns >= requestedNs)
  return [
    ...revocations.flatMap((row) =>
      wrong(`revocation ${row.id}`, {
        'has a step before its first': inOrder(row),
        'is for good and was restored': !row.permanent || row.restoredNs === null,
      }),
    ),
    ...resets.flatMap((row) =>
      wrong(`reset ${row.id}`, {
        'ended before it began': row.finishedNs === null || row.finishedNs >= row.startedNs,
        'is clean over live mappings': row.verdict !== 'clean' || row.mappingsLive === 0,
      }),
    ),
  ]
}

function numbers(folded: Folded): string[] {
  const tables = ['buffers', 'attachments', 'mappings', 'revocations', 'resets', 'gaps', 'findings'] as const
  return tables.filter((name) => !isNumbered(name, folded[name])).map((name) => `${name}: ids leave holes`)
}

/** An attach whose outcome never shows has a number, and no row. */
function isNumbered(name: string, rows: readonly { id: number }[]): boolean {
  return rows.every(({ id }, i) => (name === 'attachments' ? id > (rows[i - 1]?.id ?? -1) : id === i))
}

function wrong(name: string, holds: Record<string, boolean>): string[] {
  return Object.entries(holds).flatMap(([what, ok]) => (ok ? [] : [`${name} ${what}`]))
}
