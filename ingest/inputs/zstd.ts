import { constants, createZstdDecompress } from 'node:zlib'
import { inflate, UNPACKED_BYTES } from './inflate.ts'
import type { Member } from './members.ts'

/** 128 MiB, as `zstd -d` allows without being asked: more is memory that a small file could claim. */
const WINDOW_LOG = 27

/** One frame, or a skippable one (RFC 8878); several, where zlib finds them in one piece. */
export const zstdFrame: Member = async function* (reader) {
  const engine = createZstdDecompress({
    chunkSize: UNPACKED_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
  })
  return (yield* inflate(engine, reader)) ? 'whole' : 'cut'
}
