import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Input } from '../../../ingest/inputs/input.ts'
import { openInputs } from '../../../ingest/inputs/open-inputs.ts'
import { drain, pack } from './packed.ts'
import { tarArchive } from './tar-archive.ts'

const EVENT = '            tool-1       [000] .....    10.000001: dma_buf_export: exp_name=udmabuf size=4096 ino=1\n'
const TRACE = Buffer.from(`# tracer: nop\n#\n${EVENT.repeat(3000)}`)
const DAT = Buffer.from('\x17\x08\x44tracing7\0rest', 'latin1')

let dir = ''
const { PATH, TMPDIR } = process.env
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-inputs-'))
})
afterEach(() => {
  Object.assign(process.env, { PATH })
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  rmSync(dir, { recursive: true })
})

function file(name: string, content: Buffer | string): string {
  const path = join(dir, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

/** What a path stands for, each in a few words, inputs with the length of their content. */
async function seen(path: string, stdin: Readable = Readable.from([])): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const opened of openInputs(path, { stdin })) {
    const at = opened.path.replace(`${dir}/`, '')
    if (opened.kind === 'remark') found.push([at, opened.text])
    else if (opened.kind === 'refused-input') found.push([at, opened.refusal.code])
    else found.push([at, opened.clockBeside, (await drain(opened.open(0))).equals(TRACE)])
  }
  return found
}

async function only(path: string, use: (input: Input) => Promise<void>): Promise<void> {
  for await (const opened of openInputs(path, { stdin: Readable.from([]) })) {
    if (opened.kind !== 'input') throw new Error(JSON.stringify(opened))
    await use(opened)
  }
}

describe('a file', () => {
  test('packed several times can be read again, and from any byte', async () => {
    await only(file('trace.txt', pack('zstd', pack('gzip', TRACE))), async (input) => {
      expect(input).toMatchObject({ name: 'trace.txt', seekable: true, size: null, member: false })
      expect(input.head.equals(TRACE.subarray(0, 65_536))).toBe(true)
      for (const from of [0, 100_000, 0, TRACE.length, 1]) {
        expect((await drain(input.open(from))).equals(TRACE.subarray(from))).toBe(true)
      }
    })
  })

  test('that is plain text knows its size and is read as it is, BOM and all', async () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), TRACE])
    await only(file('trace.gz', marked), async (input) => {
      expect(input).toMatchObject({ seekable: true, size: marked.length })
      expect((await drain(input.open(5))).equals(marked.subarray(5))).toBe(true)
    })
  })

  test.each(['utf16le', 'utf16be'])('in %s is text', async (encoding) => {
    const text = Buffer.from(`\ufeff${TRACE.toString('latin1')}`, 'utf16le')
    expect(await seen(file('trace.txt', encoding === 'utf16be' ? text.swap16() : text))).toEqual([
      ['trace.txt', null, true],
    ])
  })

  test('that packs itself for ever is refused', async () => {
    let packed: Buffer = TRACE
    for (let i = 0; i < 9; i++) packed = pack('gzip', packed)
    expect(await seen(file('matryoshka.gz', packed))).toEqual([['matryoshka.gz', 'nested']])
  })

  test('standard input is unpacked, too', async () => {
    const packed = pack('gzip', TRACE)
    const stdin = Readable.from([packed.subarray(0, 5), packed.subarray(5)])
    expect(await seen('-', stdin)).toEqual([['-', null, true]])
  })
})

describe('a folder', () => {
  test('is read in the order of its paths, with the clocks beside its traces; links and pipes are left alone', async () => {
    file('report/b/trace.txt', pack('gzip', TRACE))
    file('report/b/trace_clock', 'local global [boot] mono\n')
    file('report/a.txt', TRACE)
    file('report/clock', 'mono\n')
    file('report/z/empty', '')
    symlinkSync('a.txt', join(dir, 'report/link'))
    execFileSync('mkfifo', [join(dir, 'report/pipe')])
    expect(await seen(join(dir, 'report/'))).toEqual([
      ['report/a.txt', 'mono', true],
      ['report/b/trace.txt', 'boot', true],
      ['report/link', 'skipped: a link, which is not followed'],
      ['report/pipe', 'skipped: no file'],
      ['report/z/empty', null, false],
    ])
  })

  test('of the kernel is not searched', async () => {
    expect(await seen('/proc')).toEqual([['/proc', 'directory']])
  })
})

describe('an archive', () => {
  const inside = tarArchive([{ name: 'deep.txt', content: TRACE }])
  const archive = tarArchive([
    { name: './report/', type: '5' },
    { name: './report/trace.txt.gz', content: pack('gzip', TRACE) },
    { name: '../../etc/passwd', content: TRACE },
    { name: 'link', type: '2' },
    { name: 'inner.tar', content: inside },
    { name: 'broken.gz', content: pack('gzip', TRACE).fill(0xff, 10, 60) },
    { name: 'report/trace_clock', content: '[mono_raw] mono' },
  ])
  const members = (clock: string | null) => [
    ['report.tar/report/trace.txt.gz', clock, true],
    ['report.tar/../../etc/passwd', null, true],
    ['report.tar/link', 'skipped: a link, which is not followed'],
    ['report.tar/inner.tar/deep.txt', null, true],
    ['report.tar/broken.gz', 'damaged'],
  ]

  test('is read in its order, members within members, and a broken one hides no other', async () => {
    expect(await seen(file('report.tar', archive))).toEqual(members('mono_raw'))
    expect(await seen(file('report.tar', pack('zstd', archive)))).toEqual(members('mono_raw'))
  })

  test('from a stream knows the clocks that stand before their traces', async () => {
    const streamed = members(null).map(([path, ...rest]) => [(path as string).replace('report.tar', '-'), ...rest])
    expect(await seen('-', Readable.from([archive]))).toEqual(streamed)
  })

  test('that is cut: the member at its end is cut, and others may be missing', async () => {
    const path = file('cut.tar', archive.subarray(0, 100_000))
    const cuts: (string | null)[] = []
    const remarks: unknown[] = []
    for await (const opened of openInputs(path, { stdin: Readable.from([]) })) {
      if (opened.kind === 'remark') remarks.push([opened.incomplete, opened.text])
      if (opened.kind !== 'input') continue
      await drain(opened.open(0))
      cuts.push(opened.ending.cut)
    }
    expect(cuts).toEqual([null, expect.stringContaining('the tar archive ends too early')])
    expect(remarks).toEqual([[true, expect.stringMatching(/ends too early, after \d+ bytes; members may be missing/)]])
  })
})

describe('a recording, through the program that reads it', () => {
  /** Stands in for trace-cmd: `dump` prints options, `report` does what `body` says. */
  function stub(body: string): void {
    const bin = join(dir, 'bin')
    const options =
      '[Option TRACECLOCK, 9 bytes]\\nlocal [mono] boot\\n[Option UNAME, 9 bytes]\\nLinux host1 7.3.4 x86_64\\n'
    file(
      'bin/trace-cmd',
      `#!/bin/sh\nfor last; do :; done\nif [ "$1" = dump ]; then printf '${options}'; exit; fi\n${body}\n`,
    )
    chmodSync(join(bin, 'trace-cmd'), 0o755)
    process.env.PATH = `${bin}:${PATH}`
  }

  test('is its text, with what the file knows of clock and kernel; its name is never a flag', async () => {
    stub(`echo "$@" > ${dir}/args; cat ${file('text', TRACE)}`)
    await only(file('-x.dat', DAT), async (input) => {
      expect(input.found).toEqual({ clock: 'mono', kernel: '7.3.4', host: 'host1' })
      expect((await drain(input.open(0))).equals(TRACE)).toBe(true)
      expect((await drain(input.open(77))).equals(TRACE.subarray(77))).toBe(true)
    })
    expect(readFileSync(join(dir, 'args'), 'utf8')).toBe(`report -N -t -i ${dir}/-x.dat\n`)
  })

  test('from a pipe or an archive goes through a temporary file, which is removed', async () => {
    const temporary = join(dir, 'tmp')
    mkdirSync(temporary)
    process.env.TMPDIR = temporary
    stub(`cmp -s "$last" ${file('dat', DAT)} && cat ${file('text', TRACE)}`)
    expect(await seen('-', Readable.from([DAT]))).toEqual([['-', null, true]])
    const archive = file(
      'r.tar',
      tarArchive([
        { name: 'a.dat', content: DAT },
        { name: 'b.dat.gz', content: pack('gzip', DAT) },
      ]),
    )
    expect(await seen(archive)).toEqual([
      ['r.tar/a.dat', null, true],
      ['r.tar/b.dat.gz', null, true],
    ])
    expect(readdirSync(temporary)).toEqual([])
  })

  test.each([
    [
      'that fails',
      'echo reading >&2; echo "bad section id" >&2; exit 7',
      /but trace-cmd ended with exit code 7 \(reading; bad section id\)/,
    ],
    ['that prints nothing', 'exit 0', /but trace-cmd finds nothing in it/],
    ['that is killed', 'kill -9 $$', /but trace-cmd was ended by SIGKILL/],
  ])('%s is said in words', async (_, body, message) => {
    stub(body)
    for await (const opened of openInputs(file('t.dat', DAT), { stdin: Readable.from([]) })) {
      expect(opened).toMatchObject({
        kind: 'refused-input',
        refusal: { code: 'program-failed', message: expect.stringMatching(message) },
      })
    }
  })

  test('that fails behind its first lines is an error while it is read', async () => {
    stub(`cat ${file('text', TRACE)}; cat ${join(dir, 'text')}; echo torn >&2; exit 1`)
    await only(file('t.dat', DAT), async (input) => {
      await expect(drain(input.open(0))).rejects.toThrow(/trace-cmd ended with exit code 1 \(torn\)/)
    })
  })

  test.each([
    ['trace-cmd', DAT, /apt-get install trace-cmd\), or turn it into text where it is: trace-cmd report -t FILE/],
    [
      'perf',
      Buffer.from('PERFILE2 and more'),
      /apt-get install linux-perf\), or turn it into text where it is: perf script/,
    ],
  ])('%s is not installed: how to get it, or the text', async (_, bytes, advice) => {
    process.env.PATH = dir
    for await (const opened of openInputs(file('recording', bytes), { stdin: Readable.from([]) })) {
      expect(opened).toMatchObject({ refusal: { code: 'program-missing', advice: expect.stringMatching(advice) } })
    }
  })

  test('the program waits for its reader and ends with it', async () => {
    stub(`echo $$ > ${dir}/pid; while cat ${file('text', TRACE)}; do :; done`)
    const stop = new AbortController()
    const opened = openInputs(file('t.dat', DAT), { stdin: Readable.from([]), signal: stop.signal })
    const { value } = await opened.next()
    const chunks = (value as Input).open(0)[Symbol.asyncIterator]()
    await chunks.next()
    const alive = () => existsSync(`/proc/${readFileSync(join(dir, 'pid'), 'utf8').trim()}`)
    expect(alive()).toBe(true)
    stop.abort()
    for (let i = 0; i < 50 && alive(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(alive()).toBe(false)
    await expect(drain({ [Symbol.asyncIterator]: () => chunks })).rejects.toThrow()
    await opened.return(undefined)
  })
})
