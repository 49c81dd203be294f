/** Folds a scenario and compares what was found with its truth. */
import { expect } from 'vitest'
import { type Folded, foldText } from '../support/fold-file.ts'
import { unsound } from '../support/sound.ts'
import { createLedger, type Ledger, traceText, type Vocabulary } from './kernel-lines.ts'

export type Scenario = (k: Ledger) => void

export async function play(scenario: Scenario, vocabulary: Vocabulary = 'recipe'): Promise<Folded> {
  const k = createLedger(vocabulary)
  scenario(k)
  const folded = await foldText(traceText(k))
  expect(unsound(folded)).toEqual([])
  return folded
}

/** `rule ino importer`, for every violated finding from warning on; ino and importer `-` where unknown. */
export function violations(folded: Folded): string[] {
  return folded.findings
    .filter((f) => f.verdict === 'violated' && f.severity !== 'info')
    .map((f) => `${f.rule} ${f.ino ?? '-'} ${f.importerDevice ?? '-'}`)
    .sort()
}

export function doubts(folded: Folded): string[] {
  return folded.findings
    .filter((f) => f.verdict === 'undetermined')
    .map((f) => `${f.rule} ${f.ino ?? '-'} ${f.importerDevice ?? '-'}`)
    .sort()
}

/** `device method trigger live verdict`. */
export function resets(folded: Folded): string[] {
  return folded.resets.map((r) => `${r.device ?? '-'} ${r.method} ${r.trigger} ${r.mappingsLive} ${r.verdict}`)
}

/** `ino cause permanent|transient restored|gone verdict`. */
export function revocations(folded: Folded): string[] {
  return folded.revocations.map((r) =>
    [
      r.ino,
      r.cause,
      r.permanent ? 'permanent' : 'transient',
      r.restoredNs === null ? 'gone' : 'restored',
      r.verdict,
    ].join(' '),
  )
}

export function expectViolations(folded: Folded, ...truth: string[]): void {
  expect(violations(folded)).toEqual([...truth].sort())
}

export const PROBED: readonly Vocabulary[] = ['recipe', 'btf', 'raw']
