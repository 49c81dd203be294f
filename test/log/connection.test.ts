import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openReader, openWriter } from '../../src/log/connection.ts'

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-'))
  file = join(dir, 'log.db')
})
afterEach(() => {
  chmodSync(dir, 0o755)
  rmSync(dir, { recursive: true, force: true })
})

const made = async () => (await openWriter(file)).close()
const failure = async (act: () => unknown) => {
  try {
    await act()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

describe('a writer', () => {
  test('makes the database, in WAL mode, with its mark', async () => {
    const { sqlite, close } = await openWriter(file)
    expect(sqlite.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(sqlite.pragma('synchronous', { simple: true })).toBe(2)
    expect(sqlite.pragma('foreign_keys', { simple: true })).toBe(1)
    expect(sqlite.pragma('application_id', { simple: true })).toBe(0x72766e74)
    expect(sqlite.pragma('user_version', { simple: true })).toBe(5)
    close()
  })

  test('opens one that exists within 10 ms', async () => {
    await made()
    await made()
    const took = []
    for (let i = 0; i < 9; i++) {
      const start = performance.now()
      await made()
      took.push(performance.now() - start)
    }
    expect(took.sort((a, b) => a - b)[4]).toBeLessThan(10)
  })

  test('and others may make the same database at the same time', async () => {
    const opened = await Promise.all(
      [openWriter(file), openWriter(file), openWriter(file)].map((p) => p.catch((e) => e)),
    )
    for (const one of opened) expect(one).not.toBeInstanceOf(Error)
    for (const one of opened) one.close()
  })

  test('refuses a file that is no database, and leaves it as it was', async () => {
    writeFileSync(file, '# tracer: nop\n'.repeat(100))
    expect(await failure(() => openWriter(file))).toMatchObject({ code: 'not-a-database', exitCode: 3 })
    expect(readFileSync(file, 'utf8')).toBe('# tracer: nop\n'.repeat(100))
  })

  test("refuses another program's database and a folder", async () => {
    const other = new Database(file)
    other.exec('CREATE TABLE theirs (x)')
    other.close()
    expect(await failure(() => openWriter(file))).toMatchObject({ code: 'not-a-database' })
    expect(await failure(() => openWriter(dir))).toMatchObject({ code: 'not-a-database' })
  })

  test('refuses a database of a newer version in words', async () => {
    await made()
    const newer = new Database(file)
    newer.pragma('user_version = 99')
    newer.close()
    const error = await failure(() => openWriter(file))
    expect(error).toMatchObject({ code: 'database-newer', exitCode: 3 })
    expect((error as Error).message).toMatch(/schema 99/)
    expect(() => openReader(file)).toThrow(/newer/)
  })

  test('says that a folder is missing', async () => {
    expect(await failure(() => openWriter(join(dir, 'no', 'log.db')))).toMatchObject({ code: 'database-missing' })
  })

  test('says that another process holds the lock, once it has waited', async () => {
    await made()
    const holder = await openWriter(file)
    holder.sqlite.exec('BEGIN IMMEDIATE')
    holder.sqlite.pragma('user_version = 1')
    const error = await failure(async () => {
      const late = await openWriter(file, { busyTimeout: 50 })
      try {
        late.sqlite.exec('BEGIN IMMEDIATE')
      } catch (error) {
        const { inWords } = await import('../../src/log/errors.ts')
        throw inWords(error, file)
      } finally {
        late.close()
      }
    })
    expect(error).toMatchObject({ code: 'database-locked', exitCode: 70 })
    holder.sqlite.exec('ROLLBACK')
    holder.close()
  })
})

describe('a reader', () => {
  test('needs a database that is there', () => {
    expect(() => openReader(file)).toThrow(/no database.*revenant ingest/)
    expect(existsSync(file)).toBe(false)
  })

  test('cannot write', async () => {
    await made()
    const { sqlite, close } = openReader(file)
    expect(() => sqlite.exec('DELETE FROM checkpoint')).toThrow(/readonly/)
    close()
  })

  test('says that an empty file holds nothing yet', () => {
    writeFileSync(file, '')
    expect(() => openReader(file)).toThrow(/empty/)
  })

  test.each([60, 1000, 5000])('says that a database cut to %i bytes is damaged', async (length) => {
    await made()
    truncateSync(file, length)
    const error = await failure(() => {
      const reader = openReader(file)
      reader.sqlite.prepare('SELECT * FROM finding').all()
      reader.close()
    })
    expect(['database-damaged', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'not-a-database']).toContain(
      (error as { code: string }).code,
    )
  })
})

/** The rights of a folder do not bind root: another user tries, where this one can become it. */
describe.runIf(process.getuid?.() === 0)('in a folder that may not be written', () => {
  const asNobody = (code: string) => {
    const module = join(import.meta.dirname, '../../src/log/connection.ts')
    const program = `const { openReader, openWriter } = await import(${JSON.stringify(module)}); const file = ${JSON.stringify(file)}
      try { ${code} } catch (error) { console.log(error.code, error.exitCode) }`
    return spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
    })
  }

  test('a writer says so and leaves nothing', () => {
    chmodSync(dir, 0o555)
    expect(asNobody('await openWriter(file)').stdout).toBe('database-read-only 3\n')
    expect(existsSync(file)).toBe(false)
  })

  test('a database is still read', async () => {
    await made()
    chmodSync(dir, 0o555)
    const { stdout, stderr } = asNobody(
      `console.log(openReader(file).sqlite.prepare('SELECT count(*) FROM capture').pluck().get())`,
    )
    expect(stdout + stderr).toBe('0\n')
    expect(asNobody('(await openWriter(file)).sqlite.exec("BEGIN IMMEDIATE")').stdout).toMatch(
      /^(database-read-only 3|SQLITE_READONLY)/,
    )
  })
})

test('a path may look like a URI', async () => {
  mkdirSync(join(dir, 'a?b#c'))
  file = join(dir, 'a?b#c', 'x%20.db')
  await made()
  expect(existsSync(file)).toBe(true)
  openReader(file).close()
})
