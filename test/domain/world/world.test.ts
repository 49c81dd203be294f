/** KERNEL.md §5.1: whose line it is, where the trace says so: idle tasks all have pid 0, and some layouts print no pid. */
import { describe, expect, it } from 'vitest'
import { UNKNOWN } from '../../../src/domain/record.ts'
import type { Buffer } from '../../../src/domain/world/entities.ts'
import { enter } from '../../../src/domain/world/task.ts'
import { addGap, createWindow } from '../../../src/domain/world/window.ts'
import { currentTask, setState, type World } from '../../../src/domain/world/world.ts'

const at = (ns: bigint) => ({ ns, seq: Number(ns), cpu: 0, pid: 1 })

describe('the thread of a line', () => {
  const threads = () => {
    const world = { tasks: new Map(), window: createWindow(), record: {}, now: at(1n) } as unknown as World
    return {
      world,
      of: (pid: number, cpu: number, ns = 1n) => {
        Object.assign(world, { record: { pid, cpu }, now: at(ns) })
        return currentTask(world)
      },
    }
  }

  it('is one by its pid, on whatever CPU; idle tasks are one on each', () => {
    const { of } = threads()
    expect(of(7, 0)).toBe(of(7, 1))
    expect(of(7, 0)).not.toBe(of(8, 0))
    expect(of(0, 1)).toBe(of(0, 1))
    expect(of(0, 1)).not.toBe(of(0, 2))
    expect(of(7, UNKNOWN)).toBe(of(7, 0))
    expect([of(7, 0), of(7, UNKNOWN), of(0, 0)].map(({ unknown }) => unknown)).toEqual([false, false, false])
  })

  it('is not known without a pid, nor of an idle task without a CPU', () => {
    const { of } = threads()
    expect([of(UNKNOWN, 0), of(UNKNOWN, UNKNOWN), of(0, UNKNOWN)].map(({ unknown }) => unknown)).toEqual([
      true,
      true,
      true,
    ])
    expect(of(UNKNOWN, 0)).toBe(of(UNKNOWN, 3))
    expect(of(0, UNKNOWN)).toBe(of(UNKNOWN, 0))
  })

  it('that comes to another CPU may have left its calls where events were lost since it last spoke', () => {
    const calls = (lost: [bigint, bigint] | null, cpu: number) => {
      const { world, of } = threads()
      enter(of(7, 0, 10n), 'f', at(10n), {})
      if (lost) addGap(world.window, { cpu: 1, from: lost[0], to: lost[1], lost: 1n, reason: 'x', seq: 0 })
      return of(7, cpu, 20n).calls.length
    }
    expect([calls(null, 1), calls([12n, 15n], 1), calls([12n, 15n], 0), calls([5n, 9n], 1)]).toEqual([1, 0, 1, 1])
  })
})

it('a state lasts since it was come into, however often it is told', () => {
  const world = { now: at(1n), changed: { buffers: [] } } as unknown as World
  const buffer = { state: 'live', since: at(0n), dirty: false } as Buffer
  setState(world, buffer, 'live')
  expect([buffer.since.ns, world.changed.buffers]).toEqual([0n, []])
  setState(world, buffer, 'revoked')
  expect([buffer.state, buffer.since.ns, world.changed.buffers]).toEqual(['revoked', 1n, [buffer]])
  world.now = at(2n)
  setState(world, buffer, 'revoked')
  expect(buffer.since.ns).toBe(1n)
})
