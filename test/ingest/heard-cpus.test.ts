import { describe, expect, it } from 'vitest'
import { deselection } from '../../ingest/noise/noise.ts'
import { foldText } from '../support/fold-file.ts'
import { readWhole } from './read-whole.ts'

const line = (cpu: number, us: number, rest: string) =>
  `            tool-167     [00${cpu}] ...2.    40.${String(us).padStart(6, '0')}: ${rest}`
const noise = (cpu: number, us: number) => line(cpu, us, 'sched_switch: prev_comm=a prev_pid=1')
const event = (cpu: number, us: number) => line(cpu, us, 'dma_buf_put: exp_name=system size=4096 ino=1')
const text = (...lines: string[]) => Buffer.from(`${lines.join('\n')}\n`)
const gapsOf = async (content: Buffer) => {
  const { gaps } = await foldText(content, {}, deselection(undefined, undefined))
  return gaps.map(({ cpu, fromNs, toNs }) => [cpu, fromNs, toNs])
}
const at = (us: number) => 40_000_000_000n + BigInt(us) * 1000n

describe('events that are only counted', () => {
  it('end and begin the gaps of their CPU', async () => {
    const lost = 'CPU:1 [LOST 5 EVENTS]'
    const trace = text(event(1, 100), noise(1, 200), lost, noise(1, 300), noise(0, 350), event(1, 900))
    expect(await gapsOf(trace)).toEqual([[1, at(200), at(300)]])
    const quiet = text(event(1, 100), lost, noise(0, 350), event(1, 900))
    expect(await gapsOf(quiet)).toEqual([[1, at(100), at(900)]])
  })

  it('end and begin a line that is not understood', async () => {
    const trace = text(event(0, 100), noise(1, 200), 'garbage', 'garbage', noise(1, 300), event(0, 900))
    expect(await gapsOf(trace)).toEqual([[null, at(200), at(300)]])
  })

  it('are noted around gaps and at the end, not one by one', async () => {
    const many = Array.from({ length: 50 }, (_, i) => noise(i % 2, 200 + i))
    const { notes, facts } = await readWhole(text(event(0, 100), ...many), deselection(undefined, undefined))
    expect(facts).toMatchObject({ events: 1, ignored: 50 })
    expect(notes).toEqual([{ kind: 'heard', line: 51, cpu: 1, time: at(249), beforeEvent: 1 }])
  })
})
