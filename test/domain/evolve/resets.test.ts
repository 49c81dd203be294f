/** KERNEL.md §3.2, §6 (R5), CONTRACT.md §5.4, §5.8: from which functions a reset is put together, and what it met. */
import { describe, expect, it } from 'vitest'
import { all, by, event, later, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { timeOf } from '../../support/times.ts'
import { attached, EXPORTER, exported, mapped, reset, unmapped } from '../../support/trace.ts'

const OTHER = '0000:05:00.0'
const entry = (fn: string, device: string | null = EXPORTER) =>
  event(`own_${fn}`, `(${fn}+0x4/0x90)${device === null ? '' : ` dev="${device}"`}`)
const exit = (fn: string, caller: string, ret = 0, device: string | null = EXPORTER) =>
  event(`own_${fn}_ret`, `(${caller}+0x5a/0xa0 <- ${fn})${device === null ? '' : ` dev="${device}"`} ret=${ret}`)
const disable = (device = EXPORTER) => entry('pci_dev_save_and_disable', device)
const call = (fn: string, caller: string, ...inside: Step[]) => all(entry(fn), ...inside, exit(fn, caller))

const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
const empty = given(exported())
const told = besides('reset-while-mapped', 'reset-without-revoke')

describe('the trigger of a reset', () => {
  it.each([
    ['pci_try_reset_function', 'vfio_pci_core_enable', 'open'],
    ['pci_try_reset_function', 'vfio_pci_core_ioctl', 'ioctl'],
    ['pci_try_reset_function', 'vfio_pci_ioctl_reset', 'ioctl'],
    ['pci_reset_bus', 'vfio_pci_dev_set_hot_reset', 'ioctl'],
    ['pci_reset_bus', 'vfio_pci_ioctl_pci_hot_reset', 'ioctl'],
    ['pci_try_reset_function', 'vfio_exp_config_write', 'config-write'],
    ['pci_try_reset_function', 'vfio_af_config_write', 'config-write'],
    ['pci_reset_function', 'reset_store', 'sysfs'],
    ['pci_reset_function', 'reset_method_store', 'sysfs'],
    ['pci_reset_bus', 'reset_subordinate_store', 'sysfs'],
    ['__pci_reset_function_locked', 'vfio_pci_core_disable', 'close'],
    ['pci_reset_bus', 'pcie_do_recovery', 'error-recovery'],
    ['pci_reset_bus', 'aer_root_reset', 'error-recovery'],
    ['pci_reset_bus', 'dpc_reset_link', 'error-recovery'],
    ['pci_reset_bus', 'pci_bus_error_reset', 'error-recovery'],
    ['pci_reset_bus', 'eeh_reset_device', 'error-recovery'],
    ['pci_reset_function_locked', 'some_driver_ioctl', 'unknown'],
  ])('%s, called by %s: %s', async (fn, caller, trigger) => {
    const { resets } = await given(event('x', 'y'))
      .when(call(fn, caller, disable()))
      .judge()
    expect(resets).toMatchObject([{ device: EXPORTER, trigger, result: 'ok' }])
  })
})

describe('the method of a reset', () => {
  it.each([
    ['pcie_flr', 'flr'],
    ['pcie_reset_flr', 'flr'],
    ['pci_af_flr', 'af-flr'],
    ['pci_pm_reset', 'pm'],
    ['pci_bridge_secondary_bus_reset', 'bus'],
    ['__pci_reset_bus', 'bus'],
    ['pci_dev_restore', 'unknown'],
  ])('is told by %s: %s, entered or returned from', async (fn, method) => {
    const whole = held.when(call('pci_reset_function', 'reset_store', call(fn, '__pci_reset_function_locked')))
    expect((await whole.judge(told)).resets).toMatchObject([{ method, mappingsLive: 1, buffers: 1 }])
    const returned = await whole.without(`own_${fn}`).judge(told)
    expect(returned.resets).toMatchObject([{ method, mappingsLive: 1, buffers: 1 }])
  })

  it('is the last that was tried, but a function level reset stays one', async () => {
    const tried = (...fns: string[]) =>
      empty.when(call('pci_reset_function', 'reset_store', ...fns.map((fn) => call(fn, 'x')))).judge(told)
    expect((await tried('pci_af_flr', 'pci_pm_reset')).resets).toMatchObject([{ method: 'pm' }])
    expect((await tried('pcie_flr', 'pci_pm_reset')).resets).toMatchObject([{ method: 'flr' }])
  })

  it('is one of the bus where the bus was reset, whatever went before', async () => {
    const { resets } = await empty
      .when(call('pci_reset_bus', 'vfio_pci_dev_set_hot_reset', disable(), call('pci_pm_reset', 'x')))
      .judge(told)
    expect(resets).toMatchObject([{ method: 'bus' }])
  })
})

describe('the hardware', () => {
  it.each([
    'pci_dev_save_and_disable',
    'pcie_flr',
    'pcie_reset_flr',
    'pci_af_flr',
    'pci_pm_reset',
    '__pci_reset_bus',
    '__pci_reset_function_locked',
  ])('is touched from the entry of %s on: an unmap before its return is too late', async (fn) => {
    const late = held.when(
      entry('pci_reset_function'),
      entry(fn),
      by('gpu', 301, unmapped()),
      exit('pci_reset_function', 'reset_store'),
    )
    expect((await late.judge(told, finding('reset-while-mapped'))).resets).toMatchObject([{ mappingsLive: 1 }])
  })

  it.each(['pci_reset_function', 'pci_try_reset_function', 'pci_reset_function_locked', 'pci_dev_restore'])(
    'is not touched by the entry of %s: an unmap before what follows is in time',
    async (fn) => {
      const { resets } = await held
        .when(entry(fn), by('gpu', 301, unmapped()), disable(), exit(fn, 'reset_store'))
        .judge(nothing('reset-while-mapped'), told)
      expect(resets).toMatchObject([{ mappingsLive: 0 }])
    },
  )

  it('was touched by a reset of which only the outermost call was probed', async () => {
    const { resets } = await held.when(call('pci_reset_function', 'reset_store')).judge(told)
    expect(resets).toMatchObject([{ method: 'unknown', mappingsLive: 1 }])
  })

  it.each([
    ['EAGAIN', -11],
    ['ENOTTY', -25],
  ])('was not touched where that returned %s', async (result, ret) => {
    const { resets, mappings } = await held
      .when(entry('pci_reset_function'), exit('pci_reset_function', 'reset_store', ret))
      .judge(nothing('reset-while-mapped'), nothing('reset-without-revoke'))
    expect(resets).toMatchObject([{ result, mappingsLive: 0, buffers: 0, verdict: 'clean' }])
    expect(mappings[1]).toMatchObject({ liveAtReset: false })
  })

  it('was not touched where no method was to be had, though the device had been disabled', async () => {
    const { resets, mappings } = await held
      .when(entry('pci_reset_function'), disable(), exit('pci_reset_function', 'reset_store', -25))
      .judge(nothing('reset-while-mapped'), nothing('reset-without-revoke'))
    expect(resets).toMatchObject([{ result: 'ENOTTY', mappingsLive: 0, buffers: 0 }])
    expect(mappings.map((row) => row.liveAtReset)).toEqual([false, false])
  })

  it('was touched where it failed with another error, or after a method was tried', async () => {
    const failed = await held
      .when(entry('pci_reset_function'), exit('pci_reset_function', 'reset_store', -110))
      .judge(told)
    expect(failed.resets).toMatchObject([{ result: 'ETIMEDOUT', mappingsLive: 1 }])
    const tried = await held
      .when(entry('pci_reset_function'), call('pcie_flr', 'x'), exit('pci_reset_function', 'reset_store', -25))
      .judge(told)
    expect(tried.resets).toMatchObject([{ result: 'ENOTTY', mappingsLive: 1 }])
  })
})

describe('the row of a reset', () => {
  it('begins where the device is disabled and ends with the outermost return, whose result it has', async () => {
    const story = empty.when(
      entry('pci_reset_function'),
      disable(),
      entry('pcie_flr'),
      later(100),
      exit('pcie_flr', '__pci_reset_function_locked', -110),
      entry('pci_dev_restore'),
      exit('pci_reset_function', 'reset_store', 0),
    )
    const { folded, printed } = await story.fold()
    expect(folded.resets).toMatchObject([
      {
        startedNs: timeOf(printed, 'own_pci_dev_save_and_disable'),
        finishedNs: timeOf(printed, 'own_pci_reset_function_ret'),
        method: 'flr',
        trigger: 'sysfs',
        result: 'ok',
      },
    ])
  })

  it('keeps the result of the method where the outermost return was not recorded', async () => {
    const story = empty
      .when(
        entry('pci_reset_function'),
        disable(),
        entry('pcie_flr'),
        exit('pcie_flr', 'x', -110),
        entry('pci_dev_restore'),
      )
      .when(attached())
    const { folded, printed } = await story.fold()
    expect(folded.resets).toMatchObject([{ result: 'ETIMEDOUT', finishedNs: timeOf(printed, 'own_pcie_flr_ret') }])
  })

  it('is one for each reset of a device, and each has its own mappings', async () => {
    const { resets } = await held.when(reset('sysfs'), unmapped(), reset('sysfs')).judge(told)
    expect(resets.map((row) => row.mappingsLive)).toEqual([1, 0])
  })

  it('is another one for another device, though the first was never seen to end', async () => {
    const { resets } = await empty
      .when(entry('pci_reset_function'), disable(), entry('pcie_flr', OTHER), exit('pcie_flr', 'x', 0, OTHER))
      .judge(told)
    expect(resets.map((row) => [row.device, row.method])).toEqual([
      [EXPORTER, 'unknown'],
      [OTHER, 'flr'],
    ])
  })

  it('is another one where the same function is entered again', async () => {
    const { resets } = await empty
      .when(entry('pci_reset_function'), disable(), entry('pci_reset_function'), disable())
      .judge(told)
    expect(resets).toHaveLength(2)
  })

  it('has the device that a function inside it names, where the outermost names none', async () => {
    const { resets } = await held
      .when(entry('pci_reset_function', null), disable(), exit('pci_reset_function', 'reset_store', 0, null))
      .judge(told)
    expect(resets).toMatchObject([{ device: EXPORTER, mappingsLive: 1, trigger: 'sysfs' }])
  })

  it('begins anew where another whole reset is entered after a step of one whose return is lost', async () => {
    const { resets } = await empty
      .when(entry('pci_reset_function'), call('pcie_flr', 'x'), call('pci_try_reset_function', 'vfio_pci_core_ioctl'))
      .judge(told)
    expect(resets.map((row) => [row.method, row.trigger])).toEqual([
      ['flr', 'unknown'],
      ['unknown', 'ioctl'],
    ])
  })

  it('is there as far as the trace goes: begun, its device named, its method over', async () => {
    const begun = await empty.when(entry('pci_reset_function', null)).judge()
    expect(begun.resets).toMatchObject([{ device: null, method: 'unknown', result: null, verdict: 'clean' }])
    const named = await empty.when(entry('pci_reset_function', null), entry('pci_dev_restore')).judge()
    expect(named.resets).toMatchObject([{ device: EXPORTER, finishedNs: null }])
    const story = given(exported({ device: OTHER })).when(
      entry('pci_reset_function'),
      call('pcie_flr', '__pci_reset_function_locked'),
    )
    const { folded, printed } = await story.fold()
    expect(folded.resets).toMatchObject([
      { method: 'flr', result: 'ok', finishedNs: timeOf(printed, 'own_pcie_flr_ret') },
    ])
  })
})

describe('a thread whose reset was never seen to end', () => {
  const begun = held.when(entry('pci_reset_function'), disable())
  const late = by('gpu', 301, mapped({ sgt: 2 }))
  const fields = 'exp_name=udmabuf size=4096 ino=7'

  it.each([
    ['exports', exported({ ino: 7, exporter: 'udmabuf' })],
    ['opens a file', event('dma_buf_fd', `${fields} fd=9`)],
    ['takes a buffer', event('dma_buf_get', `${fields} fd=9`)],
    ['attaches', attached('dynamic', { ino: 7, exporter: 'udmabuf', attach: 7 })],
    ['maps', mapped({ ino: 7, exporter: 'udmabuf', attach: 7, sgt: 7 })],
    ['maps for the CPU', event('own_vmap', '(dma_buf_vmap+0x4/0x90) ino=7')],
    ['moves a device', event('own_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${OTHER}" revoked=1`)],
    ['is asked for a buffer', event('own_feature', '(vfio_pci_core_feature_dma_buf+0x4/0x190 [vfio_pci_core])')],
    ['closes a device', event('own_close', `(vfio_pci_core_close_device+0x4/0x90 [vfio_pci_core]) dev="${OTHER}"`)],
  ])('has left it when it %s: what is mapped then is not in it', async (_, step) => {
    const { resets } = await begun.when(step, late).judge(told, besides('leaked-mapping', 'leaked-attachment'))
    expect(resets).toMatchObject([{ mappingsLive: 1 }])
  })

  it('is in it still when it unmaps', async () => {
    const { resets } = await begun.when(unmapped(), late).judge(besides('reset-while-mapped', 'reset-without-revoke'))
    expect(resets).toMatchObject([{ mappingsLive: 2 }])
  })
})

it('the method of a reset is in its row as soon as it shows, wherever the trace ends', async () => {
  const { folded } = await empty.when(entry('pci_try_reset_function'), disable(), entry('pcie_flr')).fold()
  expect(folded.resets).toMatchObject([{ method: 'flr' }])
})
