import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Folded, foldText } from '../support/fold-file.ts'
import { recognised } from '../support/recognised.ts'

interface Case {
  id: string
  title: string
  input: string[]
}

const CASES = new Map(
  readFileSync(new URL('../fixtures/semantics.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Case)
    .map((one): [string, Case] => [one.id, one]),
)

const fold = (id: string): Promise<Folded> => foldText(Buffer.from(`${CASES.get(id)!.input.join('\n')}\n`))
const open = ({ attachments }: Folded) =>
  attachments.filter((a) => a.detachedNs === null && a.refusedErrno === null).map((a) => [a.ino, a.importerDevice])
const quiet = ({ findings }: Folded) =>
  expect(findings.filter((f) => f.verdict === 'violated' && f.rule !== 'incomplete-log').map((f) => f.summary)).toEqual(
    [],
  )

/** What this core must conclude from each short trace. */
const DECIDED: Record<string, (folded: Folded) => void> = {
  S005: ({ events, findings }) => {
    // One fence under two names: its identity is (context, seqno), and nothing follows from the names.
    expect(events).toBe(4)
    expect(findings).toEqual([])
  },
  S006: ({ gaps, findings }) => {
    expect(gaps).toMatchObject([{ reason: 'time stamps run backwards' }])
    expect(findings.map((f) => f.rule)).toEqual(['incomplete-log'])
  },
  S007: quiet,
  S008: quiet,
  S009: quiet,
  S010: quiet,
  S011: quiet,
  S012: quiet,
  S013: (folded) => {
    expect(folded.buffers).toMatchObject([{ ino: 12n, exporter: 'vfio_pci_core', size: 16777216n, releasedNs: null }])
    quiet(folded)
  },
  S014: (folded) => {
    expect(folded.attachments).toMatchObject([
      { importerDevice: '0000:41:00.0', attachedNs: 60_000_200_000n, detachedNs: 70_000_100_000n },
    ])
    expect(folded.buffers).toMatchObject([{ releasedNs: null, state: 'live' }])
    quiet(folded)
  },
  S015: ({ buffers }) => {
    expect(buffers.map((b) => [b.ino, b.exporterDevice])).toEqual([
      [12n, null],
      [13n, null],
    ])
  },
  S016: ({ buffers }) => {
    expect(buffers.map((b) => b.ino)).toEqual([12n, 14n])
  },
  S017: ({ buffers, attachments }) => {
    expect(buffers).toHaveLength(1)
    expect(attachments).toMatchObject([{ ino: 12n, importerDevice: 'mlx5_0', detachedNs: null }])
  },
  S018: (folded) => {
    expect(folded.attachments).toMatchObject([
      { importerDevice: 'mlx5_0', attachedNs: 60_500_010_000n, detachedNs: 99_000_010_000n },
    ])
    quiet(folded)
  },
  S019: (folded) => {
    expect(folded.attachments).toHaveLength(2)
    expect(open(folded)).toEqual([[15n, 'mlx5_1']])
  },
  S020: (folded) => {
    expect(open(folded)).toHaveLength(3)
    expect(new Set(folded.attachments.map((a) => a.attachment)).size).toBe(3)
  },
  S021: (folded) => {
    expect(folded.attachments).toMatchObject([
      { ino: 12n, importerDevice: 'mlx5_0', attachedNs: null, detachedNs: 2_000_001_000n },
    ])
    expect(folded.buffers).toMatchObject([{ ino: 12n, state: 'unknown' }])
    quiet(folded)
  },
  S022: quiet,
  S023: (folded) => {
    // No dma-buf mapping is known here; which of two the fault was for must not be guessed.
    quiet(folded)
  },
  S024: quiet,
  S027: (folded) => {
    // Byte for byte a detach of its own: it ends an attachment nobody saw begin, and proves nothing.
    expect(folded.attachments).toMatchObject([{ attachedNs: null }])
    quiet(folded)
  },
  S028: ({ gaps }) => {
    // A whole header shows no loss; nor does it deny one.
    expect(gaps).toEqual([])
  },
  S030: (folded) => {
    expect(folded.buffers).toMatchObject([{ ino: 12n, attachments: 0 }])
    expect(folded.attachments).toEqual([])
    expect(folded.mappings).toEqual([])
  },
}

/** What is decided elsewhere, or not yet. */
const SKIPPED: Record<string, string> = {
  S001: 'durations of fence waits are no part of judging a revoke',
  S002: 'durations of fence waits are no part of judging a revoke',
  S003: 'durations of fence waits are no part of judging a revoke',
  S004: 'durations of fence waits are no part of judging a revoke',
  S025: 'kernel log without a trace; its lines are recognised below',
  S026: 'kernel log without a trace; its lines are recognised below',
  S029: 'a trace dumped into a console log: a layout',
}

describe('short cases with the right conclusion', () => {
  it.each(Object.entries(DECIDED))('%s', async (id, check) => {
    check(await fold(id))
  })

  it.each(Object.entries(SKIPPED))('%s is not decided here: %s', (id) => {
    expect(CASES.get(id)).toBeDefined()
  })

  it('are all accounted for', () => {
    expect([...Object.keys(DECIDED), ...Object.keys(SKIPPED)].sort()).toEqual([...CASES.keys()].sort())
  })
})

describe('kernel log lines of these cases', () => {
  const said = (id: string) =>
    CASES.get(id)!.input.map((line) => recognised('console', line.replace(/^\[[^\]]*\] /, '')))

  it('S025: the function level reset gives up, the device is reset after all', () => {
    expect(said('S025')).toMatchObject([
      { detail: 'resetting' },
      { detail: 'gave-up', state: 'FLR' },
      { detail: 'reset-done' },
    ])
  })

  it('S026: two functions of one slot', () => {
    expect(said('S026').map((act) => act?.device)).toEqual(['0000:10:00.0', '0000:10:00.2'])
  })
})
