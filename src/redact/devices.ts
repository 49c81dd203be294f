import type { RedactionKey } from './key.ts'
import { createPermutation } from './permutation.ts'

export interface DeviceNames {
  /** Another name for a device; the same for the short and the long form of a PCI address. */
  device(name: string): string
  /** The same for every PCI address in a text. */
  inText(text: string): string
}

/** `0000:3b:00.3`, `3b:00.3`, `0x3b:0x00.3`. */
const PCI_ADDRESS = /(?<![\w:.])(?:([0-9a-f]{4,8}):)?(0x)?([0-9a-f]{2}):(0x)?([0-9a-f]{2})\.([0-7])(?!\w)/g

const WHOLE_PCI_ADDRESS = /^(?:[0-9a-f]{4,8}:)?(?:0x)?[0-9a-f]{2}:(?:0x)?[0-9a-f]{2}\.[0-7]$/

/** Names of drivers' classes that are the same on every machine. */
const PLAIN = /^[a-z][a-z_]{0,19}$/
/** A driver's or bus's stem and the number of the device: `mlx5_0`, `renderD128`, `mlx5_core.sf.4`. */
const NUMBERED = /^([A-Za-z][\w.]*?)(\d{1,9})$/

/**
 * Bus and device of a PCI address are replaced, each by a permutation, so that functions of one device and devices of one
 * bus stay together; the domain and the function stay. Of other names the stem stays, its number is replaced.
 */
export function createDeviceNames(key: RedactionKey): DeviceNames {
  const buses = new Map<string, (bus: number) => number>()
  const slots = new Map<string, (slot: number) => number>()
  const numbers = new Map<string, (number: number) => number>()

  function pci(domain: string, bus: string, slot: string): { bus: string; slot: string } {
    const other = getOr(buses, domain, () => createPermutation(key, `bus of ${domain}`, 8))
    const place = `${domain}:${bus}`
    const within = getOr(slots, place, () => createPermutation(key, `slot of ${place}`, 6, (n) => n < 32))
    const number = Number.parseInt(slot, 16)
    return {
      bus: hex2(other(Number.parseInt(bus, 16))),
      slot: number < 32 ? hex2(within(number)) : slot,
    }
  }

  function inText(text: string): string {
    return text.replace(PCI_ADDRESS, (_, domain, x, bus, y, slot, fn) => {
      const other = pci(domain ?? '0000', bus, slot)
      return `${domain === undefined ? '' : `${domain}:`}${x ?? ''}${other.bus}:${y ?? ''}${other.slot}.${fn}`
    })
  }

  function device(name: string): string {
    if (WHOLE_PCI_ADDRESS.test(name)) return inText(name)
    if (name === '' || PLAIN.test(name)) return name
    const numbered = NUMBERED.exec(name)
    if (!numbered) return `device-${key.digest('device', name).toString('hex').slice(0, 8)}`
    const stem = numbered[1]!
    const permute = getOr(numbers, stem, () => createPermutation(key, `number of ${stem}`, 30))
    return `${stem}${permute(Number(numbered[2]))}`
  }

  return { device, inText }
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, '0')
}

function getOr<T>(map: Map<string, T>, name: string, make: () => T): T {
  let found = map.get(name)
  if (found === undefined) {
    found = make()
    map.set(name, found)
  }
  return found
}
