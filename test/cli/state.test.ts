import { beforeEach, describe, expect, test } from 'vitest'
import { example, useWorkspace } from './workspace.ts'

const at = useWorkspace()
beforeEach(() => at.run('ingest', example('slow-importer')))

interface State {
  at_ns: string
  events: number
  position: string
  trust: { gaps: unknown[]; gaps_before: number; complete: boolean; tier: string }
  devices: { device: string; revoked: boolean | null; moving: string | null; reset: { within: string } | null }[]
  buffers: {
    ino: string
    state: string
    since_ns: string | null
    released_ns: string | null
    revocation: { phase: string; cause: string; waiting_for: { importer_device: string; mappings: number }[] } | null
    attachments: { class: string; comm: string; pid: number; mappings: Record<string, string | null>[] }[]
  }[]
}

const stateAt = (time: string, ...more: string[]) => at.json<State>('state', '--at', time, ...more)

describe('state', () => {
  test('while the exporter waits for an unmap: who has not, since when, and what it was told', async () => {
    const { buffers, devices, events, position, trust } = await stateAt('78.0')
    expect([events, position]).toEqual([32, '32'])
    expect(trust).toMatchObject({ gaps: [], gaps_before: 0, complete: true, tier: 'T3' })
    expect(devices).toMatchObject([{ device: '0000:01:00.0', moving: 'revoke', revoked: false, reset: null }])
    expect(buffers).toHaveLength(1)
    expect(buffers[0]).toMatchObject({ ino: '20', state: 'revoking', since_ns: '76468002000' })
    expect(buffers[0]!.revocation).toMatchObject({
      phase: 'waiting-for-unmaps',
      waiting_for: [{ importer_device: '0000:00:04.0', mappings: 1 }],
    })
    const [attachment] = buffers[0]!.attachments
    expect(attachment).toMatchObject({ comm: 'tool', pid: 243 })
    expect(attachment!.mappings).toMatchObject([
      { iova: '4294918144', mapped_ns: '76459794000', mapped_for_ns: '1540206000', told_ns: '76468002000' },
    ])
  })

  test('has the events of that nanosecond, and none after it', async () => {
    const mapped = async (time: string) => (await stateAt(time)).buffers[0]!.attachments[0]!.mappings.length
    expect(await mapped('76.459793999')).toBe(0)
    expect(await mapped('76459794000')).toBe(1)
    // Live until its unmap returns.
    expect(await mapped('79.471692')).toBe(1)
    expect((await stateAt('79.471693')).buffers[0]!.attachments[0]!.mappings).toEqual([])
  })

  test('walks through the states of a buffer and the phases of its revocation', async () => {
    const story: [string, string, string | null][] = []
    for (const time of ['76.35', '76.468015', '76.46803', '76.5', '79.5', '79.6']) {
      const { buffers } = await stateAt(time, '--ino', '20')
      story.push([time, buffers[0]!.state, buffers[0]!.revocation?.phase ?? null])
    }
    expect(story).toEqual([
      ['76.35', 'live', null],
      ['76.468015', 'revoking', 'telling'],
      ['76.46803', 'revoking', 'waiting-for-unmaps'],
      ['76.5', 'revoking', 'waiting-for-unmaps'],
      ['79.5', 'revoked', 'complete'],
      ['79.6', 'live', null],
    ])
  })

  test('does not know then what came out later, but what things are', async () => {
    const then = (await stateAt('76.5')).buffers[0]!
    expect(then.revocation!.cause).toBe('unknown')
    expect(then.attachments[0]!.class).toBe('dynamic')
    expect((await stateAt('79.58')).buffers[0]!.revocation!.cause).toBe('flr')
  })

  test('a buffer that is not there yet, or has gone, is told of where its number is given', async () => {
    expect((await stateAt('76.2', '--ino', '20')).buffers).toEqual([])
    expect((await stateAt('79.7')).buffers).toEqual([])
    expect((await stateAt('79.7', '--ino', '20')).buffers).toMatchObject([
      { state: 'released', released_ns: '79617329000' },
    ])
  })

  test('of one device: what it exported or is attached to, and its running reset', async () => {
    const { devices, buffers } = await stateAt('79.48', '--device', '0000:01:00.0')
    expect(devices).toMatchObject([{ revoked: true, reset: { within: 'pcie_flr' } }])
    expect(buffers.map(({ ino }) => ino)).toEqual(['20'])
    const importer = await stateAt('76.5', '--device', '0000:00:04.0')
    expect([importer.devices, importer.buffers.length]).toEqual([[], 1])
  })

  test('as a page for people, and one line of JSON', async () => {
    const { stdout } = await at.run('state', '--at', '78.0')
    expect(stdout.toString()).toMatchInlineSnapshot(`
      "capture 1, slow-importer.txt, at 78.000000: 32 of 68 events had happened

      device 0000:01:00.0  being revoked, 1 buffer

      buffer 20  vfio_pci_core, 0000:01:00.0, 16 KiB: revoking since 76.468002 (1.532 s)
        revocation, requested 1.532 s before (76.467968): waiting for unmaps
          told 1.532 s before (76.468023), fences drained 1.532 s before (76.468043)
          still mapped: 0000:00:04.0, 1 mapping
        0000:00:04.0 0xffff889ac63c86c0  dynamic, deferred (observed), attached 1.633 s before (76.366703) by tool-243, told 1 time while mapped
          mapped 0xffff4000 (16 KiB, BIDIRECTIONAL) 1.540 s before (76.459794), told to go 1.532 s before (76.468002)
      "
    `)
    const { stdout: json } = await at.run('state', '--at', '78.0', '--format', 'ndjson')
    expect(json.toString().trimEnd().split('\n')).toHaveLength(1)
  })

  test('says where the moment lies in a gap', async () => {
    const text = '# entries-in-buffer/entries-written: 3/3   #P:1\n'
    const line = (time: string, ino: number) =>
      `            tool-1       [000] .....     ${time}: dma_buf_export: exp_name=system size=4096 ino=${ino}\n`
    const lost = 'CPU:0 [LOST 6 EVENTS]\n'
    await at.run(
      'ingest',
      at.file('lossy.txt', `${text}${line('5.000000', 1)}${lost}${line('6.000000', 2)}${line('7.000000', 3)}`),
    )
    const within = await stateAt('5.5', '--capture', '2')
    expect(within.trust.gaps).toMatchObject([{ cpu: 0, lost: '6', from_ns: '5000000000', to_ns: '6000000000' }])
    const after = await stateAt('6.5', '--capture', '2')
    expect([after.trust.gaps, after.trust.gaps_before]).toEqual([[], 1])
    const { stdout } = await at.run('state', '--at', '5.5', '--capture', '2')
    expect(stdout.toString()).toContain('in a gap: 6 events missing on CPU 0, from 5.000000 to 6.000000')
  })

  test('takes the capture whose time it is, and asks where that is not clear', async () => {
    await at.run('ingest', example('clean-flr'))
    expect((await stateAt('60.6')).buffers.length).toBe(1)
    const again = at.file('again.txt', `#\n${(await import('./workspace.ts')).exampleText('slow-importer')}`)
    await at.run('ingest', again)
    const { code, stderr } = await at.run('state', '--at', '78.0')
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/several captures: 1 \(76\.176603 to .*\), 3 .*--capture/),
    ])
  })

  test.each([
    [[], /--at is missing/],
    [['--at', 'noon'], /--at "noon" is not a time/],
    [['--at', '1.0'], /--at 1\.0 lies in none of the captures asked for: 1 \(76\.176603 to 79\.753386\)/],
    [['--at', '99.0'], /lies in none of the captures asked for: 1 \(\S+ to \S+\)$/m],
    [['--at', '77'], /lies in none.*; without a decimal point it is nanoseconds, and 77\.0 is seconds/],
    [['--at', '78.0', '--ino', '99'], /no buffer 99; see: .*query buffers/],
    [['--at', '78.0', '--device', 'floppy'], /no device floppy/],
    [['--at', '78.0', '--capture', '7'], /this log has only 1/],
    [['--at', '78.0', '--format', 'csv'], /--format csv is for tables/],
  ])('%j: exit 2 with what to do', async (flags, message) => {
    const { code, stdout, stderr } = await at.run('state', ...flags)
    expect([code, stdout.length]).toEqual([2, 0])
    expect(stderr).toMatch(message)
  })
})
