import type { Mapping, Sighting } from './entities.ts'

/** A device no longer answers, or what is below a port has gone. */
export interface DeviceLoss {
  /** The device that is lost, or the port above those that are. */
  device: string
  at: Sighting
  /** In words: `0000:01:00.0 told of a fatal error`. */
  what: string
  /** Mappings of its buffers that were live then. */
  live: Mapping[]
  /** Live mappings of buffers that may or may not be of what is lost, and why that is not known. */
  doubtful: { mapping: Mapping; why: string }[]
  /** Why it may not have been lost at all. */
  doubt: string | null
}
