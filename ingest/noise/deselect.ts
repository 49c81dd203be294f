import { CLOSE_PAREN, COLON, DASH, GREATER, LESS, OPEN_PAREN } from '../ascii.ts'
import type { Dictionary } from '../dictionary.ts'
import type { LineHead } from '../line-head.ts'
import { isFreeText } from './free-text.ts'

/** Which events are only counted, by name: each name is asked for once. */
export interface Deselection {
  /** Names of which every line is ignored. */
  ignore?: (name: string) => boolean
  /** Names of kernel events that are ignored; a probe, or a call that the function tracer saw, is kept under any name. */
  noise?: (name: string) => boolean
}

/** What becomes of an event; bits. */
export const Choice = {
  /** Its line is only counted. */
  ignored: 1,
  /** Its text is anybody's and may contain line feeds; what follows without a context belongs to it. */
  freeText: 2,
} as const

export interface NameChooser {
  /** The `Choice` for the event of dictionary id `name`, whose line `head` describes; counts it where it is ignored. */
  choose(name: number, b: Uint8Array, head: LineHead): number
  /** How many lines of which names were ignored. */
  counts(): Record<string, number>
}

const Flag = { ...Choice, noise: 4, known: 8 } as const

/** `counted` are the counts of an earlier chooser, to go on from. */
export function createNameChooser(
  dictionary: Dictionary,
  { ignore, noise }: Deselection,
  counted: Readonly<Record<string, number>> = {},
): NameChooser {
  const before = new Map(Object.entries(counted))
  let flags = new Uint8Array(1024)
  let counts = new Float64Array(1024)

  function flagsOf(name: number): number {
    if (name >= flags.length) {
      flags = grown(new Uint8Array(Math.max(name + 1, flags.length * 2)), flags)
      counts = grown(new Float64Array(flags.length), counts)
    }
    const known = flags[name]!
    if (known !== 0) return known
    const text = dictionary.texts[name]!
    const deselected = ignore?.(text) ? Flag.ignored : noise?.(text) ? Flag.noise : 0
    const found = Flag.known | deselected | (isFreeText(text) ? Flag.freeText : 0)
    flags[name] = found
    return found
  }

  return {
    choose(name, b, head) {
      const found = flagsOf(name)
      if (found === Flag.known) return 0
      const ignored = (found & Flag.ignored) !== 0 || ((found & Flag.noise) !== 0 && !isProbeOrCall(b, head))
      if (ignored) counts[name]!++
      return (found & Flag.freeText) | (ignored ? Flag.ignored : 0)
    },
    counts() {
      const all = new Map(before)
      for (const [id, text] of dictionary.texts.entries()) {
        const count = counts[id] ?? 0
        if (count > 0) all.set(text, (all.get(text) ?? 0) + count)
      }
      return Object.fromEntries(all)
    },
  }
}

/** `name: (function+0x4/0x10) …`, `name <-caller`, `name(arguments) <-caller`: what these say is in what was called. */
function isProbeOrCall(b: Uint8Array, { nameEnd, payloadStart }: LineHead): boolean {
  const first = b[payloadStart]
  if (first === LESS) return b[payloadStart + 1] === DASH
  if (first !== OPEN_PAREN) return false
  if (b[nameEnd] === COLON) return true
  let close = payloadStart
  for (let q = payloadStart; b[q]! >= 32; q++) if (b[q] === CLOSE_PAREN) close = q
  return b[close + 2] === LESS && b[close + 3] === DASH && b[close + 1] !== GREATER
}

function grown<T extends Uint8Array | Float64Array>(larger: T, smaller: T): T {
  larger.set(smaller)
  return larger
}
