/** Of each rule's violation: the whole row, and where in the trace a loss makes it doubtful. */
import { describe, expect, it } from 'vitest'
import type { FindingRow } from '../../../src/domain/read-model.ts'
import { RULE_MODULES } from '../../../src/domain/rules/index.ts'
import type { Rule } from '../../../src/domain/rules.ts'
import { VIOLATIONS } from './violations.ts'

type Columns = Omit<FindingRow, 'id' | 'rule' | 'verdict' | 'summary' | 'evidence' | 'missing'>

interface Told {
  row: Partial<Columns> & Pick<Columns, 'severity' | 'ns'>
  evidence: string[]
  /** One sign for each event: an event lost before it leaves the finding certain (!), doubtful (?) or unsaid (-). */
  loss: string
}

const USUAL: Omit<Columns, 'severity' | 'ns'> = {
  ino: 1n,
  exporter: 'vfio_pci_core',
  exporterDevice: '0000:01:00.0',
  importerDevice: '0000:02:00.0',
  importerClass: 'dynamic',
  attachment: '0xffff888120000010',
  iova: null,
  comm: 'kworker/1:2',
  pid: 201,
}
const NO_IMPORTER = { importerDevice: null, importerClass: null, attachment: null }

const TOLD: Partial<Record<Rule, Told>> = {
  'use-after-revoke': {
    row: { severity: 'critical', ns: 10_050_950_000n, iova: 0xffff0800n, comm: 'tool', pid: 100 },
    evidence: ['dbuf_map', 'dbuf_inval', 'dbuf_unmap', 'dbuf_unmap_ret', 'console'],
    loss: '!!!!!!!!!!!!!!?????',
  },
  'late-unmap': {
    row: { severity: 'warning', ns: 10_000_750_000n, iova: 0xffff0000n },
    evidence: ['dbuf_map', 'dbuf_inval', 'dbuf_resv_wait_ret', 'dbuf_unmap', 'dbuf_unmap_ret'],
    loss: '!!!!!!!!!!????????',
  },
  'access-after-fences': {
    row: { severity: 'error', ns: 10_000_650_000n, iova: 0xffff0040n },
    evidence: ['dbuf_inval', 'dbuf_resv_wait_ret', 'my_dma'],
    loss: '!!!!!!!?????????',
  },
  'map-while-revoked': {
    row: { severity: 'critical', ns: 10_000_950_000n, iova: 0xfffe0000n },
    evidence: ['vfiodb_move', 'dbuf_inval', 'dbuf_inval_ret', 'dbuf_map'],
    loss: '!!!!!!!!!!!-???????',
  },
  'attach-while-revoked': {
    row: { severity: 'error', ns: 10_200_950_000n, attachment: '0xffff888120000020' },
    evidence: ['vfiodb_move', 'dbuf_inval_ret', 'dma_buf_dynamic_attach'],
    loss: '!!!!!!!!!!!-?????????',
  },
  'reset-while-mapped': {
    row: { severity: 'critical', ns: 10_000_600_000n, iova: 0xffff0000n, comm: 'tool', pid: 100 },
    evidence: ['dbuf_map', 'pcirst_disable', 'pcirst_fn_ret'],
    loss: '!!?!!!!!!!???!!!!!',
  },
  'reset-without-revoke': {
    row: { severity: 'warning', ns: 10_001_300_000n, ...NO_IMPORTER, comm: 'tool', pid: 100 },
    evidence: ['dma_buf_export', 'vfiodb_move_ret', 'pcirst_fn', 'pcirst_disable', 'pcirst_fn_ret'],
    loss: '!??????????????????????????!!!!!',
  },
  'fences-not-awaited': {
    row: { severity: 'error', ns: 10_000_900_000n, ...NO_IMPORTER, comm: 'tool', pid: 100 },
    evidence: ['dbuf_resv_add', 'vfiodb_move', 'dbuf_inval_ret', 'pcirst_disable'],
    loss: '!!!!!!!!!!?????????!!!!!!',
  },
  'late-fence': {
    row: { severity: 'error', ns: 10_000_950_000n, ...NO_IMPORTER },
    evidence: ['dbuf_resv_add', 'vfiodb_move', 'pcirst_disable', 'dma_fence_signaled'],
    loss: '!!!!!!!!????????????!!!',
  },
  'non-revocable-importer': {
    row: { severity: 'error', ns: 10_000_200_000n, importerClass: 'legacy', comm: 'tool', pid: 100 },
    evidence: ['dma_buf_dynamic_attach'],
    loss: '!!!!!!',
  },
  'invalidate-ignored': {
    row: {
      severity: 'error',
      ns: 10_000_500_000n,
      exporter: 'drm',
      exporterDevice: null,
      importerClass: 'pinned',
      iova: 0xffff0000n,
    },
    evidence: ['dma_buf_dynamic_attach', 'dbuf_map', 'dbuf_inval'],
    loss: '!!!!!!!!!???!',
  },
  'double-unmap': {
    row: { severity: 'critical', ns: 10_000_500_000n, iova: 0xffff0000n },
    evidence: ['dbuf_map', 'dbuf_unmap', 'dbuf_unmap_ret', 'dbuf_unmap'],
    loss: '!!!!!!!!???',
  },
  'use-after-detach': {
    row: { severity: 'critical', ns: 10_000_550_000n },
    evidence: ['dma_buf_dynamic_attach', 'dbuf_detach', 'dbuf_map'],
    loss: '!!!!!!!!!!-',
  },
  'released-while-attached': {
    row: { severity: 'error', ns: 10_000_750_000n },
    evidence: ['dma_buf_dynamic_attach', 'dbuf_map', 'dbuf_release'],
    loss: '!!!!!??????????',
  },
  'early-restore': {
    row: { severity: 'error', ns: 10_001_150_000n, ...NO_IMPORTER },
    evidence: ['pcirst_disable', 'vfiodb_move'],
    loss: '!!!!!!!!!!!!!!!!!!!!?????????!!!',
  },
  'use-after-permanent-revoke': {
    row: { severity: 'error', ns: 10_001_050_000n, iova: 0xfffe0000n },
    evidence: ['vfiodb_move', 'dbuf_map'],
    loss: '!!!!!!!!!!!!!????????',
  },
  'importer-lost-mapping': {
    row: { severity: 'info', ns: 10_000_700_000n, iova: 0xffff0000n, comm: null, pid: 100 },
    evidence: ['dbuf_unmap_ret', 'vfiodb_move_ret'],
    loss: '!!!!!!!!!!!-!!???????????',
  },
  'pin-imbalance': {
    row: { severity: 'warning', ns: 10_000_800_000n },
    evidence: ['dma_buf_dynamic_attach', 'dbuf_detach'],
    loss: '!!!!!!!!!!!!????',
  },
  'leaked-mapping': {
    row: { severity: 'warning', ns: 10_000_700_000n, iova: 0xffff0000n, comm: null, pid: 100 },
    evidence: ['dbuf_map', 'dbuf_release'],
    loss: '!!!!!!!!!!!!!!?',
  },
  'leaked-attachment': {
    row: { severity: 'warning', ns: 10_000_200_000n, comm: null, pid: 100 },
    evidence: ['dma_buf_dynamic_attach', 'dbuf_release'],
    loss: '!!!!!??????',
  },
  'kernel-splat': {
    row: { severity: 'error', ns: 10_000_200_000n, ino: null, exporter: null, exporterDevice: null, ...NO_IMPORTER },
    evidence: ['console', 'console', 'console', 'console', 'console'],
    loss: '!!!!!!!!',
  },
  'capability-changed': {
    row: {
      severity: 'info',
      ns: 10_000_400_000n,
      ino: null,
      exporter: null,
      exporterDevice: null,
      attachment: null,
      comm: null,
      pid: 100,
    },
    evidence: ['dma_buf_dynamic_attach', 'dma_buf_dynamic_attach'],
    loss: '!!!!!!!!!?',
  },
  'device-lost-while-mapped': {
    row: { severity: 'error', ns: 10_000_550_000n, iova: 0xffff0000n, comm: null, pid: null },
    evidence: ['dbuf_map', 'aer_event'],
    loss: '!!?!!!!!!!?',
  },
}

const SIGN = { violated: '!', undetermined: '?' }

describe.each(Object.entries(TOLD))('a violated %s', (rule, { row, evidence, loss }) => {
  const story = VIOLATIONS[rule as Rule]!

  it('says who, where, when and by which events', async () => {
    const { folded, printed } = await story.fold()
    const [found, ...more] = folded.findings.filter((one) => one.rule === rule)
    expect(more).toEqual([])
    const { id, summary, evidence: seqs, ...columns } = found!
    expect(RULE_MODULES.map((module) => module.rule)).toContain(rule)
    expect(columns).toEqual({ ...USUAL, ...row, rule, verdict: 'violated', missing: null })
    expect(seqs.map((seq) => printed.names[seq])).toEqual(evidence)
  })

  it('is certain only where nothing was lost that could disprove it', async () => {
    const { printed } = await story.fold()
    const signs = printed.names.map(async (_, before) => {
      const { folded } = await story.losing(before).fold()
      const wanted = 'attachment' in row ? row.attachment : USUAL.attachment
      const found = folded.findings.find((one) => one.rule === rule && one.attachment === wanted)
      return found ? SIGN[found.verdict] : '-'
    })
    expect((await Promise.all(signs)).join('')).toBe(loss)
  })
})

it('is told of each rule that has stories', () => {
  expect(Object.keys(TOLD)).toEqual(Object.keys(VIOLATIONS))
})
