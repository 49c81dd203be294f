import type Database from 'better-sqlite3'
import type { Basis, ImporterClass } from '../../domain/read-model.ts'
import type { AttachmentAt, WorldRows } from './rows.ts'

interface KnownAttachment {
  attachment: string | null
  importer_device: string | null
  class: ImporterClass
  basis: Basis
  deferred: bigint | null
  callback: string | null
  p2p: bigint | null
}

interface KnownBuffer {
  exporter: string | null
  exporter_device: string | null
  size: bigint | null
}

/** Puts what the whole capture shows about what things are in the place of what was known of it then. */
export function applyKnowledge(sqlite: Database.Database, capture: number, rows: WorldRows): void {
  const bufferById = sqlite
    .prepare('SELECT exporter, exporter_device, size FROM buffer WHERE capture = ? AND id = ?')
    .safeIntegers()
  const attachmentById = sqlite
    .prepare(
      `SELECT attachment, importer_device, class, basis, deferred, callback, p2p FROM attachment
       WHERE capture = ? AND id = ?`,
    )
    .safeIntegers()
  const devices = new Map<number | null, string | null>()
  const learn = (attachment: AttachmentAt) => {
    // Not there yet while a capture whose times run backwards is read.
    const known = attachmentById.get(capture, attachment.id) as KnownAttachment | undefined
    if (!known) return
    attachment.attachment = known.attachment
    attachment.importerDevice = known.importer_device
    attachment.class = known.class
    attachment.basis = known.basis
    attachment.deferred = known.deferred === null ? null : known.deferred === 1n
    attachment.callback = known.callback
    attachment.p2p = known.p2p === null ? null : known.p2p === 1n
    devices.set(attachment.id, known.importer_device)
  }
  for (const attachment of rows.attachments) learn(attachment)
  for (const buffer of rows.buffers) {
    const known = bufferById.get(capture, buffer.id) as KnownBuffer | undefined
    if (known) {
      buffer.exporter = known.exporter
      buffer.exporterDevice = known.exporter_device
      buffer.size = known.size === null ? null : BigInt.asUintN(64, known.size)
    }
    for (const attachment of buffer.attachments) learn(attachment)
    for (const waiting of buffer.revocation?.waitingFor ?? [])
      waiting.importerDevice = devices.get(waiting.attachment) ?? waiting.importerDevice
  }
}
