import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { RULE_MODULES } from '../../../src/domain/rules/index.ts'
import { RULES } from '../../../src/domain/rules.ts'

/** Files that hold two rules. */
const TOGETHER: Record<string, string> = { 'leaked-mapping': 'leaked', 'leaked-attachment': 'leaked' }

describe('every rule', () => {
  it.each(RULE_MODULES.map((module) => module.rule))('%s has its tests', (rule) => {
    expect(existsSync(new URL(`${TOGETHER[rule] ?? rule}.test.ts`, import.meta.url))).toBe(true)
  })

  it('is on the list of rules, once', () => {
    const names = RULE_MODULES.map((module) => module.rule)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !RULES.includes(name))).toEqual([])
  })
})
