import { expect, test } from 'vitest'
import { differences, type EngineFinding } from './compare.ts'
import type { OracleFinding } from './oracle.ts'

const ours = (of: Partial<OracleFinding> = {}): OracleFinding => ({
  rule: 'late-unmap',
  ino: '7',
  importer: '0000:00:04.0',
  severity: 'error',
  verdict: 'violated',
  at: 1n,
  why: 'never',
  ...of,
})
const theirs = (of: Partial<EngineFinding> = {}): EngineFinding => ({
  rule: 'late-unmap',
  ino: 7n,
  importerDevice: '0000:00:04.0',
  severity: 'error',
  verdict: 'violated',
  ...of,
})

test('equal multisets have no differences, unequal counts do', () => {
  expect(differences([ours()], [theirs()])).toEqual([])
  expect(differences([ours(), ours()], [theirs()])).toEqual([
    'only the oracle, violated: late-unmap ino=7 importer=0000:00:04.0 (never); the other side has violated',
  ])
  expect(differences([], [theirs()])).toEqual(['only the engine, violated: late-unmap ino=7 importer=0000:00:04.0'])
})

test('an importer that one side leaves open matches, but an exact match comes first', () => {
  const open = ours({ importer: null })
  expect(differences([open], [theirs()])).toEqual([])
  expect(differences([open, ours()], [theirs(), theirs({ importerDevice: '0000:00:09.0' })])).toEqual([])
  expect(differences([ours()], [theirs({ importerDevice: '0000:00:09.0' })])).toHaveLength(2)
})

test('info never counts, undetermined only when asked for', () => {
  expect(differences([ours({ severity: 'info' })], [])).toEqual([])
  const undetermined = [ours({ verdict: 'undetermined' })]
  expect(differences(undetermined, [])).toEqual([])
  expect(differences(undetermined, [], { undetermined: true })).toHaveLength(1)
  expect(differences(undetermined, [theirs({ verdict: 'undetermined' })], { undetermined: true })).toEqual([])
})
