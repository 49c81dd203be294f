/** From the table of probes to lines for `dynamic_events`, as far as this kernel can say them. */
import type { EvidenceName } from '../domain/evidence/kinds.ts'
import { alternatives, type FieldExpression, fprobeField } from './expression.ts'
import { SIGNATURES } from './functions.ts'
import type { Kernel } from './kernel.ts'
import { kprobeField } from './kprobe-field.ts'
import { type ProbeSpec, probeSet } from './probe-set.ts'
import type { StructLayout } from './struct-layout.ts'

export interface Definition {
  /** `dbuf/dbuf_map`. */
  event: string
  /** The whole line. */
  text: string
  shows: readonly EvidenceName[]
  /** The probed function. */
  target: string
  /** Fields that this kernel's probes cannot show, each with the reason. */
  without: string[]
}

export interface Skipped {
  event: string
  why: string
}

export interface Definitions {
  definitions: Definition[]
  skipped: Skipped[]
}

/** With `layout` as kprobes, which need offsets; else as fprobes, whose fields the kernel finds by name. */
export function defineProbes(kernel: Kernel, layout: StructLayout | null): Definitions {
  const definitions: Definition[] = []
  const skipped: Skipped[] = []
  // What an fprobe on the native event shows of the importer, a kprobe shows at the return of the attach.
  const specs = probeSet(layout ? { ...kernel, nativeEvents: false } : kernel)
  for (const given of specs) {
    const event = `${given.group}/${given.name}`
    if (isAbsent(kernel, given)) {
      skipped.push({ event, why: `${given.target} is not among this kernel's available_filter_functions` })
      continue
    }
    for (const spec of kernel.argumentsAtReturn ? [given] : split(given, kernel)) definitions.push(define(spec, layout))
  }
  return { definitions, skipped }
}

/** Known not to be there. A module's function may be there tomorrow, when the module is loaded: it is tried. */
export function isAbsent({ functions }: Kernel, { target, at }: ProbeSpec): boolean {
  return functions !== null && at !== 'tracepoint' && !SIGNATURES[target]!.module && !functions.has(target)
}

/**
 * Before 6.9 a return probe does not know the arguments: they are shown by a probe at the entry, which the same thread
 * passed before.
 */
function split(spec: ProbeSpec, kernel: Kernel): ProbeSpec[] {
  if (spec.at !== 'return') return [spec]
  const choices = spec.fields.map((text) => ({ text, all: alternatives(text) }))
  const atReturn = choices.flatMap(({ all }) =>
    all
      .filter(({ base }) => base === '$retval')
      .slice(0, 1)
      .map(fprobeField),
  )
  const atEntry = choices.filter(({ all }) => all.every(({ base }) => base !== '$retval')).map(({ text }) => text)
  const probed = probeSet(kernel).some(({ target, at }) => target === spec.target && at === 'entry')
  const entry: ProbeSpec = { ...spec, name: `${spec.name.replace(/_ret$/, '')}_in`, at: 'entry', fields: atEntry }
  return [...(probed || atEntry.length === 0 ? [] : [entry]), { ...spec, fields: atReturn }]
}

function define(spec: ProbeSpec, layout: StructLayout | null): Definition {
  const event = `${spec.group}/${spec.name}`
  const without: string[] = []
  const fields = spec.fields.flatMap((text) => {
    const choices = alternatives(text)
    const written = layout ? choices.map((choice) => writeKprobe(choice, spec, layout)) : [fprobeField(choices[0]!)]
    const usable = written.find((one) => typeof one === 'string')
    if (usable === undefined)
      without.push(`${choices[0]!.field}: the offset of ${(written[0] as { unknown: string }).unknown} is not known`)
    return usable === undefined ? [] : [usable]
  })
  return {
    event,
    text: [head(spec, layout !== null), ...fields].join(' '),
    shows: spec.shows,
    target: spec.target,
    without,
  }
}

function writeKprobe(choice: FieldExpression, spec: ProbeSpec, layout: StructLayout): string | { unknown: string } {
  const field = kprobeField(choice, SIGNATURES[spec.target]!, layout, spec.at === 'return')
  return field.ok ? field.text : { unknown: field.unknown }
}

function head({ group, name, target, at }: ProbeSpec, asKprobe: boolean): string {
  if (at === 'tracepoint') return `t:${group}/${name} ${target}`
  if (!asKprobe) return `f:${group}/${name} ${target}${at === 'return' ? '%return' : ''}`
  return `${at === 'return' ? 'r' : 'p'}:${group}/${name} ${target}`
}
