import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { BIN, revenant } from './run-revenant.ts'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()

const PNG = Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000', 'hex')
const EVENT = '            tool-1       [000] .....    10.000001: dma_buf_export: exp_name=udmabuf size=4096 ino=1\n'

describe('inputs that are no trace: exit 3, in words, and nothing written', () => {
  test.each([
    ['an empty file', () => at.file('empty.txt', ''), /empty\.txt: The input is empty.*Was the trace read as root/],
    ['a PNG', () => at.file('shot.png', PNG), /shot\.png: The input is a PNG image, not text\./],
    ['a folder without traces', () => at.dir, /there is no trace in it \(no file at all\)/],
    ['a missing file', () => join(at.dir, 'none.txt'), /There is no file .*none\.txt\. Check the path/],
    ['zeros', () => at.file('zeros.bin', Buffer.alloc(100_000)), /The first 65536 bytes are all zero\./],
    [
      'prose',
      () => at.file('novel.txt', 'It was a dark night.\n'.repeat(50)),
      /None of the first 50 lines is a line of a trace/,
    ],
    [
      'gzip, cut',
      () => at.file('trace.gz', Buffer.from('1f8b0800', 'hex')),
      /Nothing of it can be unpacked: the gzip data/,
    ],
    [
      'a zip archive',
      () => at.file('t.zip', Buffer.from('504b0304', 'hex')),
      /zip archive\)\. Unpack it first: unzip -p/,
    ],
  ])('%s', async (_, make, message) => {
    const { code, stdout, stderr } = await at.run('ingest', make())
    expect(code).toBe(3)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^revenant: [^\n]+\n$/)
    expect(stdout.toString()).toBe('')
    expect(existsSync(at.db)).toBe(false)
  })

  test('an empty standard input', async () => {
    const { code, stderr } = await revenant(['ingest', '-', '--db', at.db], {}, Readable.from([]))
    expect(code).toBe(3)
    expect(stderr).toMatch(/^revenant: -: The input is empty/)
    expect(existsSync(at.db)).toBe(false)
  })

  test('a layout that another one proves wrong', async () => {
    const { code, stderr } = await at.run('ingest', example('clean-flr'), '--layout', 'ftrace-graph')
    expect(code).toBe(3)
    expect(stderr).toMatch(
      /None of its first lines is of the layout ftrace-graph; they are ftrace-text\. Leave --layout away/,
    )
    expect(existsSync(at.db)).toBe(false)
  })

  test('a device that cannot be read is named, not the standard input', async () => {
    const { code, stderr } = await at.run('ingest', '/proc/self/mem')
    expect(code).toBe(3)
    expect(stderr).toMatch(/^revenant: \/proc\/self\/mem cannot be read: .*\. Check the file/)
  })

  test('an existing database stays as it was', async () => {
    await at.run('ingest', example('clean-flr'))
    const before = readFileSync(at.db)
    expect((await at.run('ingest', at.file('shot.png', PNG))).code).toBe(3)
    expect(readFileSync(at.db).equals(before)).toBe(true)
  })
})

describe('traces with something wrong in them are read all the same', () => {
  test('a line of 64 MB is one line that is not understood', async () => {
    const long = Buffer.alloc(64_000_000, 'x')
    const trace = at.file('trace.txt', Buffer.concat([Buffer.from(EVENT), long, Buffer.from(`\n${EVENT}`)]))
    const document = await at.json<IngestDocument>('ingest', trace)
    expect(document).toMatchObject({ lines: 3, events: 2, malformed: 1 })
    expect(statSync(at.db).size).toBeLessThan(1_000_000)
    expect((await at.run('verify')).code).toBe(0)
  })

  test('NULs in a payload and between lines', async () => {
    const text = `${EVENT}${EVENT.replace('udmabuf', 'udma\0buf')}\0\0\0\0\n${EVENT}`
    const document = await at.json<IngestDocument>('ingest', at.file('trace.txt', text))
    expect(document).toMatchObject({ lines: 4, events: 3, malformed: 1 })
    const { stdout } = await at.run('timeline')
    expect(stdout.toString()).toContain('udma\\u0000buf')
  })

  test('a trace cut in the middle of a line', async () => {
    const whole = exampleText('sysfs-reset')
    const cut = whole.slice(0, whole.indexOf('pcirst_flr_ret', whole.indexOf('67.889527')) - 20)
    const document = await at.json<IngestDocument>('ingest', at.file('trace.txt', cut))
    expect(document.lines).toBe(cut.split('\n').length)
    expect(document.lines).toBe(document.events + document.ignored + document.malformed + document.structural)
    expect(document.malformed).toBe(1)
    expect((await at.run('verify')).code).toBe(0)
  })
})

describe('databases that cannot be used', () => {
  const ingest = (db: string) => revenant(['ingest', example('clean-flr'), '--db', db])

  test('a file that is no database is left alone', async () => {
    const notes = at.file('notes.txt', 'my notes\n')
    const { code, stderr } = await ingest(notes)
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/notes\.txt: this file is no SQLite database, nothing was written/),
    ])
    expect(readFileSync(notes, 'utf8')).toBe('my notes\n')
  })

  test("another program's database is left alone", async () => {
    const path = join(at.dir, 'other.db')
    const db = new Database(path)
    db.exec('CREATE TABLE photo (name TEXT)')
    db.close()
    const before = readFileSync(path)
    const { code, stderr } = await ingest(path)
    expect([code, stderr]).toEqual([3, expect.stringMatching(/belongs to another program/)])
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('a database of a newer version', async () => {
    await at.run('ingest', example('sysfs-reset'))
    const db = new Database(at.db)
    db.pragma('user_version = 999')
    db.close()
    for (const args of [['ingest', example('clean-flr')], ['check'], ['timeline'], ['rebuild'], ['verify']]) {
      const { code, stderr } = await at.run(...args)
      expect([args[0], code, stderr]).toEqual([
        args[0],
        3,
        expect.stringMatching(/made by a newer revenant \(schema 999/),
      ])
    }
  })

  test('a database cut short', async () => {
    await at.run('ingest', example('sysfs-reset'))
    writeFileSync(at.db, readFileSync(at.db).subarray(0, 10_000))
    const { code, stderr } = await at.run('check')
    expect([code, stderr]).toEqual([3, expect.stringMatching(/damaged/)])
  })

  test.each([
    ['a folder that is not there', () => join(at.dir, 'none', 'log.db'), /its folder does not exist/],
    [
      'a folder that is a file',
      () => join(at.file('plain', ''), 'log.db'),
      /cannot be written|its folder does not exist/,
    ],
    ['a folder where nobody may write', () => '/proc/log.db', /cannot be written; check the rights/],
    ['a folder instead of a file', () => at.dir, /this is no file/],
  ])('%s', async (_, path, message) => {
    const { code, stdout, stderr } = await ingest(path())
    expect([code, stderr]).toEqual([3, expect.stringMatching(message)])
    expect(stdout.toString()).toBe('')
  })
})

describe('a disk that is full', () => {
  /** Enough to fill a small disk: noise that does not compress. */
  function storm(): string {
    let seed = 1
    const noise = () => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
      return seed.toString(36)
    }
    const lines = Array.from({ length: 60_000 }, (_, i) => {
      const time = `${10 + Math.floor(i / 1e5)}.${String(i % 1e6).padStart(6, '0')}`
      return `            tool-1       [000] .....    ${time}: noise: ${Array.from({ length: 6 }, noise).join(' ')}\n`
    })
    return at.file('storm.txt', `# tracer: nop\n#\n${lines.join('')}`)
  }

  test('a limit on the size of files: exit 70, and with more room the same command goes on', async () => {
    const trace = storm()
    const command = `ulimit -f 400; exec "$0" "$1" ingest "$2" --db "$3"`
    const { status, stderr } = spawnSync('bash', ['-c', command, process.execPath, BIN, trace, at.db], {
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([70, expect.stringMatching(/^revenant: .*log\.db: .*(disk|full|space).*\n$/)])
    const document = await at.json<IngestDocument>('ingest', trace)
    expect(document).toMatchObject({ lines: 60_002, events: 60_000, complete: true })
    expect((await at.run('verify')).code).toBe(0)
    expect(await at.json<unknown[]>('query', 'captures')).toHaveLength(1)
  })

  test.skipIf(!canMount())('a disk of one megabyte: says so, and nothing is half written', () => {
    const trace = storm()
    const disk = join(at.dir, 'disk')
    mkdirSync(disk)
    const script = `mount -t tmpfs -o size=1m tmpfs "$1" || exit 99
      "$2" "$3" ingest "$4" --db "$1/log.db"; echo "ingest $?"
      "$2" "$3" verify --db "$1/log.db"; echo "verify $?"
      "$2" "$3" query captures --db "$1/log.db" --format csv`
    const args = ['-rm', 'bash', '-c', script, 'bash', disk, process.execPath, BIN, trace]
    const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
    expect(stderr).toMatch(/the disk is full; what was committed stays/)
    expect(stdout).toContain('ingest 70\n')
    expect(stdout).toMatch(/^sound: /m)
    expect(stdout).toContain('verify 0\n')
  })
})

/** Whether this machine lets a user have a file system of their own. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
