import { LF } from './ascii.ts'
import { beginLayout, type Format } from './layout.ts'
import { createLineHead, Scan } from './line-head.ts'
import { structureOf } from './structure.ts'

/** Whether any of the lines in `bytes`, which ends with a line feed, is an event of the layout; true where none could be. */
export function readsAs(bytes: Buffer, format: Format): boolean {
  const layout = beginLayout(format)
  const structureAt = layout.structure ?? structureOf
  const head = createLineHead()
  let candidates = 0
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start)
    if (layout.scan(bytes, start, head) === Scan.event) return true
    if (structureAt(bytes, start, end) === null) {
      candidates++
      if (layout.scanLoose(bytes, start, head) === Scan.event) return true
    }
    start = end + 1
  }
  return candidates === 0
}
