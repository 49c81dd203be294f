/** KERNEL.md §2.1, PRIV_REVOC: iommufd maps by `iommu:map`, in the thread that has just attached. */
import { describe, expect, it } from 'vitest'
import type { Folded } from '../../support/fold-file.ts'
import { by, event, later, type Step } from '../../support/printer.ts'
import { besides, given } from '../../support/story.ts'
import { attachOf, dmabufOf, exported, mapped, released, revoked, sgtOf } from '../../support/trace.ts'

const hex = (address: number) => `0x${address.toString(16).padStart(16, '0')}`
const range = (from: number, size: number) => `IOMMU: iova=${hex(from)} - ${hex(from + size)}`
const maps = (from: number, size = 4096): Step =>
  event('map', `${range(from, size)} paddr=0x00000000fe200000 size=${size}`)
const unmaps = (from: number, size = 4096): Step =>
  event('unmap', `${range(from, size)} size=${size} unmapped_size=${size}`)
const attach = (inv = 'iopt_revoke_notify+0x0/0x90 [iommufd]', ino = 1): Step =>
  event(
    'dbuf_attach_ret',
    `(iopt_map_dmabuf+0x9e/0x1b0 [iommufd] <- dma_buf_dynamic_attach) ino=${ino} dmabuf=${dmabufOf({ ino })} dev="iommu" ops=0xffffffffc0e788a0 inv=${inv} ret=${attachOf({})}`,
  )
const fold = async (...steps: Step[]): Promise<Folded> => (await given(exported(), ...steps).fold()).folded
const mappingsOf = ({ mappings }: Folded) =>
  mappings.map(({ iova, length, endedBy, unmappedNs }) => [
    iova,
    length,
    endedBy ?? (unmappedNs === null ? 'live' : '?'),
  ])
const A = 0x100000

describe('a translation by the thread that has attached', () => {
  it('is the mapping, and further segments are none of their own', async () => {
    const folded = await fold(attach(), maps(A), maps(A + 4096), maps(A + 0x10000))
    expect(mappingsOf(folded)).toEqual([[BigInt(A), 4096n, 'live']])
  })

  it('is none a second later than the attach, nor once its mapping was taken down', async () => {
    const delayed = (ms: number) => fold(attach(), later(ms), maps(A))
    expect(mappingsOf(await delayed(999))).toHaveLength(1)
    expect(mappingsOf(await delayed(999.95))).toHaveLength(1)
    expect(mappingsOf(await delayed(1000))).toEqual([])
    expect(mappingsOf(await fold(attach(), maps(A), unmaps(A), maps(A)))).toEqual([[BigInt(A), 4096n, 'unmap']])
  })

  it('is none of another thread, nor of another importer', async () => {
    expect(mappingsOf(await fold(attach(), by('other', 300, maps(A))))).toEqual([])
    const another = event(
      'dbuf_attach_ret',
      `(x+0x9e/0x1b0 [x] <- dma_buf_dynamic_attach) ino=1 dmabuf=${dmabufOf({})} dev="0000:02:00.0" ops=0xffffffffc0e788b0 inv=virtgpu_dma_buf_move_notify ret=${attachOf({ attach: 2 })}`,
    )
    expect(mappingsOf(await fold(another, maps(A)))).toEqual([])
  })
})

describe('taking it down', () => {
  it('inside the invalidate shows that the importer does as it is told', async () => {
    const folded = await fold(attach(), maps(A), revoked({}, unmaps(A)))
    expect(mappingsOf(folded)).toEqual([[BigInt(A), 4096n, 'revoke']])
    expect(folded.attachments).toMatchObject([{ class: 'private', basis: 'observed', deferred: false }])
  })

  it('of its own accord shows nothing of that', async () => {
    const folded = await fold(attach(), maps(A), unmaps(A))
    expect(mappingsOf(folded)).toEqual([[BigInt(A), 4096n, 'unmap']])
    expect(folded.attachments).toMatchObject([{ class: 'private', basis: 'declared' }])
  })

  it('inside the unmap of another importer with the same address is that one’s', async () => {
    const other = { attach: 2, iova: hex(A) }
    const fields = `ino=1 attach=${attachOf(other)}`
    const folded = await fold(
      attach(),
      maps(A),
      by(
        'gpu',
        300,
        mapped(other),
        event('dbuf_unmap', `(dma_buf_unmap_attachment+0x4/0x80) ${fields} dev="0000:02:00.0" sgt=${sgtOf(1)}`),
        unmaps(A),
        event('dbuf_unmap_ret', `(x+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ${fields} sgt=${sgtOf(1)}`),
      ),
    )
    expect(mappingsOf(folded)).toEqual([
      [BigInt(A), 4096n, 'live'],
      [BigInt(A), 16384n, 'unmap'],
    ])
  })

  it('of an address inside it, or of none that is mapped, is not its end', async () => {
    const folded = await fold(attach(), maps(A, 8192), unmaps(A + 4096), unmaps(0x500000))
    expect(mappingsOf(folded)).toEqual([[BigInt(A), 8192n, 'live']])
  })
})

it('three address spaces that have one address leave open which of them has lost it, until all have', async () => {
  const spaces = [attach(), maps(A), maps(A), maps(A)]
  const left = async (n: number) => mappingsOf(await fold(...spaces, ...Array.from({ length: n }, () => unmaps(A))))
  expect(await left(1)).toEqual([[BigInt(A), 4096n, 'live']])
  expect(await left(2)).toEqual([[BigInt(A), 4096n, 'live']])
  expect(await left(3)).toEqual([[BigInt(A), 4096n, 'unmap']])
})

it('an address that somebody had before, and gave back, is shared with nobody', async () => {
  const folded = await fold(maps(A), unmaps(A), attach(), maps(A), unmaps(A))
  expect(mappingsOf(folded)).toEqual([[BigInt(A), 4096n, 'unmap']])
})

it('an address that somebody has is not certain to be free by an unmap', async () => {
  const folded = await given(exported(), by('nic', 300, maps(A)), attach(), maps(A), unmaps(A), released()).judge(
    besides('leaked-mapping', 'leaked-attachment', 'released-while-attached'),
  )
  expect(mappingsOf(folded)).toEqual([[BigInt(A), 4096n, 'live']])
  expect(folded.findings.map(({ rule }) => rule)).toContain('leaked-mapping')
})
