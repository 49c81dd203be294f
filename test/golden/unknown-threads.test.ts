import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Folded, foldText } from '../support/fold-file.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'

const EVENT = /^.{16,}?-(\d+) +\[(\d{3})\] (?:\S{5} )? *(\d+\.\d{6}): ([^\s:]+): ?(.*)$/

/** The events of kernel text as JSON, with or without their threads. */
function asNdjson(lines: readonly string[], named: boolean): Buffer {
  const objects = lines.flatMap((line) => {
    const found = EVENT.exec(line)
    if (!found) return []
    const [, pid, cpu, ts, event, data] = found
    return [JSON.stringify({ ts, cpu: Number(cpu), ...(named ? { pid: Number(pid) } : {}), event, data })]
  })
  return Buffer.from(`${objects.join('\n')}\n`)
}

const proven = ({ findings }: Folded) =>
  findings.filter((f) => f.verdict === 'violated' && f.rule !== 'incomplete-log').map((f) => f.summary)

/** At open a device has no buffers and after its close they are dead, whoever did it. */
const isCleared = ({ verdict, trigger }: Folded['resets'][number]) =>
  verdict === 'clean' && trigger !== 'open' && trigger !== 'close'

const json = { format: 'ndjson' } as const

/** One thread unmaps; before its exporter's callback is called, another thread's map returns. */
const TWO_THREADS = [
  '            rnd7-172     [003] ...1.    13.757013: db_map_ret: (dma_buf_map_attachment_unlocked+0x37/0x70 <- dma_buf_map_attachment) attach=0xff17e3800fde4000 sgt=0xff17e3800274f600 dma=0xfffae000 len=4096 nents=1',
  '            rnd7-172     [003] ...1.    13.757107: db_unmap: (dma_buf_unmap_attachment+0x4/0x80) attach=0xff17e3800fde4000 sgt=0xff17e3800274f600 dmabuf=0xff17e380027c2c00 ino=61 dev="0000:00:09.0" dir=0',
  '              w1-166     [001] ...1.    13.757108: db_map_ret: (dma_buf_map_attachment_unlocked+0x37/0x70 <- dma_buf_map_attachment) attach=0xff17e3800fde4fc0 sgt=0xff17e380044360c0 dma=0xfff4b000 len=4096 nents=1',
  '            rnd7-172     [003] ...1.    13.757110: vfio_unmap: (vfio_pci_dma_buf_unmap+0x4/0x50 [vfio_pci_core]) attach=0xff17e3800fde4000 sgt=0xff17e3800274f600',
]

describe('calls of threads that the trace does not name are not paired for certain', () => {
  it('two threads are not taken for one', async () => {
    expect(proven(await foldText(asNdjson(TWO_THREADS, true), {}, json))).toEqual([])
    const { gaps, ...folded } = await foldText(asNdjson(TWO_THREADS, false), {}, json)
    expect(proven(folded as Folded)).toEqual([])
    expect(gaps).toMatchObject([{ cpu: null, fromNs: null, toNs: null, reason: expect.stringContaining('thread') }])
  })

  it('an idle task of an unknown CPU is any of them', async () => {
    const idle = TWO_THREADS.map((line) => line.replace(/-\d+ +\[/, '-0       ['))
    const withoutCpu = asNdjson(idle, true)
      .toString()
      .replaceAll(/"cpu":\d,/g, '')
    const folded = await foldText(Buffer.from(withoutCpu), {}, json)
    expect(proven(folded)).toEqual([])
    expect(folded.gaps.length).toBe(1)
  })

  it.each(tracesIn(FIXTURES))(
    '$name without threads proves nothing new, and gives nobody a clean bill',
    async (trace) => {
      const lines = readFileSync(trace.path, 'latin1').split('\n')
      const full = await foldText(asNdjson(lines, true), {}, json)
      const less = await foldText(asNdjson(lines, false), {}, json)
      expect(proven(full)).toEqual(expect.arrayContaining(proven(less)))
      const probed = lines.some((line) => / \([^)]* <- /.test(line))
      if (probed) expect(less.resets.filter(isCleared)).toEqual([])
    },
  )
})
