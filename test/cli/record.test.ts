import { readdirSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type BtfEntry, writeBtf } from '../support/btf.ts'
import { FIXTURES } from '../support/real-traces.ts'
import { revenant } from './run-revenant.ts'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()

interface Judged {
  file: string
  tier: string | null
  clock: string | null
  seen: { evidence: string; events: number; as: string[] }[]
  unseen: string[]
  rules: { rule: string; can: string; why: string | null }[]
  limits: { limit: string; text: string }[]
  next: { kernel: string; probes: string[]; events: string[] }
}

/** The tier of each trace, by what was recorded in it (KERNEL.md §6). */
const TIERS: Record<string, string | null> = {
  'kernel-7.3/d_iommu_fault.txt': 'T3',
  'kernel-7.3/d_leak.txt': 'T3',
  'kernel-7.3/d_legacy.txt': 'T3',
  'kernel-7.3/d_nofence.txt': 'T3',
  'kernel-7.3/d_ok.txt': 'T3',
  'kernel-7.3/flr.txt': 'T3',
  'kernel-7.3/memdis.txt': 'T3',
  // Its probes and the kernel log: no fence, no IOMMU event came.
  'kernel-7.3/refuse.txt': 'T2',
  'kernel-7.3/sysfs.txt': 'T3',
  'kernel-7.3/vlazy.txt': 'T3',
  // No dma_buf event at all.
  'lab/61-C-btf-vfio.txt': null,
  'lab/612-C-btf-vfio.txt': null,
  'lab/73-B1-native-only.txt': 'T0',
  'lab/73-B4-move-notify-pinned.txt': 'T3',
  'lab/73-C1-vfio-refuse.txt': 'T3',
  'lab/73-C3-vfio-other.txt': 'T3',
  'lab/73-C5-vfio-all-native-dma_buf-only.txt': 'T0',
  // Probes on native events show the same, with more fields.
  'lab/73-C8-vfio-all-tprobe-eprobe.txt': 'T0',
  'lab/73d-D02-noirqinfo.txt': 'T3',
  'lab/73h-H3-hotreset.txt': 'T3',
  'lab/lab-I1-iommufd.txt': 'T3',
  'lab/lab-I4-move.txt': 'T3',
}

describe('record', () => {
  test('prints a recipe, and makes no database', async () => {
    const { code, stdout, stderr } = await at.run('record', '--kernel', '7.3')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.toString()).toMatch(/^#!\/bin\/sh\n# T3 recording for Linux 7\.3, /)
    expect(readdirSync(at.dir)).toEqual([])
  })

  test('goes by the running kernel where none is named', async () => {
    const { stdout, stderr } = await at.run('record', '--tier', 'T2')
    expect(`${stdout}${stderr}`).toContain(release())
  })

  test('as data, it has the lines, the events and what they decide', async () => {
    const plan = await at.json<Record<string, unknown[]>>(
      'record',
      '--kernel',
      '7.3',
      '--tier',
      'T1',
      '--clock',
      'boot',
    )
    expect(plan).toMatchObject({ kernel: '7.3', tier: 'T1', clock: 'boot', probes: [], offsets: null })
    expect(plan.events).toContain('printk/console')
    expect(plan.events).not.toContain('iommu/*')
    expect(plan.rules).toContainEqual({ rule: 'kernel-splat', can: 'decide', why: null })
    expect(plan.rules).toContainEqual({ rule: 'double-unmap', can: 'nothing', why: 'no maps, no unmaps' })
  })

  test('every option is in what it prints', async () => {
    const given = ['--clock', 'boot', '--buffer-kb', '4096', '-o', 'here']
    const { stdout } = await at.run('record', '--kernel', '7.3', ...given)
    for (const line of ['CLOCK=boot', 'BUFFER_KB=4096', `OUT=${'$'}{OUT:-here}`])
      expect(stdout.toString()).toContain(line)
    const { stdout: traceCmd } = await at.run('record', '--kernel', '7.3', '--as', 'trace-cmd')
    expect(traceCmd.toString()).toContain('trace-cmd record -C "$CLOCK"')
    const { stdout: bpftrace } = await at.run('record', '--kernel', '7.3', '--as', 'bpftrace')
    expect(bpftrace.toString()).toContain('kretprobe:dma_buf_map_attachment')
  })

  test('takes the offsets of kprobes from BTF', async () => {
    const inode: BtfEntry = {
      kind: 'struct',
      name: 'inode',
      size: 80,
      members: [{ name: 'i_ino', type: 1, bits: 72 * 8 }],
    }
    const path = at.file('vmlinux', Buffer.from(writeBtf([{ kind: 'int', name: 'u64', bytes: 8 }, inode])))
    const { stdout } = await at.run('record', '--kernel', '7.3', '--btf', path)
    expect(stdout.toString()).toContain("'p:dbuf/dbuf_release dma_buf_file_release ino=+72(%di):u64'")
    expect(stdout.toString()).toMatch(/# Offsets were computed from \S+vmlinux/)
    expect(stdout.toString()).toContain(
      'Not shown: dbuf/dbuf_release dmabuf: the offset of file.private_data is not known',
    )
  })

  test('asks the tracefs of the target', async () => {
    const dir = join(import.meta.dirname, '../fixtures/record/6.12.95')
    const { stdout } = await at.run('record', '--kernel', '6.12', '--tracefs', dir)
    expect(stdout.toString()).toContain('Left out: pcirst/pcirst_disable: pci_dev_save_and_disable is not among')
    expect(stdout.toString()).toContain('dma_buf_move_notify')
  })

  test.each([
    ['--kernel seven', '--kernel seven is no version; give one such as 7.3'],
    ['--kernel 6.12 --tier T0', 'has no dma_buf events of its own'],
    ['--kernel 7.3 --as bpftrace --tier T1', 'give --as shell'],
    ['--kernel 7.3 --as bpftrace --clock tai', 'the clocks mono and boot'],
    ['--kernel 7.3 --btf /nowhere', '--btf /nowhere cannot be read'],
    ['--kernel 7.3 --btf /dev/null', 'is no BTF of a kernel'],
    ['--kernel 7.3 --btf /dev/null --probes fprobe', '--btf is for kprobes'],
    ['--kernel 7.3 --tracefs /nowhere', 'has no available_filter_functions'],
    ['--kernel 7.3 --buffer-kb 0', 'whole number of KiB'],
    ['--kernel 7.3 --clock x86-tsc', 'Allowed choices'],
    ['--kernel 7.3 --format csv', 'is for tables'],
    ['--kernel 5.15', 'recipes are for Linux 6.1 and later, not 5.15'],
    ['--kernel 6.1 --probes fprobe', 'Linux 6.1 has no fprobes with fields by name'],
    ['--tier T2 --check trace.txt', "'--check <file...>' cannot be used with option '--tier <tier>'"],
    ['--check --kernel 7.3', '--kernel reads like a flag; put flags before --check'],
  ])('%s is wrong usage, told in words', async (flags, words) => {
    const { code, stdout, stderr } = await at.run('record', ...flags.split(' '))
    expect(code).toBe(2)
    expect(stdout.toString()).toBe('')
    expect(stderr).toContain(words)
  })
})

describe('record --check', () => {
  test('names the tier of every real trace', { timeout: 60_000 }, async () => {
    const files = Object.keys(TIERS).map((name) => join(FIXTURES, name))
    const { code, stdout } = await revenant(['record', '--json', '--check', ...files])
    expect(code).toBe(0)
    const judged = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Judged)
    expect(Object.fromEntries(judged.map(({ file, tier }) => [file.slice(FIXTURES.length + 1), tier]))).toEqual(TIERS)
    const rules = (name: string) => {
      const { rules: all } = judged.find(({ file }) => file.endsWith(name))!
      return (can: string) => all.filter((rule) => rule.can === can).map(({ rule }) => rule)
    }
    expect(rules('73-B1-native-only.txt')('decide')).toEqual(['incomplete-log'])
    expect(rules('73-B1-native-only.txt')('partly')).toEqual(['non-revocable-importer', 'leaked-attachment'])
    expect(rules('flr.txt')('nothing')).toEqual(['access-after-fences', 'fences-not-awaited', 'late-fence'])
    // What it proved it could decide, though no move is in the trace.
    expect(rules('sysfs.txt')('decide')).toContain('reset-without-revoke')
  })

  test('says what is missing, why, and the very lines that would have helped', async () => {
    const [judged] = [await at.json<Judged>('record', '--check', example('clean-flr'))]
    expect(judged!.seen).toContainEqual({
      evidence: 'addresses',
      events: 2,
      as: ['dbuf_map (dma_buf_map_attachment return)'],
    })
    expect(judged!.unseen).toContain('fence-adds')
    expect(judged!.rules).toContainEqual({ rule: 'late-fence', can: 'nothing', why: 'no fences added to buffers' })
    expect(judged!.limits.map(({ limit }) => limit)).toEqual(['clock', 'tgid'])
    expect(judged!.next.probes).toEqual([
      'f:dbuf/dbuf_resv_add dma_resv_add_fence resv=obj:x64 usage=usage:u32 ctx=fence->context:u64 seqno=fence->seqno:u64',
    ])
    expect(readdirSync(at.dir)).toEqual([])
  })

  test('a gap, lost events and a known clock are told, and no rule is decided in full', async () => {
    at.file('trace_clock', 'local [mono]\n')
    const text = exampleText('clean-flr').replace(/^(.*: dbuf_map: .*)$/m, 'CPU:1 [LOST 252 EVENTS]\n$1')
    const judged = await at.json<Judged>('record', '--check', at.file('trace.txt', text))
    expect(judged.clock).toBe('mono')
    expect(judged.limits.map(({ limit }) => limit)).toEqual(['gaps', 'lost', 'tgid'])
    expect(judged.rules.filter(({ can }) => can === 'decide').map(({ rule }) => rule)).toEqual(['incomplete-log'])
    expect(judged.rules.find(({ rule }) => rule === 'double-unmap')?.why).toContain('gap')
  })

  test('hashed pointers, and buffers that are older than the trace', async () => {
    const native = await at.json<Judged>(
      'record',
      '--check',
      join(FIXTURES, 'lab/73-C5-vfio-all-native-dma_buf-only.txt'),
    )
    expect(native.limits.map(({ limit }) => limit)).toContain('hashed')
    const late = exampleText('clean-flr').replace(/^.*(?:dma_buf|dbuf)_export: .*\n/gm, '')
    const older = await at.json<Judged>('record', '--check', at.file('late.txt', late))
    expect(older.limits.map(({ limit }) => limit)).toContain('older')
  })

  test('the lines are those of the kernel that is named', async () => {
    const judged = await at.json<Judged>(
      'record',
      '--kernel',
      '6.12',
      '--check',
      join(FIXTURES, 'lab/612-C-btf-vfio.txt'),
    )
    expect(judged.next.kernel).toBe('6.12')
    expect(judged.next.probes.join('\n')).toContain('dma_buf_move_notify')
    expect(judged.next.events).not.toContain('dma_buf/*')
  })

  test('as a page, aligned', async () => {
    const { stdout } = await at.run('record', '--check', example('clean-flr'))
    const text = stdout.toString()
    expect(text).toContain('tier T3: probes, and IOMMU, DMA or fence events\n')
    const rows = text
      .slice(text.indexOf('Seen\n') + 5, text.indexOf('  not seen'))
      .trimEnd()
      .split('\n')
    expect(rows.length).toBeGreaterThan(15)
    for (const row of rows) expect(row).toMatch(/^ {2}\S.{27} {2}[ \d]\d {2}\S/)
    expect(text).toMatch(/^ {2}not {6}late-fence {11}no fences added to buffers$/m)
    expect(text).toMatch(/The whole recipe: .*revenant record --kernel 7\.3\n$/)
  })

  test('what is no trace is refused with 3, and the others are judged', async () => {
    const bad = at.file('note.txt', 'Dear diary,\n')
    const { code, stdout, stderr } = await at.run('record', '--json', '--check', bad, example('clean-flr'))
    expect(code).toBe(3)
    expect(stderr).toContain('note.txt')
    expect(stdout.toString().trim().split('\n')).toHaveLength(1)
  })
})
