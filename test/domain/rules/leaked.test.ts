import { describe, expect, it } from 'vitest'
import { foldText } from '../../support/fold-file.ts'
import { by, event, later, lost, printTrace } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, mapped, released, unmapped } from '../../support/trace.ts'

/** Somebody else's, so that unmaps and detaches are known to be recorded. */
const other = [
  exported({ ino: 2 }),
  attached('dynamic', { ino: 2, attach: 2 }),
  mapped({ ino: 2, attach: 2, sgt: 2 }),
  unmapped({ ino: 2, attach: 2, sgt: 2 }),
  detached({ ino: 2, attach: 2 }),
]
const held = given(...other, exported(), attached(), mapped())
const exit = event('sched_process_exit', 'comm=tool pid=100 prio=120')

describe('leaked-mapping and leaked-attachment', () => {
  it('are certain after the release of the buffer', async () => {
    await held.when(released()).judge(
      finding('leaked-mapping', { severity: 'warning', ino: 1, evidence: ['dbuf_map', 'dbuf_release'] }),
      finding('leaked-attachment', {
        severity: 'warning',
        ino: 1,
        evidence: ['dma_buf_dynamic_attach', 'dbuf_release'],
      }),
      finding('released-while-attached', { severity: 'error', ino: 1 }),
    )
  })

  it.each(['', ' group_dead=true', ' group_dead=1'])(
    'are certain well after the exit of the process, which says%s',
    async (said) => {
      await held
        .when(event('sched_process_exit', `comm=tool pid=100 prio=120${said}`))
        .when(later(1500), by('other', 201, event('sched_switch', 'x')))
        .judge(finding('leaked-mapping'), finding('leaked-attachment'))
    },
  )

  it.each([
    ['the exit says that others of its process live', 'comm=tool pid=100 prio=120 group_dead=false', null],
    ['the exit says so with a number', 'comm=tool pid=100 prio=120 group_dead=0', null],
    ['the exit says so with option fields', 'comm=tool pid=100 prio=120 group_dead=0x0 (0)', null],
    ['the exit does not say whether it was the last', 'comm=x pid=101 prio=120', '100'],
    ['it is not its process', 'comm=tool pid=100 prio=120', '90'],
  ])('are undetermined after the exit of a thread where %s', async (_, said, tgid) => {
    const end = [event('sched_process_exit', said), later(1500), by('other', 201, event('sched_switch', 'x'))]
    const { lines } = printTrace([...other, exported(), attached(), mapped(), ...end])
    const text = lines.join('\n').replace(/-(\d+) +\[/g, (all, pid) => (tgid ? `-${pid} (     ${tgid}) [` : all))
    const { findings } = await foldText(Buffer.from(`${text}\n`))
    expect(findings.map(({ rule, verdict }) => `${rule} ${verdict}`)).toEqual([
      'leaked-mapping undetermined',
      'leaked-attachment undetermined',
    ])
  })

  it('are certain after the exit of the process by its last thread', async () => {
    const end = [event('sched_process_exit', 'comm=x pid=101 prio=120 group_dead=true'), later(1500)]
    const { lines } = printTrace([...other, exported(), attached(), mapped(), ...end, event('sched_switch', 'x')])
    const text = lines.join('\n').replace(/-(\d+) +\[/g, '-$1 (     90) [')
    const { findings } = await foldText(Buffer.from(`${text}\n`))
    expect(findings.map(({ rule, verdict }) => `${rule} ${verdict}`)).toEqual([
      'leaked-mapping violated',
      'leaked-attachment violated',
    ])
  })

  it('are undetermined just after the exit, when its files are still being closed', async () => {
    await held
      .when(exit, later(500), by('other', 201, event('sched_switch', 'x')))
      .judge(
        finding('leaked-mapping', { missing: /taken down later/ }),
        finding('leaked-attachment', { missing: /taken down later/ }),
      )
  })

  it('are undetermined while the trace ends with them open', async () => {
    await held.judge(
      finding('leaked-mapping', { missing: /the trace ends while it is open/ }),
      finding('leaked-attachment', { missing: /the trace ends while it is open/ }),
    )
  })

  it('are undetermined where their ends were not recorded', async () => {
    await held
      .when(released())
      .without('dbuf_unmap', 'dbuf_unmap_ret', 'dbuf_detach')
      .judge(
        finding('leaked-mapping', { verdict: 'undetermined', times: 2 }),
        finding('leaked-attachment', { verdict: 'undetermined', times: 2 }),
      )
  })

  it('are undetermined across a loss', async () => {
    await held
      .when(lost(2), released())
      .judge(
        finding('leaked-mapping', { missing: /2 events lost/ }),
        finding('leaked-attachment', { missing: /2 events lost/ }),
        besides('released-while-attached'),
      )
  })

  it('are nothing where both were taken down', async () => {
    await held
      .when(unmapped(), detached(), released())
      .judge(nothing('leaked-mapping'), nothing('leaked-attachment'), nothing('released-while-attached'))
  })
})
