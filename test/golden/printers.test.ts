import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { type Folded, foldText } from '../support/fold-file.ts'
import { joinTrace, splitTrace } from '../support/lines.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'
import { asPerfScript, asTraceCmd, reprint, withBareHead } from '../support/tool-printer.ts'

const TRACES = tracesIn(FIXTURES).map(({ name, path }) => ({
  name,
  lines: splitTrace(readFileSync(path, 'latin1')).filter(({ text }) => !text.startsWith('#')),
}))

const findingsOf = ({ findings }: Folded) =>
  findings.map((f) => [f.rule, f.severity, f.verdict, f.ino, f.importerDevice, f.evidence.length])

function shape(folded: Folded) {
  const { buffers, resets, revocations, mappings } = folded
  return {
    findings: findingsOf(folded),
    buffers: buffers.map((b) => [
      b.ino,
      b.exporter,
      b.exporterDevice,
      b.state,
      b.revocations,
      b.attachments,
      b.mappings,
    ]),
    resets: resets.map((r) => [r.device, r.method, r.trigger, r.verdict, r.mappingsLive]),
    revocations: revocations.map((r) => [r.ino, r.cause, r.permanent, r.verdict]),
    mappings: mappings.map((m) => [m.ino, m.importerDevice, m.iova, m.endedBy, m.liveAtReset]),
  }
}

describe.each([
  ['trace-cmd report', 'trace-cmd-report', asTraceCmd],
  ['perf script', 'perf-script', asPerfScript],
] as const)('the same records through %s', (_, format, as) => {
  it.each(TRACES)('$name means the same', async ({ lines }) => {
    const text = reprint(lines, as())
    // trace-cmd's first line; names longer than its padding are printed as the kernel prints them.
    const head = Buffer.from(format === 'trace-cmd-report' ? 'cpus=2\n' : '')
    expect(detectLayout(Buffer.concat([head, text]))).toEqual({ kind: 'layout', format })
    expect(shape(await foldText(text, {}, { format }))).toEqual(shape(await foldText(joinTrace(lines))))
  })

  it.each(TRACES)('$name claims nothing new where addresses stand for functions', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const { findings } = await foldText(reprint(lines, as(withBareHead)), {}, { format })
    const violated = (all: Folded['findings']) =>
      all.filter((f) => f.verdict === 'violated').map((f) => `${f.rule} ${f.ino} ${f.importerDevice}`)
    expect(violated(full.findings)).toEqual(expect.arrayContaining(violated(findings)))
  })

  it.each(TRACES)('$name gives nobody a clean bill that the functions do not', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const bare = await foldText(reprint(lines, as(withBareHead)), {}, { format })
    for (const table of ['resets', 'revocations'] as const) {
      const clean = (all: Folded) => all[table].flatMap(({ verdict }, i) => (verdict === 'clean' ? [i] : []))
      if (full[table].length === bare[table].length) expect(clean(full)).toEqual(expect.arrayContaining(clean(bare)))
    }
  })

  it.each(TRACES.filter(({ name }) => /kernel-7.3\/(?!d_)/.test(name)))(
    '$name is judged the same by the names of the recipe alone',
    async ({ lines }) => {
      const full = await foldText(joinTrace(lines))
      const bare = await foldText(reprint(lines, as(withBareHead)), {}, { format })
      expect(findingsOf(bare)).toEqual(findingsOf(full))
    },
  )
})

it('a loss that perf does not place on a CPU lasts until the next event of any', async () => {
  const event = (time: string) =>
    `            tool     126 [001]    ${time}: dma_buf:dma_buf_put: exp_name=a size=1 ino=2`
  const text = [event('44.000001'), 'LOST 12 events!', event('44.000003'), event('44.000005')].join('\n')
  const { gaps, findings } = await foldText(Buffer.from(`${text}\n`), {}, { format: 'perf-script' })
  expect(gaps).toMatchObject([{ cpu: null, fromNs: 44_000_001_000n, toNs: 44_000_003_000n, lost: 12n }])
  expect(findings.map(({ rule }) => rule)).toEqual(['incomplete-log'])
})
