import type { Attachment, Buffer, Sighting } from './entities.ts'

/**
 * One list of the machine's buffers (`bufinfo`, `fdinfo`) at one moment. It proves that they existed then, who exported
 * them, how large they are and whose devices were attached; not whether anything was mapped or revoked.
 */
export interface Snapshot {
  at: Sighting
  /** A whole list is to come, with a total at its end: bufinfo. */
  counted: boolean
  buffers: Set<Buffer>
  /** Of each attachment, one line: a device can be attached to a buffer several times. */
  listed: Set<Attachment>
  /** What was not known before it. */
  made: Set<Buffer>
  attached: Set<Attachment>
  /** It contradicts the trace: it is of another boot, or its time is wrong. What it says is not believed. */
  foreign: boolean
}

export function createSnapshot(at: Sighting, counted: boolean): Snapshot {
  return {
    at,
    counted,
    buffers: new Set(),
    listed: new Set(),
    made: new Set(),
    attached: new Set(),
    foreign: false,
  }
}
