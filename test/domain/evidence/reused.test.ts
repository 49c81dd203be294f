/** KERNEL.md §0.9: pids, `sg_table`s, attachment pointers and IOVAs are used again at once, by other things. */
import { describe, expect, it } from 'vitest'
import { by, event, later } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  detached,
  exported,
  faulted,
  IMPORTER,
  mapped,
  released,
  reset,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const exits = (comm: string, pid: number) =>
  by(comm, pid, event('sched_process_exit', `comm=${comm} pid=${pid} prio=120`))
const begun = given(
  exported(),
  attached('dynamic', { attach: 2 }),
  detached({ attach: 2 }),
  attached(),
  mapped({ sgt: 9 }),
  unmapped({ sgt: 9 }),
)

describe('a pid', () => {
  it('that another task has by now is not the owner exiting', async () => {
    const open = { verdict: 'undetermined', times: 1 } as const
    await begun
      .when(exits('other', 100), later(3000), by('end', 7, reset('open')))
      .judge(finding('leaked-attachment', open))
    await begun.when(exits('tool', 100), later(3000), by('end', 7, reset('open'))).judge(finding('leaked-attachment'))
    await begun
      .when(exits('<...>', 100), later(3000), by('end', 7, reset('open')))
      .judge(finding('leaked-attachment', open))
  })

  it('whose owner had exited long before its next task does has leaked all the same', async () => {
    await begun.when(exits('tool', 100), later(3000), exits('tool', 100)).judge(finding('leaked-attachment'))
  })

  it('takes no call of its task before: the exit has ended them', async () => {
    const entry = event('dbuf_attach', `(dma_buf_dynamic_attach+0x4/0x200) ino=1 dev="${IMPORTER}" ops=0x0`)
    const back = event(
      'dbuf_attach_ret',
      `(dbt_ioctl+0x214/0x73a [dbtest] <- dma_buf_dynamic_attach) ret=0xffff888120000050`,
    )
    const run = async (...between: Parameters<typeof given>) =>
      (await given(exported(), by('old', 300, entry), ...between, by('new', 300, back)).fold()).folded.attachments
    expect((await run()).map(({ importerDevice }) => importerDevice)).toContain(IMPORTER)
    const after = await run(exits('old', 300))
    expect(after.filter((a) => a.attachedNs !== null).map(({ importerDevice }) => importerDevice)).toEqual([null])
  })
})

describe('an address', () => {
  it('of an sg_table that comes again at once is a new mapping', async () => {
    const { mappings } = await begun.when(mapped({ sgt: 9 }), unmapped({ sgt: 9 })).judge(nothing('double-unmap'))
    expect(mappings.map(({ endedBy }) => endedBy)).toEqual(['unmap', 'unmap'])
  })

  it('of an attachment that comes again for another device is another attachment', async () => {
    const again = { importer: '0000:03:00.0' }
    const { attachments } = await begun
      .when(detached(), attached('dynamic', again), mapped({ ...again, sgt: 2 }), unmapped({ ...again, sgt: 2 }))
      .when(detached(again), released())
      .judge(nothing('use-after-detach'))
    expect(attachments.map(({ importerDevice }) => importerDevice)).toEqual([IMPORTER, IMPORTER, '0000:03:00.0'])
  })

  it('of a mapping of several segments reaches as far as its thread has translated', async () => {
    const range = (from: string, to: string) =>
      event('map', `IOMMU: iova=0x00000000${from} - 0x00000000${to} paddr=0x00000000fc000000 size=4096`)
    const split = given(exported(), attached(), range('ffff0000', 'ffff1000'), range('ffff1000', 'ffff2000')).when(
      mapped({ nents: 2, length: 4096 }),
      revoked({}, unmapped()),
      later(50),
    )
    await split.when(faulted('0xffff1800')).judge(finding('use-after-revoke'))
    await split.when(faulted('0xffff2800')).judge(nothing('use-after-revoke'))
  })
})
