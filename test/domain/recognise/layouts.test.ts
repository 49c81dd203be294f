import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../../ingest/detect-layout.ts'
import { createRecogniser } from '../../../src/domain/recognise/recognise.ts'
import { fixture, readWhole } from '../../ingest/read-whole.ts'
import { recognised } from '../../support/recognised.ts'

const LINE = /^\d+: (.*)-(\d+) \(-?\d+\) \[(\d+)\] (\d+) (.+?): (.*)$/

/** Who, where, when to the microsecond, which event, and what it means. */
async function meanings(name: string) {
  const content = fixture(name)
  const layout = detectLayout(content)
  if (layout.kind === 'refused') throw new Error(layout.message)
  const { events } = await readWhole(content, { format: layout.format })
  const recogniser = createRecogniser()
  return events.map((line) => {
    const [, , pid, cpu, ns, printed, payload] = LINE.exec(line)!
    const event = printed!.slice(printed!.indexOf(':') + 1)
    return { pid, cpu, ns: BigInt(ns!), event, act: recognised(printed!, payload!, recogniser) }
  })
}

describe('one recording, printed in many ways', () => {
  it.each(['TC_R.txt', 'TC_l.txt', 'TC_t.txt', 'TC_tsdiff.txt'])('%s means what TC_default.txt means', async (name) => {
    const [a, b] = [await meanings('TC_default.txt'), await meanings(name)]
    expect(b.map(({ ns: _, ...rest }) => rest)).toEqual(a.map(({ ns: _, ...rest }) => rest))
    // trace-cmd rounds to microseconds.
    expect(b.map(({ ns }) => (ns + 500n) / 1000n)).toEqual(a.map(({ ns }) => ns / 1000n))
    expect(a.filter(({ act }) => act !== null).length).toBe(42)
  })

  it.each(['PERF_ns.txt', 'PERF_header.txt'])('%s means what PERF_default.txt means', async (name) => {
    const [a, b] = [await meanings('PERF_default.txt'), await meanings(name)]
    expect(b.map(({ act, event, pid, cpu }) => ({ act, event, pid, cpu }))).toEqual(
      a.map(({ act, event, pid, cpu }) => ({ act, event, pid, cpu })),
    )
    expect(b.map(({ ns }) => ns / 1000n)).toEqual(a.map(({ ns }) => ns / 1000n))
  })

  it('the same program, recorded again, does the same under every printer', async () => {
    const story = async (name: string) =>
      (await meanings(name))
        .filter(({ event }) => /^(?:dma_buf|map|unmap|dma_map|dma_unmap)/.test(event))
        .map(({ event, act }) => [event, act!.type, act!.exporter, act!.size, act!.device, act!.dynamic, act!.point])
    const report = await story('TC_default.txt')
    expect(await story('V_opt_fields.txt')).toEqual(report)
    expect(await story('PERF_default.txt')).toEqual(report)
  })
})
