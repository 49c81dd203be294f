import { describe, expect, test } from 'vitest'
import { judge } from './oracle.ts'
import { EXPORTER, importer, resv, TraceText } from './write-trace.ts'

const LATER = importer({ attach: '0xffff888000000180', sgt: '0xffff888000000280', iova: '0xfff80000' })

/** `rule verdict` of everything found, without the gaps and what is merely open at the end. */
function found(trace: TraceText): string[] {
  return judge(trace.toString())
    .filter((f) => f.severity !== 'info' && !(f.rule.startsWith('leaked-') && f.verdict === 'undetermined'))
    .map((f) => `${f.rule} ${f.verdict}`)
}

/** A vfio buffer, attached and mapped by one importer with the callback. */
const mapped = (of = importer()) => new TraceText().exports().attaches(of).maps(of)

/** The same, revoked in the right order: the importer unmaps in its callback. */
const revoked = (of = importer()) => mapped(of).moves(1, [7], (t) => t.unmaps(of))

describe('R1 use-after-revoke', () => {
  test('a fault in a retired mapping is one finding, however many faults', () => {
    expect(found(revoked().wait(50).faults('0xfff00000').wait(1).faults('0xfff03fff'))).toEqual([
      'use-after-revoke violated',
    ])
  })

  test('a fault line within 12 ms of the unmap may be of an access before it', () => {
    expect(found(revoked().wait(11).faults('0xfff00000'))).toEqual(['use-after-revoke undetermined'])
  })

  test('a fault in a live mapping of the reused address is another bug', () => {
    const again = importer({ sgt: LATER.sgt })
    expect(found(revoked().moves(0).maps(again).wait(50).faults('0xfff00000'))).toEqual([])
  })

  test('of two retired mappings of the address the newest is charged', () => {
    const other = importer({ ino: 8, attach: LATER.attach, sgt: LATER.sgt })
    const trace = revoked().exports(8).attaches(other).maps(other).unmaps(other).wait(50).faults('0xfff00000')
    expect(judge(trace.toString()).find((f) => f.rule === 'use-after-revoke')?.ino).toBe('8')
  })

  test('one past the end, or another device at the same address, is nobody', () => {
    expect(found(revoked().wait(50).faults('0xfff04000').faults('0xfff00000', '0000:00:09.0'))).toEqual([])
  })

  test('a mapping of several segments reaches as far as its iommu map', () => {
    const trace = new TraceText()
      .exports()
      .attaches()
      .event('map', 'IOMMU: iova=0x00000000fff00000 - 0x00000000fff10000 paddr=0x00000000fe200000 size=65536')
      .maps()
      .unmaps()
      .wait(50)
      .faults('0xfff0f000')
    expect(found(trace)).toEqual(['use-after-revoke violated'])
  })

  test('where events were lost since the unmap, a newer mapping may have been', () => {
    expect(found(revoked().wait(50).loses(0).faults('0xfff00000'))).toEqual(['use-after-revoke undetermined'])
  })
})

describe('R2 late-unmap', () => {
  const blocked = (ms: number) =>
    mapped()
      .event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190) dev="${EXPORTER}" revoked=1`)
      .invalidates()
      .wait(ms)

  test('is timed from the fences where they drained last', () => {
    expect(found(blocked(900).waitsForFences().wait(900).unmaps())).toEqual([])
    expect(found(blocked(0).waitsForFences().wait(1001).unmaps())).toEqual(['late-unmap violated'])
  })

  test('warning from 1 s, error from 10 s', () => {
    const severities = [1001, 10_001].map((ms) => judge(blocked(0).waitsForFences().wait(ms).unmaps().toString()))
    expect(severities.map((s) => s.find((f) => f.rule === 'late-unmap')?.severity)).toEqual(['warning', 'error'])
  })

  test('a detach counts as the unmap', () => {
    expect(found(blocked(0).waitsForFences().wait(500).detaches())).toEqual([])
  })

  test('the trace that stops before the deadline proves nothing; after it, never', () => {
    expect(found(blocked(500).event('noise', 'x=1'))).toEqual(['late-unmap undetermined'])
    expect(found(blocked(1500).event('noise', 'x=1'))).toEqual(['late-unmap violated'])
  })

  test('fences that never drained excuse the importer', () => {
    const wait = `(dma_resv_wait_timeout+0x4/0x1d0) resv=${resv(7)} usage=3 intr=0 timeout=9223372036854775807`
    expect(found(blocked(0).event('dbuf_resv_wait', wait).wait(5000).event('noise', 'x=1'))).toEqual([])
  })
})

describe('R3, R3b, R13: what a revoked buffer must refuse', () => {
  test('a map and an attach between revoke and restore', () => {
    expect(found(revoked().wait(100).attaches(LATER).maps(LATER).unmaps(LATER))).toEqual([
      'attach-while-revoked violated',
      'map-while-revoked violated',
    ])
  })

  test('a refused map carries stale bytes, not a mapping', () => {
    const refused = importer({ sgt: '0xffffffffffffffed' })
    expect(found(revoked().maps(refused))).toEqual([])
  })

  test('in the loop over the device a buffer is not revoked before its own invalidate', () => {
    const other = importer({ ino: 8, attach: LATER.attach, sgt: LATER.sgt, iova: LATER.iova })
    const trace = mapped().exports(8).attaches(other)
    trace.moves(1, [7, 8], (t) => {
      if (!t.toString().includes('dbuf_unmap')) t.unmaps().by({ pid: 600, cpu: 1 }).maps(other).by({ pid: 500, cpu: 0 })
      else t.unmaps(other)
    })
    expect(found(trace)).toEqual([])
  })

  test('after the close it is for good, and the trailing move(0) restores nobody', () => {
    const closed = revoked().cleansUp([]).moves(0, []).wait(10)
    expect(found(closed)).toEqual([])
    expect(found(revoked().cleansUp([]).moves(0, []).wait(10).attaches(LATER).maps(LATER))).toEqual([
      'use-after-permanent-revoke violated',
      'use-after-permanent-revoke violated',
    ])
  })

  test('a restore may have been lost', () => {
    expect(
      found(
        revoked()
          .wait(10)
          .loses(0)
          .maps(importer({ sgt: LATER.sgt })),
      ),
    ).toEqual(['map-while-revoked undetermined'])
  })
})

describe('R4 and R14: fences', () => {
  const add = `(dma_resv_add_fence+0x4/0x220) resv=${resv(7)} usage=3 ctx=4294967299 seqno=5`
  const signal = 'driver=detached-driver timeline=signaled-timeline context=3 seqno=5'
  const unawaited = () =>
    mapped()
      .event('dbuf_resv_add', add)
      .event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190) dev="${EXPORTER}" revoked=1`)
      .invalidates(7)
      .unmaps()

  test('an unawaited fence that signals too late is both; its key is cut to 32 bits', () => {
    const trace = unawaited()
      .event(
        'vfiodb_move_ret',
        `(vfio_pci_core_ioctl+0x60c/0xb80 <- vfio_pci_dma_buf_move) dev="${EXPORTER}" revoked=1`,
      )
      .wait(50)
      .event('dma_fence_signaled', signal)
      .moves(0)
    expect(found(trace)).toEqual(['fences-not-awaited violated', 'late-fence violated'])
  })

  test('a wait for KERNEL fences is an importer’s own', () => {
    const trace = unawaited()
      .event('dbuf_resv_wait', `(dma_resv_wait_timeout+0x4/0x1d0) resv=${resv(7)} usage=0 intr=1 timeout=9`)
      .event('dbuf_resv_wait_ret', `(x+0x1/0x2 <- dma_resv_wait_timeout) resv=${resv(7)} usage=0 ret=9`)
      .event(
        'vfiodb_move_ret',
        `(vfio_pci_core_ioctl+0x60c/0xb80 <- vfio_pci_dma_buf_move) dev="${EXPORTER}" revoked=1`,
      )
      .moves(0)
    expect(found(trace)).toEqual(['fences-not-awaited violated'])
  })

  test('without a pending fence, or without the probe of the wait, nothing is proved', () => {
    const ret = `(vfio_pci_core_ioctl+0x60c/0xb80 <- vfio_pci_dma_buf_move) dev="${EXPORTER}" revoked=1`
    expect(found(unawaited().event('vfiodb_move_ret', ret))).toEqual(['fences-not-awaited undetermined'])
  })
})

describe('R5, R5b, R12: resets', () => {
  test('with a live mapping, and no revoke', () => {
    expect(found(mapped().resets())).toEqual(['reset-while-mapped violated', 'reset-without-revoke violated'])
  })

  test('nothing mapped: a warning', () => {
    const [only] = judge(new TraceText().exports().resets().toString())
    expect(only).toMatchObject({ rule: 'reset-without-revoke', severity: 'warning', ino: '7', importer: null })
  })

  test('a reset that failed with -EAGAIN touched nothing', () =>
    expect(found(mapped().resets(EXPORTER, -11))).toEqual([]))

  test('at open no buffer exists, after the close none is left to revoke', () => {
    expect(found(new TraceText().resets().exports().cleansUp().moves(0, []).resets())).toEqual([])
  })

  test('the importer’s device is not the exporter’s', () => expect(found(mapped().resets('0000:00:04.0'))).toEqual([]))

  test('a bus reset covers the sibling function', () => {
    const trace = mapped()
      .event('pcirst_bus', '(pci_reset_bus+0x4/0x40) dev="0000:01:00.1"')
      .wait(100)
      .event('pcirst_bus_ret', '(vfio_pci_core_ioctl+0x1/0x2 <- pci_reset_bus) dev="0000:01:00.1" ret=0')
    expect(found(trace)).toEqual(['reset-while-mapped violated', 'reset-without-revoke violated'])
  })

  test('a hot reset revokes and restores each device of the set around the one reset of the bus', () => {
    const sibling = '0000:01:00.1'
    const other = importer({ ino: 8, attach: LATER.attach, sgt: LATER.sgt, iova: LATER.iova })
    const hot = (second: (trace: TraceText) => void) => {
      const trace = mapped().exports(8, sibling).attaches(other).maps(other)
      trace.moves(1, [7], (t) => t.unmaps())
      second(trace)
      trace.event('pcirst_bus', `(pci_reset_bus+0x4/0x40) dev="${EXPORTER}"`)
      for (const dev of [EXPORTER, sibling])
        trace.event('pcirst_disable', `(pci_dev_save_and_disable+0x0/0xb0) dev="${dev}"`)
      trace.event('pcirst_sbr', '(pci_bridge_secondary_bus_reset+0x4/0x60) dev="0000:00:10.0"').wait(1000)
      for (const dev of [sibling, EXPORTER]) trace.event('pcirst_restore', `(pci_dev_restore+0x0/0x60) dev="${dev}"`)
      trace.event('pcirst_bus_ret', `(vfio_pci_core_ioctl+0x1/0x2 <- pci_reset_bus) dev="${EXPORTER}" ret=0`)
      return trace.moves(0, [8], () => {}, sibling).moves(0)
    }
    expect(found(hot((t) => t.moves(1, [8], () => t.unmaps(other), sibling).maps(other)))).toEqual([
      'map-while-revoked violated',
      'reset-while-mapped violated',
      // The un-revoke invalidates once more, and the trace stops.
      'late-unmap undetermined',
    ])
    expect(found(hot((t) => t.moves(1, [8], () => t.unmaps(other), sibling)))).toEqual([])
  })

  test('a reset method whose return is not probed says only when it began', () => {
    const flr = (trace: TraceText) => trace.event('pcirst_af', `(pci_af_flr+0x4/0x60) dev="${EXPORTER}"`)
    expect(found(flr(mapped()))).toEqual(['reset-while-mapped violated', 'reset-without-revoke violated'])
    expect(found(flr(revoked()).wait(200).moves(0))).toEqual([])
  })

  test('a mapping is live until the unmap returns', () => {
    const trace = mapped().by({ pid: 600, cpu: 1 }).startsUnmap().by({ pid: 500, cpu: 0 }).resets()
    expect(found(trace)).toContain('reset-while-mapped violated')
  })

  test('an unmap may have been lost', () => {
    expect(found(mapped().loses(0).resets())).toEqual([
      'reset-while-mapped undetermined',
      'reset-without-revoke undetermined',
    ])
  })

  test('a loss before the map, or after the reset, takes nothing away', () => {
    const trace = new TraceText().loses(0).exports().attaches().maps().resets().loses(0).event('noise', 'x=1')
    expect(found(trace)).toEqual(['reset-while-mapped violated', 'reset-without-revoke violated'])
  })

  test('an un-revoke inside the reset restores too early', () => {
    expect(found(revoked().resets(EXPORTER, 0, (t) => t.moves(0)))).toEqual(['early-restore violated'])
    expect(found(revoked().resets(EXPORTER, 0, (t) => t.moves(0, [])))).toEqual([])
    expect(found(revoked().resets(EXPORTER, 0, (t) => t.moves(0, [], () => {}, '0000:05:00.0')))).toEqual([])
  })
})

describe('R6, R6b: importers that cannot be told', () => {
  test('accepted, and then not told, however often', () => {
    const trace = new TraceText().exports().attaches(importer(), 'legacy').maps().invalidates().invalidates().unmaps()
    expect(found(trace)).toEqual(['non-revocable-importer violated', 'invalidate-ignored violated'])
  })

  test('the callback field of a legacy attach is stale memory', () => {
    const trace = new TraceText().exports().attaches(importer(), 'legacy')
    expect(judge(trace.toString())[0]).toMatchObject({ rule: 'non-revocable-importer', severity: 'error' })
  })
})

describe('R7 to R10, R16: ends', () => {
  test('open at the end proves no leak; a process long gone does', () => {
    const exit = 'comm=tool pid=500 prio=120 group_dead=true'
    expect(judge(mapped().toString()).map((f) => `${f.rule} ${f.verdict}`)).toEqual([
      'leaked-attachment undetermined',
      'leaked-mapping undetermined',
    ])
    const gone = mapped().event('sched_process_exit', exit).by({ pid: 1 })
    expect(found(gone)).toEqual([])
    expect(found(gone.wait(2000).event('noise', 'x=1'))).toEqual([
      'leaked-attachment violated',
      'leaked-mapping violated',
    ])
  })

  test('the same addresses again are another mapping', () => {
    expect(found(mapped().unmaps().maps().unmaps().detaches())).toEqual([])
    expect(found(mapped().unmaps().unmaps().detaches())).toEqual(['double-unmap violated'])
    expect(found(mapped().unmaps().loses(0).unmaps().detaches())).toEqual(['double-unmap undetermined'])
  })

  test('the same pointer attached again is another attachment', () => {
    expect(found(mapped().unmaps().detaches().attaches().maps().unmaps().detaches())).toEqual([])
    expect(found(mapped().detaches().unmaps())).toEqual(['use-after-detach violated'])
    expect(found(mapped().unmaps().detaches().loses(0).maps())).toEqual(['use-after-detach undetermined'])
  })

  test('an unmap of what was mapped before the trace is no finding', () => {
    expect(found(new TraceText().unmaps().detaches())).toEqual([])
  })

  test('released with the attachment open', () => {
    expect(found(mapped().unmaps().releases().detaches())).toEqual(['released-while-attached violated'])
    expect(found(mapped().unmaps().loses(0).releases())).toContain('released-while-attached undetermined')
  })

  test('a pin without its unpin', () => {
    const pin = `(imp_attach+0x273/0x73a [imp] <- dma_buf_pin) ino=7 attach=${importer().attach} ret=0`
    const unpin = `(dma_buf_unpin+0x4/0x30) ino=7 attach=${importer().attach}`
    const pinned = () => mapped().event('dbuf_pin', pin)
    expect(found(pinned().unmaps().detaches())).toEqual(['pin-imbalance violated'])
    expect(found(pinned().unmaps().event('dbuf_unpin', unpin).detaches())).toEqual([])
  })
})

describe('R18, R19', () => {
  test('a fatal error of the exporter’s device, not of the importer’s', () => {
    const aer = (dev: string) => `${dev} PCIe Bus Error: severity=Fatal, Surprise Down Error, TLP Header=Not available`
    expect(found(mapped().event('aer_event', aer(EXPORTER)))).toEqual(['device-lost-while-mapped violated'])
    expect(found(mapped().event('aer_event', aer('0000:00:04.0')))).toEqual([])
    expect(found(mapped().unmaps().event('aer_event', aer(EXPORTER)))).toEqual([])
  })

  test('a port that lost its link does not say what was behind it', () => {
    const trace = mapped().event('pci_hp_event', '0000:00:1c.0 slot:3, event:LINK_DOWN').raw('')
    expect(found(trace)).toEqual(['device-lost-while-mapped undetermined'])
  })

  const CUT = '------------[ cut here ]------------'
  const END = '---[ end trace 0000000000000000 ]---'

  test('two tasks whose splats interleave are two, from cut here to end trace', () => {
    const trace = new TraceText().event('console', CUT).event('console', 'WARNING: drivers/dma-buf/dma-buf.c:1673')
    trace.by({ pid: 600, cpu: 1 }).event('console', CUT).event('console', ' vfio_pci_dma_buf_move+0x60/0x190')
    trace.by({ pid: 500, cpu: 0 }).event('console', END).event('console', CUT).event('console', 'dma_buf_vmap+0x1/0x2')
    expect(found(trace)).toEqual(['kernel-splat violated', 'kernel-splat violated', 'kernel-splat violated'])
  })

  test('an unrelated warning proves nothing, though its list of modules names vfio', () => {
    const trace = mapped().event('console', CUT).event('console', 'WARNING: net/core/dev.c:1 at dev_watchdog+0x1/0x2')
    expect(found(trace.event('console', ' vfio_pci_core').event('console', END))).toEqual(['kernel-splat undetermined'])
  })

  test('the task may have passed the test of the attach just before the revoke', () => {
    expect(found(revoked().attaches(LATER))).toEqual(['attach-while-revoked undetermined'])
  })
})
