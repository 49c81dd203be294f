import type { ImporterClass } from '../../domain/read-model.ts'
import type { Running } from '../scheduler.ts'
import type { Machine, Thread } from './machine.ts'
import type { Attachment } from './objects.ts'

/** What an importer does when it is told to let go, inside its callback. */
export type Told = (m: Machine, thread: Thread, attachment: Attachment) => Running

/** A driver that maps others' memory for its device (KERNEL.md §2.1). */
export interface Importer {
  device: string
  class: ImporterClass
  /** Address and symbol of its `dma_buf_attach_ops`; `0x0` for none. */
  ops: string
  opsSymbol: string
  /** `invalidate_mappings`, as `%pS` prints it; null for none. */
  callback: string | null
  p2p: boolean
  attaches: string
  maps: string
  unmaps: string
  pins: string
  /** When it pins: never, around its map, or for as long as it maps. */
  pinning: 'never' | 'around' | 'kept'
  told: Told
}
