import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()
/** Recorded on two CPUs. */
const EXAMPLES = ['iommu-fault', 'slow-importer', 'sysfs-reset']

interface Finding {
  rule: string
  verdict: string
  ts_ns: string | null
  ino: string | null
  importer_device: string | null
  attachment: string | null
  summary: string
}

async function findings(capture: number): Promise<Omit<Finding, 'finding'>[]> {
  const rows = await at.json<Finding[]>('query', 'findings', '-p', `capture=${capture}`)
  return rows
    .map(({ rule, verdict, ts_ns, ino, importer_device, attachment, summary }) => {
      return { rule, verdict, ts_ns, ino, importer_device, attachment, summary }
    })
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
}

const headerOf = (text: string) => text.split('\n').filter((line) => line.startsWith('#'))
const eventsOf = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
const cpuOf = (line: string) => Number(/\[(\d{3})\]/.exec(line)?.[1])

/** What `per_cpu/cpuN/trace` of the same recording holds: each with its own header, which counts its own entries. */
function perCpu(text: string): { name: string; content: string }[] {
  const cpus = [...new Set(eventsOf(text).map(cpuOf))].sort()
  return cpus.map((cpu) => {
    const own = eventsOf(text).filter((line) => cpuOf(line) === cpu)
    const header = headerOf(text).map((line) =>
      line.replace(/written: \d+\/\d+/, () => `written: ${own.length}/${own.length}`),
    )
    return { name: `cpu${cpu}.txt`, content: `${[...header, ...own].join('\n')}\n` }
  })
}

describe('ingest --merge', () => {
  test.each(EXAMPLES)('%s, split by CPU, gives the findings of the whole', async (name) => {
    const parts = perCpu(exampleText(name)).map(({ name, content }) => at.file(name, Buffer.from(content, 'latin1')))
    expect(parts.length).toBeGreaterThan(1)
    const whole = await at.json<IngestDocument>('ingest', example(name))
    const merged = await at.json<IngestDocument>('ingest', '--merge', ...parts)
    expect(merged).toMatchObject({ capture: 2, events: whole.events, malformed: 0, gaps: whole.gaps })
    expect(merged.lines).toBe(merged.events + merged.structural)
    expect(await findings(2)).toEqual(await findings(1))
  })

  test('a log split in two goes on where it was split; times and lines are those of the whole', async () => {
    const text = exampleText('slow-importer')
    const lines = text.split('\n')
    const first = at.file('a.txt', Buffer.from(`${lines.slice(0, 40).join('\n')}\n`, 'latin1'))
    const second = at.file('b.txt', Buffer.from(lines.slice(40).join('\n'), 'latin1'))
    const whole = await at.json<IngestDocument>('ingest', example('slow-importer'))
    const merged = await at.json<IngestDocument>('ingest', '--merge', first, second)
    // The content is the same to the byte.
    expect(merged).toMatchObject({ digest: whole.digest, duplicate: true })
    const backwards = await at.json<IngestDocument>('ingest', '--merge', second, first)
    expect(backwards).toMatchObject({ capture: 2, events: whole.events, gaps: 0 })
    expect(await findings(2)).toEqual(await findings(1))
  })

  test('time that runs backwards within one input is a gap, and only then', async () => {
    const text = exampleText('clean-flr')
    const [header, events] = [headerOf(text), eventsOf(text)]
    const odd = events.filter((_, i) => i % 2 === 1)
    const even = events.filter((_, i) => i % 2 === 0)
    const write = (name: string, own: string[]) =>
      at.file(name, Buffer.from(`${[...header, ...own].join('\n')}\n`, 'latin1'))
    const fine = await at.json<IngestDocument>('ingest', '--merge', write('odd', odd), write('even', even))
    expect(fine.gaps).toBe(0)
    const swapped = [...odd.slice(0, 20), ...odd.slice(20).reverse()]
    const wrong = await at.json<IngestDocument>('ingest', '--merge', write('bad', swapped), write('even', even))
    expect(wrong.gaps).toBe(1)
    const gaps = await at.json<{ reason: string }[]>('query', 'gaps', '-p', 'capture=2')
    expect(gaps[0]!.reason).toContain('backwards')
  })

  test('one CPU may be printed after another that was later: only its own times have to run forwards', async () => {
    const events = eventsOf(exampleText('iommu-fault'))
    const swap = events.findIndex((line, i) => i > 0 && cpuOf(line) !== cpuOf(events[i - 1]!))
    const swapped = [...events.slice(0, swap - 1), events[swap]!, events[swap - 1]!, ...events.slice(swap + 1)]
    await at.json<IngestDocument>('ingest', example('iommu-fault'))
    const live = at.file('pipe.txt', Buffer.from(`${swapped.join('\n')}\n`, 'latin1'))
    expect(await at.json<IngestDocument>('ingest', live)).toMatchObject({ gaps: 0, undetermined: 0 })
    expect(await findings(2)).toEqual(await findings(1))
  })

  test('two dumps of one boot with a hole between them: the hole is a gap', async () => {
    const text = exampleText('sysfs-reset')
    const events = eventsOf(text)
    const hole = events.findIndex((line) => line.includes('pcirst_disable'))
    const header = headerOf(text)
    const dump = (own: string[]) => {
      const counted = header.map((line) => line.replace(/written: \d+\/\d+/, `written: ${own.length}/${own.length}`))
      return Buffer.from(`${[...counted, ...own].join('\n')}\n`, 'latin1')
    }
    const before = at.file('before.txt', dump(events.slice(0, hole - 1)))
    const after = at.file('after.txt', dump(events.slice(hole)))
    const merged = await at.json<IngestDocument>('ingest', '--merge', before, after)
    expect(merged.gaps).toBe(1)
    const gaps = await at.json<Record<string, string | null>[]>('query', 'gaps')
    const stamp = (line: string) => String(Number(/ (\d+\.\d{6}): /.exec(line)![1]!.replace('.', '')) * 1000)
    expect(gaps).toMatchObject([
      { from_ns: stamp(events[hole - 2]!), to_ns: stamp(events[hole]!), reason: expect.stringContaining('covers') },
    ])
  })

  test.each(EXAMPLES)('%s: what two dumps both hold happened once, whichever is given first', async (name) => {
    const text = exampleText(name)
    const events = eventsOf(text)
    const dump = (own: string[]) => `${own.join('\n')}\n`
    const third = Math.floor(events.length / 3)
    const first = at.file('first.txt', Buffer.from(dump(events.slice(0, 2 * third)), 'latin1'))
    const second = at.file('second.txt', Buffer.from(dump(events.slice(third)), 'latin1'))
    // Only its first event is told before: no time runs backwards.
    const last = at.file('last.txt', Buffer.from(dump(events.slice(2 * third - 1)), 'latin1'))
    await at.json<IngestDocument>('ingest', example(name))
    for (const inputs of [
      [first, last],
      [second, first],
    ]) {
      const { capture, gaps } = await at.json<IngestDocument>('ingest', '--merge', ...inputs)
      expect(gaps).toBe(0)
      expect(await findings(capture)).toEqual(await findings(1))
    }
  })

  test('what one dump holds twice at one time happened twice', async () => {
    const text = exampleText('clean-flr')
    const event = eventsOf(text).find((line) => line.includes('dma_buf_put:'))!
    const dump = (name: string, ...own: string[]) => at.file(name, Buffer.from(`${own.join('\n')}\n`, 'latin1'))
    const { capture } = await at.json<IngestDocument>(
      'ingest',
      '--merge',
      dump('once.txt', event),
      dump('twice.txt', '# tracer: nop', event, event),
    )
    const rows = await at.json<{ type: string }[]>('query', 'events', '-p', `capture=${capture}`)
    expect(rows.length).toBe(3)
    expect(rows.filter(({ type }) => type === 'put').length).toBe(2)
  })

  test('is one document, named after its inputs, and is known again', async () => {
    const parts = perCpu(exampleText('iommu-fault')).map(({ name, content }) =>
      at.file(name, Buffer.from(content, 'latin1')),
    )
    const first = await at.json<IngestDocument>('ingest', '--merge', ...parts)
    expect(await at.json<IngestDocument>('ingest', '--merge', ...parts)).toEqual({ ...first, duplicate: true })
    const captures = await at.json<{ name: string }[]>('query', 'captures')
    expect(captures.map(({ name }) => name)).toEqual(['cpu0.txt + cpu1.txt'])
    expect((await at.run('verify')).code).toBe(0)
    const before = await findings(1)
    expect((await at.run('rebuild')).code).toBe(0)
    expect(await findings(1)).toEqual(before)
  })

  test('the same file twice is refused: its events would count twice', async () => {
    const file = at.file('a.txt', exampleText('clean-flr'))
    const { code, stdout, stderr } = await at.run('ingest', '--merge', file, `${at.dir}/./a.txt`)
    expect([code, stdout.length]).toEqual([2, 0])
    expect(stderr).toContain('/./a.txt is given twice')
  })

  test('where one input cannot be used, none is, and it is named', async () => {
    const { code, stderr } = await at.run('ingest', '--merge', example('clean-flr'), at.file('note.txt', 'nothing\n'))
    expect(code).toBe(3)
    expect(stderr.toString()).toContain('note.txt')
    expect((await at.run('query', 'captures')).code).toBe(3)
  })
})

describe('per_cpu/cpu*/trace', () => {
  const folder = (parts: { name: string; content: string }[]) => {
    for (const [cpu, { content }] of parts.entries()) {
      mkdirSync(join(at.dir, `report/tracing/per_cpu/cpu${cpu}`), { recursive: true })
      writeFileSync(join(at.dir, `report/tracing/per_cpu/cpu${cpu}/trace`), content, 'latin1')
      writeFileSync(join(at.dir, `report/tracing/per_cpu/cpu${cpu}/stats`), `entries: ${cpu}\n`)
    }
    return join(at.dir, 'report')
  }

  test.each(['folder', 'files', 'archive'])('as a %s is one capture, with the findings of the whole', async (kind) => {
    await at.json<IngestDocument>('ingest', example('sysfs-reset'))
    const report = folder(perCpu(exampleText('sysfs-reset')))
    const cpus = [1, 0].map((cpu) => join(report, `tracing/per_cpu/cpu${cpu}/trace`))
    if (kind === 'archive') execFileSync('tar', ['-czf', join(at.dir, 'r.tgz'), '-C', at.dir, 'report'])
    const paths = { folder: [report], files: cpus, archive: [join(at.dir, 'r.tgz')] }[kind]!
    const merged = await at.json<IngestDocument>('ingest', ...paths)
    expect(merged.file).toMatch(/tracing\/per_cpu\/cpu\*\/trace$/)
    expect(merged).toMatchObject({ capture: 2, gaps: 0, malformed: 0, undetermined: 0 })
    expect(await findings(2)).toEqual(await findings(1))
  })

  test('one of them alone proves nothing by what it lacks', async () => {
    const report = folder(perCpu(exampleText('sysfs-reset')))
    for (const cpu of [0, 1]) {
      const one = await at.json<IngestDocument>('ingest', join(report, `tracing/per_cpu/cpu${cpu}/trace`))
      expect(one).toMatchObject({ gaps: 1 })
    }
    const gaps = await at.json<{ reason: string }[]>('query', 'gaps')
    expect(gaps.map(({ reason }) => reason)).toEqual(Array(2).fill(expect.stringContaining('one CPU only')))
  })
})
