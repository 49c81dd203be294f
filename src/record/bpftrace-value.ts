import type { FieldExpression } from './expression.ts'
import { SIGNATURES } from './functions.ts'
import type { ProbeSpec } from './probe-set.ts'

export interface BpftraceValue {
  /** For printf: as the kernel's probes print a value of this type. */
  format: string
  text: string
}

/** A field in bpftrace's words; a return probe's arguments are read from the maps that the entry filled. */
export function value({ base, steps, type }: FieldExpression, { target, at }: ProbeSpec): BpftraceValue {
  const { parameters, returns } = SIGNATURES[target]!
  const index = parameters.findIndex(([name]) => name === base)
  const struct = base === '$retval' ? returns : parameters[index]![1]
  const root = base === '$retval' ? 'retval' : at === 'return' ? `${mapOf(target, String(index))}[tid]` : `arg${index}`
  const path = steps.map(({ by, member }) => by + member).join('')
  return typed(type, steps.length === 0 ? root : `((struct ${struct} *)${root})${path}`)
}

function typed(type: string, text: string): BpftraceValue {
  if (type === 'string') return { format: '%s', text: `str(${text})` }
  if (type === 'symbol') return { format: '%s', text: `ksym((uint64)${text})` }
  const [, kind, bits] = /^([usx])(\d+)$/.exec(type)!
  if (kind === 'x') return { format: '0x%llx', text: `(uint64)${text}` }
  const sign = kind === 'u' ? 'u' : ''
  // The narrow type first: a register may hold anything above it.
  const narrow = bits === '64' ? '' : `(${sign}int${bits})`
  return { format: kind === 'u' ? '%llu' : '%lld', text: `(${sign}int64)${narrow}${text}` }
}

/** The maps that hold, by thread, what a return probe needs from the entry: the return address, then arguments. */
export function returnMaps({ target, fields }: ProbeSpec): string[] {
  const used = SIGNATURES[target]!.parameters.flatMap(([name], index) =>
    fields.some((text) => new RegExp(`=${name}\\b`).test(text.split(' | ')[0]!)) ? [mapOf(target, String(index))] : [],
  )
  return [mapOf(target, 'from'), ...used]
}

function mapOf(target: string, what: string): string {
  return `@${target}_${what}`
}
