import type { World } from '../world/world.ts'
import type { Context } from './context.ts'

/** `pci_dev->dev` name: domain, bus, device and function. */
const NAME = /^([0-9a-f]{4,}):([0-9a-f]{2}):[0-9a-f]{2}\.[0-7]$/

interface Place {
  domain: string
  bus: number
}

function placeOf(device: string): Place | null {
  const match = NAME.exec(device)
  return match ? { domain: match[1]!, bus: Number.parseInt(match[2]!, 16) } : null
}

/** The kernel log names the buses that it has found below a bridge. */
export function noteBridge({ world, act }: Context): void {
  const [from, to] = (act.state ?? '').split('-').map((bus) => Number.parseInt(bus, 16))
  if (act.device !== null && to !== undefined) world.busesBelow.set(act.device, { from: from!, to })
}

/**
 * Whether the device is below the port; null where nothing ties them. Buses below a port have greater numbers than its
 * own; the kernel log may have named them, or told through the port of an error of a device on the same bus.
 */
export function isBelow(world: World, port: string, device: string): boolean | null {
  const above = placeOf(port)
  const place = placeOf(device)
  if (!above || !place || above.domain !== place.domain) return false
  const known = placeOf(world.errorBelow.get(port) ?? '')
  if (known?.domain === place.domain && known.bus === place.bus) return true
  const buses = world.busesBelow.get(port)
  if (buses) return place.bus >= buses.from && place.bus <= buses.to
  return place.bus <= above.bus ? false : null
}

/** A port or bridge: something was told of what is below it. */
export function isPort({ busesBelow, errorBelow }: World, device: string): boolean {
  return busesBelow.has(device) || (errorBelow.has(device) && errorBelow.get(device) !== device)
}
