/** Every row of every scripted situation, in every vocabulary: also in those that show too little for its truth. */
import { describe, it } from 'vitest'
import { foldText } from '../support/fold-file.ts'
import { createDigests } from '../support/kept-rows.ts'
import { meaningText, rowText } from '../support/row-text.ts'
import { edges } from './edges.cases.ts'
import * as gaps from './gaps.cases.ts'
import { importers } from './importers.cases.ts'
import type { Scenario } from './judge.ts'
import { createLedger, traceText, VOCABULARIES, type Vocabulary } from './kernel-lines.ts'
import { moduleExporter } from './module-exporter.cases.ts'
import { vfio } from './vfio.cases.ts'

const { STARTS, olderBuffer, resetOnly, ...alone } = gaps
/** A case of one vocabulary edits its lines. */
const cases = (vocabulary: Vocabulary) =>
  [...moduleExporter, ...vfio, ...importers, ...edges].filter(
    ({ shown }) => shown?.length !== 1 || shown[0] === vocabulary,
  )
const others: [name: string, run: Scenario][] = [
  ...Object.entries(alone),
  ...STARTS.flatMap((start): [string, Scenario][] => [
    [`an older buffer, the trace begins with ${start}`, olderBuffer(start)],
    [`a reset alone, the trace begins with ${start}`, resetOnly(start)],
  ]),
]

describe.each(VOCABULARIES)('%s', (vocabulary) => {
  const digests = createDigests(`scenarios-${vocabulary}.txt`)
  const played = cases(vocabulary).map(({ name, run }): [string, Scenario] => [name, run])
  for (const [name, run] of [...played, ...others])
    it(name, async () => {
      const k = createLedger(vocabulary)
      run(k)
      const folded = await foldText(traceText(k))
      digests.expectKept(name, `${rowText(folded)}${meaningText(folded)}`)
    })
})
