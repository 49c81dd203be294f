/** drivers/vfio/pci: how VFIO takes its buffers back (KERNEL.md §3). */
import type { Cause } from '../../domain/read-model.ts'
import { acquire, type Running, release } from '../scheduler.ts'
import { noteDrained, noteNotified, noteTold } from '../truth/mappings.ts'
import { noteRevoked } from '../truth/resets.ts'
import { noteRevocation } from '../truth/revocations.ts'
import { exportBuffer, invalidate, locked } from './buffers.ts'
import type { Exporter } from './exporter.ts'
import { BOOKKEEP, waitForFences } from './fences.ts'
import { enter, leave, type Machine, type Thread } from './machine.ts'
import type { Buffer } from './objects.ts'
import type { PciFunction } from './pci-function.ts'
import { functionLevelReset, type ResetPlan, resetBus, resetFunction } from './pci-reset.ts'

const MODULE = 'vfio_pci_core'
const core = (symbol: string) => `${symbol} [${MODULE}]`

/** Who calls `vfio_pci_dma_buf_move()`: where it returns to on revoke and on restore, and why. */
const WAYS = {
  ioctl: {
    revoke: core('vfio_pci_core_ioctl+0x60c/0xb80'),
    restore: core('vfio_pci_core_ioctl+0xa1e/0xb80'),
    cause: 'reset',
  },
  'flr-bit': {
    revoke: core('vfio_exp_config_write+0x118/0x170'),
    restore: core('vfio_exp_config_write+0x154/0x170'),
    cause: 'reset',
  },
  'af-flr': {
    revoke: core('vfio_af_config_write+0xf8/0x150'),
    restore: core('vfio_af_config_write+0x134/0x150'),
    cause: 'reset',
  },
  command: {
    revoke: core('vfio_basic_config_write+0x120/0x360'),
    restore: core('vfio_basic_config_write+0x253/0x360'),
    cause: 'memory-disable',
  },
  power: {
    revoke: core('vfio_lock_and_set_power_state+0x5c/0xb0'),
    restore: core('vfio_lock_and_set_power_state+0x94/0xb0'),
    cause: 'power',
  },
  runtime: {
    revoke: core('vfio_pci_runtime_pm_entry+0x52/0xa0'),
    restore: core('vfio_pci_runtime_pm_exit+0x73/0x80'),
    cause: 'power',
  },
  hot: {
    revoke: core('vfio_pci_dev_set_hot_reset.constprop.0+0xec/0x200'),
    restore: core('vfio_pci_dev_set_hot_reset.constprop.0+0xc9/0x200'),
    cause: 'hot-reset',
  },
  close: {
    revoke: core('vfio_pci_dma_buf_cleanup+0x3a/0xce'),
    restore: core('vfio_pci_runtime_pm_exit+0x73/0x80'),
    cause: 'close',
  },
} as const satisfies Record<string, { revoke: string; restore: string; cause: Cause }>
export type Way = keyof typeof WAYS

/** `vfio_pci_dma_buf_move(vdev, revoked)`, with the memory lock held. */
export function* move(m: Machine, thread: Thread, fn: PciFunction, revoked: boolean, way: Way): Running {
  const fields = { vdev: fn.vdev, device: fn.name, revoked: Number(revoked) }
  const point = { fn: 'vfio_pci_dma_buf_move', module: MODULE, fields }
  yield* enter(m, thread, point)
  const requested = m.scheduler.now
  for (const buffer of [...fn.buffers]) {
    if (buffer.revoked === revoked) continue
    if (revoked) yield* revoke(m, thread, buffer, { cause: WAYS[way].cause, requested })
    else yield* unrevoke(m, thread, buffer)
  }
  yield* leave(m, thread, { ...point, caller: WAYS[way][revoked ? 'revoke' : 'restore'] })
  if (!revoked) return
  for (const buffer of fn.buffers) {
    if (buffer.revocation?.at === requested) buffer.revocation.cause = WAYS[way].cause
    noteRevoked(m, buffer)
  }
}

function* revoke(
  m: Machine,
  thread: Thread,
  buffer: Buffer,
  { cause, requested }: { cause: Cause; requested: number },
): Running {
  const { flaws } = buffer.exporter
  // Why it was, only the caller knows that it returns to.
  const closes = cause === 'close'
  const episode = noteRevocation(m, buffer, { at: requested, cause: closes ? cause : 'unknown', permanent: closes })
  yield* locked(m, buffer, function* () {
    buffer.revoked = true
    buffer.revoking = true
    buffer.revocation = episode
    noteTold(m, buffer, episode)
    yield* invalidate(m, thread, buffer, core('vfio_pci_dma_buf_move+0x50/0x190'))
    noteNotified(m, buffer)
    if (!flaws.forgetsFences) yield* drain(m, thread, buffer, core('vfio_pci_dma_buf_move+0x66/0x190'))
  })
  // Uninterruptible and without end.
  while (!flaws.forgetsUnmaps && buffer.counted > 0) yield buffer.unmapped
  buffer.revoking = false
}

function* drain(m: Machine, thread: Thread, buffer: Buffer, caller: string): Running {
  for (const fence of buffer.reservation.fences) fence.awaited = true
  yield* waitForFences(m, thread, buffer.reservation, { usage: BOOKKEEP, interruptible: false, caller })
  noteDrained(m, buffer)
}

function* unrevoke(m: Machine, thread: Thread, buffer: Buffer): Running {
  yield* locked(m, buffer, function* () {
    yield* invalidate(m, thread, buffer, core('vfio_pci_dma_buf_move+0x10e/0x190'))
    yield* waitForFences(m, thread, buffer.reservation, {
      usage: BOOKKEEP,
      interruptible: false,
      caller: core('vfio_pci_dma_buf_move+0x124/0x190'),
    })
  })
  const { lock } = buffer.reservation
  yield* acquire(lock)
  buffer.revoked = false
  if (buffer.revocation) buffer.revocation.restored = true
  buffer.revocation = null
  release(m.scheduler, lock)
}

/** `VFIO_DEVICE_FEATURE_DMA_BUF`. */
export function* exportFrom(
  m: Machine,
  thread: Thread,
  fn: PciFunction,
  exporter: Exporter,
  size: number,
): Running<Buffer> {
  const buffer = yield* exportBuffer(m, thread, exporter, { size, owner: fn })
  fn.buffers.add(buffer)
  yield* leave(m, thread, {
    fn: 'vfio_pci_core_feature_dma_buf',
    module: MODULE,
    caller: 'vfio_device_fops_unl_ioctl+0x4ac/0x990 [vfio]',
    fields: { vdev: fn.vdev, device: fn.name, ret: 9 },
  })
  return buffer
}

export function* open(m: Machine, thread: Thread, fn: PciFunction): Running {
  fn.open = true
  fn.memoryEnabled = true
  yield* resetFunction(m, thread, fn, { way: 'open' })
  yield* holding(m, fn, () => move(m, thread, fn, false, 'command'))
}

/** The three ways in which a user asks VFIO for a function level reset. */
export function* resetDevice(
  m: Machine,
  thread: Thread,
  fn: PciFunction,
  way: 'ioctl' | 'flr-bit' | 'af-flr',
  plan: ResetPlan = {},
): Running {
  yield* holding(m, fn, function* () {
    yield* move(m, thread, fn, true, way)
    yield* resetFunction(m, thread, fn, { way, ...plan })
    if (fn.memoryEnabled) yield* move(m, thread, fn, false, way)
  })
}

/** PCI_COMMAND.MEM cleared and set again, or a power state and back. */
export function* toggle(
  m: Machine,
  thread: Thread,
  fn: PciFunction,
  way: 'command' | 'power' | 'runtime',
  between: () => Running,
): Running {
  yield* holding(m, fn, function* () {
    yield* move(m, thread, fn, true, way)
    fn.memoryEnabled = false
  })
  yield* between()
  yield* holding(m, fn, function* () {
    fn.memoryEnabled = true
    yield* move(m, thread, fn, false, way)
  })
}

/** `VFIO_DEVICE_PCI_HOT_RESET`: every function below the bridge, revoked one after the other and restored in reverse. */
export function* hotReset(m: Machine, thread: Thread, fns: readonly PciFunction[]): Running {
  for (const fn of fns) {
    yield* acquire(fn.memoryLock)
    yield* move(m, thread, fn, true, 'hot')
  }
  yield* resetBus(m, thread, fns, core('vfio_pci_dev_set_hot_reset.constprop.0+0x17c/0x200'))
  for (const fn of [...fns].reverse()) {
    if (fn.open && fn.memoryEnabled) yield* move(m, thread, fn, false, 'hot')
    release(m.scheduler, fn.memoryLock)
  }
}

/** `vfio_pci_core_close_device()`: its buffers are orphans for ever. */
export function* close(m: Machine, thread: Thread, fn: PciFunction): Running {
  const fields = { vdev: fn.vdev, device: fn.name }
  const cleanup = { fn: 'vfio_pci_dma_buf_cleanup', module: MODULE, fields }
  yield* enter(m, thread, { fn: 'vfio_pci_core_close_device', module: MODULE, fields })
  yield* enter(m, thread, cleanup)
  yield* acquire(fn.memoryLock)
  const revoked = [...fn.buffers].map((buffer) => buffer.revocation)
  yield* move(m, thread, fn, true, 'close')
  for (const episode of revoked) if (episode) episode.permanent = true
  for (const buffer of fn.buffers) buffer.dead = true
  yield* leave(m, thread, { ...cleanup, caller: core('vfio_pci_core_close_device+0x67/0xe0') })
  fn.buffers.clear()
  fn.open = false
  yield* move(m, thread, fn, false, 'close')
  yield* functionLevelReset(m, thread, fn, 'close')
  release(m.scheduler, fn.memoryLock)
}

/** Runs `body` with the memory lock held for writing. */
export function* holding(m: Machine, fn: PciFunction, body: () => Running): Running {
  yield* acquire(fn.memoryLock)
  yield* body()
  release(m.scheduler, fn.memoryLock)
}
