/** What the rows of mappings say, as far as their probes show it. */
import { describe, expect, it } from 'vitest'
import { createFold } from '../../../src/projection/fold.ts'
import { parsed } from '../../support/parsed.ts'
import { all, by, event, later, lost, printTrace, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  exported,
  faulted,
  IMPORTER,
  mapped,
  pinned,
  reset,
  revoked,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

/** The return of a map as a probe prints it that shows these fields. */
const map = (fields: string, sgt = 1): Step =>
  event('dbuf_map', `(x+0x1/0x2 <- dma_buf_map_attachment) ino=1 attach=${attachOf({})} sgt=${sgtOf(sgt)} ${fields}`)
const held = [exported(), attached(), mapped({ sgt: 9, iova: '0xeeee0000' }), unmapped({ sgt: 9 })] as const
const ns = (us: number) => 10_000_000_000n + BigInt(us) * 1000n

describe('a mapping', () => {
  it('is told whole', async () => {
    const { folded } = await given(...held, map('dir=1 nents=1 iova=0xffff0000 len=16384'))
      .when(revoked({}, by('gpu', 201, unmapped())))
      .fold()
    const times = { mappedNs: ns(500), unmappedNs: ns(700), unmapLatencyNs: 100_000n }
    expect(folded.mappings[1]).toEqual({
      ...{ id: 1, buffer: 0, attachmentId: 0, ino: 1n, attachment: attachOf({}), importerDevice: IMPORTER },
      ...{ direction: 'TO_DEVICE', iova: 0xffff0000n, length: 16384n, liveAtReset: false },
      ...{ unmappedComm: 'gpu', unmappedPid: 201, endedBy: 'revoke' },
      ...times,
    })
  })

  it.each([
    ['dir=0', 'BIDIRECTIONAL'],
    ['dir=1', 'TO_DEVICE'],
    ['dir=2', 'FROM_DEVICE'],
    ['dir=3', 'NONE'],
    ['dir=13', '13'],
    ['dir=31', '31'],
    ['', null],
  ])('goes where its map says: %s', async (field, direction) => {
    const { folded } = await given(...held, map(field)).fold()
    expect(folded.mappings[1]).toMatchObject({ direction, iova: null, length: null })
  })

  it.each([
    ['is as long as the probe shows', 'iova=0xffff0000 len=4096', '0xffff1000', 0],
    ['is as long as its only segment', 'nents=1 iova=0xffff0000 len=4096', '0xffff1000', 0],
    ['is the whole buffer where it shows no length', 'iova=0xffff0000', '0xffff1000', 1],
    [
      'is the whole buffer where it shows the first segment of several',
      'nents=2 iova=0xffff0000 len=4096',
      '0xffff1000',
      1,
    ],
    ['is nowhere where it shows no address', 'len=4096', '0x0', 0],
  ])('%s', async (_, fields, address, times) => {
    const { findings } = await given(...held, map(fields))
      .when(revoked({}, unmapped()), later(500), faulted(address))
      .judge(times > 0 ? finding('use-after-revoke') : nothing('use-after-revoke'))
    expect(findings.filter(({ rule }) => rule === 'use-after-revoke')).toHaveLength(times)
  })

  it('of a buffer that nobody names is a mapping all the same', async () => {
    const { folded } = await given(event('dbuf_map', `(x+0x1/0x2 <- dma_buf_map_attachment) sgt=${sgtOf(1)}`)).fold()
    expect(folded.mappings).toMatchObject([{ buffer: null, attachmentId: null, mappedNs: ns(50), unmappedNs: null }])
  })

  it('that an exporter of another kind had unmapped is not lost', async () => {
    const b = { exporter: 'amdgpu' }
    await given(exported(b), attached('dynamic', b), pinned(), mapped({ ...b, sgt: 9 }), unmapped({ ...b, sgt: 9 }))
      .when(mapped(b))
      .judge(nothing('importer-lost-mapping'), besides('leaked-mapping', 'pin-imbalance'))
  })
})

describe('an episode, as its trace is followed', () => {
  /** Verdicts of the rows of revocations and resets, after each event that changed one. */
  async function verdicts(...steps: Step[]) {
    const fold = createFold({ ticks: false, options: {} })
    const told: string[] = []
    let events = 0
    const text = Buffer.from(`${printTrace(steps).lines.join('\n')}\n`)
    for await (const { batch } of parsed(text, {}, { batchLines: 1, batchBytes: 16 * 1024, maxLine: 8 * 1024 })) {
      const { resets } = fold.feed(batch, events)
      told.push(...resets.map(({ verdict }) => verdict))
      events += batch.count
    }
    return told.filter((verdict, i) => verdict !== told[i - 1])
  }

  it('is violated with the finding, and undetermined with the gap that it lies in', async () => {
    const violated = [...held, mapped(), reset('sysfs')] as const
    expect(await verdicts(...violated)).toEqual(['clean', 'violated'])
    const starts: Step = (print) => print.raw('##### CPU 1 buffer started ####')
    const late = all(starts, by('other', 201, event('x', 'y')))
    expect(await verdicts(...violated, late)).toEqual(['clean', 'violated', 'undetermined'])
    expect(await verdicts(...violated, later(5), lost(3), event('x', 'y'))).toEqual(['clean', 'violated'])
  })
})
