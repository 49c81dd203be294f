import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()
const REPORT = fileURLToPath(new URL('../fixtures/layouts/trace-cmd-6.12.report.txt', import.meta.url))

async function summaryOf(path: string, ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await at.run('ingest', path, ...flags)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.toString()
}

describe('the summary after an ingest', () => {
  test('says what was read, what happened in time order, what was found, what stays open, and what to do next', async () => {
    const text = await summaryOf(example('slow-importer'))
    const parts = [
      '80 lines read: 68 events, 12 of structure, 0 not understood; 0 events known to be lost',
      'What happened\n0000:01:00.0\n',
      '76.200970  reset by FLR through open in 100.5 ms, ok, nothing mapped: clean',
      '76.459794  0000:00:04.0 mapped buffer 20 at 0xffff4000; unmapped after 3.012 s by tool-244 because of a revoke',
      '76.467968  buffer 20 revoked (flr), complete after 3.006 s, restored after 3.115 s: violated',
      'Findings\nwarning  late-unmap  violated',
      '    line 46  tool-244',
      'What this trace cannot prove\n',
      'nothing was recorded of dma_resv_add_fence',
      'revenant record --kernel <version>\n',
      '0 critical, 0 error, 1 warning, 0 info, 0 undetermined. Next: ',
      'timeline --capture 1 --ino 20',
    ]
    let from = 0
    for (const part of parts) {
      const found = text.indexOf(part, from)
      expect(found, part).toBeGreaterThanOrEqual(from)
      from = found
    }
  })

  test('times are in order at each place', async () => {
    const text = await summaryOf(example('clean-flr'))
    const story = text.slice(text.indexOf('What happened'), text.indexOf('Findings'))
    const times = [...story.matchAll(/^ {2}(\d+\.\d{6}) /gm)].map((match) => Number(match[1]))
    expect(times.length).toBeGreaterThan(7)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  test('a gap, what it leaves open, and lines not understood are told with their places', async () => {
    const text = exampleText('sysfs-reset').replace(
      /^(.*: dbuf_map: .*)$/m,
      'CPU:1 [LOST 252 EVENTS]\n$1\nwhat is this line?',
    )
    const summary = await summaryOf(at.file('trace.txt', text))
    expect(summary).toContain('1 not understood; 252 events known to be lost')
    expect(summary).toMatch(/gap on CPU 1 from 67\.\d+ to 67\.868728: 252 events missing/)
    expect(summary).toMatch(/1 line not understood:\n {4}line 41 {2}what is this line\?\n/)
  })

  test('probes whose functions are addresses are not taken for nothing', async () => {
    const summary = await summaryOf(REPORT)
    expect(summary).toContain('evidence: probes without the names of their functions\n')
    expect(summary).toContain("the probes' functions are printed as addresses")
    expect(summary).not.toContain('no event about dma-buf')
  })

  test('many things of one kind are one line', async () => {
    const lines = Array.from({ length: 40 }, (_, i) => {
      const event = `dma_buf_export: exp_name=udmabuf size=4096 ino=${i + 1}`
      return `            tool-1       [000] .....    10.${String(i).padStart(6, '0')}: ${event}\n`
    })
    const summary = await summaryOf(at.file('trace.txt', `# tracer: nop\n#\n${lines.join('')}`))
    expect(summary).toContain('40 buffers exported by udmabuf; no release of any was seen')
    expect(summary).not.toContain('buffer 7 exported')
  })

  test('no byte of the trace reaches the terminal as a command', async () => {
    const text = exampleText('sysfs-reset').replaceAll('tool-223 ', '\x1b[2J\x07-223 ')
    const { stdout } = await at.run('ingest', at.file('trace.txt', Buffer.from(text, 'latin1')))
    const timeline = await at.run('timeline', '--ino', '15')
    for (const output of [stdout.toString(), timeline.stdout.toString()]) {
      expect(output).toContain('\\e[2J\\u0007-223')
      expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/)
    }
  })

  test('what was ignored adds up: five names, and the lines under all others', async () => {
    const names = [
      'sched_switch',
      'sched_waking',
      'timer_start',
      'hrtimer_start',
      'irq_handler_entry',
      'sys_enter',
      'sys_exit',
    ]
    const lines = names.flatMap((name, i) =>
      Array.from(
        { length: 9 - i },
        (_, j) => `          <idle>-0       [000] d....    1${i}.00000${j}: ${name}: x=1\n`,
      ),
    )
    const summary = await summaryOf(at.file('trace.txt', `# tracer: nop\n#\n${lines.join('')}`))
    expect(summary).toContain('42 ignored')
    expect(summary).toContain('irq_handler_entry 5 and 7 of 2 other names\n')
  })

  test('a trace without anything about dma-buf says so', async () => {
    const line =
      '          <idle>-0       [000] d....    10.000001: sched_switch: prev_comm=a prev_pid=1 ==> next_comm=b\n'
    const summary = await summaryOf(at.file('trace.txt', `# tracer: nop\n#\n${line}`))
    expect(summary).toContain('evidence: nothing about dma-buf')
    expect(summary).toContain('What happened\n  no buffer, importer or reset is in the events\n\nFindings\n')
    expect(summary).toContain('docs/recording.md')
  })
})
