import type { Act } from '../act.ts'
import type { Buffer } from '../world/entities.ts'
import type { VfioDevice } from '../world/vfio-device.ts'
import { setState, touch, type World } from '../world/world.ts'

/** Exporters whose buffers `vfio_pci_dma_buf_move()` revokes: drivers/vfio/pci exports as KBUILD_MODNAME. */
export function isVfioExporter(exporter: string | null): boolean {
  return exporter === 'vfio_pci_core' || exporter === 'vfio-pci-core'
}

/** The vfio device that an act names, by name, by address, or by both (which ties them together). */
export function vfioDevice(world: World, act: Act): VfioDevice | null {
  const { device: name, vdev: pointer } = act
  const byName = name === null ? undefined : world.vfioByName.get(name)
  const byPointer = pointer === null ? undefined : world.vfioByPointer.get(pointer)
  world.about.device = name ?? byPointer?.name ?? null
  if (name === null && pointer === null) return null
  // What stood at this address under another name is gone.
  const same = name === null || byPointer?.name === null ? byPointer : undefined
  const device = byName ?? same ?? createDevice()
  if (pointer !== null) {
    device.pointer = pointer
    world.vfioByPointer.set(pointer, device)
  }
  if (name !== null && device.name === null) nameDevice(world, device, name)
  return device
}

function createDevice(): VfioDevice {
  return { name: null, pointer: null, revoked: null, since: null, buffers: new Set(), open: new Set() }
}

/** Gives an address-only device its name, and its buffers their exporter's device. */
export function nameDevice(world: World, device: VfioDevice, name: string): void {
  device.name = name
  world.vfioByName.set(name, device)
  for (const buffer of device.buffers) assignDevice(world, buffer, name)
  for (const revocation of device.open) touch(world.changed.revocations, revocation)
}

export function assignVfio(world: World, buffer: Buffer, device: VfioDevice): void {
  if (buffer.vfio === device) return
  buffer.vfio = device
  if (buffer.released) return
  device.buffers.add(buffer)
  if (device.name !== null) assignDevice(world, buffer, device.name)
  // vfio_pci_core_feature_dma_buf() sets `revoked = !memory_enabled`: a buffer can be born revoked.
  if (buffer.exported && device.revoked === true && buffer.state === 'live') {
    setState(world, buffer, 'revoked')
    buffer.bornRevoked = true
  }
}

function assignDevice(world: World, buffer: Buffer, name: string): void {
  buffer.exporterDevice = name
  world.homeless.delete(buffer)
  let own = world.buffersByDevice.get(name)
  if (!own) {
    own = new Set()
    world.buffersByDevice.set(name, own)
  }
  own.add(buffer)
  touch(world.changed.buffers, buffer)
}
