/** KERNEL.md §5.1: what a rule has said is taken back where the end of it bears the same time stamp, and nothing else is. */
import { describe, expect, it } from 'vitest'
import { by, event, later, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, givenOptions } from '../../support/story.ts'
import {
  attached,
  attachOf,
  dmabufOf,
  EXPORTER,
  exported,
  fencesAwaited,
  IMPORTER,
  invalidated,
  mapped,
  move,
  moveEntry,
  moveReturn,
  revoked,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

/** Each step by a thread of another CPU, all but the first with the time stamp of the one before. */
const together = (...steps: Step[]): Step[] =>
  steps.flatMap((step, i) => [
    (print: Parameters<Step>[0]) => {
      if (i > 0) print.now -= 50
    },
    step,
  ])
const elsewhere = (...steps: Step[]): Step => by('kworker/1:1', 201, ...steps)

const fields = `ino=1 attach=${attachOf({})}`
const inval = event('dbuf_inval', `(dma_buf_invalidate_mappings+0x4/0x50) ino=1 dmabuf=${dmabufOf({})}`)
const invalReturn = event(
  'dbuf_inval_ret',
  `(vfio_pci_dma_buf_move+0x50/0x190 [vfio_pci_core] <- dma_buf_invalidate_mappings) ino=1 dmabuf=${dmabufOf({})}`,
)
const restoredWith = (last: Step): Step[] => [
  moveEntry('0'),
  inval,
  ...together(elsewhere(last), invalReturn),
  moveReturn('0'),
]
const attachEvent = event(
  'dma_buf_dynamic_attach',
  `exp_name=vfio_pci_core size=16384 ino=1 attachment:0000000090000002 is_dynamic=1 dev_name=${IMPORTER}`,
)
const attachEntry = event(
  'dbuf_attach',
  `(dma_buf_dynamic_attach+0x4/0x200) ino=1 dev="${IMPORTER}" ops=0xffffffffc0200000`,
)

describe('what came while a buffer was revoked, with its restore', () => {
  const gone = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), revoked())
  const leaks = besides('leaked-attachment', 'leaked-mapping')

  it('is no certain attach', async () => {
    await gone
      .when(later(200), ...restoredWith(attachEvent))
      .judge(finding('attach-while-revoked', { missing: /^the attach and the restore bear the same time stamp/ }))
  })

  it('leaves another doubt about the attach as it was', async () => {
    await gone
      .when(later(10), ...restoredWith(attachEvent))
      .judge(finding('attach-while-revoked', { missing: /its entry is not probed/ }))
  })

  it('leaves another doubt about a map as it was', async () => {
    const unlocked = event(
      'dbuf_map',
      `(map+0x47/0x80 [dbtest] <- dma_buf_map_attachment_unlocked) ${fields} dev="${IMPORTER}" dir=0 sgt=${sgtOf(1)} nents=1 iova=0xffff0000 len=16384`,
    )
    await gone
      .when(...restoredWith(unlocked))
      .judge(finding('map-while-revoked', { missing: /had dropped the lock/ }), leaks)
  })

  it('says nothing of other findings', async () => {
    const options = { recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr' } }] }
    await givenOptions(options, exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited()))
      .when(...restoredWith(event('my_dma', `dev=${IMPORTER} addr=0xffff0000`)))
      .judge(finding('access-after-fences'), besides('late-unmap'))
  })
})

describe('the unmap of one of two mappings, with the loss of the device', () => {
  it('takes back what was said of that one', async () => {
    const entry = event('dbuf_unmap', `(dma_buf_unmap_attachment+0x4/0x80) ${fields} sgt=${sgtOf(1)}`)
    const end = event(
      'dbuf_unmap_ret',
      `(drop+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ${fields} sgt=${sgtOf(1)}`,
    )
    const fatal = event('aer_event', `${EXPORTER} PCIe Bus Error: severity=Fatal, Malformed TLP`)
    const { findings } = await given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
      .when(mapped({ sgt: 2, iova: '0xfffe0000' }), elsewhere(entry), ...together(fatal, elsewhere(end)))
      .judge(
        finding('device-lost-while-mapped', { missing: /^the unmap and the loss bear the same time stamp/ }),
        finding('device-lost-while-mapped', { evidence: ['dbuf_map', 'aer_event'] }),
      )
    const said = findings.filter(({ rule }) => rule === 'device-lost-while-mapped')
    expect(said.map(({ iova, verdict }) => [iova, verdict])).toEqual([
      [0xffff0000n, 'undetermined'],
      [0xfffe0000n, 'violated'],
    ])
  })
})

describe('a whole un-revoke, with the end of the reset', () => {
  const dev = `dev="${EXPORTER}"`
  const begun = given(exported(), attached(), revoked()).when(
    event('pcirst_fn', `(pci_reset_function+0x4/0x90) ${dev}`),
    event('pcirst_disable', `(pci_dev_save_and_disable+0x4/0x60) ${dev}`),
  )
  const end = event('pcirst_fn_ret', `(reset_store+0x5a/0xa0 <- pci_reset_function) ${dev} ret=0`)
  const last = together(...[moveEntry('0'), inval, invalReturn, moveReturn('0')].map((step) => elsewhere(step)), end)

  it('may have come after it', async () => {
    await begun
      .when(...last)
      .judge(finding('early-restore', { missing: /^the restore and the end of the reset bear the same time stamp/ }))
  })

  it('leaves another doubt as it was', async () => {
    await begun.when(lost(2), ...last).judge(finding('early-restore', { missing: /2 events lost/ }))
  })
})

describe('an attach and the close', () => {
  const SAME = (what: string) => ({ missing: new RegExp(`^the use and the ${what} bear the same time stamp`) })
  const cleanup = event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) dev="${EXPORTER}"`)
  const open = given(exported(), attached()).when(cleanup, moveEntry('1'), inval)
  const over = moveReturn('1', 'vfio_pci_dma_buf_cleanup')
  const RULE = 'use-after-permanent-revoke'

  it('of which the entry may have come before the importers were told', async () => {
    await open
      .when(...together(invalReturn, elsewhere(attachEntry)), fencesAwaited(), over, later(1), elsewhere(attachEvent))
      .judge(finding(RULE, SAME('revoke')))
  })

  it('of which the entry may have come before it was over', async () => {
    await open
      .when(invalReturn, fencesAwaited(), ...together(over, elsewhere(attachEntry)), later(1), elsewhere(attachEvent))
      .judge(finding(RULE, SAME('end of the revoke')))
  })

  it('of which no entry shows', async () => {
    await open
      .when(invalReturn, fencesAwaited(), ...together(over, elsewhere(attachEvent)))
      .judge(finding(RULE, SAME('end of the revoke')))
  })
})
