/**
 * Integers as byte planes: all lowest bytes first, then all second bytes, … Widths that no value needs are left out, and
 * zstd packs a plane of like bytes far better than the same bytes spread over words.
 */

/** Bytes needed for the largest of the first `count` values; 0 when all are 0. */
export function widthOf(values: Uint32Array, count: number): number {
  let bits = 0
  for (let i = 0; i < count; i++) bits |= values[i]!
  return (32 - Math.clz32(bits) + 7) >> 3
}

/** Writes `width` planes at `offset`; returns where they end. */
export function writePlanes(
  target: Uint8Array,
  offset: number,
  values: Uint32Array,
  count: number,
  width: number,
): number {
  for (let plane = 0; plane < width; plane++) {
    const shift = plane * 8
    for (let i = 0; i < count; i++) target[offset + i] = values[i]! >>> shift
    offset += count
  }
  return offset
}

/** Reads `count` values from the planes at `offset`, `width` of them. */
export function readPlanes(source: Uint8Array, offset: number, count: number, width: number): Uint32Array<ArrayBuffer> {
  const values = new Uint32Array(count)
  for (let plane = 0; plane < width; plane++) {
    const shift = plane * 8
    for (let i = 0; i < count; i++) values[i]! |= source[offset + i]! << shift
    offset += count
  }
  return values
}
