import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseLine } from '../../ingest/parse-line.ts'
import { edges } from '../scenarios/edges.cases.ts'
import { importers } from '../scenarios/importers.cases.ts'
import { PROBED } from '../scenarios/judge.ts'
import { createLedger, traceText } from '../scenarios/kernel-lines.ts'
import { moduleExporter } from '../scenarios/module-exporter.cases.ts'
import { vfio } from '../scenarios/vfio.cases.ts'
import { foldText } from '../support/fold-file.ts'
import { judged } from './judged.ts'
import { lineRedactor, pseudonyms, redactText } from './redacted.ts'

async function expectSame(text: Buffer): Promise<void> {
  const names = pseudonyms()
  const redacted = await foldText(await redactText(text, 'ftrace-text', names))
  expect(judged(redacted, null)).toEqual(judged(await foldText(text), names))
}

describe('scenarios are judged the same when redacted', () => {
  for (const { name, run, shown } of [...moduleExporter, ...vfio, ...importers, ...edges])
    it.each(shown ?? PROBED)(`${name} (%s)`, async (vocabulary) => {
      const ledger = createLedger(vocabulary)
      run(ledger)
      await expectSame(traceText(ledger))
    })
})

const read = <T>(name: string): T[] =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)

describe('short traces', () => {
  it.each(read<{ id: string; title: string; input: string[] }>('semantics.jsonl'))('$id $title', async ({ input }) => {
    await expectSame(Buffer.from(`${input.join('\n')}\n`))
  })
})

const FORMATS = { latency: 'ftrace-latency', 'latency-verbose': 'ftrace-latency-verbose' } as const

describe('single lines keep their kind, and events their time, CPU, flags and name', () => {
  it.each(read<{ id: string; layout: string; line: string; why: string }>('lines/kernel.jsonl'))(
    '$id $layout: $why',
    ({ layout, line }) => {
      const format = FORMATS[layout as keyof typeof FORMATS] ?? 'ftrace-text'
      const before = parseLine(Buffer.from(line), format)
      const redacted = lineRedactor(format).redact(Buffer.from(line))
      const after = parseLine(Buffer.from(redacted, 'latin1'), format)
      expect(after.kind, redacted).toBe(before.kind)
      if (before.kind !== 'event' || after.kind !== 'event') return
      for (const part of ['cpu', 'flags', 'time', 'ticks', 'name'] as const)
        expect(after[part], redacted).toBe(before[part])
      expect([after.pid === 0, after.tgid === null]).toEqual([before.pid === 0, before.tgid === null])
    },
  )
})
