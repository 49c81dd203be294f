import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Folded, foldText } from '../support/fold-file.ts'
import { joinTrace, splitTrace, type TraceLine } from '../support/lines.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'

const TRACES = tracesIn(FIXTURES).map(({ name, path }) => ({ name, lines: splitTrace(readFileSync(path, 'latin1')) }))
const WIDTHS = [80, 100, 120, 132, 160, 200]

const cut = (lines: readonly TraceLine[], width: number) =>
  lines.map((line) => ({ ...line, text: line.text.slice(0, width) }))

const eventsBeyond = (lines: readonly TraceLine[], width: number) =>
  new Set(lines.flatMap(({ event, text }) => (event && text.length > width ? [event.name] : [])))

type Finding = Folded['findings'][number]

const violated = ({ findings }: Folded) =>
  findings.filter(({ rule, verdict }) => verdict === 'violated' && rule !== 'incomplete-log')

/** A device's name, or which buffer it was, may be what was cut. */
const isSame = (a: Finding, b: Finding) => a.rule === b.rule && (a.ino === null || a.ino === b.ino)

describe('a trace whose lines were cut at a width', () => {
  it.each(TRACES)('$name: claims nothing that the whole one does not, and says so', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (const width of WIDTHS) {
      const names = eventsBeyond(lines, width)
      const beyond = lines.filter(({ event, text }) => event && text.length > width).length
      if (names.size < 2 || beyond < 3) continue
      const shorter = cut(lines, width)
      const folded = await foldText(joinTrace(shorter))
      for (const claim of violated(folded))
        if (!violated(full).some((known) => isSame(claim, known)))
          wrong.push(`${width}: ${claim.rule}: ${claim.summary}`)
      const { gaps } = folded
      if (!gaps.some(({ reason }) => reason.includes(`cut at ${width} bytes`))) wrong.push(`${width}: not noticed`)
    }
    expect(wrong).toEqual([])
  })

  it.each(TRACES)('$name: is not taken for one', async ({ lines }) => {
    const { gaps } = await foldText(joinTrace(lines))
    expect(gaps.filter(({ reason }) => reason.includes('cut at'))).toEqual([])
  })
})
