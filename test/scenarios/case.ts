/** One situation and what is true of it. */
import { describe, expect, it } from 'vitest'
import { expectViolations, PROBED, play, resets, revocations, type Scenario } from './judge.ts'
import type { Vocabulary } from './kernel-lines.ts'

export interface Case {
  name: string
  run: Scenario
  /** Findings that the events prove, `rule ino importer`. */
  violated?: readonly string[]
  resets?: readonly string[]
  revocations?: readonly string[]
  /** Sets of probes that show enough for this truth; all three unless said. */
  shown?: readonly Vocabulary[]
}

export function judgeAll(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    for (const one of cases)
      for (const vocabulary of one.shown ?? PROBED) {
        it(`${one.name} (${vocabulary})`, async () => {
          const folded = await play(one.run, vocabulary)
          expectViolations(folded, ...(one.violated ?? []))
          if (one.resets) expect(resets(folded)).toEqual(one.resets)
          if (one.revocations) expect(revocations(folded)).toEqual(one.revocations)
        })
      }
  })
}
