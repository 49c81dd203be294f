import { describe, expect, it } from 'vitest'
import { foldFile } from '../support/fold-file.ts'
import { FIXTURES } from '../support/real-traces.ts'

/** The test importer's own tracepoint, which prints what its engine is about to do. */
const options = {
  recognisers: [
    {
      event: 'labimp_dma_start',
      as: 'access',
      fields: { device: 'dev', iova: 'addr', length: 'len', direction: 'dir', ino: 'ino' },
    },
  ],
}

describe("a user's recogniser makes accesses of an importer's own events", () => {
  it.each([
    ['73d-D02-noirqinfo', ['0000:00:0b.0', '0000:00:09.0'], 1n],
    // Both are known from fault lines too; the access is told when it happens.
    ['73-B4-move-notify-pinned', ['0000:00:0b.0', '0000:00:09.0'], 28n],
  ] as const)('%s', async (name, importers, ino) => {
    const path = `${FIXTURES}/lab/${name}.txt`
    const without = await foldFile(path)
    const { findings } = await foldFile(path, options)
    const more = findings.filter((f) => !without.findings.some((g) => g.summary === f.summary))
    expect(more.map((f) => [f.rule, f.verdict, f.ino, f.importerDevice])).toEqual(
      importers.map((importer) => ['use-after-revoke', 'violated', ino, importer]),
    )
  })
})
