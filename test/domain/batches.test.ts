/** However the records come in, a row that changes is handed over: the last versions are the same for batches of any size. */
import { describe, expect, it } from 'vitest'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { RecordBatch } from '../../src/domain/record.ts'
import { createFold } from '../../src/projection/fold.ts'
import { SCENARIO_NAMES, type ScenarioName } from '../../src/simulate/scenarios/index.ts'
import { SIMULATION_DEFAULTS, simulate } from '../../src/simulate/simulate.ts'
import { foldBatches } from '../support/fold-file.ts'

async function foldBy(batchLines: number, text: Buffer) {
  const batches: RecordBatch[] = []
  const sizes = { batchLines, batchBytes: 4096, maxLine: 2048 }
  for await (const batch of readBatches([text], createTraceParser({ format: 'ftrace-text' }), sizes))
    batches.push(batch)
  return foldBatches(batches, { ticks: false, options: {} })
}

const traceOf = (scenario: ScenarioName) =>
  Buffer.from(`${simulate({ ...SIMULATION_DEFAULTS, scenario, seed: 11 }).lines.join('\n')}\n`)

describe('one record at a time', () => {
  for (const scenario of SCENARIO_NAMES.filter((name) => !name.endsWith('storm')))
    it(scenario, async () => {
      const text = traceOf(scenario)
      expect(await foldBy(1, text)).toEqual(await foldBy(64, text))
    })
})

it('an episode that is not over has the verdict that the findings so far give it', async () => {
  const fold = createFold({ ticks: false, options: {} })
  const handed: string[] = []
  let events = 0
  const sizes = { batchLines: 1, batchBytes: 4096, maxLine: 2048 }
  for await (const batch of readBatches([traceOf('flr')], createTraceParser({ format: 'ftrace-text' }), sizes)) {
    const { resets, revocations } = fold.feed(batch, events)
    events += batch.count
    for (const row of resets) handed.push(`reset ${row.finishedNs === null} ${row.verdict}`)
    for (const row of revocations) handed.push(`revocation ${row.completedNs === null} ${row.verdict}`)
  }
  const kinds = ['reset true clean', 'reset false clean', 'revocation true clean', 'revocation false clean']
  expect([...new Set(handed)].sort()).toEqual(kinds.sort())
})
