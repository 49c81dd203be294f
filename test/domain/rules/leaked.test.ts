import { describe, expect, it } from 'vitest'
import { bufinfo } from '../../support/bufinfo.ts'
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

describe('what becomes of an open attachment', () => {
  const rows = async (text: string) => {
    const { findings } = await foldText(Buffer.from(`${text}\n`))
    return findings.map(({ rule, verdict }) => `${rule} ${verdict}`)
  }
  const exits = (comm: string, more = '') =>
    printTrace([
      ...other,
      exported(),
      attached(),
      mapped(),
      by(comm, 100, event('sched_process_exit', `comm=${comm} pid=100 prio=120${more}`)),
      later(1500),
      by('other', 201, event('x', 'y')),
    ]).lines.join('\n')
  const LEAKED = ['leaked-mapping violated', 'leaked-attachment violated']
  const OPEN = ['leaked-mapping undetermined', 'leaked-attachment undetermined']

  it('is a leak after the exit of its process under any name', async () => {
    const text = exits('renamed', ' group_dead=true').replace(/-(\d+) +\[/g, '-$1 (    100) [')
    expect(await rows(text)).toEqual(LEAKED)
  })

  it('is none after the exit of another task that has the same pid', async () => {
    expect(await rows(exits('another'))).toEqual(OPEN)
    expect(await rows(exits('tool'))).toEqual(LEAKED)
  })

  it.each([
    ['while the trace goes on says nothing of its end', 1, /^the trace ends while it is open/],
    ['after the trace says that it is', 2000, /^a snapshot .* after the trace ends shows its device still attached/],
  ])('in a snapshot %s', async (_, ms, missing) => {
    await held
      .when(later(100), event('x', 'y'))
      .seenAt(ms, bufinfo([{ ino: 1, devices: ['0000:02:00.0'] }]))
      .judge(finding('leaked-mapping', { missing }), finding('leaked-attachment', { missing }))
  })
})
