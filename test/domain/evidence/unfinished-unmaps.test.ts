/** CONTRACT §5.11: an unmap is over when it returns, also where nothing has shown yet that returns are recorded. */
import { describe, expect, it } from 'vitest'
import { by, later } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, mapped, reset, revoked, unmapped } from '../../support/trace.ts'

const held = given(exported(), attached(), mapped())
const alone = besides('reset-without-revoke')
const other = (...steps: Parameters<typeof given>) => by('ioctl', 301, ...steps)

describe('the first unmap of a trace', () => {
  it('ends its mapping at its return', async () => {
    const { mappings } = await held.when(unmapped({}, later(2))).judge()
    expect(mappings[0]!.unmappedNs! - mappings[0]!.mappedNs!).toBe(2_100_000n)
  })

  it('leaves it live in a reset that comes in between', async () => {
    await held.when(unmapped({}, other(reset('sysfs')))).judge(finding('reset-while-mapped'), alone)
  })

  it('leaves it open whether it was, where the thread goes on without a return', async () => {
    await held
      .when(unmapped({}, other(reset('sysfs'))), detached())
      .without('dbuf_unmap_ret')
      .judge(finding('reset-while-mapped', { missing: /its return does not show/ }), alone)
  })

  it('counts from the entry where the thread had gone on before', async () => {
    const { mappings } = await held
      .when(unmapped({}, later(2)), detached(), other(reset('sysfs')))
      .without('dbuf_unmap_ret')
      .judge(nothing('reset-while-mapped'), alone)
    expect(mappings).toMatchObject([{ endedBy: 'unmap' }])
    expect(mappings[0]!.unmappedNs! - mappings[0]!.mappedNs!).toBe(50_000n)
  })

  it('is known to have no return from then on', async () => {
    const { revocations } = await held
      .when(unmapped(), mapped({ sgt: 2 }), revoked({}, by('kworker/1:1', 201, unmapped({ sgt: 2 }))))
      .without('dbuf_unmap_ret')
      .judge()
    expect(revocations).toMatchObject([{ verdict: 'clean' }])
  })
})
