import type { Reset } from '../../domain/world/entities.ts'
import type { VfioDevice } from '../../domain/world/vfio-device.ts'
import type { World } from '../../domain/world/world.ts'
import type { DeviceAt, ResetAt } from './rows.ts'

/** Devices that export buffers, that vfio was seen to move, or that are being reset. */
export function devicesOf(world: World): DeviceAt[] {
  const found = new Map<string, DeviceAt>()
  const device = (name: string | null, pointer: string | null): DeviceAt => {
    const key = name ?? pointer ?? '?'
    const known = found.get(key) ?? { device: name, pointer, ...NOTHING, buffers: [] }
    found.set(key, known)
    return known
  }
  for (const vfio of new Set([...world.vfioByName.values(), ...world.vfioByPointer.values()])) {
    const at = device(vfio.name, vfio.pointer)
    at.revoked = vfio.revoked
    at.moving = movingOf(world, vfio)
    at.closing = isClosing(world, vfio)
  }
  for (const buffer of world.unreleased) {
    const { vfio, exporterDevice } = buffer
    if (exporterDevice !== null) device(exporterDevice, vfio?.pointer ?? null).buffers.push(buffer.id)
    else if (vfio) device(vfio.name, vfio.pointer).buffers.push(buffer.id)
  }
  for (const reset of world.resets) if (isRunning(reset)) device(reset.device, reset.devicePtr).reset = resetAt(reset)
  for (const at of found.values()) at.buffers.sort((a, b) => a - b)
  return [...found.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

const NOTHING = { revoked: null, moving: null, closing: false, reset: null }

function nameOf({ device, pointer }: DeviceAt): string {
  return device ?? pointer ?? ''
}

function movingOf(world: World, vfio: VfioDevice): DeviceAt['moving'] {
  for (const { move } of world.tasks.values())
    if (move?.vfio === vfio && !move.returned) return move.revoking ? 'revoke' : 'restore'
  return null
}

function isClosing(world: World, vfio: VfioDevice): boolean {
  for (const task of world.tasks.values())
    if (task.closing === vfio && task.calls.some(({ fn }) => fn === 'vfio_pci_dma_buf_cleanup')) return true
  return false
}

/** A function of a bus is reset as long as its bus is. */
function isRunning(reset: Reset): boolean {
  return !reset.closed && !(reset.parent?.closed ?? false) && (reset.frames.length > 0 || reset.finished === null)
}

function resetAt(reset: Reset): ResetAt {
  return {
    id: reset.id,
    method: reset.method,
    trigger: reset.trigger,
    phase: reset.touched === null ? 'before-hardware' : reset.frames.length > 0 ? 'hardware' : 'returning',
    startedNs: (reset.disabled ?? reset.first).ns,
    touchedNs: reset.touched?.ns ?? null,
    within: reset.frames.at(-1)?.fn ?? null,
  }
}
