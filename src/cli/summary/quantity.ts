/** Numbers in words for people. */

/** Nanoseconds as the trace prints times: seconds with six decimals, nine where they matter; ticks as they are. */
export function timeText(ns: bigint, ticks: boolean): string {
  if (ticks) return String(ns)
  const size = ns < 0n ? -ns : ns
  const fraction = String(size % 1_000_000_000n).padStart(9, '0')
  return `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}.${fraction.endsWith('000') ? fraction.slice(0, 6) : fraction}`
}

/** `3.004 s`, `12.3 ms`, `54 µs`; a count of ticks where that is all that is known. */
export function spanText(ns: bigint, ticks: boolean): string {
  if (ticks) return `${ns} ${ns === 1n ? 'tick' : 'ticks'}`
  const size = ns < 0n ? -ns : ns
  const sign = ns < 0n ? '-' : ''
  if (size >= 1_000_000_000n) return `${sign}${(Number(size) / 1e9).toFixed(3)} s`
  if (size >= 1_000_000n) return `${sign}${(Number(size) / 1e6).toFixed(1)} ms`
  if (size >= 1_000n) return `${sign}${(Number(size) / 1e3).toFixed(0)} µs`
  return `${sign}${size} ns`
}

/** `16 KiB`, `1 GiB`, `4100 bytes`. */
export function sizeText(bytes: bigint): string {
  const units = ['GiB', 'MiB', 'KiB']
  for (const [at, unit] of units.entries()) {
    const size = 1n << BigInt(30 - 10 * at)
    if (bytes >= size && bytes % size === 0n) return `${bytes / size} ${unit}`
  }
  return `${count(bytes)} bytes`
}

export function count(n: number | bigint): string {
  return n.toLocaleString('en')
}

/** `1 gap`, `3 gaps`; `plural` where an s does not do. */
export function many(n: number | bigint, one: string, plural = `${one}s`): string {
  return `${count(n)} ${Number(n) === 1 ? one : plural}`
}
