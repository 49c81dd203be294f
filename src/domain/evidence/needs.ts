import type { Rule } from '../rules.ts'
import { EVIDENCE, type EvidenceName, TIERS, type Tier } from './kinds.ts'

/** Any of these kinds will do. */
export type Need = readonly EvidenceName[]

export interface RuleNeeds {
  /** Without each of these, no event could show that the rule was broken. */
  needs: readonly Need[]
  /** Without each of these, the rule decides a part of its cases only. */
  partly?: readonly { need: Need; without: string }[]
}

const told: Need = ['invalidates', 'moves']
const mapped: Need = ['maps']
const unmapped: Need = ['unmaps']
const ended: Need = ['releases', 'exits']
const openAtEnd = { need: ended, without: 'what is open at the end stays undetermined' }

/**
 * What each rule must see (KERNEL.md §6, column "Evidence", and the facts that its module listens to). Recipes, their
 * comments, `record --check` and the page after an ingest all read this table. Rules that are not judged are not in it.
 */
const RULE_NEEDS: Partial<Record<Rule, RuleNeeds>> = {
  'use-after-revoke': { needs: [mapped, ['addresses', 'translations'], unmapped, ['faults', 'accesses']] },
  'late-unmap': {
    needs: [mapped, unmapped, told],
    partly: [{ need: ['importers'], without: 'whether an importer can be told at all stays unknown' }],
  },
  'access-after-fences': { needs: [mapped, told, ['fence-waits'], ['accesses']] },
  'map-while-revoked': { needs: [mapped, told] },
  'attach-while-revoked': { needs: [['attaches'], told] },
  'fences-not-awaited': { needs: [told, ['fence-waits'], ['fence-adds'], ['fences'], ['resets', 'moves']] },
  'reset-while-mapped': { needs: [mapped, unmapped, ['resets']] },
  'reset-without-revoke': { needs: [['exports', 'attaches', 'maps'], told, ['resets']] },
  'non-revocable-importer': {
    needs: [['attaches']],
    partly: [{ need: ['importers'], without: 'only importers without any ops are known to be so' }],
  },
  'invalidate-ignored': {
    needs: [mapped, unmapped, told],
    partly: [{ need: ['importers'], without: 'only importers without any ops are known to be so' }],
  },
  'leaked-mapping': { needs: [mapped, unmapped], partly: [openAtEnd] },
  'leaked-attachment': { needs: [['attaches'], ['detaches']], partly: [openAtEnd] },
  'double-unmap': { needs: [mapped, unmapped] },
  'use-after-detach': { needs: [['detaches'], ['maps', 'unmaps']] },
  'released-while-attached': { needs: [['attaches'], ['detaches'], ['releases']] },
  'early-restore': { needs: [['moves'], ['resets']] },
  'use-after-permanent-revoke': { needs: [['closes'], ['maps', 'attaches']] },
  'late-fence': { needs: [told, ['fence-adds'], ['fences']] },
  'importer-lost-mapping': { needs: [mapped, unmapped, ['moves']] },
  'pin-imbalance': { needs: [['pins'], ['detaches']] },
  'capability-changed': {
    needs: [['attaches'], ['importers']],
  },
  'device-lost-while-mapped': {
    needs: [mapped, unmapped, ['device-errors', 'kernel-log']],
    partly: [{ need: ['kernel-log'], without: 'which devices are below a port stays unknown' }],
  },
  'kernel-splat': { needs: [['kernel-log']] },
  'incomplete-log': { needs: [] },
}

/** The rules of the table, in its order. */
export const JUDGED_RULES = Object.keys(RULE_NEEDS) as Rule[]

export function needsOf(rule: Rule): RuleNeeds {
  return RULE_NEEDS[rule] ?? { needs: [] }
}

/** The least tier of recording that has all that a rule needs; null where it needs nothing. */
export function tierOf(rule: Rule): Tier | null {
  const tiers = needsOf(rule).needs.map((need) => Math.min(...need.map((name) => TIERS.indexOf(EVIDENCE[name].tier))))
  return tiers.length === 0 ? null : TIERS[Math.max(...tiers)]!
}

export interface Decision {
  rule: Rule
  /** `partly`: some of its cases, or with a doubt. */
  can: 'decide' | 'partly' | 'nothing'
  /** Kinds of evidence of which one each is missing. */
  missing: Need[]
  why: string | null
}

/** What a trace that holds these kinds of evidence could say about each rule. */
export function decisions(has: (name: EvidenceName) => boolean): Decision[] {
  const met = (need: Need) => need.some(has)
  return JUDGED_RULES.map((rule) => {
    const { needs, partly = [] } = needsOf(rule)
    const missing = needs.filter((need) => !met(need))
    if (missing.length > 0) return { rule, can: 'nothing', missing, why: inWords(missing) }
    const blunt = partly.filter(({ need }) => !met(need))
    if (blunt.length === 0) return { rule, can: 'decide', missing: [], why: null }
    return { rule, can: 'partly', missing: blunt.map(({ need }) => need), why: blunt.map((b) => b.without).join('; ') }
  })
}

function inWords(missing: readonly Need[]): string {
  return `no ${missing.map((need) => need.map((name) => EVIDENCE[name].what).join(' or ')).join(', no ')}`
}
