import type { Buffer, Sighting } from './entities.ts'

/** A fence of a buffer's reservation object. */
export interface Fence {
  key: string
  buffer: Buffer
  added: Sighting
  signalled: Sighting | null
  /** A wait that covers it returned before it was seen to signal. */
  awaited: boolean
  /** Several buffers share the reservation object that it was added to: it may concern only another one. */
  shared: boolean
}
