/** KERNEL.md §6, R1 and R19: what the kernel log says of accesses, and of what went wrong. */
import { describe, expect, it } from 'vitest'
import { foldText } from '../../support/fold-file.ts'
import { by, console_, event, later, printTrace, type Step } from '../../support/printer.ts'
import { besides, finding, given, givenOptions, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  EXPORTER,
  exported,
  faulted,
  IMPORTER,
  invalidated,
  mapped,
  move,
  pinned,
  unmapped,
} from '../../support/trace.ts'

const lines = (...texts: string[]): Step[] => texts.map((text) => console_(text))
const cut = '------------[ cut here ]------------'
const end = '---[ end trace 0000000000000000 ]---'
const warning = 'WARNING: CPU: 0 PID: 100 at drivers/dma-buf/dma-buf.c:1 dma_buf_detach+0xba/0x110'
const consoles = (many: number) => Array<string>(many).fill('console')

describe('faults that were not printed', () => {
  const suppressed = console_('dmar_fault: 12 callbacks suppressed')
  const reason = 'the kernel limits how many IOMMU faults it prints'
  const at = (us: number) => 10_000_000_000n + BigInt(us) * 1000n

  it('were before the line that counts them, behind the last that was', async () => {
    const { folded } = await given(faulted(), suppressed).fold()
    expect(folded.gaps).toMatchObject([{ cpu: null, fromNs: at(50), toNs: at(100), lost: 12n, reason }])
    expect(folded.findings).toMatchObject([
      { rule: 'incomplete-log', summary: `this trace is incomplete: 12 faults lost (${reason})` },
    ])
  })

  it('may have been at any time of the trace where none was', async () => {
    const { folded } = await given(exported(), suppressed).fold()
    expect(folded.gaps).toMatchObject([{ cpu: null, fromNs: at(50), toNs: at(200), lost: 12n, reason }])
  })
})

describe('an access that a file of recognisers declares', () => {
  const fields = { device: 'dev', iova: 'addr', direction: 'dir' }
  const gone = [exported(), attached(), mapped(), move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()))]
  const told = (payload: string) =>
    givenOptions({ recognisers: [{ event: 'my_dma', as: 'access', fields }] }, ...gone).when(
      by('gpu', 201, event('my_dma', payload)),
    )

  it.each([
    ['TO_DEVICE', /read from/],
    ['1', /read from/],
    ['FROM_DEVICE', /wrote to/],
    ['2', /wrote to/],
    ['BIDIRECTIONAL', /accessed/],
    ['?', /accessed/],
  ])('is the device’s: %s', async (dir, summary) => {
    await told(`dev=${IMPORTER} addr=0xffff0040 dir=${dir}`).judge(finding('use-after-revoke', { summary }))
  })

  it.each(['dev=0000:02:00.0 addr=? dir=1', 'addr=0xffff0040 dir=1', 'nothing'])(
    'is nobody’s where the event names no device or no address: %s',
    async (payload) => {
      await told(payload).judge(nothing('use-after-revoke'))
    },
  )
})

describe('a splat', () => {
  it('without "cut here" is an oops up to its "end trace", whatever its thread does meanwhile', async () => {
    const oops = lines('BUG: unable to handle page fault for address: ffff8880', ' dma_buf_unmap_attachment+0x1/0x2')
    await given(exported())
      .when(...oops, later(5), exported({ ino: 2 }), ...lines(' x+0x1/0x2', end), ...lines('usb 1-1: hello'))
      .judge(finding('kernel-splat', { evidence: consoles(4), summary: /: BUG: unable to handle/ }))
  })

  it('without either is a lone warning, over where its thread does anything else', async () => {
    await given(exported())
      .when(...lines(warning, ' x+0x1/0x2'), exported({ ino: 2 }), ...lines(' y+0x1/0x2'))
      .judge(finding('kernel-splat', { evidence: consoles(2) }))
  })

  it('that is cut goes on to its "end trace", however long it takes', async () => {
    await given(exported())
      .when(...lines(cut, warning), later(5), exported({ ino: 2 }), ...lines(' y+0x1/0x2', end))
      .judge(finding('kernel-splat', { evidence: consoles(4) }))
  })

  it('is printed in one go: a line 1 ms later is of it, one after more is not', async () => {
    const evidence = async (us: number, many: number) =>
      given(exported())
        .when(...lines(warning), later(us / 1000), ...lines(' x+0x1/0x2'))
        .judge(finding('kernel-splat', { evidence: consoles(many) }))
    await evidence(950, 2)
    await evidence(951, 1)
  })

  it('ends where the next is cut', async () => {
    await given(exported())
      .when(...lines(cut, warning, cut, warning, ' x+0x1/0x2', end))
      .judge(finding('kernel-splat', { times: 2, summary: /: WARNING: .*dma_buf_detach/ }))
    await given(exported())
      .when(...lines(warning, cut, 'WARNING: CPU: 1 PID: 7 at fs/ext4/inode.c:10 ext4_evict_inode+0x1/0x2', end))
      .judge(finding('kernel-splat', { evidence: consoles(1) }))
  })

  it('is told by its first line that says anything', async () => {
    await given(exported())
      .when(...lines(cut, ' ', '  vfio-pci: it broke ', warning, end))
      .judge(finding('kernel-splat', { summary: /^the kernel said: vfio-pci: it broke$/ }))
  })

  it('is somebody else’s where its first line names none of ours', async () => {
    await given(exported())
      .when(...lines('WARNING: CPU: 1 PID: 7 at fs/ext4/inode.c:10 ext4_evict_inode+0x1/0x2', ' evict+0x10/0x20'))
      .judge(nothing('kernel-splat'))
  })

  it('is not begun by a task that hangs', async () => {
    await given(exported())
      .when(...lines('INFO: task vfio:7 blocked for more than 120 seconds.', ' vfio_pci_core_ioctl+0x1/0x2'))
      .judge(nothing('kernel-splat'))
  })

  it('keeps as many of its lines as anyone will read', async () => {
    const printed = printTrace(lines(warning, ...Array<string>(4100).fill(' x+0x1/0x2')))
    const { findings } = await foldText(Buffer.from(`${printed.lines.join('\n')}\n`))
    expect(findings.map(({ evidence }) => evidence.length)).toEqual([4096])
  })

  describe('takes its buffer from the call that it came out of', () => {
    const splat = (text: string) => lines(cut, 'WARNING: CPU: 0 PID: 100 at x.c:1 x+0x1/0x2', text, end)
    const ready = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
    const ofOne = finding('kernel-splat', { ino: 1 })
    const other = besides('leaked-attachment')

    it('an unmap, an invalidate, a pin', async () => {
      await ready.when(unmapped({}, ...splat(' y+0x1/0x2'))).judge(ofOne, other)
      await ready
        .when(move(1, EXPORTER, 'ioctl', invalidated({}, ...splat(' dma_buf_invalidate_mappings+0x1/0x2'), unmapped())))
        .judge(ofOne, other)
      const pin = event('p_pin', `(dma_buf_pin+0x4/0x30) attach=${attachOf({})}`)
      await ready.when(unmapped(), pinned(), pin, ...splat(' y+0x1/0x2')).judge(ofOne, besides('pin-imbalance'), other)
    })

    it('which it names itself where no return is probed', async () => {
      const inside = (text: string) => ready.when(unmapped({}, ...splat(text))).without('dbuf_unmap_ret')
      await inside(' dma_buf_unmap_attachment+0x1/0x2').judge(ofOne, besides('leaked-attachment', 'late-unmap'))
      const { folded } = await inside(' dma_buf_put+0x1/0x2').fold()
      expect(folded.findings.filter(({ rule }) => rule === 'kernel-splat')).toMatchObject([{ ino: null }])
    })
  })
})
