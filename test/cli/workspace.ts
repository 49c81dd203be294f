import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type Outcome, revenant } from './run-revenant.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')

export function example(name: string): string {
  return join(EXAMPLES, `${name}.txt`)
}

export interface Workspace {
  readonly dir: string
  readonly db: string
  /** Writes a file and gives its path. */
  file(name: string, content: string | Buffer): string
  /** Runs a command on this workspace's database. */
  run(...args: string[]): Promise<Outcome>
  /** The same with `--json`, parsed; fails where the exit code is not 0. */
  json<T>(...args: string[]): Promise<T>
}

/** A folder and a database of its own for each test. */
export function useWorkspace(): Workspace {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'revenant-cli-'))
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))
  const workspace: Workspace = {
    get dir() {
      return dir
    },
    get db() {
      return join(dir, 'log.db')
    },
    file(name, content) {
      const path = join(dir, name)
      writeFileSync(path, content)
      return path
    },
    run: (...args) => revenant([...args, '--db', join(dir, 'log.db')]),
    async json(...args) {
      const { code, stdout, stderr } = await workspace.run(...args, '--json')
      if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
      return JSON.parse(stdout.toString())
    },
  }
  return workspace
}

export function exampleText(name: string): string {
  return readFileSync(example(name), 'latin1')
}
