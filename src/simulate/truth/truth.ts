import type { Cause, ResetMethod, ResetTrigger } from '../../domain/read-model.ts'
import type { Rule, Severity } from '../../domain/rules.ts'
import type { Attachment, Buffer, Mapping } from '../kernel/objects.ts'

/** What really happened: written down by whoever acted, at the moment of the act. */
export interface Truth {
  readonly findings: TrueFinding[]
  readonly revocations: TrueRevocation[]
  readonly resets: TrueReset[]
  /** Everything that ever was, as it is at the end. */
  readonly buffers: Buffer[]
  readonly attachments: Attachment[]
  readonly mappings: Mapping[]
  readonly refused: { ino: number; importer: string; errno: number }[]
}

export interface TrueFinding {
  rule: Rule
  severity: Severity
  ino: number | null
  importer: string | null
  exporter: string | null
  /** Nanoseconds since the simulation began. */
  at: number
  why: string
  /** A whole trace of everything proves it. Where not, saying `undetermined` is right as well. */
  provable: boolean
}

interface Begun {
  at: number
  violated: boolean
  /** Something happened in it that a trace cannot prove. */
  doubtful: boolean
}

export interface TrueRevocation extends Begun {
  kind: 'revocation'
  ino: number
  cause: Cause
  permanent: boolean
  restored: boolean
  /** It was written down that it did not wait for fences. */
  fencesForgotten: boolean
}

export interface TrueReset extends Begun {
  kind: 'reset'
  device: string | null
  method: ResetMethod
  trigger: ResetTrigger
  live: number
}

export type Episode = TrueRevocation | TrueReset

export function createTruth(): Truth {
  return { findings: [], revocations: [], resets: [], buffers: [], attachments: [], mappings: [], refused: [] }
}

export interface Breach {
  ino?: number | null
  importer?: string | null
  exporter?: string | null
  severity: Severity
  at: number
  why: string
  provable?: boolean
  /** The revocation and the reset that it happened in. */
  during?: readonly (Episode | null | undefined)[]
}

/** A rule was broken. */
export function breach(truth: Truth, rule: Rule, { during = [], provable = true, ...fields }: Breach): void {
  truth.findings.push({
    rule,
    severity: fields.severity,
    ino: fields.ino ?? null,
    importer: fields.importer ?? null,
    exporter: fields.exporter ?? null,
    at: fields.at,
    why: fields.why,
    provable,
  })
  if (fields.severity === 'info') return
  for (const episode of during) {
    if (episode && provable) episode.violated = true
    else if (episode) episode.doubtful = true
  }
}
