/** Memory stays bounded: what was worth remembering for a while is forgotten, the oldest first. */
import { expect, it } from 'vitest'
import type { Context } from '../../../src/domain/evolve/context.ts'
import { onFence } from '../../../src/domain/evolve/fences.ts'
import { createTask, enter, leave } from '../../../src/domain/world/task.ts'

const at = (seq: number) => ({ ns: BigInt(seq), seq, cpu: 0, pid: 1 })

it('of calls whose return never comes, the latest 32 are known', () => {
  const task = createTask()
  for (let seq = 0; seq <= 32; seq++) enter(task, `f${seq}`, at(seq), {})
  expect(leave(task, 'f0')).toBeNull()
  expect(leave(task, 'f1')).toMatchObject({ fn: 'f1', entered: at(1) })
  expect(task.calls).toEqual([])
})

it('of fences that have signalled, the latest 4096', () => {
  const signalled = new Set<string>()
  const world = { signalled, fences: new Map(), functions: new Set() }
  for (let seqno = 0; seqno <= 4096; seqno++)
    onFence({ world, act: { detail: 'signaled', context: '7', seqno: String(seqno) } } as unknown as Context)
  expect([signalled.size, signalled.has('7:0'), signalled.has('7:1'), signalled.has('7:4096')]).toEqual([
    4096,
    false,
    true,
    true,
  ])
})
