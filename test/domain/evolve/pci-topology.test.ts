/** KERNEL.md §4.1: port services and bridges name themselves; what is below them the kernel log says, or nobody. */
import { expect, it } from 'vitest'
import { isBelow, isPort } from '../../../src/domain/evolve/pci-topology.ts'
import type { World } from '../../../src/domain/world/world.ts'

const PORT = '0000:02:1c.0'
type Topology = Pick<World, 'busesBelow' | 'errorBelow'>
const knowing = ({ buses, error }: { buses?: [number, number]; error?: string } = {}) =>
  ({
    busesBelow: new Map(buses ? [[PORT, { from: buses[0], to: buses[1] }]] : []),
    errorBelow: new Map(error === undefined ? [] : [[PORT, error]]),
  }) satisfies Topology as unknown as World

it.each([
  ['0000:03:00.0', null],
  ['0000:02:00.0', false],
  ['0000:01:00.0', false],
  ['0001:03:00.0', false],
  ['10000:03:00.0', false],
  ['mlx5_core.sf.4', false],
  ['x0000:03:00.0', false],
  ['0000:03:00.0x', false],
  ['0000:03:00.8', false],
])('where nothing is known of the port, %s is below it: %s', (device, is) => {
  expect(isBelow(knowing(), PORT, device)).toBe(is)
})

it.each([
  ['0000:04:00.0', false],
  ['0000:05:00.0', true],
  ['0000:0a:00.1', true],
  ['0000:10:00.0', true],
  ['0000:11:00.0', false],
  ['0001:0a:00.0', false],
])('of buses 05 to 10, %s: %s', (device, is) => {
  expect(isBelow(knowing({ buses: [5, 16] }), PORT, device)).toBe(is)
})

it.each([
  ['0000:07:00.0', true],
  ['0000:07:1f.7', true],
  ['0000:08:00.0', null],
  ['0000:01:00.0', false],
  ['0001:07:00.0', false],
])('with an error told through the port by 0000:07:00.1, %s: %s', (device, is) => {
  expect(isBelow(knowing({ error: '0000:07:00.1' }), PORT, device)).toBe(is)
})

it('an error of another domain, or of the port itself, ties nothing', () => {
  expect(isBelow(knowing({ error: '0001:07:00.1' }), PORT, '0000:07:00.0')).toBeNull()
  expect(isBelow(knowing({ error: PORT }), PORT, '0000:07:00.0')).toBeNull()
  expect(isBelow(knowing({ error: PORT }), PORT, '0000:02:00.0')).toBe(true)
})

it('what has no place on a bus is no port', () => {
  expect(isBelow(knowing(), 'pci0000:00', '0000:07:00.0')).toBe(false)
})

it('a port is what something was told of that is below it', () => {
  expect(isPort(knowing(), PORT)).toBe(false)
  expect(isPort(knowing({ buses: [5, 16] }), PORT)).toBe(true)
  expect(isPort(knowing({ error: '0000:07:00.1' }), PORT)).toBe(true)
  expect(isPort(knowing({ error: PORT }), PORT)).toBe(false)
})
