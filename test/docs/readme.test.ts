import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'revenant-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blocks = [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
  language: match[1]!,
  text: match[2]!,
}))
/** In the order of the page: later ones build on what earlier ones put into the log. */
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.trim().split('\n'))
  .map((line) => line.replace('npm ci && ', ''))
  .filter((line) => line !== 'npm test')

async function run(command: string): Promise<string> {
  const env = { ...process.env, REVENANT_DB: join(folder, 'readme.db'), NO_COLOR: '1' }
  const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: ROOT, env })
  return stdout
}

describe('README', () => {
  const outputs: string[] = []

  test('begins with the two commands of a fresh clone', () => {
    const all = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim())
    expect(all.slice(0, 2)).toEqual(['npm ci && npm run ingest -- examples/sysfs-reset.txt', 'npm ci && npm test'])
    expect(commands.length).toBeGreaterThanOrEqual(8)
  })

  test.each(commands)('%s', { timeout: 60_000 }, async (command) => {
    const output = await run(command)
    expect(output).not.toBe('')
    outputs.push(output)
  })

  test('what it shows of the output is in the output, in that order', () => {
    const shown = blocks.find(({ language }) => language === 'text')!.text
    let at = 0
    for (const line of shown.split('\n').filter((text) => text.trim() !== '')) {
      const found = outputs[0]!.indexOf(`${line}\n`, at)
      expect(found, line).toBeGreaterThanOrEqual(at)
      at = found
    }
  })
})
