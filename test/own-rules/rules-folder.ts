import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { runHere } from './run-here.ts'

export const ROOT = join(import.meta.dirname, '../..')
export const EXAMPLES = join(ROOT, 'examples/rules')
/** A real trace in which two importers of one buffer are met by a reset. */
export const SHARED = join(ROOT, 'test/fixtures/traces/kernel-7.3/d_legacy.txt')
/** One whose importer takes three seconds. */
export const SLOW = join(ROOT, 'examples/slow-importer.txt')

const made: string[] = []
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is gone when the tests of the file are over. */
export function temporary(): string {
  made.push(mkdtempSync(join(tmpdir(), 'revenant-own-')))
  return made.at(-1)!
}

/** A folder that holds these rules. */
export function rulesFolder(files: Record<string, string>): string {
  const folder = join(temporary(), 'rules')
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** A database that holds these traces. */
export async function logOf(...traces: string[]): Promise<string> {
  const db = join(temporary(), 'log.db')
  const { code, stderr } = await runHere('ingest', ...traces, '--db', db, '--quiet', '--json')
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
  return db
}

export function sqlRule(statement: string, ...header: string[]): string {
  const lines = ['severity: warning', 'summary: found', ...header]
  return `${lines.map((line) => `-- ${line}\n`).join('')}${statement}\n`
}

export function moduleRule(on: string, severity = 'warning'): string {
  return `export default { severity: '${severity}', summary: 'found', on: ${on} }\n`
}
