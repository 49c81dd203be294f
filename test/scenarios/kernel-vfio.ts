/** What vfio-pci and the PCI core print around a revoke and a reset (KERNEL.md §3). */
import { type Buffer_, invalidate, vdev, waitFences } from './kernel-buffers.ts'
import { kernelLog, type Ledger, print, wait } from './kernel-lines.ts'

const CALLERS = {
  ioctl: ['vfio_pci_core_ioctl+0x60c/0xb80 [vfio_pci_core]', 'vfio_pci_core_ioctl+0xa1e/0xb80 [vfio_pci_core]'],
  flrBit: ['vfio_exp_config_write+0x118/0x170 [vfio_pci_core]', 'vfio_exp_config_write+0x154/0x170 [vfio_pci_core]'],
  afFlr: ['vfio_af_config_write+0xf8/0x150 [vfio_pci_core]', 'vfio_af_config_write+0x134/0x150 [vfio_pci_core]'],
  command: [
    'vfio_basic_config_write+0x120/0x360 [vfio_pci_core]',
    'vfio_basic_config_write+0x253/0x360 [vfio_pci_core]',
  ],
  power: [
    'vfio_lock_and_set_power_state+0x5c/0xb0 [vfio_pci_core]',
    'vfio_lock_and_set_power_state+0x94/0xb0 [vfio_pci_core]',
  ],
  runtime: [
    'vfio_pci_runtime_pm_entry+0x52/0xa0 [vfio_pci_core]',
    'vfio_pci_runtime_pm_exit+0x73/0x80 [vfio_pci_core]',
  ],
  hot: [
    'vfio_pci_dev_set_hot_reset.constprop.0+0xec/0x200 [vfio_pci_core]',
    'vfio_pci_dev_set_hot_reset.constprop.0+0xc9/0x200 [vfio_pci_core]',
  ],
  cleanup: ['vfio_pci_dma_buf_cleanup+0x3a/0xce [vfio_pci_core]', ''],
} as const

export type Way = keyof typeof CALLERS

function moveProbe(k: Ledger, device: string, revoked: boolean, way: Way, inside: () => void): void {
  const head = '(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core])'
  const caller = CALLERS[way][revoked ? 0 : 1]
  const value = Number(revoked)
  if (k.vocabulary === 'recipe') print(k, 'vfiodb_move', `${head} dev="${device}" revoked=${value}`, '...2.')
  if (k.vocabulary === 'btf')
    print(k, 'vfio_move', `${head} vdev=${vdev(device)} bdf="${device}" revoked=${value}`, '...2.')
  if (k.vocabulary === 'raw') print(k, 'vfio_pci_dma_buf_move', `${head} vdev=${vdev(device)} revoked=${value}`)
  inside()
  if (k.vocabulary === 'recipe')
    print(k, 'vfiodb_move_ret', `(${caller} <- vfio_pci_dma_buf_move) dev="${device}" revoked=${value}`)
  if (k.vocabulary === 'btf')
    print(k, 'vfio_move_ret', `(${caller} <- vfio_pci_dma_buf_move) vdev=${vdev(device)} revoked=0x${value}`)
}

export interface Told {
  buffer: Buffer_
  /** What importers do in their callbacks. */
  told?: () => void
  /** What happens while the exporter waits for the fences. */
  fencing?: () => void
  /** What happens while the exporter waits for the unmaps. */
  waiting?: () => void
}

export function revoke(k: Ledger, device: string, way: Way, buffers: readonly Told[] = []): void {
  moveProbe(k, device, true, way, () => {
    for (const { buffer, told, fencing, waiting } of buffers) {
      invalidate(k, buffer, 'vfio_pci_dma_buf_move+0x50/0x190 [vfio_pci_core]', told)
      waitFences(k, buffer, { inside: fencing ?? (() => {}) })
      waiting?.()
    }
  })
}

export function restore(k: Ledger, device: string, way: Way, buffers: readonly Buffer_[] = []): void {
  moveProbe(k, device, false, way, () => {
    for (const buffer of buffers) {
      invalidate(k, buffer, 'vfio_pci_dma_buf_move+0x10e/0x190 [vfio_pci_core]')
      waitFences(k, buffer, { caller: 'vfio_pci_dma_buf_move+0x124/0x190 [vfio_pci_core]' })
    }
  })
}

const RESETS = {
  open: ['pci_try_reset_function', 'try', 'vfio_pci_core_enable+0xad/0x5c0 [vfio_pci_core]'],
  ioctl: ['pci_try_reset_function', 'try', 'vfio_pci_core_ioctl+0x618/0xb80 [vfio_pci_core]'],
  flrBit: ['pci_try_reset_function', 'try', 'vfio_exp_config_write+0x124/0x170 [vfio_pci_core]'],
  afFlr: ['pci_try_reset_function', 'try', 'vfio_af_config_write+0x104/0x150 [vfio_pci_core]'],
  sysfs: ['pci_reset_function', 'fn', 'reset_store+0x60/0xb0'],
} as const

export interface ResetOptions {
  /** `ret` of the whole; with -EAGAIN nothing was touched. */
  ret?: number
  method?: 'flr' | 'af' | 'pm' | 'none'
  driver?: string
  inside?: () => void
}

/** A reset of one function through the PCI core. */
export function resetFunction(
  k: Ledger,
  device: string,
  how: keyof typeof RESETS,
  { ret = 0, method = 'flr', driver = 'vfio-pci', inside }: ResetOptions = {},
): void {
  const [fn, short, caller] = RESETS[how]
  if (k.vocabulary === 'recipe') print(k, `pcirst_${short}`, `(${fn}+0x4/0x90) dev="${device}"`, '...2.')
  if (k.vocabulary === 'btf' && short === 'try') print(k, 'pci_try_reset', `(${fn}+0x4/0x90) bdf="${device}"`, '...2.')
  if (k.vocabulary === 'raw' && short === 'try') print(k, fn, `(${fn}+0x4/0x90) bdf="${device}"`)
  if (ret !== -11) {
    disable(k, device, driver)
    if (method === 'flr') flr(k, device, inside)
    else {
      if (method === 'af' && k.vocabulary === 'recipe')
        print(k, 'pcirst_af', `(pci_af_flr+0x4/0x150) dev="${device}"`, '...2.')
      if (method === 'pm' && k.vocabulary !== 'native')
        print(k, 'pci_pm_reset', `(pci_pm_reset+0x4/0x120) bdf="${device}"`, '...2.')
      wait(k, 0.1)
      inside?.()
    }
    enable(k, device, driver)
  }
  if (k.vocabulary === 'recipe') print(k, `pcirst_${short}_ret`, `(${caller} <- ${fn}) dev="${device}" ret=${ret}`)
  if (k.vocabulary === 'btf' && short === 'try') print(k, 'pci_try_reset_ret', `(${caller} <- ${fn}) ret=${ret}`)
}

export function disable(k: Ledger, device: string, driver = 'vfio-pci'): void {
  if (k.vocabulary === 'recipe') print(k, 'pcirst_disable', `(pci_dev_save_and_disable+0x0/0xb0) dev="${device}"`)
  kernelLog(k, `${driver} ${device}: resetting`)
}

export function enable(k: Ledger, device: string, driver = 'vfio-pci'): void {
  if (k.vocabulary === 'recipe') print(k, 'pcirst_restore', `(pci_dev_restore+0x0/0x60) dev="${device}"`)
  kernelLog(k, `${driver} ${device}: reset done`)
}

export function flr(k: Ledger, device: string, inside?: () => void, ret = 0): void {
  if (k.vocabulary === 'recipe') print(k, 'pcirst_flr', `(pcie_flr+0x4/0x130) dev="${device}"`, '...2.')
  if (k.vocabulary === 'btf' || k.vocabulary === 'raw')
    print(k, 'pcie_flr', `(pcie_flr+0x4/0x130) bdf="${device}"`, '...2.')
  wait(k, 0.05)
  inside?.()
  wait(k, 0.053)
  const head = '(__pci_reset_function_locked+0x61/0x120 <- pcie_flr)'
  if (k.vocabulary === 'recipe') print(k, 'pcirst_flr_ret', `${head} dev="${device}" ret=${ret}`)
  if (k.vocabulary === 'btf' || k.vocabulary === 'raw') print(k, 'pcie_flr_ret', `${head} ret=${ret}`)
}

/** `VFIO_DEVICE_RESET` and the two config writes, whole. */
export function revokeAndReset(
  k: Ledger,
  device: string,
  way: 'ioctl' | 'flrBit' | 'afFlr',
  buffers: readonly Told[],
  options: ResetOptions = {},
): void {
  revoke(k, device, way, buffers)
  resetFunction(k, device, way, options)
  restore(
    k,
    device,
    way,
    buffers.map(({ buffer }) => buffer),
  )
}

export function open(k: Ledger, device: string): void {
  resetFunction(k, device, 'open')
  restore(k, device, 'command')
}

/** `vfio_pci_core_close_device()`. `buffers` are those not revoked yet. */
export function close(k: Ledger, device: string, buffers: readonly Told[] = []): void {
  if (k.vocabulary === 'btf')
    print(k, 'vfio_close', `(vfio_pci_core_close_device+0x4/0xe0 [vfio_pci_core]) vdev=${vdev(device)}`)
  const head = '(vfio_pci_dma_buf_cleanup+0x4/0xce [vfio_pci_core])'
  if (k.vocabulary === 'recipe') print(k, 'vfiodb_cleanup', `${head} dev="${device}"`, '...2.')
  if (k.vocabulary === 'btf') print(k, 'vfio_cleanup', `${head} vdev=${vdev(device)} bdf="${device}"`)
  if (k.vocabulary === 'raw') print(k, 'vfio_pci_dma_buf_cleanup', `${head} vdev=${vdev(device)}`)
  revoke(k, device, 'cleanup', buffers)
  if (k.vocabulary === 'recipe')
    print(
      k,
      'vfiodb_cleanup_ret',
      `(vfio_pci_core_close_device+0x67/0xe0 [vfio_pci_core] <- vfio_pci_dma_buf_cleanup) dev="${device}"`,
    )
  restore(k, device, 'runtime')
  flr(k, device)
}

/** `pci_reset_bus()` from the hot reset of these functions. */
export function resetBus(k: Ledger, devices: readonly string[], ret = 0): void {
  const [first] = devices
  const head = '(pci_reset_bus+0x4/0x40)'
  if (k.vocabulary === 'recipe') print(k, 'pcirst_bus', `${head} dev="${first}"`)
  if (k.vocabulary === 'btf') print(k, 'pci_reset_bus', `${head} bdf="${first}"`)
  for (const device of devices) disable(k, device)
  wait(k, 1)
  for (const device of devices) enable(k, device)
  if (k.vocabulary === 'recipe')
    print(
      k,
      'pcirst_bus_ret',
      `(vfio_pci_dev_set_hot_reset.constprop.0+0x17c/0x200 [vfio_pci_core] <- pci_reset_bus) dev="${first}" ret=${ret}`,
    )
}
