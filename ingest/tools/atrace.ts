import { beginReader } from '../begin-reader.ts'
import type { LineLayout } from '../layout.ts'
import { createLineHead, Scan } from '../line-head.ts'
import { resemblesTrace } from '../mail/resembles-trace.ts'
import { structureOf } from '../structure.ts'

const TRACE = /^(?:# )?TRACE:\s*$/

/**
 * What `atrace` (and bytrace, hitrace) prints: words of its own, a line `TRACE:`, then kernel text (`inner`). The words
 * before are no part of the trace; a line that holds a piece of a context is one all the same.
 */
export function atrace(layout: LineLayout): LineLayout {
  return {
    ...layout,
    begin(kept) {
      let before = (kept as { before: boolean } | null)?.before ?? true
      const attempt = createLineHead()
      return {
        ...beginReader(layout, null),
        structure(b, p, end) {
          const found = structureOf(b, p, end)
          if (!before) return found
          const line = b.toString('latin1', p, end)
          if (TRACE.test(line)) before = false
          if (found || !before) return found ?? { kind: 'around' }
          if (layout.scanLoose(b, p, attempt) === Scan.event || resemblesTrace(line)) return null
          return { kind: 'around' }
        },
        state: () => ({ before }),
      }
    },
  }
}
