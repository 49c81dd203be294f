import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App, createApp } from '../../src/http/app.ts'
import { revenant } from '../cli/run-revenant.ts'
import { example, exampleText } from '../cli/workspace.ts'
import { EXAMPLES, SHARED } from '../own-rules/rules-folder.ts'

interface Finding {
  finding: string
  capture: number
  rule: string
  verdict: string
  evidence: string[]
  missing: string | null
}

const dir = mkdtempSync(join(tmpdir(), 'revenant-evidence-'))
const db = join(dir, 'log.db')
const lost = exampleText('sysfs-reset').replace(/^(.*: dbuf_map: .*)$/m, '$1\nCPU:1 [LOST 252 EVENTS]')
let app: App
let findings: Finding[]
beforeAll(async () => {
  writeFileSync(join(dir, 'lost.txt'), lost, 'latin1')
  const files = [example('sysfs-reset'), join(dir, 'lost.txt'), SHARED]
  const ingested = await revenant(['ingest', ...files, '--db', db, '--json'])
  expect(ingested).toMatchObject({ code: 0 })
  app = createApp({ db })
  findings = (await (await ask('/v1/findings')).json()) as Finding[]
}, 30_000)
afterAll(() => {
  app.close()
  rmSync(dir, { recursive: true })
})

const ask = (path: string, method = 'GET') => Promise.resolve(app.request(path, { method }))

describe('GET /v1/findings/{finding}/evidence', () => {
  test('has the lines of every finding, at its positions', async () => {
    const texts = [exampleText('sysfs-reset').split('\n'), lost.split('\n'), readFileSync(SHARED, 'latin1').split('\n')]
    expect(findings.length).toBeGreaterThan(3)
    for (const { finding, capture, rule, verdict, missing, evidence } of findings) {
      const response = await ask(`/v1/findings/${finding}/evidence`)
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
      const body = (await response.json()) as { evidence: Record<string, string>[] }
      expect(body).toMatchObject({ finding, rule, verdict, missing })
      expect(body.evidence.map(({ position }) => position)).toEqual(evidence)
      const events = await (await ask(`/v1/events?position=${evidence.join(',')}`)).json()
      const row = ({ position, line, ts_ns }: Record<string, string>) => [position, line, ts_ns]
      expect(body.evidence.map(row)).toEqual((events as Record<string, string>[]).map(row))
      for (const one of body.evidence)
        expect(one).toMatchObject({ capture, text: texts[capture - 1]![Number(one.line) - 1] })
    }
  })

  test('says which gap stands in the way, and how it stands in the trace', async () => {
    const [open] = findings.filter(({ verdict }) => verdict === 'undetermined')
    const body = await (await ask(`/v1/findings/${open!.finding}/evidence`)).json()
    const mark = lost.split('\n').findIndex((line) => line.startsWith('CPU:1 [LOST')) + 1
    expect(body).toMatchObject({
      missing: '252 events lost on CPU 1 (the ring buffer was full)',
      gaps: [
        {
          cpu: 1,
          from_ns: '67868728000',
          to_ns: '67868764000',
          lost: 252,
          reason: 'the ring buffer was full',
          lines: [
            { role: 'before', line: String(mark - 1) },
            { role: 'mark', line: String(mark), text: 'CPU:1 [LOST 252 EVENTS]' },
            { role: 'after', line: String(mark + 1) },
          ],
        },
      ],
      unseen: [],
    })
    const [gap] = (await (await ask('/v1/gaps?capture=2')).json()) as { cpu: number }[]
    expect((body as { gaps: object[] }).gaps[0]).toMatchObject({ cpu: gap!.cpu })
  })

  test('a proven finding has nothing in its way', async () => {
    const [proven] = findings.filter(({ verdict }) => verdict === 'violated')
    expect(await (await ask(`/v1/findings/${proven!.finding}/evidence`)).json()).toMatchObject({
      missing: null,
      gaps: [],
      unseen: [],
    })
  })

  test('names the log position that it was made at', async () => {
    const response = await ask(`/v1/findings/${findings[0]!.finding}/evidence`)
    const position = (await ask('/v1/findings')).headers.get('X-Log-Position')
    expect(response.headers.get('X-Log-Position')).toBe(position)
    expect(response.headers.get('ETag')).toMatch(new RegExp(`^"${position}-`))
  })

  test('an unknown finding is a problem', async () => {
    const response = await ask('/v1/findings/nothing-1/evidence')
    expect(response.status).toBe(404)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({
      type: 'urn:revenant:problem:not-found',
      detail: 'there is no finding "nothing-1"; GET /v1/findings lists them',
    })
  })

  test('can only be read', async () => {
    const response = await ask(`/v1/findings/${findings[0]!.finding}/evidence`, 'DELETE')
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('findings of own rules have theirs, too', async () => {
    const judged = createApp({ db, rules: EXAMPLES })
    try {
      const all = (await (await Promise.resolve(judged.request('/v1/findings'))).json()) as Finding[]
      const own = all.filter(({ rule }) => rule.startsWith('own/'))
      expect(own.length).toBeGreaterThan(0)
      for (const { finding, rule, evidence } of own) {
        const response = await Promise.resolve(judged.request(`/v1/findings/${finding}/evidence`))
        const body = (await response.json()) as { rule: string; evidence: { position: string }[] }
        expect([body.rule, body.evidence.map(({ position }) => position)]).toEqual([rule, evidence])
        expect((await ask(`/v1/findings/${finding}/evidence`)).status).toBe(404)
      }
    } finally {
      judged.close()
    }
  })
})
