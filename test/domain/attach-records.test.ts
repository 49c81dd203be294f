/** One attach shows as up to four records, each of which may be all there is: how many attaches they were of. */
import { describe, expect, it } from 'vitest'
import type { Folded } from '../support/fold-file.ts'
import { by, event, type Step } from '../support/printer.ts'
import { given } from '../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  dmabufOf,
  exported,
  IMPORTER,
  mapped,
  refused,
  released,
} from '../support/trace.ts'

/** Each event takes 50 µs, and each of the two exports is three. */
const EXPORTED = 10_000_300_000n
const OTHER = '0000:07:00.0'
const DYNAMIC = 'dma_buf_dynamic_attach'
const LEGACY = 'dma_buf_attach'
const IMPORTERS_IOCTL = 'dbt_ioctl+0x214/0x73a [dbtest]'

const fold = async (...steps: Step[]): Promise<Folded> =>
  (
    await given(exported(), exported({ ino: 2 }))
      .when(...steps)
      .fold()
  ).folded

const enters = (fn: string, { ino = 1, device = IMPORTER } = {}): Step =>
  event('p_attach', `(${fn}+0x4/0x1c0) ino=${ino} dmabuf=${dmabufOf({ ino })} dev="${device}"`)
const returns = (fn: string, ret: string, { ino = 1, device = IMPORTER, caller = IMPORTERS_IOCTL } = {}): Step =>
  event('r_attach', `(${caller} <- ${fn}) ino=${ino} dmabuf=${dmabufOf({ ino })} dev="${device}" ret=${ret}`)
const native = ({ ino = 1, device = IMPORTER, hash = 1 } = {}): Step =>
  event(
    DYNAMIC,
    `exp_name=vfio_pci_core size=16384 ino=${ino} attachment:${String(90000000 + hash).padStart(16, '0')} is_dynamic=1 dev_name=${device}`,
  )
const FROM_LEGACY = `${LEGACY}+0x17/0x20`
const ENODEV = '0xffffffffffffffed'
const ONE = attachOf({ attach: 1 })
const TWO = attachOf({ attach: 2 })

describe('a refusal', () => {
  it.each(['attach=0xffffffffffffffa1', 'attach=-95', 'ret=-95', 'ret=0xffffffffffffffa1'])(
    'is one however the return shows it: %s',
    async (shown) => {
      const { attachments } = await fold(
        event('r_attach', `(${IMPORTERS_IOCTL} <- ${DYNAMIC}) ino=1 dev="${IMPORTER}" ${shown}`),
      )
      expect(attachments).toMatchObject([{ refusedErrno: 95, attachedNs: null, attachment: null }])
    },
  )

  it('ends its attach: the next one of that thread is another, though the return of the wrapper did not show', async () => {
    const { attachments } = await fold(
      enters(LEGACY),
      enters(DYNAMIC),
      returns(DYNAMIC, ENODEV, { caller: FROM_LEGACY }),
      enters(DYNAMIC),
      returns(DYNAMIC, ONE),
    )
    expect(attachments).toMatchObject([
      { refusedErrno: 19, attachedNs: null },
      { refusedErrno: null, attachment: ONE },
    ])
  })
})

it('an attach that is known by its entry alone is no attachment: it may have been refused', async () => {
  expect((await fold(enters(DYNAMIC))).attachments).toEqual([])
})

describe('dma_buf_attach() wraps dma_buf_dynamic_attach()', () => {
  it('is one attach, of an importer without ops', async () => {
    const { attachments, buffers } = await fold(
      enters(LEGACY),
      enters(DYNAMIC),
      native(),
      returns(DYNAMIC, ONE, { caller: FROM_LEGACY }),
      returns(LEGACY, ONE),
    )
    expect(attachments).toMatchObject([
      { attachment: ONE, class: 'legacy', basis: 'declared', attachedNs: EXPORTED + 150_000n, refusedErrno: null },
    ])
    expect(buffers).toMatchObject([{ attachments: 1 }, { attachments: 0 }])
  })

  it('is one refusal', async () => {
    const { attachments, buffers } = await fold(
      enters(LEGACY),
      enters(DYNAMIC),
      returns(DYNAMIC, ENODEV, { caller: FROM_LEGACY }),
      returns(LEGACY, ENODEV),
    )
    expect(attachments).toMatchObject([{ attachment: null, class: 'legacy', refusedErrno: 19, attachedNs: null }])
    expect(buffers).toMatchObject([{ attachments: 0 }, { attachments: 0 }])
  })

  it('is another attach where the inner call is for another buffer', async () => {
    const { attachments } = await fold(
      enters(LEGACY),
      enters(DYNAMIC, { ino: 2 }),
      returns(DYNAMIC, TWO, { ino: 2 }),
      returns(LEGACY, ONE),
    )
    expect(attachments.map(({ ino, attachment }) => [ino, attachment]).sort()).toEqual([
      [1n, ONE],
      [2n, TWO],
    ])
  })
})

describe('the same thread attaches twice', () => {
  it('as events and returns tell', async () => {
    const { attachments } = await fold(native(), returns(DYNAMIC, ONE), native({ hash: 2 }), returns(DYNAMIC, TWO))
    expect(attachments.map(({ attachment }) => attachment)).toEqual([ONE, TWO])
  })

  it('as returns alone tell', async () => {
    const { attachments, buffers } = await fold(returns(DYNAMIC, ONE), returns(DYNAMIC, TWO))
    expect(attachments.map(({ attachment }) => attachment)).toEqual([ONE, TWO])
    expect(buffers[0]).toMatchObject({ attachments: 2 })
  })

  it('as the event of one and, its own event lost, the return of another device tell', async () => {
    const { attachments } = await fold(native(), returns(DYNAMIC, TWO, { device: OTHER }))
    expect(attachments).toMatchObject([{ importerDevice: IMPORTER }, { importerDevice: OTHER, attachment: TWO }])
  })

  it('as the event of one and the return of another buffer tell', async () => {
    const { attachments } = await fold(native(), returns(DYNAMIC, TWO, { ino: 2 }))
    expect(attachments).toMatchObject([{ ino: 1n }, { ino: 2n, attachment: TWO }])
  })

  it('and what follows the return of the first is of the second', async () => {
    const { attachments } = await fold(returns(DYNAMIC, ONE), native({ hash: 2 }))
    expect(attachments).toHaveLength(2)
    expect(attachments[0]).toMatchObject({ attachment: ONE })
  })

  it('and a refusal after a success is one of its own', async () => {
    const { attachments } = await fold(native(), returns(DYNAMIC, ENODEV))
    expect(attachments).toMatchObject([
      { refusedErrno: null, attachedNs: EXPORTED + 50_000n },
      { refusedErrno: 19, attachedNs: null },
    ])
  })
})

describe('a refusal', () => {
  it.each([ENODEV, '-19'])('is told by a return of %s', async (ret) => {
    const { attachments } = await fold(enters(DYNAMIC), returns(DYNAMIC, ret))
    expect(attachments).toMatchObject([{ attachment: null, refusedErrno: 19, attachedNs: null }])
  })

  it('shows whose it was as soon as the same ops show what they are', async () => {
    const { attachments } = await fold(
      refused('unheard', 95),
      refused('unheard', 19),
      refused('legacy', 95),
      attached('unheard'),
    )
    const unheard = { class: 'dynamic', basis: 'declared', callback: 'dbt_inv' }
    expect(attachments).toMatchObject([
      { refusedErrno: 95, ...unheard },
      { refusedErrno: 19, ...unheard },
      { refusedErrno: 95, class: 'legacy', callback: null },
      { refusedErrno: null, ...unheard },
    ])
  })
})

describe('a return that names its buffer by an address alone', () => {
  const bare = (device = IMPORTER): Step =>
    event('r_attach', `(${IMPORTERS_IOCTL} <- ${DYNAMIC}) dmabuf=${dmabufOf({ ino: 1 })} dev="${device}" ret=${ONE}`)
  const told = event('dbuf_inval', `(dma_buf_invalidate_mappings+0x4/0x50) dmabuf=${dmabufOf({ ino: 1 })}`)
  /** Buffer 9 is where 1 was, whose release was not recorded; of its export only the native event shows. */
  const moved = event('dma_buf_export', 'exp_name=vfio_pci_core size=16384 ino=9')

  it('is of the buffer that the event just before named', async () => {
    const { attachments, revocations } = await fold(moved, native({ ino: 9 }), bare(), told)
    expect(attachments).toMatchObject([{ ino: 9n, attachment: ONE }])
    expect(revocations).toMatchObject([{ ino: 9n }])
  })

  it('is of the buffer last seen there, where the event was of another device or thread', async () => {
    for (const other of [bare(OTHER), by('x', 300, bare())]) {
      const { attachments, revocations } = await fold(moved, native({ ino: 9 }), other, told)
      expect(attachments).toMatchObject([{ ino: 9n }, { ino: 1n, attachment: ONE }])
      expect(revocations).toMatchObject([{ ino: 1n }])
    }
  })

  it('is of the buffer last seen there, where the attach of the event has returned or is detached', async () => {
    const hashedDetach = event(
      'dma_buf_detach',
      `exp_name=vfio_pci_core size=16384 ino=9 attachment:0000000090000001 is_dynamic=1 dev_name=${IMPORTER}`,
    )
    const { revocations } = await fold(moved, native({ ino: 9 }), hashedDetach, bare(), told)
    expect(revocations).toMatchObject([{ ino: 1n }])
  })
})

describe('the device of an importer', () => {
  const bare = event('r_attach', `(${IMPORTERS_IOCTL} <- ${DYNAMIC}) ino=1 dmabuf=${dmabufOf({})} ret=${ONE}`)

  it('may be named by its map alone', async () => {
    const { attachments, mappings } = await fold(bare, mapped({ importer: OTHER }))
    expect(attachments).toMatchObject([{ importerDevice: OTHER }])
    expect(mappings).toMatchObject([{ attachmentId: 0, importerDevice: OTHER }])
  })

  it('stays what the attach said where a later record does not name it', async () => {
    const nameless = event('dbuf_unpin', `(dma_buf_unpin+0x4/0x30) attach=${ONE}`)
    const { attachments } = await fold(attached(), nameless, detached(), released())
    expect(attachments).toMatchObject([{ importerDevice: IMPORTER, ino: 1n }])
  })
})

describe('the records of one attach', () => {
  const probed = event(
    'dbuf_attached',
    `(__probestub_dma_buf_dynamic_attach+0x4/0x10) ino=1 dmabuf=${dmabufOf({})} attach=${ONE} dev="${IMPORTER}"`,
  )

  it('are of one, whichever of its event and the probe on that comes first', async () => {
    for (const steps of [
      [probed, native()],
      [native(), probed],
    ])
      expect((await fold(...steps, returns(DYNAMIC, ONE))).attachments).toMatchObject([{ attachment: ONE }])
  })

  it('may not show what was returned, or to whom', async () => {
    const bare = event('r_attach', `(${IMPORTERS_IOCTL} <- ${DYNAMIC}) ino=1`)
    expect((await fold(enters(DYNAMIC), bare)).attachments).toMatchObject([
      { attachment: null, importerDevice: IMPORTER, attachedNs: EXPORTED + 100_000n, refusedErrno: null },
    ])
  })

  it('name the device or leave it to the others', async () => {
    const nameless = event('r_attach', `(${IMPORTERS_IOCTL} <- ${DYNAMIC}) dmabuf=${dmabufOf({ ino: 1 })} ret=${ONE}`)
    const moved = event('dma_buf_export', 'exp_name=vfio_pci_core size=16384 ino=9')
    const { attachments } = await fold(moved, native({ ino: 9 }), nameless)
    expect(attachments).toMatchObject([{ ino: 9n, attachment: ONE, importerDevice: IMPORTER }])
  })

  it('are of the one of its thread, though one of another is as new', async () => {
    const { attachments, mappings } = await fold(native(), by('x', 300, native({ hash: 2 })), mapped())
    expect(attachments).toMatchObject([{ attachment: ONE }, { attachment: '0x90000002' }])
    expect(mappings).toMatchObject([{ attachmentId: 0 }])
  })
})

it('an attachment that began with the trace is found by its raw pointer later', async () => {
  const { folded } = await given(native(), mapped()).fold()
  expect(folded.attachments).toMatchObject([{ attachment: ONE, attachedNs: 10_000_050_000n }])
  const second = await given(event('x', 'y'), native(), mapped()).fold()
  expect(second.folded.attachments).toMatchObject([{ attachment: ONE, attachedNs: 10_000_100_000n }])
})

it('an attachment that is older than the trace is known by what only its importer attaches with', async () => {
  const pin = event('dbuf_pin', `(pin+0x9/0x20 [iommufd] <- dma_buf_pin) ino=1 attach=${ONE} dev="iommu" ret=0`)
  expect((await fold(pin)).attachments).toMatchObject([
    { class: 'private', basis: 'inferred', importerDevice: 'iommu' },
  ])
})
