import type { RedactionKey } from './key.ts'

const ROUNDS = 6

/**
 * A keyed permutation of the numbers below `2 ** bits` that `accepts` lets through: different numbers stay different,
 * without a table that would have to be kept. A Feistel network over two halves; where it leads out of the numbers that
 * are accepted, it is applied again (cycle walking). `bits` is even and at most 52.
 */
export function createPermutation(
  key: RedactionKey,
  kind: string,
  bits: number,
  accepts: (value: number) => boolean = () => true,
): (value: number) => number {
  const half = 2 ** (bits / 2)
  const known = new Map<number, number>()
  const mix = (round: number, value: number) => key.digest(`${kind} ${round}`, String(value)).readUInt32LE(0) % half

  function once(value: number): number {
    let left = Math.floor(value / half)
    let right = value % half
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = (left + mix(round, right)) % half
      left = right
      right = mixed
    }
    return left * half + right
  }

  return (value) => {
    let found = known.get(value)
    if (found === undefined) {
      found = value
      do found = once(found)
      while (!accepts(found))
      if (known.size >= MOST_KNOWN) known.clear()
      known.set(value, found)
    }
    return found
  }
}

const MOST_KNOWN = 1 << 18
