import { ACT_TYPES, type ActType } from '../act-type.ts'
import { EVIDENCE, type EvidenceKind } from './kinds.ts'

const BEGINNING = 'no '
const END = ' event in this trace: was its probe set?'
const OR = ' or '

/** Why a finding stays open that rests on kinds of act, or kernel functions, none of which the whole trace shows. */
export function unseenText(alternatives: readonly (ActType | string)[]): string {
  return `${BEGINNING}${alternatives.map((one) => one.replace(AT_ENTRY, '')).join(OR)}${END}`
}

/** A function by itself is its entry, as in kprobe_events; only returns are marked. */
const AT_ENTRY = /%entry$/

/**
 * What would have to be recorded so that a finding with this `missing` could be decided: tracepoints and probed
 * functions, any of which will do. Empty where something else stands in the way.
 */
export function unseenProbes(missing: string | null): string[] {
  if (!missing?.startsWith(BEGINNING) || !missing.endsWith(END)) return []
  const words = missing.slice(BEGINNING.length, -END.length).split(OR)
  return [...new Set(words.flatMap(recordedAs))]
}

function recordedAs(what: string): string[] {
  if (!(ACT_TYPES as readonly string[]).includes(what)) return [what]
  const kinds: EvidenceKind[] = Object.values(EVIDENCE)
  const kind = kinds.find(({ types }) => types.includes(what as ActType))
  return [kind?.recorded ?? what]
}
