/** KERNEL.md §5: what a kernel log says of the time it covers: its dumps of the trace buffer, its losses, another boot. */
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../../ingest/detect-layout.ts'
import { foldLineByLine, foldText } from '../../support/fold-file.ts'

/** Folds a kernel log as its first lines say it is; `begin` is what only its whole text would show. */
async function foldLog(lines: readonly string[], begin: object = {}) {
  const text = Buffer.from(`${lines.join('\n')}\n`)
  const layout = detectLayout(text)
  if (layout.kind === 'refused') throw new Error(layout.message)
  const parsing = { format: layout.format, begin: { ...(layout.begin as object), ...begin } }
  const folded = await foldText(text, {}, parsing)
  expect(await foldLineByLine(text, {}, parsing)).toEqual(folded)
  return folded
}

const seconds = (s: number) => BigInt(s) * 1_000_000_000n
const gapsOf = ({ gaps }: Awaited<ReturnType<typeof foldLog>>) =>
  gaps.map(({ cpu, fromNs, toNs, lost, reason }) => ({ cpu, fromNs, toNs, lost, reason }))
const line = (s: number, text: string, caller = '') => `[${String(s).padStart(5)}.000000]${caller} ${text}`

describe('a dump of the trace buffer', () => {
  const dump = (printed: number, ...events: string[]) => [
    line(printed, 'Dumping ftrace buffer:'),
    line(printed, '---------------------------------'),
    ...events.map((event) => line(printed, event)),
    line(printed, '---------------------------------'),
  ]
  const event = (s: number, text: string) => `    bash-12        1d..2.  ${s}000000us : ${text}`
  const resetting = (s: number) => line(s, 'vfio-pci 0000:01:00.0: resetting')
  const over = (s: number) => line(s, 'vfio-pci 0000:01:00.0: reset done')
  const both = { log: true, dump: true, offset: '0' }
  const ends = 'the trace ends with its dump, the kernel log goes on'
  const first = [line(1, 'a'), ...dump(20, event(10, 'console: b'), event(11, 'console: c'))]

  it('is all that was recorded: behind it the log alone goes on, whatever CPU speaks there', async () => {
    const folded = await foldLog([...first, line(21, 'd', '[    C3]'), line(22, 'e', '[    C3]')], both)
    expect(gapsOf(folded)).toEqual([{ cpu: null, fromNs: seconds(11), toNs: null, lost: null, reason: ends }])
  })

  it('begins anew with the next one', async () => {
    const second = dump(30, event(25, 'console: f'), event(26, 'console: g'))
    const folded = await foldLog([...first, line(21, 'd'), ...second, line(31, 'h')], both)
    expect(gapsOf(folded)).toEqual([
      { cpu: null, fromNs: seconds(11), toNs: seconds(21), lost: null, reason: ends },
      { cpu: null, fromNs: seconds(26), toNs: null, lost: null, reason: ends },
    ])
  })

  it('leaves open what the log alone told of before', async () => {
    const dumped = [event(10, 'dma_buf_export: exp_name=vfio_pci_core size=4096 ino=1'), event(11, 'console: c')]
    const folded = await foldLog([resetting(1), over(2), ...dump(20, ...dumped), line(21, 'd')], both)
    expect(folded.resets.map(({ verdict }) => verdict)).toEqual(['undetermined'])
    expect(folded.gaps.map(({ fromNs }) => fromNs)).toEqual([seconds(11)])
  })
})

describe('another boot', () => {
  const resetting = (s: number) => line(s, 'vfio-pci 0000:01:00.0: resetting')
  const begins = line(0, 'Linux version 7.3.4 (x)')
  const reason = 'another boot begins'

  it('is a gap up to its first line', async () => {
    const folded = await foldLog([line(9, 'a'), line(10, 'b'), begins, line(1, 'c')])
    expect(gapsOf(folded)).toMatchObject([{ cpu: null, fromNs: seconds(10), lost: null, reason }])
    expect(gapsOf(folded)[0]!.toNs).toBeGreaterThanOrEqual(seconds(10))
  })

  it('ends no reset of the one before', async () => {
    const done = line(2, 'vfio-pci 0000:01:00.0: reset done')
    const one = await foldLog([resetting(9), line(10, 'b'), begins, done])
    expect(one.resets[0]).toMatchObject({ device: '0000:01:00.0', finishedNs: null })
  })

  it('ends a splat: the one before said no more than this', async () => {
    const cut = line(10, '------------[ cut here ]------------')
    const warning = line(10, 'WARNING: CPU: 0 PID: 1 at drivers/vfio/pci/vfio_pci_core.c:1 f+0x1/0x2 [vfio_pci_core]')
    const { findings } = await foldLog([line(9, 'a'), cut, warning, begins, line(1, ' g+0x1/0x2'), line(2, 'c')])
    const said = findings.filter(({ rule }) => rule === 'kernel-splat')
    expect(said).toMatchObject([{ evidence: [1, 2], verdict: 'violated' }])
  })
})

describe('lines that printk could not keep', () => {
  it('may be of any task', async () => {
    const lines = [line(9, 'a'), line(10, 'b'), '** 12 printk messages dropped **', line(11, 'c')]
    expect(gapsOf(await foldLog(lines))).toEqual([
      { cpu: null, fromNs: seconds(10), toNs: seconds(11), lost: 12n, reason: 'the ring buffer was full' },
    ])
  })
})
