/** The rules a finding can break, with the severity CONTRACT gives each. */

export type Severity = 'critical' | 'error' | 'warning' | 'info'

/** Most severe first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'error', 'warning', 'info']

/** `violated`: the events prove it. `undetermined`: they would, but for the gap that the finding names. */
export type Verdict = 'violated' | 'undetermined'

/** An episode's verdict: `clean` only where the events cover it. */
export type EpisodeVerdict = 'clean' | Verdict

export const RULES = [
  'use-after-revoke',
  'late-unmap',
  'access-after-fences',
  'map-while-revoked',
  'attach-while-revoked',
  'fences-not-awaited',
  'reset-while-mapped',
  'reset-without-revoke',
  'non-revocable-importer',
  'invalidate-ignored',
  'leaked-mapping',
  'leaked-attachment',
  'double-unmap',
  'use-after-detach',
  'released-while-attached',
  'early-restore',
  'use-after-permanent-revoke',
  'late-fence',
  'importer-lost-mapping',
  'pin-imbalance',
  'capability-changed',
  'device-lost-while-mapped',
  'kernel-splat',
  'incomplete-log',
] as const

export type Rule = (typeof RULES)[number]

/** What the names of a user's own rules begin with: with the slash none can ever be one of `RULES`. */
export const OWN_PREFIX = 'own/'

/** A rule that a user wrote (`src/own-rules/`); its findings are made when the log is read and never stored. */
export type OwnRule = `${typeof OWN_PREFIX}${string}`

/** What the `rule` of a finding can be. */
export type RuleName = Rule | OwnRule
