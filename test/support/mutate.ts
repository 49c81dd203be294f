/** Damage as it happens to files: bits, cuts, splices, other files' lines, other line ends. Seeded, so that it happens again. */
export interface Dice {
  /** 0 to n - 1. */
  below(n: number): number
}

/** mulberry32. */
export function dice(seed: number): Dice {
  let state = seed >>> 0
  return {
    below(n) {
      state = (state + 0x6d2b79f5) >>> 0
      let t = state
      t = Math.imul(t ^ (t >>> 15), t | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
    },
  }
}

type Mutation = (content: Buffer, die: Dice, others: readonly Buffer[]) => Buffer

const flipBytes: Mutation = (content, die) => {
  const copy = Buffer.from(content)
  for (let k = 1 + die.below(20); k > 0 && copy.length > 0; k--) copy[die.below(copy.length)] = die.below(256)
  return copy
}

const cutOut: Mutation = (content, die) => {
  const from = die.below(content.length + 1)
  const to = from + die.below(Math.min(2000, content.length - from + 1))
  return Buffer.concat([content.subarray(0, from), content.subarray(to)])
}

const cutEnd: Mutation = (content, die) => content.subarray(0, die.below(content.length + 1))

const repeat: Mutation = (content, die) => {
  const from = die.below(content.length + 1)
  const part = content.subarray(from, from + die.below(500))
  return Buffer.concat([content.subarray(0, from), ...Array(1 + die.below(5)).fill(part), content.subarray(from)])
}

const splice: Mutation = (content, die, others) => {
  const other = others[die.below(others.length)]!
  const at = die.below(content.length + 1)
  const from = die.below(other.length + 1)
  return Buffer.concat([content.subarray(0, at), other.subarray(from, from + die.below(3000)), content.subarray(at)])
}

const ODD = [
  '\0',
  '\r',
  '\n\n',
  '\r\n',
  '\t',
  '\x1b[31m',
  '\ufeff',
  '=\n',
  '=3D',
  '> ',
  '\\n\\',
  '{',
  '"',
  '</script>',
  '9'.repeat(300),
]

const insertOdd: Mutation = (content, die) => {
  const parts: Buffer[] = []
  let at = 0
  for (let k = 1 + die.below(10); k > 0; k--) {
    const next = at + die.below(content.length - at + 1)
    parts.push(content.subarray(at, next), Buffer.from(ODD[die.below(ODD.length)]!))
    at = next
  }
  return Buffer.concat([...parts, content.subarray(at)])
}

const carriageReturns: Mutation = (content) =>
  Buffer.from(content.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')

const noLineFeeds: Mutation = (content, die) => {
  const copy = Buffer.from(content)
  for (let at = copy.indexOf(10); at >= 0; at = copy.indexOf(10, at + 1)) if (die.below(8) === 0) copy[at] = 32
  return copy
}

const MUTATIONS = [flipBytes, cutOut, cutEnd, repeat, splice, insertOdd, carriageReturns, noLineFeeds]

/** The content with one to three kinds of damage. */
export function mutate(content: Buffer, die: Dice, others: readonly Buffer[]): Buffer {
  let mutated = content
  for (let k = 1 + die.below(3); k > 0; k--) mutated = MUTATIONS[die.below(MUTATIONS.length)]!(mutated, die, others)
  return mutated
}
