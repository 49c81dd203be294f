/**
 * The recipe as a bpftrace script that prints a JSON object a line. Each object's `data` is what a probe event of the
 * kernel would print, its head included, so that it is understood without any name being agreed upon.
 */
import { decisions } from '../domain/evidence/needs.ts'
import { BPFTRACE_EVENTS } from './bpftrace-events.ts'
import { returnMaps, value } from './bpftrace-value.ts'
import { isAbsent } from './definitions.ts'
import { alternatives } from './expression.ts'
import { SIGNATURES } from './functions.ts'
import type { Plan } from './plan.ts'
import { preface } from './preface.ts'
import { type ProbeSpec, probeSet } from './probe-set.ts'

export function bpftraceRecipe(plan: Plan): string {
  const specs = bpftraceProbes(plan)
  const module = (spec: ProbeSpec) => SIGNATURES[spec.target]!.module !== undefined
  const maps = [...new Set(specs.filter(({ at }) => at === 'return').flatMap(returnMaps))]
  return `#!/usr/bin/env bpftrace
${preface(asBpftrace(plan), '//', [
  'Run it as root: bpftrace recipe.bt > trace.ndjson, ^C ends it; then: revenant ingest trace.ndjson. It needs BTF.',
  'The kernel log is not in it, since a message may hold what JSON must escape: save dmesg beside it. Callers are read',
  'from the stack as amd64 has it.',
])}

${specs
  .filter((spec) => !module(spec))
  .map(probeText)
  .join('\n')}
${plan.tier === 'T3' ? BPFTRACE_EVENTS.map(({ event, format, values }) => block(`tracepoint:${event.replace('/', ':')}`, [print(event.slice(event.indexOf('/') + 1), format, values, plan.clock)])).join('\n') : ''}
${specs.some(module) ? '\n// From here on: only where vfio_pci_core is loaded.' : ''}
${specs.filter(module).map(probeText).join('\n')}

// Else their contents would be printed behind the events.
END
{
${maps.map((map) => `  clear(${map});`).join('\n')}
}
`

  function probeText(spec: ProbeSpec): string {
    const fields = spec.fields.map((text) => alternatives(text)[0]!)
    const values = fields.map((field) => value(field, spec))
    const format = fields.map(({ field }, i) => `${field}=${values[i]!.format}`).join(' ')
    const all = values.map(({ text }) => text)
    if (spec.at === 'entry')
      return block(`kprobe:${spec.target}`, [print(spec.name, `(${spec.target}) ${format}`, all, plan.clock)])
    const { entry, caller, cleanup } = atReturn(spec)
    return `${block(`kprobe:${spec.target}`, entry)}
${block(`kretprobe:${spec.target}`, [
  print(spec.name, `(%s <- ${spec.target}) ${format}`, [caller, ...all], plan.clock),
  ...cleanup,
])}`
  }
}

/** The set, with the importer's callback at the return of the attach: bpftrace has no probe on an event's raw arguments. */
function bpftraceProbes({ kernel }: Plan): ProbeSpec[] {
  return probeSet({ ...kernel, nativeEvents: false }).filter((spec) => !isAbsent(kernel, spec))
}

/** The plan as far as bpftrace carries it out: fields by name, few of the native events. */
function asBpftrace(plan: Plan): Plan {
  const events = plan.tier === 'T3' ? BPFTRACE_EVENTS : []
  const shown = new Set([...bpftraceProbes(plan), ...events].flatMap(({ shows }) => shows))
  const definitions = plan.definitions.map((definition) => ({ ...definition, without: [] }))
  return { ...plan, layout: null, definitions, skipped: [], rules: decisions((name) => shown.has(name)) }
}

function block(probe: string, statements: readonly string[]): string {
  return `${probe}\n{\n${statements.map((line) => `  ${line}`).join('\n')}\n}`
}

function atReturn(spec: ProbeSpec) {
  const maps = returnMaps(spec)
  const [from, ...saved] = maps
  const entry = [
    `${from}[tid] = *(uint64 *)reg("sp");`,
    ...saved.map((map) => `${map}[tid] = arg${/_(\d)$/.exec(map)![1]};`),
  ]
  return { entry, caller: `ksym(${from}[tid])`, cleanup: maps.map((map) => `delete(${map}[tid]);`) }
}

function print(event: string, format: string, values: readonly string[], clock: string): string {
  const head = '{\\"ts_ns\\":%llu,\\"cpu\\":%d,\\"pid\\":%d,\\"tgid\\":%d,\\"comm\\":\\"%s\\"'
  const now = clock === 'boot' ? 'nsecs(boot)' : 'nsecs'
  const all = [now, 'cpu', 'tid', 'pid', 'comm', ...values]
  return `printf("${head},\\"event\\":\\"${event}\\",\\"data\\":\\"${format}\\"}\\n", ${all.join(', ')});`
}
