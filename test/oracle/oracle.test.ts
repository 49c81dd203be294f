import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { judge } from './oracle.ts'

const FOLDER = 'test/fixtures/traces/kernel-7.3'

interface Expected {
  rule: string
  ino?: string | null
  importer_device?: string | null
  severity?: string
  verdict?: string
  merge?: string
  ino_also_ok?: (string | null)[]
  importer_also_ok?: (string | null)[]
  verdict_also_ok?: string[]
}

interface Truth {
  trace: string
  findings: Expected[]
  arguable?: Expected[]
}

const truths = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.expected.json'))
  .map((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as Truth)

const read = (trace: string) => readFileSync(`${FOLDER}/${trace}`, 'latin1')

/** `a|b` and `*_also_ok` name further right answers; what either side leaves open matches. */
function accepts(want: string | null | undefined, also: (string | null)[] | undefined, got: string | null): boolean {
  if (want == null || got === null) return true
  return [...want.split('|'), ...(also ?? [])].includes(got)
}

function same(found: ReturnType<typeof judge>[number], want: Expected): boolean {
  return (
    found.rule === want.rule &&
    accepts(want.ino, want.ino_also_ok, found.ino) &&
    accepts(want.importer_device, want.importer_also_ok, found.importer)
  )
}

test('the oracle shares no line with what it checks', () => {
  const files = readdirSync('test/oracle').map((file) => readFileSync(`test/oracle/${file}`, 'utf8'))
  const imports = files.flatMap((source) =>
    [...source.matchAll(/^(?:import|export)\b.* from '([^']+)'/gm)].map((m) => m[1]!),
  )
  expect(imports.length).toBeGreaterThan(20)
  expect(imports.filter((from) => !/^(\.\/[\w-]+\.ts|vitest|node:fs)$/.test(from))).toEqual([])
})

describe('real traces whose truth is known', () => {
  test('all ten are there', () => expect(truths).toHaveLength(10))

  for (const { trace, findings, arguable = [] } of truths) {
    test(`${trace}: everything expected is found`, () => {
      const left = judge(read(trace))
      const met = new Set<string>()
      const missed = findings.filter((want) => {
        const index = left.findIndex(
          (f) =>
            same(f, want) && f.severity === want.severity && accepts(want.verdict, want.verdict_also_ok, f.verdict),
        )
        if (index >= 0) left.splice(index, 1)
        if (index >= 0 && want.merge) met.add(want.merge)
        return index < 0
      })
      expect(missed.filter((want) => !want.merge || !met.has(want.merge))).toEqual([])
    })

    test(`${trace}: nothing else is violated`, () => {
      const claimed = judge(read(trace)).filter((f) => f.verdict === 'violated' && f.severity !== 'info')
      expect(claimed.filter((f) => ![...findings, ...arguable].some((want) => same(f, want)))).toEqual([])
    })
  }
})

describe('noise of another CPU between any two lines changes nothing', () => {
  const noise = (at: string) =>
    `     kworker/7:1-77      [007] ...1. ${at}: ext4_noise: dev=8,1 ino=1 attach=0x1 sgt=0x2 ret=-1`
  const plain = (text: string) =>
    judge(text).map(({ rule, ino, importer, verdict, at }) => [rule, ino, importer, verdict, at])

  for (const { trace } of truths) {
    test(trace, () => {
      const noisy = read(trace).replace(
        /^.{16}-\d+ +\[\d+\].*? (\d+\.\d{6}): .*$/gm,
        (line, at) => `${line}\n${noise(at)}`,
      )
      expect(noisy.length).toBeGreaterThan(read(trace).length)
      expect(plain(noisy)).toEqual(plain(read(trace)))
    })
  }
})

describe('loss only ever takes certainty away', () => {
  const LINE = /^.{16}-\d+ +\[(\d{3})\]/
  // A splat whose enclosing call was lost is still a splat, of no known buffer: that is no new claim.
  const claims = (text: string) =>
    judge(text)
      .filter((f) => f.verdict === 'violated' && f.severity !== 'info' && f.rule !== 'kernel-splat')
      .map((f) => `${f.rule} ino=${f.ino} importer=${f.importer}`)

  /** The trace without the events of one CPU among `width` lines from `from`, as the kernel would report it. */
  function lose(lines: string[], from: number, width: number): string | null {
    const cpu = LINE.exec(lines[from]!)?.[1]
    if (cpu === undefined) return null
    const of = (line: string) => LINE.exec(line)?.[1] === cpu
    const lost = lines.slice(from, from + width).filter(of).length
    const next = lines.findIndex((line, index) => index >= from + width && of(line))
    if (next < 0) return null
    const kept = lines.slice(from, from + width).filter((line) => !of(line))
    return [
      ...lines.slice(0, from),
      ...kept,
      ...lines.slice(from + width, next),
      `CPU:${Number(cpu)} [LOST ${lost} EVENTS]`,
      ...lines.slice(next),
    ].join('\n')
  }

  for (const { trace } of truths) {
    test(trace, () => {
      const lines = read(trace).split('\n')
      const whole = claims(lines.join('\n'))
      for (const width of [1, 7]) {
        for (const from of lines.keys()) {
          const text = lose(lines, from, width)
          if (text === null) continue
          const left = [...whole]
          const added = claims(text).filter((claim) => {
            const index = left.indexOf(claim)
            if (index >= 0) left.splice(index, 1)
            return index < 0
          })
          expect(added, `${width} lines lost from line ${from + 1}`).toEqual([])
        }
      }
    })
  }
})
