import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RECIPES, type RecipeForm } from '../../src/record/recipes.ts'
import { defaultPlan } from '../docs/recording-parts.ts'
import { type FakeTracefs, fakeTracefs, program } from '../support/fake-tracefs.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'revenant-recipe-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A few of the probes: each costs the shell some processes. */
const SOME = ['dbuf/dbuf_attached', 'dbuf/dbuf_map', 'pcirst/pcirst_restore']
const whole = defaultPlan('7.3')
const plan = { ...whole, definitions: whole.definitions.filter(({ event }) => SOME.includes(event)) }
const probes = plan.definitions.map(({ event }) => event)

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

interface RunOptions {
  shell?: string
  /** Called with all of stderr so far. */
  onText?: (text: string, signal: (name: NodeJS.Signals) => void) => void
}

/** Runs a recipe in the fake tracefs. */
function run(
  script: string,
  tracefs: FakeTracefs,
  command: string[],
  { shell = 'sh', onText = () => {} }: RunOptions = {},
): Promise<Ended> {
  const env = {
    ...process.env,
    PATH: `${tracefs.bin}:${process.env.PATH}`,
    TRACEFS: tracefs.dir,
    OUT: join(root, 'out'),
  }
  // A group of its own, as a terminal's ^C reaches all of it.
  const child = spawn(shell, ['-s', '--', ...command], { env, cwd: root, detached: true, stdio: 'pipe' })
  child.stdin.end(script)
  let [stdout, stderr, sent] = ['', '', false]
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
    onText(stderr, (name) => {
      if (!sent) process.kill(-child.pid!, name)
      sent = true
    })
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

const saved = (name: string) => readFileSync(join(root, 'out', name), 'utf8')

describe('the syntax of scripts', () => {
  const forms: RecipeForm[] = ['shell', 'trace-cmd']
  const cases = forms.flatMap((form) =>
    ['6.1', '6.6', '7.0', '7.3'].flatMap((kernel) =>
      (['T2', 'T3'] as const).map((tier) => ({
        form,
        kernel,
        tier,
        text: RECIPES[form].write(defaultPlan(kernel, { tier })),
      })),
    ),
  )

  test.each(cases)('$form for $kernel, $tier', async ({ text }) => {
    const child = spawn('sh', ['-n'], { stdio: 'pipe' })
    child.stdin.end(text)
    let complaint = ''
    child.stderr.on('data', (chunk) => {
      complaint += chunk
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' })
    // What dash, busybox and others do not have.
    expect(text.replace(/^\s*#.*$/gm, '')).not.toMatch(
      /\[\[|^\s*local |^\s*function |<<<|\$'|&>|^\s*declare |\benable "/m,
    )
  })

  test('a folder of any name is one word', () => {
    const text = RECIPES.shell.write(defaultPlan('7.3', { output: "it's; $(rm x)" }))
    expect(text).toContain(String.raw`OUT=${'$'}{OUT:-'it'\''s; $(rm x)'}`)
  })
})

describe('the shell recipe', () => {
  const script = RECIPES.shell.write(plan)
  const instance = (tracefs: FakeTracefs) => join(tracefs.dir, 'instances/revenant')

  test.each(['sh', 'bash'])(
    'in %s, records into an instance of its own, and leaves nothing behind but the recording',
    async (shell) => {
      const tracefs = fakeTracefs(root, { instances: true, probes })
      tracefs.write('dynamic_events', 'p:mine/mine do_nothing\n')
      const look =
        'cat trace_clock buffer_size_kb tracing_on options/hash-ptr options/record-tgid events/dma_buf/dma_buf_export/enable events/dbuf/dbuf_map/enable events/enable'
      const { code, stdout, stderr } = await run(script, tracefs, ['sh', '-c', `cd ${instance(tracefs)} && ${look}`], {
        shell,
      })
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'mono\n65536\n1\n0\n1\n1\n1\n0\n' })
      expect(stderr).toContain('this kernel has no event pci/*')
      expect(stderr).not.toContain('refused')
      expect(existsSync(instance(tracefs))).toBe(false)
      expect(tracefs.read('trace_clock')).toContain('[local]')
      expect(tracefs.read('options/hash-ptr')).toBe('1\n')
      expect(tracefs.read('dynamic_events').trim().split('\n')).toEqual([
        'p:mine/mine do_nothing',
        ...plan.definitions.map(({ text }) => text),
        ...probes.map((event) => `-:${event}`),
      ])
      expect(readdirSync(join(root, 'out')).sort()).toEqual(
        ['boot_id.txt', 'dmesg.txt', 'probes.txt', 'stats.txt', 'trace.txt', 'trace_clock', 'uname.txt'].sort(),
      )
      expect(saved('trace_clock')).toBe('mono\n')
      expect(saved('stats.txt')).toBe('# cpu0\nentries: 0\n')
      expect(saved('dmesg.txt')).toBe('the kernel log\n')
    },
  )

  test('without instances it puts back what it changed', async () => {
    const tracefs = fakeTracefs(root, { instances: false, probes })
    tracefs.write('events/iommu/map/enable', '1\n')
    const { code, stdout } = await run(script, tracefs, [
      'cat',
      `${tracefs.dir}/trace_clock`,
      `${tracefs.dir}/events/printk/console/enable`,
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'mono\n1\n' })
    const after = [
      'trace_clock',
      'buffer_size_kb',
      'tracing_on',
      'options/hash-ptr',
      'options/record-tgid',
      'events/printk/console/enable',
      'events/iommu/map/enable',
    ]
    expect(after.map((path) => tracefs.read(path))).toEqual(['local\n', '1408\n', '1\n', '1\n', '0\n', '0\n', '1\n'])
    expect(tracefs.read('dynamic_events')).toContain('-:dbuf/dbuf_map\n')
  })

  test('without instances it does not disturb who is tracing', async () => {
    const tracefs = fakeTracefs(root, { instances: false, probes })
    tracefs.write('set_event', 'sched:sched_switch\n')
    const { code, stderr } = await run(script, tracefs, ['true'])
    expect(code).toBe(1)
    expect(stderr).toContain("somebody else's events are enabled")
    expect(tracefs.read('dynamic_events')).toBe('')
    expect(tracefs.read('trace_clock')).toContain('[local]')
  })

  test.each([
    ['SIGINT', 0],
    ['SIGTERM', 143],
  ] as const)('%s ends it, saved and put back', async (name, expected) => {
    const tracefs = fakeTracefs(root, { instances: true, probes })
    const { code, stderr } = await run(script, tracefs, [], {
      onText(text, signal) {
        if (text.includes('recording; ^C ends it')) setTimeout(() => signal(name), 20)
      },
    })
    expect(code).toBe(expected)
    expect(stderr).toContain(`revenant ingest ${join(root, 'out')}/trace.txt`)
    expect(existsSync(instance(tracefs))).toBe(false)
    expect(tracefs.read('dynamic_events')).toContain('-:pcirst/pcirst_restore\n')
    expect(saved('trace.txt')).toBe('# tracer: nop\n')
  })

  test('a refused probe is named, and the recording goes on', async () => {
    const tracefs = fakeTracefs(root, { instances: true, probes })
    unlinkSync(join(tracefs.dir, 'dynamic_events'))
    symlinkSync('/dev/full', join(tracefs.dir, 'dynamic_events'))
    // All that is saved of it.
    program(tracefs.bin, 'cat', `case "$1" in */dynamic_events) echo none;; *) exec /bin/cat "$@";; esac`)
    const { code, stdout, stderr } = await run(script, tracefs, ['echo', 'went on'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'went on\n' })
    expect(stderr).toContain(`refused: ${plan.definitions[0]!.text}\n`)
    expect(stderr).toContain(`${probes.length} of ${probes.length} probes were refused`)
    expect(stderr).toContain('revenant record --probes kprobe')
    expect(saved('refused.txt')).toContain('f:dbuf/dbuf_map ')
    expect(existsSync(instance(tracefs))).toBe(false)
  })

  test('the exit code is that of the command', async () => {
    const tracefs = fakeTracefs(root, { instances: true, probes })
    expect((await run(script, tracefs, ['sh', '-c', 'exit 7'])).code).toBe(7)
    expect(existsSync(instance(tracefs))).toBe(false)
  })

  test('neither a recording nor an instance that is there is written over', async () => {
    const tracefs = fakeTracefs(root, { instances: true, probes })
    mkdirSync(instance(tracefs))
    expect(await run(script, tracefs, ['true'])).toMatchObject({ code: 1, stderr: expect.stringContaining('rmdir') })
    expect(existsSync(instance(tracefs))).toBe(true)
    rmSync(instance(tracefs), { recursive: true })
    expect((await run(script, tracefs, ['true'])).code).toBe(0)
    expect(await run(script, tracefs, ['true'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds a recording already'),
    })
  })
})

describe('the trace-cmd recipe', () => {
  const script = RECIPES['trace-cmd'].write(plan)

  test('gives trace-cmd the events that are there, reports with all digits, and removes its probes', async () => {
    const tracefs = fakeTracefs(root, { instances: true, probes })
    program(
      tracefs.bin,
      'trace-cmd',
      `echo "trace-cmd $*" | sed 's|${root}/||g' >>'${root}/calls'; [ "$1" != report ] || echo 'cpus=1'`,
    )
    const { code, stderr } = await run(script, tracefs, ['sleep', '0'])
    expect(code).toBe(0)
    const calls = readFileSync(join(root, 'calls'), 'utf8').split('\n')
    expect(calls[0]).toMatch(/^trace-cmd record -C mono -b 65536 -o out\/trace\.dat -e dbuf:dbuf_attached .* sleep 0$/)
    expect(calls[0]).toContain(
      ' -e pcirst:pcirst_restore -e dma_buf:dma_buf_detach -e dma_buf:dma_buf_export -e printk:console ',
    )
    expect(calls[0]).not.toContain('pci:')
    expect(calls[1]).toBe('trace-cmd report -t out/trace.dat')
    expect(stderr).toContain('this kernel has no event pci/*')
    expect(saved('trace.txt')).toBe('cpus=1\n')
    expect(saved('trace_clock')).toBe('mono\n')
    expect(tracefs.read('dynamic_events')).toContain('-:dbuf/dbuf_map\n')
    expect(tracefs.read('options/hash-ptr')).toBe('1\n')
  })
})
