/**
 * Integers as byte planes: all lowest bytes first, then all second bytes, … Widths that no value needs are left out, and
 * zstd packs a plane of like bytes far better than the same bytes spread over words.
 */

export type Integers = Uint32Array | Int32Array | Uint8Array | Float64Array

/** Bytes needed for the largest of the first `count` values; 0 when all are 0. Values are 0 … 2^53-1. */
export function widthOf(values: Integers, count: number): number {
  let max = 0
  for (let i = 0; i < count; i++) if (values[i]! > max) max = values[i]!
  let width = 0
  while (max >= 1) {
    max /= 256
    width++
  }
  return width
}

/** Writes `width` planes at `offset`; returns where they end. */
export function writePlanes(target: Buffer, offset: number, values: Integers, count: number, width: number): number {
  for (let plane = 0; plane < Math.min(width, 4); plane++) {
    const shift = plane * 8
    for (let i = 0; i < count; i++) target[offset + i] = values[i]! >>> shift
    offset += count
  }
  for (let plane = 4; plane < width; plane++) {
    const divisor = 2 ** (plane * 8)
    for (let i = 0; i < count; i++) target[offset + i] = Math.floor(values[i]! / divisor)
    offset += count
  }
  return offset
}

/** Fills `values` from the planes at `offset`; returns where they end. */
export function readPlanes(source: Buffer, offset: number, values: Integers, count: number, width: number): number {
  for (let plane = 0; plane < width; plane++) {
    const factor = 2 ** (plane * 8)
    for (let i = 0; i < count; i++) values[i]! += source[offset + i]! * factor
    offset += count
  }
  return offset
}
