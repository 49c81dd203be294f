import type { Note } from '../domain/record.ts'
import type { World } from '../domain/world/world.ts'
import type { InputSpan } from '../log/read-inputs.ts'
import type { Telling } from './repeated-events.ts'

/**
 * Everything a fold knows between two batches, besides the capture's dictionary: plain data with shared and cyclic
 * references and no functions in it, so that it can be put away as a whole and taken up again.
 */
export interface FoldState {
  world: World
  /** Time of the last event. */
  last: bigint | null
  /** Notes behind the last event so far: what comes after them, and whether they go on, the next batch tells. */
  trailing: Note[]
  /** The last event of the trace itself: snapshots may be later. */
  heardLast: number
  /** Index of each device name. */
  devices: Map<string, number>
  devicesTold: number
  /** Where inputs begin. While a capture is read, its notes say where the next one does. */
  spans: InputSpan[]
  /** By input and CPU: the latest line so far. */
  latestLines: Map<number, number>
  telling: Telling
}

export function createFoldState(world: World, inputs: readonly InputSpan[]): FoldState {
  return {
    world,
    last: null,
    trailing: [],
    heardLast: -1,
    devices: new Map(),
    devicesTold: 0,
    spans: [...inputs],
    latestLines: new Map(),
    telling: { now: null, told: new Map() },
  }
}
