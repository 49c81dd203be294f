/** Native events print hashed pointers, probes raw ones: which attachment a raw pointer is of. */
import { describe, expect, it } from 'vitest'
import type { Folded } from '../support/fold-file.ts'
import { by, event } from '../support/printer.ts'
import { given, type Story } from '../support/story.ts'
import { attached, attachOf, detached, exported, mapped, released, unmapped } from '../support/trace.ts'

const OTHER = '0000:07:00.0'
/** Only the native event shows an attach. */
const hashed = (...steps: Parameters<typeof given>): Story =>
  given(exported(), ...steps).without('dbuf_attached', 'dbuf_attach_ret')
const fold = async (story: Story): Promise<Folded> => (await story.fold()).folded
const pointers = ({ attachments }: Folded) => attachments.map(({ attachment }) => attachment)
const HASH = (attach: number) => `0x${90000000 + attach}`
const guessed = ({ findings }: Folded) => findings.some(({ missing }) => missing?.includes('joined by a guess'))

describe('a raw pointer that no attach showed', () => {
  it('is of the only attachment there is', async () => {
    const folded = await fold(hashed(attached()).when(mapped(), unmapped(), detached()))
    expect(folded.attachments).toMatchObject([
      { attachment: attachOf({}), importerDevice: '0000:02:00.0', attachedNs: 10_000_200_000n, buffer: 0, ino: 1n },
    ])
    expect(folded.attachments[0]?.detachedNs).not.toBeNull()
    expect(folded.mappings).toMatchObject([{ attachmentId: 0, buffer: 0 }])
  })

  it('is of the attachment of its device', async () => {
    for (const importer of ['0000:02:00.0', OTHER]) {
      const two = hashed(attached(), attached('dynamic', { attach: 2, importer: OTHER }))
      const folded = await fold(two.when(mapped({ attach: 5, importer }), released()))
      const own = attachOf({ attach: 5 })
      expect(pointers(folded)).toEqual(importer === OTHER ? [HASH(1), own] : [own, HASH(2)])
      expect(guessed(folded)).toBe(false)
    }
  })

  it('is of the attachment of its buffer', async () => {
    for (const ino of [1, 2]) {
      const two = hashed(exported({ ino: 2 }), attached(), attached('dynamic', { attach: 2, ino: 2 }))
      const folded = await fold(two.when(mapped({ attach: 5, ino }), released({ ino })))
      const own = attachOf({ attach: 5 })
      expect(pointers(folded)).toEqual(ino === 2 ? [HASH(1), own] : [own, HASH(2)])
      expect(guessed(folded)).toBe(false)
    }
  })

  it('is of the attachment of its thread, where device and buffer are the same', async () => {
    for (const pid of [201, 202]) {
      const two = hashed(by('a', 201, attached()), by('b', 202, attached('dynamic', { attach: 2 })))
      const folded = await fold(two.when(by('x', pid, mapped({ attach: 5 })), released()))
      const own = attachOf({ attach: 5 })
      expect(pointers(folded)).toEqual(pid === 202 ? [HASH(1), own] : [own, HASH(2)])
      expect(guessed(folded)).toBe(false)
    }
  })

  it('is of the newest attachment where nothing tells them apart, and that is a guess', async () => {
    const two = hashed(attached(), attached('dynamic', { attach: 2 }))
    const own = await fold(two.when(mapped({ attach: 5 }), released()))
    expect(pointers(own)).toEqual([HASH(1), attachOf({ attach: 5 })])
    expect(guessed(own)).toBe(true)
    const foreign = await fold(two.when(by('x', 300, mapped({ attach: 5 })), released()))
    expect(pointers(foreign)).toEqual([HASH(1), attachOf({ attach: 5 })])
    expect(guessed(foreign)).toBe(true)
  })

  it('is of nobody who had attached before the pointer was freed', async () => {
    const story = given(exported(), attached('dynamic', { attach: 5 }), by('a', 201, attached()))
    const folded = await fold(
      story.when(
        detached({ attach: 5 }),
        event('dma_buf_put', 'exp_name=vfio_pci_core size=16384 ino=1'),
        mapped({ attach: 5 }),
      ),
    )
    expect(folded.attachments[0]).toMatchObject({ attachment: attachOf({ attach: 5 }) })
    expect(folded.findings.map(({ rule }) => rule)).toContain('use-after-detach')
  })

  it('is of an attachment that began before the trace, where all others are of other devices', async () => {
    const folded = await fold(hashed(attached()).when(mapped({ attach: 5, importer: OTHER }), released()))
    expect(folded.attachments).toMatchObject([
      { attachment: HASH(1), importerDevice: '0000:02:00.0' },
      { attachment: attachOf({ attach: 5 }), importerDevice: OTHER, attachedNs: null, class: 'unknown', buffer: 0 },
    ])
    expect(folded.buffers).toMatchObject([{ attachments: 1, mappings: 1 }])
  })
})

describe('a pointer that was handed out again', () => {
  it.each([
    ['another device', { importer: OTHER }],
    ['another buffer', { ino: 2 }],
  ])('by the name of %s is another attachment, and both are doubtful', async (_, other) => {
    const folded = await fold(
      given(exported(), exported({ ino: 2 }), attached(), mapped()).when(mapped({ sgt: 2, ...other }), released()),
    )
    expect(folded.attachments).toHaveLength(2)
    expect(folded.mappings.map(({ attachmentId }) => attachmentId)).toEqual([0, 1])
    expect(guessed(folded)).toBe(true)
  })
})

describe('with hash-ptr=0', () => {
  it('the native event names the attachment as probes do', async () => {
    const native = event(
      'dma_buf_dynamic_attach',
      `exp_name=vfio_pci_core size=16384 ino=1 attachment:${attachOf({})} is_dynamic=1 dev_name=0000:02:00.0`,
    )
    const folded = await fold(given(exported(), native, attached('dynamic', { attach: 2 })).when(mapped(), released()))
    expect(folded.attachments).toMatchObject([
      { attachment: attachOf({}), attachedNs: 10_000_200_000n },
      { attachment: attachOf({ attach: 2 }) },
    ])
    expect(folded.mappings).toMatchObject([{ attachmentId: 0 }])
    expect(guessed(folded)).toBe(false)
  })
})
