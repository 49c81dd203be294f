import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { example, useWorkspace } from './workspace.ts'

const at = useWorkspace()

const QUERIES = ['findings', 'buffers', 'mappings', 'attachments', 'revocations', 'resets', 'gaps']

/** One process after the other: all at once would fight for the cores. */
async function answers(): Promise<string[]> {
  const texts: string[] = []
  for (const name of QUERIES) texts.push((await at.run('query', name, '--json')).stdout.toString())
  return texts
}

describe('rebuild', () => {
  test('gives the same answers, byte for byte, also out of read models that were emptied', {
    timeout: 90_000,
  }, async () => {
    await at.run('ingest', example('sysfs-reset'), example('iommu-fault'))
    const before = await answers()
    expect(JSON.parse(before[0]!).length).toBeGreaterThanOrEqual(3)
    expect(await at.json('rebuild')).toMatchObject({ captures: 2 })
    expect(await answers()).toEqual(before)

    const db = new Database(at.db)
    db.exec('DELETE FROM finding; DELETE FROM mapping; DELETE FROM meaning')
    db.close()
    expect(await answers()).not.toEqual(before)
    const { code, stdout } = await at.run('rebuild', '--capture', '2')
    expect([code, stdout.toString()]).toEqual([
      0,
      expect.stringMatching(/^1 capture replayed; the log has 1 finding\. /),
    ])
    await at.run('rebuild')
    expect(await answers()).toEqual(before)
  })

  test('makes no database where there is none', async () => {
    const { code, stderr } = await at.run('rebuild')
    expect(code).toBe(3)
    expect(stderr).toMatch(/there is no database, so there is nothing to rebuild/)
  })
})
