import { HEADER, type Printed } from './printer.ts'

/** When an event of a story was, nanoseconds: the `nth` of its name, counted from 0. */
export function timeOf({ lines, names }: Printed, name: string, nth = 0): bigint {
  const seqs = names.flatMap((each, seq) => (each === name ? [seq] : []))
  const line = lines[HEADER + (seqs[nth] ?? Number.NaN)]
  const [, seconds, micros] = / (\d+)\.(\d{6}): /.exec(line ?? '') ?? []
  if (seconds === undefined) throw new Error(`the story has no event ${name} of number ${nth}`)
  return (BigInt(seconds) * 1_000_000n + BigInt(micros!)) * 1000n
}
