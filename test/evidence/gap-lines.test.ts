/** Every gap of a trace, with the lines at which it lies. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gapLines } from '../../src/evidence/gap-lines.ts'
import { openReader } from '../../src/log/connection.ts'
import { exampleText } from '../cli/workspace.ts'
import { logOf, temporary } from '../own-rules/rules-folder.ts'

const lines = exampleText('sysfs-reset').trimEnd().split('\n')
const MAP = lines.findIndex((line) => / dbuf_map: /.test(line))

type Row = [bigint, bigint | null, bigint | null, bigint | null, bigint | null, string]

/** `reason: role number, …` of each gap. */
async function gapsOf(trace: readonly string[]): Promise<string[]> {
  const path = join(temporary(), 'trace.txt')
  writeFileSync(path, `${trace.join('\n')}\n`, 'latin1')
  const { sqlite, close } = openReader(await logOf(path))
  try {
    const gaps = sqlite.prepare('SELECT id, cpu, from_ns, to_ns, lost, reason FROM gap ORDER BY id').safeIntegers()
    return (gaps.raw().all() as Row[]).map(([id, cpu, fromNs, toNs, lost, reason]) => {
      const gap = { id: Number(id), cpu: cpu === null ? null : Number(cpu), fromNs, toNs, lost, reason }
      const found = gapLines(sqlite, 1, gap)
      for (const { line, text } of found) expect(text).toBe(trace[line - 1])
      return `${reason}: ${found.map(({ role, line }) => `${role} ${line}`).join(', ')}`
    })
  } finally {
    close()
  }
}

const FULL = 'the ring buffer was full'
const insert = (at: number, ...added: string[]) => [...lines.slice(0, at), ...added, ...lines.slice(at)]

describe('the lines of a gap', () => {
  test('between two events, all marks that mean it and no other', async () => {
    const marked = insert(MAP, 'CPU:1 [LOST 3 EVENTS]', 'CPU:0 [LOST 9 EVENTS]', 'CPU:1 [LOST 4 EVENTS]')
    const elsewhere = marked.findIndex((line) => line.includes(' [000] ')) + 1
    expect(elsewhere).toBeGreaterThan(MAP)
    expect(await gapsOf(marked)).toEqual([
      `${FULL}: before ${MAP}, mark ${MAP + 1}, mark ${MAP + 3}, after ${MAP + 4}`,
      `${FULL}: mark ${MAP + 2}, after ${elsewhere}`,
    ])
  })

  test('of a CPU that never speaks, the marks alone', async () => {
    expect(await gapsOf(insert(MAP, 'CPU:7 [LOST 3 EVENTS]', 'CPU:7 [LOST 4 EVENTS]'))).toEqual([
      `${FULL}: mark ${MAP + 1}, mark ${MAP + 2}`,
    ])
  })

  test('of a trace that is out of order as a whole, none', async () => {
    const swapped = [...lines.slice(0, MAP), lines[MAP + 1]!, lines[MAP]!, ...lines.slice(MAP + 2)]
    expect(await gapsOf(swapped)).toEqual(['time stamps run backwards: '])
  })

  test('before the first event, the header that counts what was overwritten', async () => {
    const overwritten = lines.map((line) => line.replace('67/67', '67/967'))
    const header = overwritten.findIndex((line) => line.includes('67/967')) + 1
    const first = lines.findIndex((line) => !line.startsWith('#')) + 1
    expect(await gapsOf(overwritten)).toEqual([
      `overwritten: the header counts more events than the buffer still held: mark ${header}, after ${first}`,
    ])
  })

  test('lines that are not understood', async () => {
    expect(await gapsOf(insert(MAP, 'what was this?'))).toEqual([
      `line ${MAP + 1} is not understood: before ${MAP}, mark ${MAP + 1}, after ${MAP + 2}`,
    ])
  })

  test('at the end, nothing comes after', async () => {
    expect(await gapsOf([...lines, 'CPU:1 [LOST EVENTS]'])).toEqual([
      `${FULL}: before ${lines.length}, mark ${lines.length + 1}`,
    ])
  })
})
