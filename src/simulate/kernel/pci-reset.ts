/** drivers/pci/pci.c: resets of a function or of a bus, as probes and the kernel log show them. */
import type { ResetTrigger } from '../../domain/read-model.ts'
import type { Running } from '../scheduler.ts'
import { noteFlr, noteResetOver, noteTouched, noteUntouched } from '../truth/resets.ts'
import { ENOTTY } from './exporter.ts'
import { enter, leave, type Machine, milliseconds, printk, type Thread } from './machine.ts'
import type { PciFunction } from './pci-function.ts'

const core = (symbol: string) => `${symbol} [vfio_pci_core]`

/** The function that carries the reset, and where it returns to. */
const WAYS = {
  open: ['pci_try_reset_function', core('vfio_pci_core_enable+0xad/0x5c0'), 'open'],
  ioctl: ['pci_try_reset_function', core('vfio_pci_core_ioctl+0x618/0xb80'), 'ioctl'],
  'flr-bit': ['pci_try_reset_function', core('vfio_exp_config_write+0x124/0x170'), 'config-write'],
  'af-flr': ['pci_try_reset_function', core('vfio_af_config_write+0x104/0x150'), 'config-write'],
  sysfs: ['pci_reset_function', 'reset_store+0x60/0xb0', 'sysfs'],
} as const satisfies Record<string, readonly [string, string, ResetTrigger]>
export type ResetWay = keyof typeof WAYS

export interface ResetPlan {
  /** Which method the device has; an `flr` that times out is followed by a reset of the bus. */
  method?: 'flr' | 'af-flr' | 'pm' | 'flr-then-bus' | 'flr-for-ever'
  /** It is refused before it touches anything. */
  errno?: number
  /** Name that the kernel log gives the bound driver. */
  driver?: string
  /** What goes on while the hardware resets. */
  meanwhile?: () => Running
}

export function* resetFunction(
  m: Machine,
  thread: Thread,
  fn: PciFunction,
  { way, ...plan }: ResetPlan & { way: ResetWay },
): Running {
  const [name, caller, trigger] = WAYS[way]
  const fields = { device: fn.name }
  const { errno = 0, driver = 'vfio-pci' } = plan
  yield* enter(m, thread, { fn: name, fields })
  if (errno === 0) {
    yield* enter(m, thread, { fn: 'pci_dev_save_and_disable', fields })
    const method = plan.method ?? 'flr'
    const hit = noteTouched(
      m,
      { device: fn.name, fn },
      { method: method.startsWith('flr') ? 'flr' : (method as 'af-flr' | 'pm'), trigger },
    )
    yield* printk(m, thread, `${driver} ${fn.name}: resetting`)
    yield* METHODS[method](m, thread, fn, plan, driver)
    yield* enter(m, thread, { fn: 'pci_dev_restore', fields })
    yield* printk(m, thread, `${driver} ${fn.name}: reset done`)
    noteResetOver(m, hit, fn)
  } else noteUntouched(m, fn, trigger)
  const failed = errno === 0 && plan.method === 'flr-for-ever' ? ENOTTY : errno
  yield* leave(m, thread, { fn: name, caller, fields: { ...fields, ret: -failed } })
}

type Method = (m: Machine, thread: Thread, fn: PciFunction, plan: ResetPlan, driver: string) => Running

const METHODS: Readonly<Record<NonNullable<ResetPlan['method']>, Method>> = {
  *flr(m, thread, fn, { meanwhile }) {
    yield* flr(m, thread, fn, '__pci_reset_function_locked+0x61/0x120', meanwhile)
  },
  *'af-flr'(m, thread, { name }, { meanwhile }) {
    yield* method(m, thread, 'pci_af_flr', name, meanwhile)
  },
  *pm(m, thread, { name }, { meanwhile }) {
    yield* method(m, thread, 'pci_pm_reset', name, meanwhile)
  },
  *'flr-for-ever'(m, thread, fn, { meanwhile }, driver) {
    yield* timeOut(m, thread, fn, driver, meanwhile)
  },
  *'flr-then-bus'(m, thread, fn, { meanwhile }, driver) {
    yield* timeOut(m, thread, fn, driver, meanwhile)
    yield* enter(m, thread, { fn: 'pci_bridge_secondary_bus_reset', fields: { device: fn.port } })
    yield milliseconds(m.random.between(1000, 1200))
    yield* leave(m, thread, {
      fn: 'pci_bridge_secondary_bus_reset',
      caller: 'pci_reset_bus_function+0x5a/0xc0',
      fields: { device: fn.port, ret: 0 },
    })
  },
}

/** pci_dev_wait(): twice as long from line to line, until it gives up. */
function* timeOut(m: Machine, thread: Thread, fn: PciFunction, driver: string, meanwhile?: () => Running): Running {
  const fields = { device: fn.name }
  yield* enter(m, thread, { fn: 'pcie_flr', fields })
  noteFlr(fn)
  yield* pass(m, meanwhile)
  for (let waited = 1023; waited < 65535; waited = waited * 2 + 1) {
    yield* printk(m, thread, `${driver} ${fn.name}: not ready ${waited}ms after FLR; waiting`)
    yield milliseconds(waited)
  }
  yield* printk(m, thread, `${driver} ${fn.name}: not ready 65535ms after FLR; giving up`)
  yield* leave(m, thread, {
    fn: 'pcie_flr',
    caller: '__pci_reset_function_locked+0x61/0x120',
    fields: { ...fields, ret: -ENOTTY },
  })
}

function* method(m: Machine, thread: Thread, fn: string, device: string, meanwhile?: () => Running): Running {
  yield* enter(m, thread, { fn, fields: { device } })
  yield* pass(m, meanwhile)
  yield* leave(m, thread, { fn, caller: '__pci_reset_function_locked+0x61/0x120', fields: { device, ret: 0 } })
}

/** At least 100 ms, by the specification. */
function* pass(m: Machine, meanwhile?: () => Running): Running {
  yield milliseconds(m.random.between(20, 60))
  if (meanwhile) yield* meanwhile()
  yield milliseconds(m.random.between(80, 110))
}

function* flr(m: Machine, thread: Thread, fn: PciFunction, caller: string, meanwhile?: () => Running): Running {
  const fields = { device: fn.name }
  yield* enter(m, thread, { fn: 'pcie_flr', fields })
  noteFlr(fn)
  yield* pass(m, meanwhile)
  yield* leave(m, thread, { fn: 'pcie_flr', caller, fields: { ...fields, ret: 0 } })
}

/** The FLR of a close: `__pci_reset_function_locked()`, without the functions around it. */
export function* functionLevelReset(m: Machine, thread: Thread, fn: PciFunction, trigger: ResetTrigger): Running {
  const fields = { device: fn.name }
  yield* enter(m, thread, { fn: 'pcie_flr', fields })
  const hit = noteTouched(m, { device: fn.name, fn }, { method: 'flr', trigger })
  yield* pass(m)
  noteResetOver(m, hit, fn)
  yield* leave(m, thread, {
    fn: 'pcie_flr',
    caller: '__pci_reset_function_locked+0x61/0x120',
    fields: { ...fields, ret: 0 },
  })
}

/** `pci_reset_bus()`: all functions go down, and come back, together. */
export function* resetBus(
  m: Machine,
  thread: Thread,
  fns: readonly PciFunction[],
  caller: string,
  trigger: ResetTrigger = 'ioctl',
): Running {
  const fields = { device: fns[0]!.name }
  yield* enter(m, thread, { fn: 'pci_reset_bus', fields })
  const hits = []
  for (const fn of fns) {
    yield* enter(m, thread, { fn: 'pci_dev_save_and_disable', fields: { device: fn.name } })
    hits.push(noteTouched(m, { device: fn.name, fn }, { method: 'bus', trigger }))
    yield* printk(m, thread, `vfio-pci ${fn.name}: resetting`)
  }
  yield milliseconds(m.random.between(1000, 1100))
  for (const [i, fn] of fns.entries()) {
    yield* enter(m, thread, { fn: 'pci_dev_restore', fields: { device: fn.name } })
    yield* printk(m, thread, `vfio-pci ${fn.name}: reset done`)
    noteResetOver(m, hits[i]!, fn)
  }
  yield* leave(m, thread, { fn: 'pci_reset_bus', caller, fields: { ...fields, ret: 0 } })
}
