/** What the engine says of each buffer, attachment, mapping, revocation and reset of a whole trace, beside what it was. */
import type { Simulation } from '../../src/simulate/simulate.ts'
import type { Folded } from '../support/fold-file.ts'

type Clock = (at: number | null) => bigint | null

/** Times as text has them: to the microsecond, or with `unit` 1 to the nanosecond. */
function clock({ begin }: Simulation, unit: bigint): Clock {
  return (at) => (at === null ? null : ((begin + BigInt(Math.round(at))) / unit) * unit)
}

/** Rows of either side that the other has not, as text: at most so many of each kind. */
const SHOWN = 4

function unlike(what: string, truth: readonly string[], found: readonly string[]): string[] {
  const left = [...found]
  const missing = truth.filter((row) => {
    const at = left.indexOf(row)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  return [
    ...missing.slice(0, SHOWN).map((row) => `${what}, true: ${row}`),
    ...left.slice(0, SHOWN).map((row) => `${what}, found: ${row}`),
  ]
}

const row = (fields: Record<string, unknown>) =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

export function wrongRows(simulation: Simulation, folded: Folded, unit = 1000n): string[] {
  const ns = clock(simulation, unit)
  return [
    ...wrongBuffers(simulation, folded, ns),
    ...wrongAttachments(simulation, folded, ns),
    ...wrongMappings(simulation, folded, ns),
    ...wrongRevocations(simulation, folded, ns),
    ...wrongResets(simulation, folded),
  ]
}

function stateOf({ released, dead, revoked, revoking }: Simulation['truth']['buffers'][number]): string {
  if (released) return 'released'
  if (revoking) return 'revoking'
  return dead ? 'dead' : revoked ? 'revoked' : 'live'
}

function wrongBuffers(simulation: Simulation, { buffers }: Folded, ns: Clock): string[] {
  const { truth } = simulation
  return unlike(
    'buffer',
    truth.buffers.map((b) =>
      row({
        ino: b.ino,
        exporter: b.exporter.name,
        device: b.owner?.name ?? null,
        size: b.size,
        exported: ns(b.exportedAt),
        released: ns(b.releasedAt),
        revocations: truth.revocations.filter(({ ino }) => ino === b.ino).length,
        attachments: b.accepted,
        mappings: b.mapped,
        state: stateOf(b),
      }),
    ),
    buffers.map((b) =>
      row({
        ino: b.ino,
        exporter: b.exporter,
        device: b.exporterDevice,
        size: b.size,
        exported: b.exportedNs,
        released: b.releasedNs,
        revocations: b.revocations,
        attachments: b.attachments,
        mappings: b.mappings,
        state: b.state,
      }),
    ),
  )
}

const symbol = (printed: string | null) => printed?.replace(/\+0x.*/, '') ?? null

function wrongAttachments(simulation: Simulation, { attachments }: Folded, ns: Clock): string[] {
  const { truth } = simulation
  return [
    ...unlike(
      'attachment',
      truth.attachments.map(({ buffer, importer, pointer, attachedAt, detachedAt, everPinned, invalidations, acted }) =>
        row({
          ino: buffer.ino,
          device: importer.device,
          pointer,
          class: importer.class,
          callback: symbol(importer.callback),
          p2p: importer.ops === '0x0' ? null : importer.p2p,
          attached: ns(attachedAt),
          detached: ns(detachedAt),
          basis: acted ? 'observed' : 'declared',
          deferred: acted && acted === 'later',
          pinned: everPinned || null,
          invalidations,
        }),
      ),
      attachments
        .filter((a) => a.refusedErrno === null)
        .map((a) =>
          row({
            ino: a.ino,
            device: a.importerDevice,
            pointer: a.attachment,
            class: a.class,
            callback: a.callback,
            p2p: a.p2p,
            attached: a.attachedNs,
            detached: a.detachedNs,
            basis: a.basis,
            deferred: a.deferred,
            pinned: a.pinned,
            invalidations: a.invalidations,
          }),
        ),
    ),
    ...unlike(
      'refusal',
      truth.refused.map(({ ino, importer, errno }) => row({ ino, device: importer, errno })),
      attachments
        .filter((a) => a.refusedErrno !== null)
        .map((a) => row({ ino: a.ino, device: a.importerDevice, errno: a.refusedErrno })),
    ),
  ]
}

/** include/linux/dma-direction.h. */
const DIRECTIONS = ['BIDIRECTIONAL', 'TO_DEVICE', 'FROM_DEVICE']

/** From the latest of "told", "all are told" and "fences drained" that came before its end. */
function latencyOf({ told, returnedAt }: Simulation['truth']['mappings'][number], ns: Clock): bigint | null {
  if (!told || returnedAt === null) return null
  const since = Math.max(told.enteredAt!, told.notifiedAt ?? 0, told.fencesAt ?? 0)
  return ns(returnedAt)! - ns(since)!
}

function wrongMappings(simulation: Simulation, { mappings }: Folded, ns: Clock): string[] {
  return unlike(
    'mapping',
    simulation.truth.mappings.map((m) =>
      row({
        ino: m.attachment.buffer.ino,
        device: m.attachment.importer.device,
        attachment: m.attachment.pointer,
        // iommufd does not say which way.
        direction: m.attachment.importer.class === 'private' ? null : DIRECTIONS[m.direction],
        iova: m.iova,
        length: m.length,
        mapped: ns(m.mappedAt),
        unmapped: ns(m.returnedAt),
        comm: m.endedIn?.comm ?? null,
        pid: m.endedIn?.pid ?? null,
        endedBy: m.endedBy,
        liveAtReset: m.liveAtReset,
        latency: latencyOf(m, ns),
      }),
    ),
    mappings.map((m) =>
      row({
        ino: m.ino,
        device: m.importerDevice,
        attachment: m.attachment,
        direction: m.direction,
        iova: m.iova,
        length: m.length,
        mapped: m.mappedNs,
        unmapped: m.unmappedNs,
        comm: m.unmappedComm,
        pid: m.unmappedPid,
        endedBy: m.endedBy,
        liveAtReset: m.liveAtReset,
        latency: m.unmapLatencyNs,
      }),
    ),
  )
}

function wrongRevocations(simulation: Simulation, { revocations }: Folded, ns: Clock): string[] {
  return unlike(
    'revocation',
    simulation.truth.revocations.map((r) =>
      row({ ino: r.ino, requested: ns(r.at), cause: r.cause, permanent: r.permanent, restored: r.restored }),
    ),
    revocations.map((r) =>
      row({
        ino: r.ino,
        requested: r.requestedNs,
        cause: r.cause,
        permanent: r.permanent,
        restored: r.restoredNs !== null,
      }),
    ),
  )
}

function wrongResets(simulation: Simulation, { resets }: Folded): string[] {
  return unlike(
    'reset',
    simulation.truth.resets.map((r) => row({ device: r.device, method: r.method, trigger: r.trigger, live: r.live })),
    resets.map((r) => row({ device: r.device, method: r.method, trigger: r.trigger, live: r.mappingsLive })),
  )
}
