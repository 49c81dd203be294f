/**
 * Times as differences. Kernel text prints microseconds, so nearly all differences are small multiples of 1000 ns. They
 * are reckoned in doubles on the two words of each time, which is exact up to 2^51 and spares a BigInt for each event;
 * a batch with a greater leap (26 days) is stored word by word.
 */
export interface EncodedTimes {
  /** Low and high words of the zigzag of the difference to the time before, in `unit`s; of the time where `unit` is 0. */
  lows: Uint32Array
  highs: Uint32Array
  /** High (signed) and low (unsigned) word of the first time. */
  baseHigh: number
  baseLow: number
  /** 1000, 1, or 0 for words. */
  unit: number
}

const WORD = 2 ** 32
const REACH = 2 ** 51
/** Words of an Int64 in memory: low first wherever Node runs on x86 or ARM. */
const LOW = 0
const HIGH = 1

export function encodeTimes(time: BigInt64Array, count: number): EncodedTimes {
  const words = new Uint32Array(time.buffer, time.byteOffset, count * 2)
  const steps = new Float64Array(count)
  const lows = new Uint32Array(count)
  const highs = new Uint32Array(count)
  if (count === 0) return { lows, highs, baseHigh: 0, baseLow: 0, unit: 1 }
  const baseHigh = words[HIGH]! | 0
  const baseLow = words[LOW]!
  let high = baseHigh
  let low = baseLow
  let unit = 1000
  for (let i = 1; i < count; i++) {
    const nextHigh = words[i * 2 + HIGH]! | 0
    const nextLow = words[i * 2 + LOW]!
    const step = (nextHigh - high) * WORD + (nextLow - low)
    if (step >= REACH || step <= -REACH) return wordByWord(words, lows, highs)
    if (unit === 1000 && step % 1000 !== 0) unit = 1
    steps[i] = step
    high = nextHigh
    low = nextLow
  }
  for (let i = 1; i < count; i++) {
    const step = steps[i]! / unit
    const zigzag = step < 0 ? -2 * step - 1 : 2 * step
    lows[i] = zigzag
    if (zigzag >= WORD) highs[i] = Math.floor(zigzag / WORD)
  }
  return { lows, highs, baseHigh, baseLow, unit }
}

function wordByWord(words: Uint32Array, lows: Uint32Array, highs: Uint32Array): EncodedTimes {
  for (let i = 0; i < lows.length; i++) {
    lows[i] = words[i * 2 + LOW]!
    highs[i] = words[i * 2 + HIGH]!
  }
  return { lows, highs, baseHigh: 0, baseLow: 0, unit: 0 }
}

export function decodeTimes(encoded: EncodedTimes): BigInt64Array<ArrayBuffer> {
  const { lows, highs, unit } = encoded
  const time = new BigInt64Array(lows.length)
  const words = new Uint32Array(time.buffer)
  let high = encoded.baseHigh
  let low = encoded.baseLow
  for (let i = 0; i < lows.length; i++) {
    if (unit === 0) {
      high = highs[i]!
      low = lows[i]!
    } else {
      const zigzag = highs[i]! * WORD + lows[i]!
      const sum = low + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2) * unit
      const carry = Math.floor(sum / WORD)
      high += carry
      low = sum - carry * WORD
    }
    words[i * 2 + LOW] = low
    words[i * 2 + HIGH] = high
  }
  return time
}
