import { describe, expect, it } from 'vitest'
import { by, event, later, lost } from '../../support/printer.ts'
import { finding, given, givenOptions, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  exported,
  faulted,
  fencesAwaited,
  IMPORTER,
  invalidated,
  mapped,
  mapRefused,
  released,
  restored,
  revoked,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

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

const ACCESS = { recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr' } }] }
const accesses = (addr: string) => by('gpu', 201, event('my_dma', `dev=${IMPORTER} addr=${addr}`))

describe('an access while the first unmaps of a trace are under way', () => {
  const upper = { sgt: 2, iova: '0xfffe0000' }
  const two = givenOptions(ACCESS, exported(), attached(), mapped(), mapped(upper))
  const soon = later(20)

  it('is no use after that unmap once it has returned', async () => {
    const { findings } = await two
      .when(
        by(
          'lazy',
          301,
          unmapped(upper, by('tool', 100, unmapped({}, soon, accesses('0xffff0000'), accesses('0xfffe0000')))),
        ),
      )
      .judge(finding('use-after-revoke', { missing: /had begun, and returned only after the access/, times: 2 }))
    expect(findings.map(({ iova }) => iova)).toEqual([0xffff0000n, 0xfffe0000n, null])
  })

  it('is one still of the other, which has not returned', async () => {
    const entry = event(
      'dbuf_unmap',
      `(dma_buf_unmap_attachment+0x4/0x80) ino=1 attach=${attachOf({})} dev="${IMPORTER}" sgt=${sgtOf(2)}`,
    )
    const { findings } = await two
      .when(by('lazy', 301, entry), unmapped({}, soon, accesses('0xffff0000'), accesses('0xfffe0000')))
      .judge(finding('use-after-revoke'), finding('use-after-revoke', { missing: /returned only after the access/ }))
    expect(findings.map(({ iova, verdict }) => [iova, verdict])).toEqual([
      [0xffff0000n, 'undetermined'],
      [0xfffe0000n, 'violated'],
      [null, 'undetermined'],
    ])
  })

  it('is by the revoke where that had told its importer', async () => {
    await given(exported(), attached(), mapped())
      .when(revoked({}, unmapped({}, later(20), by('swapper/1', 0, faulted()))))
      .judge(finding('use-after-revoke', { missing: /returned only after/, summary: /the revoke had it unmapped/ }))
  })
})

describe('a fault where several were', () => {
  const second = { ino: 2, attach: 2, sgt: 2 }
  const page = { ...second, iova: '0xffff1000', length: 4096 }
  const both = given(exported(), attached(), exported(second), attached('dynamic', second))
  const verdicts = (rows: { ino: bigint | null; verdict: string }[]) => rows.map(({ ino, verdict }) => [ino, verdict])

  it('may be of the one that had the address a moment before', async () => {
    const ended = both.when(mapped(second), revoked(second, unmapped(second)), mapped(), revoked({}, unmapped()))
    const { revocations } = await ended
      .when(later(50), faulted())
      .judge(
        finding('use-after-revoke', { missing: /buffer 2 .*was at this address as well, until 5\d\.\d* ms before/ }),
      )
    expect(verdicts(revocations)).toEqual([
      [2n, 'undetermined'],
      [1n, 'undetermined'],
    ])
    await ended.when(later(120), faulted()).judge(finding('use-after-revoke', { ino: 1 }))
  })

  it('may be of the one before, too, where only a later fault lies in both', async () => {
    const { revocations } = await both
      .when(mapped(page), revoked(second, unmapped(page)), mapped(), revoked({}, unmapped()), later(5))
      .when(faulted('0xffff0000'), faulted('0xffff1000'))
      .judge(finding('use-after-revoke', { missing: /printed up to/, ino: 1 }))
    expect(verdicts(revocations)).toEqual([
      [2n, 'undetermined'],
      [1n, 'undetermined'],
    ])
  })

  it('is of the live one, unless its end may be lost', async () => {
    const live = both.when(mapped(second), revoked(second, unmapped(second)), mapped())
    const certain = await live.when(later(50), faulted()).judge(nothing('use-after-revoke'))
    expect(verdicts(certain.revocations)).toEqual([[2n, 'clean']])
    const doubtful = await live.when(later(50), lost(3), faulted()).judge(nothing('use-after-revoke'))
    expect(verdicts(doubtful.revocations)).toEqual([[2n, 'undetermined']])
  })

  it('is certain from 12 ms after the end on', async () => {
    const quick = given(exported(), attached(), mapped(), unmapped())
    await quick.when(later(11.9), faulted()).judge(finding('use-after-revoke', { missing: /ended 11.950 ms/ }))
    await quick.when(later(11.95), faulted()).judge(finding('use-after-revoke'))
  })
})

describe('a use after an end that may have been the revoke', () => {
  it('leaves the revocation open where only the return of its invalidate shows', async () => {
    const { revocations } = await gone
      .when(faulted())
      .without('dbuf_inval')
      .judge(finding('use-after-revoke', { summary: /after it had been unmapped/ }))
    expect(revocations).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('says nothing of a revocation that came after it', async () => {
    const { revocations } = await held
      .when(unmapped(), revoked(), later(50), faulted())
      .judge(finding('use-after-revoke', { summary: /after it had been unmapped/ }))
    expect(revocations).toMatchObject([{ verdict: 'clean' }])
  })
})

describe('a fault where nothing is known to have been mapped', () => {
  const unplaced = ({ attach = 1, ino = 1, device = IMPORTER, fn = 'dma_buf_map_attachment' } = {}) =>
    event(
      'dbuf_map',
      `(map_locked+0x47/0x80 [dbtest] <- ${fn}) ino=${ino} attach=${attachOf({ attach })} dev="${device}" sgt=0xffff888140000010`,
    )

  it('is nobody here where there are no buffers', async () => {
    await given(faulted()).judge(nothing('use-after-revoke'))
    await given(exported(), released(), faulted()).judge(nothing('use-after-revoke'))
  })

  it('may be of one that was lost', async () => {
    await given(exported(), released(), lost(3), faulted()).judge(
      finding('use-after-revoke', { missing: /events are missing before this fault/, importer: IMPORTER }),
    )
  })

  it('may be of what the revoke took from its device, where no map shows an address', async () => {
    const other = { ino: 2, attach: 2, importer: '0000:03:00.0' }
    const { revocations } = await given(exported(), attached(), exported(other), attached('dynamic', other))
      .when(unplaced(), revoked({}, unmapped()), revoked(other), later(50), faulted())
      .judge(finding('use-after-revoke', { missing: /no map in this trace shows its address/ }))
    expect(revocations.map(({ ino, verdict }) => [ino, verdict])).toEqual([
      [1n, 'undetermined'],
      [2n, 'clean'],
    ])
  })

  it.each(['dma_buf_map_attachment', 'dma_buf_map_attachment_unlocked'])(
    'is nobody here where %s never succeeded',
    async (fn) => {
      const failed = event(
        'dbuf_map',
        `(map_locked+0x47/0x80 [dbtest] <- ${fn}) ino=1 attach=${attachOf({})} dev="${IMPORTER}" sgt=0xffffffffffffffed`,
      )
      await given(exported(), attached(), failed, revoked(), later(50), faulted()).judge(nothing('use-after-revoke'))
      await given(exported(), attached(), revoked(), mapRefused(), later(50), faulted()).judge(
        nothing('use-after-revoke'),
      )
    },
  )
})

describe('a mapping whose end may be lost', () => {
  const old = { ino: 2, attach: 2, sgt: 2 }
  const begun = given(exported(old), attached('dynamic', old), event('my_mark', ''))
  const since = [exported(), attached(), mapped(), revoked({}, unmapped()), later(50), faulted()]
  const verdicts = (folded: { revocations: { ino: bigint | null; verdict: string }[] }) =>
    folded.revocations.map(({ ino, verdict }) => [ino, verdict])

  it('leaves it open whether what came to its address was used', async () => {
    const folded = await begun.when(mapped(old), lost(3), ...since).judge(nothing('use-after-revoke'))
    expect(verdicts(folded)).toEqual([[1n, 'undetermined']])
  })

  it('answers for its address where nothing was lost since it began', async () => {
    const folded = await begun.when(lost(3), mapped(old), ...since).judge(nothing('use-after-revoke'))
    expect(verdicts(folded)).toEqual([[1n, 'clean']])
  })

  it('answers as well where one that surely lives has the address, too', async () => {
    const third = { ino: 3, attach: 3, sgt: 3 }
    const folded = await begun
      .when(exported(third), attached('dynamic', third), mapped(old), lost(3), mapped(third), ...since)
      .judge(nothing('use-after-revoke'))
    expect(verdicts(folded)).toEqual([[1n, 'clean']])
  })
})

describe('a use after what ended the mapping', () => {
  const access = by('gpu', 201, event('my_dma', `dev=${IMPORTER} addr=0xffff0000`))

  it('is none after the revoke where it was told, and a detach ended it', async () => {
    await given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
      .when(revoked({}, by('tool', 201, detached())), later(50), faulted())
      .judge(finding('use-after-revoke', { summary: / after it had been unmapped: buffer 1 / }))
  })

  it('says nothing of an earlier revocation that let it be mapped again', async () => {
    const drm = { exporter: 'drm' }
    const { revocations } = await given(exported(drm), attached('dynamic', drm))
      .when(invalidated(drm), fencesAwaited(drm), mapped(drm), unmapped(drm), later(50), faulted())
      .without('dbuf_inval')
      .judge(finding('use-after-revoke'))
    expect(revocations).toMatchObject([{ verdict: 'clean' }])
  })

  // From the entry of the unmap to the access are its return, which is not recorded, and 50 µs.
  it('is certain from 12 ms after the entry of an unmap on whose return is not probed', async () => {
    const story = givenOptions(ACCESS, exported(), attached(), mapped(), unmapped()).without('dbuf_unmap_ret')
    await story
      .when(later(11.85), access)
      .judge(finding('use-after-revoke', { missing: /return of the unmap is not probed/ }))
    await story.when(later(11.9), access).judge(finding('use-after-revoke'))
  })
})

describe('a fault in a mapping of which little shows', () => {
  const importer = `attach=${attachOf({})} dev="${IMPORTER}"`

  it('is one of a buffer that no event names', async () => {
    const map = `(map_locked+0x47/0x80 [dbtest] <- dma_buf_map_attachment) ${importer} sgt=${sgtOf(1)} nents=1 iova=0xffff0000 len=16384`
    await given(
      event('dbuf_map', map),
      event('dbuf_unmap', `(dma_buf_unmap_attachment+0x4/0x80) ${importer} sgt=${sgtOf(1)}`),
      event('dbuf_unmap_ret', `(drop+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ${importer} sgt=${sgtOf(1)}`),
    )
      .when(later(50), faulted())
      .judge(
        finding('use-after-revoke', {
          importer: IMPORTER,
          summary: /after it had been unmapped: a buffer that no event names$/,
          evidence: ['dbuf_map', 'dbuf_unmap', 'dbuf_unmap_ret', 'console'],
        }),
      )
  })

  it('is none while its unmap lasts, which alone shows it', async () => {
    const unmap = `(dma_buf_unmap_attachment+0x4/0x80) ino=1 ${importer} sgt=${sgtOf(1)} iova=0xffff0000`
    await given(exported(), attached(), mapped({ sgt: 9, iova: '0xfffe0000' }), unmapped({ sgt: 9 }))
      .when(event('dbuf_unmap', unmap), later(50), faulted())
      .judge(nothing('use-after-revoke'))
  })
})
