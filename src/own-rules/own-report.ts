import { type Draft, report } from '../domain/findings.ts'
import { UNKNOWN } from '../domain/record.ts'
import { SEVERITIES } from '../domain/rules.ts'
import type { Attachment, Buffer, Mapping, Reset, Sighting } from '../domain/world/entities.ts'
import type { World } from '../domain/world/world.ts'
import type { ModuleRule } from './load-module.ts'
import type { Finding, Moment } from './rule-api.ts'
import type { Views } from './views.ts'

/** Hands what a rule found to the machinery of the built-in rules. Throws a `TypeError` for what is no finding. */
export function reportOwn(world: World, { file, definition }: ModuleRule, views: Views, finding: Finding): void {
  const entity = <T>(name: 'buffer' | 'attachment' | 'mapping' | 'reset'): T | null => {
    const view = finding[name]
    if (view === undefined || view === null) return null
    return (views.entityOf(view) as T | undefined) ?? wrong(`${name} is none that the rule was shown`)
  }
  const { missing, absent, needs, importerDevice, iova, comm, pid } = finding
  const evidence = [...finding.evidence].filter((at) => at !== null && at !== undefined)
  if (evidence.length === 0) wrong('evidence names no event that was seen; give at least one moment')
  const severity = finding.severity ?? definition.severity
  if (!SEVERITIES.includes(severity)) wrong(`severity "${severity}" is none of ${SEVERITIES.join(', ')}`)
  const summary = finding.summary ?? definition.summary
  if (typeof summary !== 'string' || summary === '') wrong('summary is missing, and the rule has none')
  const draft: Draft = {
    rule: file.rule,
    severity,
    summary: summary!,
    at: finding.at == null ? world.now : sighting('at', finding.at),
    evidence: evidence.map((at) => sighting('evidence', at)),
    buffer: entity<Buffer>('buffer'),
    attachment: entity<Attachment>('attachment'),
    mapping: entity<Mapping>('mapping'),
    reset: entity<Reset>('reset'),
    comm: optional('comm', comm, 'string') ?? (world.record.comm || null),
    pid: optional('pid', pid, 'number') ?? (world.record.pid < 0 ? null : world.record.pid),
    iova: optional('iova', iova, 'bigint'),
    importerDevice: optional('importerDevice', importerDevice, 'string'),
    missing: optional('missing', missing, 'string'),
    needs: needs ?? [],
  }
  if (absent) draft.absent = { from: edge('absent.from', absent.from), to: edge('absent.to', absent.to) }
  report(world, draft)
}

function sighting(what: string, at: Moment): Sighting {
  if (typeof at?.ns !== 'bigint' || typeof at.seq !== 'number') wrong(`${what} holds what is no moment`)
  return { ns: at.ns, seq: at.seq, cpu: UNKNOWN, pid: UNKNOWN }
}

function edge(what: string, at: Moment | null): bigint | null {
  return at === null ? null : sighting(what, at).ns
}

function optional<T extends string | number | bigint>(
  what: string,
  value: T | null | undefined,
  type: string,
): T | null {
  if (value === null || value === undefined) return null
  return typeof value === type ? value : wrong(`${what} is to be a ${type}`)
}

function wrong(what: string): never {
  throw new TypeError(`report(): ${what}`)
}
