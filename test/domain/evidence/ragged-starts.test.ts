/** KERNEL.md §5.1: `##### CPU n buffer started ####` stands where a CPU's events begin; before, it may have said anything. */
import { expect, it } from 'vitest'
import { by, event, later, type Step } from '../../support/printer.ts'
import { besides, finding, given } from '../../support/story.ts'
import { attached, exported, mapped, reset, revoked, unmapped } from '../../support/trace.ts'

const starts: Step = (print) => print.raw('##### CPU 1 buffer started ####')
const begins = by('other', 201, event('sched_switch', 'x'))
const held = [exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped()] as const
const others = besides('reset-without-revoke', 'incomplete-log')

it('what rests on absence before a CPU begins is not certain', async () => {
  await given(...held)
    .when(reset('sysfs'), starts, begins)
    .judge(finding('reset-while-mapped', { missing: /on CPU 1 \(the buffer of this CPU starts later/ }), others)
})

it('what lies after all have begun is', async () => {
  await given(starts, begins, later(1), ...held)
    .when(reset('sysfs'))
    .judge(finding('reset-while-mapped'), others)
})

it('an episode before is not clean, one after is', async () => {
  const right = [revoked({}, unmapped()), reset()] as const
  const before = await given(...held, ...right, starts, begins).judge()
  const after = await given(starts, begins, ...held, ...right).judge()
  const verdicts = [before, after].map(({ revocations }) => revocations[0]?.verdict)
  expect(verdicts).toEqual(['undetermined', 'clean'])
})
