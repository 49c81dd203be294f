import { deserialize, serialize } from 'node:v8'
import { unzstd, zstdSync } from '../log/zstd.ts'
import type { FoldState } from './fold-state.ts'

/** One serialisation for all of it: what is shared in the state must be shared when it is taken up again. */
export function packState(state: FoldState): Buffer {
  return zstdSync(serialize(state))
}

/** Null where the bytes are damaged, or were written by a Node that serialises otherwise. */
export function unpackState(stored: Uint8Array): FoldState | null {
  try {
    return deserialize(unzstd(stored)) as FoldState
  } catch {
    return null
  }
}
