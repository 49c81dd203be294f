/** CONTRACT.md §5.8: whose buffers a reset meets, where it names its device, and where it does not. */
import { describe, expect, it } from 'vitest'
import { all, by, console_, event, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  EXPORTER,
  exported,
  fencesAwaited,
  invalidated,
  mapped,
  move,
  reset,
  restored,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const OTHER = '0000:05:00.0'
const BRIDGE = '0000:00:01.0'
const VDEV = 'vdev=0xffff888150000010'
const named = (device: string | null) => (device === null ? '' : ` dev="${device}"`)
const entry = (fn: string, device: string | null = EXPORTER) => event(`own_${fn}`, `(${fn}+0x4/0x90)${named(device)}`)
const exit = (fn: string, caller: string, device: string | null = EXPORTER) =>
  event(`own_${fn}_ret`, `(${caller}+0x5a/0xa0 <- ${fn})${named(device)} ret=0`)
const call = (fn: string, caller: string, device: string | null, ...inside: Step[]) =>
  all(entry(fn, device), ...inside, exit(fn, caller, device))
const bridgeReset = (device: string | null) => call('pci_bridge_secondary_bus_reset', 'pci_reset_bus_function', device)

/** Hardware that its driver resets by a function of its own; the probe shows no PCI name. */
const hardware = all(
  event('pcirst_dbt', '(dbt_hw_reset+0x4/0x20 [dbtest]) ms=5'),
  event('pcirst_dbt_ret', '(dbt_ioctl+0x3af/0x73a [dbtest] <- dbt_hw_reset)'),
)
const own = { exporter: 'dbtest' }
const second = { ...own, ino: 2, attach: 2, sgt: 2 }

/** Exported by vfio, and no probe says by which device. */
const homeless = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped()).without(
  'vfiodb_feature',
)
const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())

describe('the thread that closes a device', () => {
  const cleanup = event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) dev="${EXPORTER}"`)

  it.each([EXPORTER, null])(
    'resets it once for that: what it resets later is not of the close (%s)',
    async (device) => {
      const one = call('pci_reset_function_locked', 'some_driver_ioctl', device)
      const { resets } = await given(exported()).when(cleanup, one, one).judge()
      expect(resets.map((row) => row.trigger)).toEqual(['close', 'unknown'])
    },
  )
})

describe('a mapping made while a reset lasts', () => {
  const flr = call('pcie_flr', '__pci_reset_function_locked', EXPORTER)
  const whole = (...inside: Step[]) => call('pci_reset_function', 'reset_store', EXPORTER, ...inside)

  // Behind the FLR's return its end may be near: that of the whole may not be probed.
  it.each([
    ['before its FLR', whole(by('gpu', 201, mapped()), flr), 1],
    ['behind the whole of it', all(whole(flr), by('gpu', 201, mapped())), 0],
  ])('%s', async (_, steps, live) => {
    const { folded } = await given(exported(), attached()).when(steps).fold()
    expect(folded.resets).toMatchObject([{ buffers: 1, mappingsLive: live }])
  })
})

describe('the reset of a module that exports two buffers', () => {
  const two = given(exported(own), attached('dynamic', own), mapped(own)).when(
    exported(second),
    attached('dynamic', second),
    mapped(second),
  )

  it('meets those whose importers were told; whether it meets the others is not known', async () => {
    const { resets } = await two
      .when(invalidated(own, unmapped(own)), fencesAwaited(own), hardware)
      .judge(finding('reset-while-mapped', { ino: 2, missing: /no event names the device/ }))
    expect(resets).toMatchObject([{ device: null, buffers: 1, mappingsLive: 0, verdict: 'undetermined' }])
  })

  it('meets the only one whatever it has told', async () => {
    const once = { ...own, sgt: 9 }
    const { resets } = await given(exported(own), attached('dynamic', own), mapped(once), unmapped(once), mapped(own))
      .when(hardware)
      .judge(
        finding('reset-while-mapped', { ino: 1 }),
        finding('reset-without-revoke', { ino: 1, missing: /no invalidate or device-move event/ }),
      )
    expect(resets).toMatchObject([{ buffers: 1, mappingsLive: 1 }])
  })

  it('comes without a revoke of what was mapped again since its importers were told', async () => {
    const once = given(exported(own), attached('dynamic', own), mapped(own)).when(
      invalidated(own, unmapped(own)),
      fencesAwaited(own),
    )
    await once.when(hardware).judge(nothing('reset-without-revoke'))
    await once
      .when(mapped({ ...own, sgt: 2 }), hardware)
      .judge(finding('reset-without-revoke', { ino: 1 }), finding('reset-while-mapped'))
  })
})

describe('an invalidate of an exporter that nobody knows', () => {
  const told = given(exported(own), attached('dynamic', own), mapped(own)).when(
    invalidated(own, unmapped(own)),
    fencesAwaited(own),
  )
  const nameless = (caller: string) => call('pci_try_reset_function', caller, null)

  it('may have been for a reset that names nothing', async () => {
    const { revocations, resets } = await told.when(nameless('some_driver_ioctl')).judge()
    expect(revocations).toMatchObject([{ cause: 'move', verdict: 'undetermined' }])
    expect(resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('was not for that at open, when the device has no buffers', async () => {
    const { revocations, resets } = await told.when(nameless('vfio_pci_core_enable')).judge()
    expect(revocations).toMatchObject([{ cause: 'move', verdict: 'clean' }])
    expect(resets).toMatchObject([{ trigger: 'open', verdict: 'clean' }])
  })

  it('is clean only where a reset would have shown', async () => {
    expect((await told.judge()).revocations).toMatchObject([{ cause: 'move', verdict: 'undetermined' }])
    const { revocations } = await told.when(reset('open', { device: OTHER })).judge()
    expect(revocations).toMatchObject([{ cause: 'move', verdict: 'clean' }])
  })
})

describe('a reset at open', () => {
  it.each([EXPORTER, null])('meets no buffer, though nothing says of which device one is (%s)', async (device) => {
    const one = (caller: string) => homeless.when(call('pci_try_reset_function', caller, device))
    await one('vfio_pci_core_enable').judge(nothing('reset-while-mapped'))
    await one('vfio_pci_core_ioctl').judge(finding('reset-while-mapped', { missing: /no event names the device/ }))
  })
})

describe('the reset of a bus by its bridge', () => {
  it('that names no bridge may be of any device that vfio exports from', async () => {
    const { resets } = await held
      .when(bridgeReset(null))
      .judge(finding('reset-while-mapped', { missing: /no event names the device that was reset/ }))
    expect(resets).toMatchObject([{ device: null, method: 'bus', buffers: 0, verdict: 'undetermined' }])
  })

  it('meets no buffer that is revoked, wherever its device is', async () => {
    const { resets } = await held.when(revoked({}, unmapped()), bridgeReset(BRIDGE)).judge()
    expect(resets).toMatchObject([{ device: BRIDGE, buffers: 0, verdict: 'clean' }])
  })

  it('meets no buffer whose device is closed, though nothing names that device', async () => {
    const closed = all(
      event('own_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) ${VDEV}`),
      event('own_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) ${VDEV} revoked=1`),
      invalidated(),
      fencesAwaited(),
      event('own_move_ret', '(vfio_pci_dma_buf_cleanup+0x30/0xf0 [vfio_pci_core] <- vfio_pci_dma_buf_move)'),
      event('own_cleanup_ret', '(vfio_pci_core_close_device+0x1/0x2 [vfio_pci_core] <- vfio_pci_dma_buf_cleanup)'),
    )
    const late = besides('late-unmap', 'leaked-mapping')
    await homeless.when(closed, by('bash', 301, bridgeReset(BRIDGE))).judge(late, nothing('reset-while-mapped'))
    await homeless
      .when(closed, by('bash', 301, reset('sysfs', { device: OTHER })))
      .judge(late, nothing('reset-while-mapped'))
    await homeless.when(bridgeReset(BRIDGE)).judge(finding('reset-while-mapped', { missing: /no event names/ }))
  })

  it('does not give the name of the bridge to a device that its thread has revoked', async () => {
    const revoke = all(
      event('own_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) ${VDEV} revoked=1`),
      invalidated({}, unmapped()),
      fencesAwaited(),
      event('own_move_ret', '(vfio_pci_core_ioctl+0x30/0xf0 [vfio_pci_core] <- vfio_pci_dma_buf_move)'),
    )
    const bridge = await homeless.when(revoke, bridgeReset(BRIDGE)).judge()
    expect(bridge.buffers).toMatchObject([{ exporterDevice: null, state: 'revoked' }])
    const device = await homeless.when(revoke, reset()).judge()
    expect(device.buffers).toMatchObject([{ exporterDevice: EXPORTER, state: 'revoked' }])
  })

  it('in a recovery is what the device below it was revoked for', async () => {
    const source = console_(
      `pcieport ${BRIDGE}: AER: Uncorrectable (Non-Fatal) error message received from ${EXPORTER}`,
    )
    const revoke = move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()), fencesAwaited())
    const { revocations, resets } = await held
      .when(source, revoke, bridgeReset(BRIDGE))
      .without('vfiodb_move_ret')
      .judge()
    expect(resets).toMatchObject([{ device: EXPORTER, trigger: 'error-recovery', method: 'bus' }])
    expect(revocations).toMatchObject([{ cause: 'ras' }])
  })
})

describe('what is mapped while its exporter is reset', () => {
  const begun = held.when(revoked({}, unmapped()), entry('pci_reset_function'), entry('pci_dev_save_and_disable'))
  const end = exit('pci_reset_function', 'reset_store')
  const elsewhere = (...steps: Step[]) => by('vmm', 301, ...steps)

  it('is live in it after a restore that came too early', async () => {
    const { resets } = await begun
      .when(elsewhere(restored(), mapped({ sgt: 2 })), end)
      .judge(finding('early-restore'), finding('reset-while-mapped'))
    expect(resets).toMatchObject([{ mappingsLive: 1 }])
  })

  it('is not where it is refused to come in the first place: the return is printed late', async () => {
    const { resets } = await begun
      .when(elsewhere(mapped({ sgt: 2 })), end)
      .judge(besides('map-while-revoked'), nothing('reset-while-mapped'))
    expect(resets).toMatchObject([{ mappingsLive: 0 }])
  })
})
