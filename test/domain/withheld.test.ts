/** What each rule still says of its violation where one kind of evidence was not recorded at all. */
import { describe, expect, it } from 'vitest'
import type { EvidenceName } from '../../src/domain/evidence/kinds.ts'
import { needsOf } from '../../src/domain/evidence/needs.ts'
import type { Rule } from '../../src/domain/rules.ts'
import { VIOLATIONS } from './rules/violations.ts'

/** The events of the recipe that show a kind of evidence. */
const EVENTS: Partial<Record<EvidenceName, string[]>> = {
  exports: ['dma_buf_export', 'dbuf_export', 'vfiodb_feature'],
  attaches: ['dma_buf_dynamic_attach', 'dbuf_attached', 'dbuf_attach_ret'],
  importers: ['dbuf_attached', 'dbuf_attach_ret'],
  detaches: ['dbuf_detach'],
  'kernel-log': ['console'],
  releases: ['dbuf_release'],
  maps: ['dbuf_map'],
  unmaps: ['dbuf_unmap', 'dbuf_unmap_ret'],
  pins: ['dbuf_pin', 'dbuf_unpin'],
  invalidates: ['dbuf_inval', 'dbuf_inval_ret'],
  moves: ['vfiodb_move', 'vfiodb_move_ret'],
  closes: ['vfiodb_cleanup', 'vfiodb_cleanup_ret'],
  resets: [
    ...['pcirst_fn', 'pcirst_fn_ret', 'pcirst_try', 'pcirst_try_ret'],
    ...['pcirst_disable', 'pcirst_restore', 'pcirst_flr', 'pcirst_flr_ret'],
  ],
  'fence-waits': ['dbuf_resv_wait', 'dbuf_resv_wait_ret'],
  'fence-adds': ['dbuf_resv_add'],
  fences: ['dma_fence_signaled'],
  accesses: ['my_dma'],
}

interface Withheld {
  /** Without each of these, nothing is said. */
  silent: EvidenceName[]
  /** Without each of these, what is said is undetermined; without any other kind it stays certain. */
  doubtful?: EvidenceName[]
}

const WITHHELD: Partial<Record<Rule, Withheld>> = {
  'use-after-revoke': { silent: ['kernel-log', 'unmaps'], doubtful: ['maps'] },
  'late-unmap': { silent: ['maps', 'invalidates'], doubtful: ['attaches', 'importers', 'unmaps'] },
  'access-after-fences': { silent: ['maps', 'invalidates', 'fence-waits', 'accesses'] },
  'map-while-revoked': { silent: ['maps', 'invalidates', 'moves'] },
  'attach-while-revoked': { silent: ['attaches', 'invalidates', 'moves'] },
  'reset-while-mapped': { silent: ['maps'], doubtful: ['exports', 'unmaps'] },
  'reset-without-revoke': { silent: ['moves'] },
  'fences-not-awaited': { silent: ['invalidates'], doubtful: ['exports', 'fence-adds', 'fence-waits', 'fences'] },
  'late-fence': { silent: ['exports', 'invalidates', 'fence-adds', 'fences'] },
  'non-revocable-importer': { silent: ['attaches'] },
  'invalidate-ignored': { silent: ['attaches', 'importers', 'maps', 'invalidates'], doubtful: ['unmaps'] },
  'double-unmap': { silent: ['maps', 'unmaps'] },
  'use-after-detach': { silent: ['attaches', 'detaches', 'maps'] },
  'released-while-attached': { silent: ['releases'], doubtful: ['attaches', 'importers', 'detaches'] },
  'early-restore': { silent: ['moves'] },
  'use-after-permanent-revoke': { silent: ['maps'] },
  'importer-lost-mapping': { silent: ['maps', 'unmaps', 'invalidates', 'moves'] },
  'pin-imbalance': { silent: ['attaches', 'detaches', 'pins'] },
  'leaked-mapping': { silent: ['maps'], doubtful: ['importers', 'releases', 'unmaps'] },
  'leaked-attachment': { silent: ['attaches'], doubtful: ['importers', 'detaches', 'releases'] },
  'kernel-splat': { silent: ['kernel-log'] },
}

/** As the table of `record` and of the page after an ingest has it: any of the names between bars. */
const NEEDS: Partial<Record<Rule, string>> = {
  'use-after-revoke': 'maps, addresses|translations, unmaps, faults|accesses',
  'late-unmap': 'maps, unmaps, invalidates|moves; importers',
  'access-after-fences': 'maps, invalidates|moves, fence-waits, accesses',
  'map-while-revoked': 'maps, invalidates|moves',
  'attach-while-revoked': 'attaches, invalidates|moves',
  'reset-while-mapped': 'maps, unmaps, resets',
  'reset-without-revoke': 'exports|attaches|maps, invalidates|moves, resets',
  'fences-not-awaited': 'invalidates|moves, fence-waits, fence-adds, fences, resets|moves',
  'late-fence': 'invalidates|moves, fence-adds, fences',
  'non-revocable-importer': 'attaches; importers',
  'invalidate-ignored': 'maps, unmaps, invalidates|moves; importers',
  'double-unmap': 'maps, unmaps',
  'use-after-detach': 'detaches, maps|unmaps',
  'released-while-attached': 'attaches, detaches, releases',
  'early-restore': 'moves, resets',
  'use-after-permanent-revoke': 'closes, maps|attaches',
  'importer-lost-mapping': 'maps, unmaps, moves',
  'pin-imbalance': 'pins, detaches',
  'leaked-mapping': 'maps, unmaps; releases|exits',
  'leaked-attachment': 'attaches, detaches; releases|exits',
  'kernel-splat': 'kernel-log',
}

describe.each(Object.entries(WITHHELD))('%s, with one kind of evidence withheld', (rule, { silent, doubtful = [] }) => {
  const story = VIOLATIONS[rule as Rule]!
  const told = async (kind: EvidenceName) => {
    const { folded } = await story.without(...EVENTS[kind]!).fold()
    const verdicts = folded.findings.filter((row) => row.rule === rule).map(({ verdict }) => verdict)
    return verdicts.includes('violated') ? 'violated' : (verdicts[0] ?? 'silent')
  }

  it('is silent, doubtful or as certain as before', async () => {
    const kinds = Object.keys(EVENTS) as EvidenceName[]
    const answers = await Promise.all(kinds.map(async (kind) => ({ kind, verdict: await told(kind) })))
    const of = (wanted: string) => answers.filter(({ verdict }) => verdict === wanted).map(({ kind }) => kind)
    expect({ silent: of('silent').sort(), doubtful: of('undetermined').sort() }).toEqual({
      silent: silent.toSorted(),
      doubtful: doubtful.toSorted(),
    })
  })

  it('needs what the table says', () => {
    const { needs, partly = [] } = needsOf(rule as Rule)
    const listed = [needs, partly.map(({ need }) => need)].map((all) => all.map((any) => any.join('|')).join(', '))
    expect(listed.filter((text) => text !== '').join('; ')).toBe(NEEDS[rule as Rule])
  })
})
