/** What `record --check --json` prints of a trace: what it can prove, and what to record next time. */
import { EVIDENCE_NAMES, type EvidenceName, TIERS } from '../../domain/evidence/kinds.ts'
import { type Decision, decisions } from '../../domain/evidence/needs.ts'
import { type KernelVersion, parseVersion } from '../../domain/kernel-version.ts'
import type { Rule } from '../../domain/rules.ts'
import type { Capture } from '../../log/captures.ts'
import type { LogConnection } from '../../log/connection.ts'
import { readCheckpoint } from '../../projection/store.ts'
import { kernelOf } from '../../record/kernel.ts'
import { type Plan, planRecording } from '../../record/plan.ts'
import type { RecordOptions } from '../command.ts'
import { type Limit, limitsOf } from './recording-limits.ts'
import { isEvidence, type Survey, surveyCapture } from './survey.ts'

export interface RecordingDocument {
  file: string
  tier: string | null
  events: number
  clock: string | null
  kernel: string | null
  /** Kinds of evidence that are there, with the events that are it. */
  seen: { evidence: EvidenceName; events: number; as: string[] }[]
  /** Kinds that are not: not recorded, or never happened. */
  unseen: EvidenceName[]
  rules: { rule: string; can: Decision['can']; why: string | null }[]
  limits: Limit[]
  next: {
    /** The kernel that the lines are for. */
    kernel: string
    /** Lines for `dynamic_events`. */
    probes: string[]
    /** `system/event`, or `system/*`. */
    events: string[]
  }
}

export function recordingDocument(
  { sqlite }: LogConnection,
  file: string,
  capture: Capture,
  options: RecordOptions,
): RecordingDocument {
  const survey = surveyCapture(sqlite, capture.capture)
  const limits = limitsOf(sqlite, capture, survey)
  const spoke = sqlite.prepare("SELECT DISTINCT rule FROM finding WHERE capture = ? AND verdict = 'violated'").pluck()
  const proven = new Set(spoke.all(capture.capture))
  const rules = decisions(survey.has).map((decision) =>
    // What was proven could be decided, whatever else was not recorded.
    proven.has(decision.rule) ? decided(decision.rule) : limited(decision, limits),
  )
  const present = EVIDENCE_NAMES.filter(survey.has)
  return {
    file,
    tier: readCheckpoint(sqlite, capture.capture)?.tier ?? null,
    events: capture.events,
    clock: capture.clock,
    kernel: capture.kernel,
    seen: present.map((evidence) => {
      const events = survey.events.filter((event) => isEvidence(event, evidence))
      return {
        evidence,
        events: events.reduce((sum, { count }) => sum + count, 0),
        as: [...new Set(events.map(asText))],
      }
    }),
    unseen: EVIDENCE_NAMES.filter((name) => !survey.has(name)),
    rules: rules.map(({ rule, can, why }) => ({ rule, can, why })),
    limits,
    next: nextTime(rules, survey, options.kernel ?? capture.kernel),
  }
}

function asText({ name, fn, point }: Survey['events'][number]): string {
  if (fn === null || fn === name) return name
  return `${name} (${fn}${point === 'return' ? ' return' : ''})`
}

function decided(rule: Rule): Decision {
  return { rule, can: 'decide', missing: [], why: null }
}

/** A limit of the whole trace makes less of what its kinds of event could decide. */
function limited(decision: Decision, limits: readonly Limit[]): Decision {
  const { rule, can } = decision
  if (can === 'nothing' || rule === 'incomplete-log') return decision
  if (rule === 'late-unmap' && limits.some(({ limit }) => limit === 'ticks'))
    return { ...decision, can: 'nothing', why: 'the clock counts no time' }
  const gap = limits.find(({ limit }) => limit === 'gaps')
  if (!gap) return decision
  return {
    ...decision,
    can: 'partly',
    why: [decision.why, 'what a gap may hide stays undetermined'].filter(Boolean).join('; '),
  }
}

const NEWEST = '7.3'

/** The lines of the recipe whose evidence some rule lacked. */
function nextTime(rules: readonly Decision[], survey: Survey, given: string | null): RecordingDocument['next'] {
  const older = survey.events.some(({ fn }) => fn === 'dma_buf_move_notify')
  const version = given === null ? null : parseVersion(given)
  const kernel = version ? nameOf(given!, version) : older ? '7.0' : NEWEST
  const plan = planRecording(kernelOf(kernel, version ?? parseVersion(kernel)!), {
    tier: TIERS.at(-1)!,
    clock: 'mono',
    bufferKb: 1,
    output: '.',
  }) as Plan
  const lacking = new Set(rules.flatMap(({ missing }) => missing.flat()))
  const lacks = (shows: readonly EvidenceName[]) => shows.some((name) => lacking.has(name) && !survey.has(name))
  return {
    kernel,
    probes: plan.definitions.filter(({ shows }) => lacks(shows)).map(({ text }) => text),
    events: plan.events.filter(({ shows }) => lacks(shows)).map(({ path }) => path),
  }
}

/** A name that comes from a trace may hold anything, and is shown as part of a command. */
function nameOf(given: string, { major, minor }: KernelVersion): string {
  return /^[\w.+-]+$/.test(given) ? given : `${major}.${minor}`
}
