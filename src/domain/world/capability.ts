import type { Attachment } from './entities.ts'

/** What a device's accepted attachments have shown of what their importers can do. */
export interface Capability {
  /** Attachments of which more may become known. */
  unsettled: Attachment[]
  /** Of each driver, the latest attachment whose class is known; by null those of drivers that nothing names. */
  latest: Map<string | null, Attachment>
  /** Changes of which was spoken, as `from>to`. */
  told: Set<string>
}
