import type { Buffer, Sighting } from './entities.ts'
import type { Call } from './task.ts'

/** A warning or oops being printed, line by line, from "cut here" to "end trace". */
export interface Splat {
  began: Sighting
  lines: Sighting[]
  headline: string | null
  /** Its beginning was not seen: it is over when its thread does anything else. */
  lone: boolean
  /** It speaks of dma-buf, vfio or an IOMMU, or came from inside one of their calls. */
  relevant: boolean
  buffer: Buffer | null
  /** The call its thread entered last, where its return is not known to be recorded: it counts once the splat names it. */
  maybeWithin: Call | null
  comm: string
  pid: number
}
