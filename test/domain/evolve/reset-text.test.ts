/** KERNEL.md §3.2, CONTRACT.md §5.4: what a reset says of the revoke before it, and what the kernel log and the bus say of a reset. */
import { describe, expect, it } from 'vitest'
import { all, by, console_, event, later, type Step } from '../../support/printer.ts'
import { besides, given } from '../../support/story.ts'
import { timeOf } from '../../support/times.ts'
import {
  attached,
  closed,
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
const entry = (fn: string, device: string | null = EXPORTER) =>
  event(`own_${fn}`, `(${fn}+0x4/0x90)${device === null ? '' : ` dev="${device}"`}`)
const exit = (fn: string, caller: string, ret = 0, device: string | null = EXPORTER) =>
  event(`own_${fn}_ret`, `(${caller}+0x5a/0xa0 <- ${fn})${device === null ? '' : ` dev="${device}"`} ret=${ret}`)
const disable = (device = EXPORTER) => entry('pci_dev_save_and_disable', device)
const call = (fn: string, caller: string, ...inside: Step[]) => all(entry(fn), ...inside, exit(fn, caller))
const resetting = (device = EXPORTER) => console_(`vfio-pci ${device}: resetting`)
const resetDone = (device = EXPORTER) => console_(`vfio-pci ${device}: reset done`)

const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
const empty = given(exported())
const told = besides('reset-while-mapped', 'reset-without-revoke')

describe('the cause of a revoke', () => {
  const open = held.when(revoked({}, unmapped()))
  it.each([
    ['pcie_flr', 'flr'],
    ['pcie_reset_flr', 'flr'],
    ['pci_pm_reset', 'reset'],
    ['pci_af_flr', 'reset'],
  ])('that %s follows: %s', async (fn, cause) => {
    const story = open.when(call('pci_try_reset_function', 'vfio_pci_core_ioctl', disable(), call(fn, 'x')), restored())
    expect((await story.judge()).revocations).toMatchObject([{ cause }])
  })

  it('is the reset that follows, where nothing else says it', async () => {
    const mute = held.when(move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()), fencesAwaited()))
    const story = mute.when(call('pci_try_reset_function', 'vfio_pci_core_ioctl', disable())).without('vfiodb_move_ret')
    expect((await story.judge()).revocations).toMatchObject([{ cause: 'reset' }])
    const recovery = mute.when(call('pci_reset_bus', 'pcie_do_recovery', disable())).without('vfiodb_move_ret')
    expect((await recovery.judge()).revocations).toMatchObject([{ cause: 'ras' }])
  })

  it('is not the reset of another device, nor one after the restore', async () => {
    const flr = (device: string) =>
      all(
        entry('pci_reset_function', device),
        entry('pcie_flr', device),
        exit('pci_reset_function', 'reset_store', 0, device),
      )
    expect((await open.when(flr(OTHER)).judge()).revocations).toMatchObject([{ cause: 'reset' }])
    expect((await open.when(restored(), flr(EXPORTER)).judge(told)).revocations).toMatchObject([{ cause: 'reset' }])
  })

  it('stays what the caller has said: memory off, the close', async () => {
    const folded = await given(exported(), closed())
      .when(call('__pci_reset_function_locked', 'vfio_pci_core_disable', call('pcie_flr', 'x')))
      .judge()
    expect(folded.revocations).toMatchObject([{ cause: 'close' }])
    expect(folded.resets).toMatchObject([{ trigger: 'close', verdict: 'clean' }])
  })
})

describe('a reset that only the kernel log tells of', () => {
  const text = held.when(resetting(), later(100), resetDone())

  it('lasts from "resetting" to "reset done"', async () => {
    const { folded, printed } = await text.fold()
    expect(folded.resets).toMatchObject([
      {
        device: EXPORTER,
        method: 'unknown',
        trigger: 'unknown',
        startedNs: timeOf(printed, 'console'),
        finishedNs: timeOf(printed, 'console', 1),
        result: 'ok',
        mappingsLive: 1,
      },
    ])
  })

  it('has no end where "reset done" never came', async () => {
    const { resets } = await held.when(resetting()).judge(told)
    expect(resets).toMatchObject([{ finishedNs: null, result: null, mappingsLive: 1 }])
  })

  it('is none for "reset done" alone', async () => {
    expect((await held.when(resetDone()).judge()).resets).toEqual([])
  })

  it('is each of them, one after the other', async () => {
    const { resets } = await text.when(unmapped(), resetting(), resetDone()).judge(told)
    expect(resets.map((row) => [row.result, row.mappingsLive])).toEqual([
      ['ok', 1],
      ['ok', 0],
    ])
  })

  it('is a function level reset that gave up, where the log says so, and the device is lost', async () => {
    const waits = (said: string) => console_(`vfio-pci ${EXPORTER}: not ready 65535ms after FLR; ${said}`)
    const waiting = await held.when(resetting(), waits('waiting'), resetDone()).judge(told)
    expect(waiting.resets).toMatchObject([{ method: 'flr', result: 'ok' }])
    const gaveUp = await held
      .when(resetting(), waits('giving up'), resetDone())
      .judge(told, besides('device-lost-while-mapped'))
    expect(gaveUp.resets).toMatchObject([{ method: 'flr', result: 'timeout' }])
  })

  it('of a wait after another reset than FLR learns no method', async () => {
    const waits = console_(`vfio-pci ${EXPORTER}: not ready 1023ms after bus reset; waiting`)
    const { resets } = await held.when(resetting(), waits, resetDone()).judge(told)
    expect(resets).toMatchObject([{ method: 'unknown' }])
  })

  it('has failed where the wait for it was given up, though nothing follows', async () => {
    const gaveUp = console_(`vfio-pci ${EXPORTER}: not ready 65535ms after bus reset; giving up`)
    const { resets } = await given(exported({ device: OTHER }))
      .when(resetting(), gaveUp)
      .judge()
    expect(resets).toMatchObject([{ method: 'unknown', result: 'timeout', finishedNs: null }])
  })

  it('is one where two lines say that it begins: its end is the end of it', async () => {
    const twice = all(resetting(), resetting(), resetDone())
    const { resets } = await held.when(twice, by('gpu', 301, unmapped(), twice)).judge(told)
    expect(resets.map((row) => [row.result, row.mappingsLive])).toEqual([
      ['ok', 1],
      ['ok', 0],
    ])
  })

  it('is over, though the return of the function around it is not recorded', async () => {
    const story = given(exported({ device: OTHER })).when(entry('pci_reset_function'), resetting(), resetDone())
    const { folded, printed } = await story.fold()
    expect(folded.resets).toMatchObject([{ result: 'ok', finishedNs: timeOf(printed, 'console', 1) }])
  })

  it('learns no method from a wait that is over, or for transactions', async () => {
    const over = console_(`vfio-pci ${EXPORTER}: ready 1023ms after FLR`)
    const pending = console_(
      `vfio-pci ${EXPORTER}: timed out waiting for pending transaction; performing function level reset anyway`,
    )
    const { resets } = await held.when(resetting(), pending, over).judge(told)
    expect(resets).toMatchObject([{ method: 'unknown', result: null }])
  })

  it('of two devices is one of each', async () => {
    const { resets } = await held.when(resetting(), resetting(OTHER), resetDone(OTHER), resetDone()).judge(told)
    expect(resets.map((row) => [row.device, row.result, row.mappingsLive])).toEqual([
      [EXPORTER, 'ok', 1],
      [OTHER, 'ok', 0],
    ])
  })

  it('is the one whose functions are probed, too', async () => {
    const { resets } = await held.when(reset('sysfs')).judge(told)
    expect(resets).toHaveLength(1)
  })

  it('names the device of a reset whose functions name none', async () => {
    const nameless = [
      entry('pci_reset_function', null),
      resetting(),
      resetDone(),
      exit('pci_reset_function', 'reset_store', 0, null),
    ]
    const { resets } = await held.when(...nameless).judge(told)
    expect(resets).toMatchObject([{ device: EXPORTER, trigger: 'sysfs', mappingsLive: 1 }])
  })
})

describe('a reset of the bus', () => {
  const both = given(
    exported(),
    exported({ ino: 2, device: OTHER }),
    attached('dynamic', { ino: 2, attach: 2 }),
    mapped({ ino: 2, attach: 2, sgt: 2 }),
  )
  const bus = (caller: string, ...inside: Step[]) => call('pci_reset_bus', caller, ...inside)

  it('takes every function with it: each has a row, with the trigger and the result of the whole', async () => {
    const { folded, printed } = await both
      .when(
        bus(
          'vfio_pci_dev_set_hot_reset',
          disable(),
          disable(OTHER),
          entry('pci_dev_restore'),
          entry('pci_dev_restore', OTHER),
        ),
      )
      .fold()
    const finishedNs = timeOf(printed, 'own_pci_reset_bus_ret')
    const whole = { method: 'bus', trigger: 'ioctl', result: 'ok', finishedNs }
    expect(folded.resets).toMatchObject([
      { ...whole, device: EXPORTER, mappingsLive: 0, buffers: 1 },
      {
        ...whole,
        device: OTHER,
        mappingsLive: 1,
        buffers: 1,
        startedNs: timeOf(printed, 'own_pci_dev_save_and_disable', 1),
      },
    ])
  })

  it('takes along what only a step of it names, and has the device of its first step where it names none', async () => {
    const restored = await both
      .when(bus('vfio_pci_dev_set_hot_reset', disable(), entry('pci_dev_restore', OTHER)))
      .judge(told)
    expect(restored.resets.map((row) => [row.device, row.mappingsLive])).toEqual([
      [EXPORTER, 0],
      [OTHER, 1],
    ])
    const nameless = all(entry('pci_reset_bus', null), disable(OTHER), exit('pci_reset_bus', 'x', 0, null))
    const { resets } = await both.when(nameless).judge(told)
    expect(resets).toMatchObject([{ device: OTHER, method: 'bus', verdict: 'undetermined' }])
  })

  it('is over for each function when it is over for all, though a step of one has returned before', async () => {
    const step = exit('pci_dev_save_and_disable', 'pci_reset_bus', 0, OTHER)
    const { resets } = await given(exported({ device: '0000:06:00.0' }))
      .when(bus('vfio_pci_dev_set_hot_reset', disable(), disable(OTHER), step))
      .judge()
    expect(resets.map((row) => [row.device, row.trigger])).toEqual([
      [EXPORTER, 'ioctl'],
      [OTHER, 'ioctl'],
    ])
  })

  it('is the same by the lines of the kernel log', async () => {
    const { resets } = await both
      .when(bus('vfio_pci_dev_set_hot_reset', resetting(), resetting(OTHER), resetDone(), resetDone(OTHER)))
      .judge(told)
    expect(resets.map((row) => [row.device, row.trigger, row.result, row.mappingsLive])).toEqual([
      [EXPORTER, 'ioctl', 'ok', 0],
      [OTHER, 'ioctl', 'ok', 1],
    ])
  })
})

it('a reset while the thread closes the device is that of the close', async () => {
  const nameless = call('pci_reset_function_locked', 'x')
  const cleanup = event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) dev="${EXPORTER}"`)
  const { resets } = await empty.when(cleanup, nameless).judge(told)
  expect(resets).toMatchObject([{ device: EXPORTER, trigger: 'close' }])
})
