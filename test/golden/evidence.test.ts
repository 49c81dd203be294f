/** A finding is worth what it rests on: lines that are there, or the reason why there are none. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Case } from '../scenarios/case.ts'
import { edges } from '../scenarios/edges.cases.ts'
import * as gaps from '../scenarios/gaps.cases.ts'
import { importers } from '../scenarios/importers.cases.ts'
import { PROBED, type Scenario } from '../scenarios/judge.ts'
import { createLedger, traceText, type Vocabulary } from '../scenarios/kernel-lines.ts'
import { moduleExporter } from '../scenarios/module-exporter.cases.ts'
import { vfio } from '../scenarios/vfio.cases.ts'
import { type Folded, foldFile, foldText } from '../support/fold-file.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'

const LAYOUTS = fileURLToPath(new URL('../fixtures/layouts', import.meta.url))

/** What is wrong with the evidence of any finding, in words. */
function unproven({ findings, events }: Folded): string[] {
  return findings.flatMap(({ rule, verdict, evidence, missing }) => {
    const told = `${rule} ${verdict} [${evidence}] of ${events} events`
    const wrong = [
      evidence.length === 0 && 'rests on nothing',
      evidence.some((position) => position < 0 || position >= events) && 'rests on events that are not there',
      evidence.some((position, at) => at > 0 && position <= evidence[at - 1]!) && 'is not in order',
      verdict === 'undetermined' && !missing && 'does not say what is missing',
      verdict === 'violated' && missing !== null && 'is proven and misses something',
    ]
    return wrong.filter((words) => words !== false).map((words) => `${told}: ${words}`)
  })
}

type Played = [name: string, run: Scenario, shown: readonly Vocabulary[]]

const cases: readonly Case[] = [...moduleExporter, ...vfio, ...importers, ...edges]
const { textOnly, textGivesUp, textAfterRelease, lostUnmap, lostRevoke, lostMap } = gaps
const scenarios: Played[] = [
  ...cases.map(({ name, run, shown }): Played => [name, run, shown ?? PROBED]),
  ...gaps.STARTS.flatMap((start): Played[] => [
    [`an older buffer, the trace begins with ${start}`, gaps.olderBuffer(start), ['recipe']],
    [`a reset alone, the trace begins with ${start}`, gaps.resetOnly(start), ['recipe']],
  ]),
  ...[textOnly, textGivesUp, textAfterRelease].map((run): Played => [run.name, run, ['native']]),
  ...[lostUnmap, lostRevoke, lostMap].map((run): Played => [run.name, run, ['recipe', 'btf']]),
]

describe('the test itself', () => {
  it('sees evidence that is taken away, and reasons', async () => {
    const folded = await foldText(Buffer.from(holed('kernel-7.3/sysfs.txt').join('\n'), 'latin1'))
    const { findings } = folded
    const change = (to: Partial<(typeof findings)[number]>) =>
      unproven({ ...folded, findings: findings.map((one) => ({ ...one, ...to })) }).length
    expect(findings.length).toBeGreaterThan(1)
    expect(change({})).toBe(0)
    expect(change({ evidence: [] })).toBe(findings.length)
    expect(change({ evidence: [folded.events] })).toBe(findings.length)
    expect(change({ evidence: [2, 1] })).toBe(findings.length)
    expect(change({ verdict: 'undetermined', missing: null })).toBe(findings.length)
  })
})

/** A fixture that lost some lines in its first third. */
function holed(name: string): string[] {
  const lines = readFileSync(`${FIXTURES}/${name}`, 'latin1').split('\n')
  const third = Math.floor(lines.length / 3)
  return [...lines.slice(0, third), 'CPU:1 [LOST 7 EVENTS]', ...lines.slice(third + 8)]
}

describe('findings rest on events that are there, or say what is missing', () => {
  let seen = 0
  it.each(scenarios)('%s', async (_, run, shown) => {
    for (const vocabulary of shown) {
      const k = createLedger(vocabulary)
      run(k)
      const folded = await foldText(traceText(k))
      expect(unproven(folded), vocabulary).toEqual([])
      seen += folded.findings.length
    }
  })

  it('there were findings in the scenarios', () => {
    expect(seen).toBeGreaterThan(100)
  })

  it.each(tracesIn(FIXTURES))('$name', async ({ path }) => {
    expect(unproven(await foldFile(path))).toEqual([])
  })

  it('traces that begin late, or lost a stretch', async () => {
    let open = 0
    for (const { name, path } of tracesIn(FIXTURES)) {
      const lines = readFileSync(path, 'latin1').split('\n')
      const third = Math.floor(lines.length / 3)
      for (const left of [lines.slice(third), holed(name), lines.slice(0, -third)]) {
        const folded = await foldText(Buffer.from(left.join('\n'), 'latin1'))
        expect(unproven(folded), name).toEqual([])
        open += folded.findings.filter(({ verdict }) => verdict === 'undetermined').length
      }
    }
    expect(open).toBeGreaterThan(10)
  })

  it.each(readdirSync(LAYOUTS).filter((name) => name.endsWith('.txt')))('layout %s', async (name) => {
    expect(unproven(await foldFile(`${LAYOUTS}/${name}`))).toEqual([])
  })
})
