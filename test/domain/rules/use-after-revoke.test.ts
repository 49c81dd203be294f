import { describe, expect, it } from 'vitest'
import { by, event, later, lost } from '../../support/printer.ts'
import { finding, given, givenOptions, nothing } from '../../support/story.ts'
import { attached, detached, exported, faulted, mapped, restored, revoked, unmapped } from '../../support/trace.ts'

const held = given(exported(), attached(), mapped())
const gone = held.when(revoked({}, unmapped()), later(50))

describe('use-after-revoke', () => {
  it('is a fault inside a mapping that the revoke had unmapped', async () => {
    await gone.when(faulted('0xffff0800')).judge(
      finding('use-after-revoke', {
        severity: 'critical',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dbuf_map', 'dbuf_inval', 'dbuf_unmap', 'dbuf_unmap_ret', 'console'],
        summary: /wrote to 0xffff0800/,
      }),
    )
  })

  it('is one finding however many faults tell of it', async () => {
    await gone.when(faulted(), later(20), faulted(), later(20), faulted('0xffff0100', undefined, 'Read')).judge(
      finding('use-after-revoke', {
        evidence: ['dbuf_map', 'dbuf_inval', 'dbuf_unmap', 'dbuf_unmap_ret', 'console', 'console', 'console'],
      }),
    )
  })

  it('reaches over the whole buffer where the probe showed the first of several segments', async () => {
    await given(exported(), attached(), mapped({ nents: 4, length: 4096 }), revoked({}, unmapped()), later(50))
      .when(faulted('0xffff3000'))
      .judge(finding('use-after-revoke'))
    await given(exported(), attached(), mapped({ nents: 1, length: 4096 }), revoked({}, unmapped()), later(50))
      .when(faulted('0xffff3000'))
      .judge(nothing('use-after-revoke'))
  })

  it('is one finding, too, where only a later fault is certain', async () => {
    const soon = held.when(revoked({}, unmapped()), later(5), faulted(), later(50))
    const { revocations } = await soon.when(faulted()).judge(
      finding('use-after-revoke', {
        evidence: ['dbuf_map', 'dbuf_inval', 'dbuf_unmap', 'dbuf_unmap_ret', 'console', 'console'],
      }),
      finding('use-after-revoke', { verdict: 'undetermined', times: 0 }),
    )
    expect(revocations).toMatchObject([{ verdict: 'violated' }])
  })

  it('leaves the episode as doubtful as it was where the certain fault comes after the restore', async () => {
    const soon = held.when(revoked({}, unmapped()), later(5), faulted(), restored(), later(50))
    const { revocations } = await soon
      .when(faulted())
      .judge(finding('use-after-revoke'), finding('use-after-revoke', { verdict: 'undetermined', times: 0 }))
    expect(revocations).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('is charged to the mapping alone after the restore', async () => {
    const { findings, revocations } = await gone
      .when(restored(), later(50), faulted())
      .judge(finding('use-after-revoke', { ino: 1 }))
    if (findings.length === 0 || revocations[0]?.verdict !== 'clean') throw new Error('the episode is not clean')
  })

  it('is no direction error: a live mapping answers for its address', async () => {
    await held.when(faulted()).judge(nothing('use-after-revoke'))
  })

  it('is not the newer live mapping at a reused address', async () => {
    await gone.when(restored(), mapped({ sgt: 2 }), later(50), faulted()).judge(nothing('use-after-revoke'))
  })

  it('is not another device that has the same address in its own space', async () => {
    await gone.when(faulted('0xffff0000', '0000:07:00.0')).judge(nothing('use-after-revoke'))
  })

  it('is undetermined while the fault may tell of an access before an innocent unmap', async () => {
    await held
      .when(unmapped(), later(5), faulted())
      .judge(finding('use-after-revoke', { missing: /printed up to 12.000 ms after the access/ }))
  })

  it('is undetermined across a loss, where a newer map may have been', async () => {
    await gone.when(lost(3), faulted()).judge(finding('use-after-revoke', { missing: /3 events lost on CPU 0/ }))
  })

  it('is undetermined where maps were not recorded', async () => {
    await held
      .when(faulted())
      .without('dbuf_map')
      .judge(finding('use-after-revoke', { missing: /no map event/ }))
  })

  it('is undetermined where another thread accesses while the unmap may not be over', async () => {
    const access = by('gpu', 201, event('my_dma', 'dev=0000:02:00.0 addr=0xffff0000'))
    const options = { recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr' } }] }
    const story = givenOptions(options, exported(), attached(), mapped(), unmapped()).without('dbuf_unmap_ret')
    await story.when(access).judge(finding('use-after-revoke', { missing: /return of the unmap is not probed/ }))
    await story.when(later(20), access).judge(finding('use-after-revoke'))
  })

  it('is certain at once where the access itself is an event', async () => {
    const options = {
      recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr' } }],
    }
    const access = event('my_dma', 'dev=0000:02:00.0 addr=0xffff0000')
    await givenOptions(options, exported(), attached(), mapped(), revoked({}, unmapped()))
      .when(access)
      .judge(finding('use-after-revoke', { summary: /accessed 0xffff0000/ }))
    await givenOptions(options, exported(), attached(), mapped())
      .when(access, unmapped(), detached())
      .judge(nothing('use-after-revoke'))
  })
})
