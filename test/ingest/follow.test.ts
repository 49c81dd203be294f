import { execFileSync } from 'node:child_process'
import { appendFileSync, closeSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openFileTap } from '../../ingest/follow/file-tap.ts'
import { type FollowOptions, follow } from '../../ingest/follow/follow.ts'
import { openPipeTap } from '../../ingest/follow/pipe-tap.ts'
import { createStreamTap } from '../../ingest/follow/stream-tap.ts'
import type { FollowEnd, Tap } from '../../ingest/follow/tap.ts'
import { FLUSH } from '../../ingest/read-batches.ts'

let dir: string
let taps: Tap[] = []
const at = (name: string) => join(dir, name)
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-follow-'))
})
afterEach(async () => {
  for (const tap of taps.splice(0)) await tap.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Follows `tap`; `told` has what came, `|` where it was to be handed over, and at last why it ended. */
function begin(tap: Tap, options: FollowOptions = {}) {
  taps = [...taps, tap]
  let told = ''
  let notify = () => {}
  const onEnd = (end: FollowEnd) => {
    told += `<${end}>`
  }
  const done = (async () => {
    for await (const chunk of follow(tap, { paceMs: 1, ...options, onEnd })) {
      told += chunk === FLUSH ? '|' : chunk.toString()
      notify()
    }
    notify()
  })()
  const until = async (wanted: string) => {
    while (!told.includes(wanted)) {
      await Promise.race([
        done.then(() => expect(told).toContain(wanted)),
        new Promise<void>((wake) => (notify = wake)),
      ])
    }
  }
  return { until, done, told: () => told }
}

describe('a file', () => {
  test('gives what is there, and what is added, each with its flush', async () => {
    writeFileSync(at('f'), 'one\n')
    const { until } = begin(await openFileTap(at('f')))
    await until('one\n|')
    appendFileSync(at('f'), 'two\nthr')
    await until('one\n|two\nthr|')
    appendFileSync(at('f'), 'ee\n')
    await until('thr|ee\n|')
  })

  test('is read to its end under its new name, when another has its old one', async () => {
    writeFileSync(at('f'), 'one\n')
    const { until, done, told } = begin(await openFileTap(at('f')))
    await until('|')
    const writer = openSync(at('f'), 'a')
    renameSync(at('f'), at('f.1'))
    writeFileSync(at('f'), 'another\n')
    writeSync(writer, 'two\n')
    closeSync(writer)
    await done
    expect(told()).toBe('one\n|two\n|<rotated>')
  })

  test('that is shorter than what was read, or has other bytes there, is another content', async () => {
    for (const anew of ['', 'new\n', 'another one, and longer\n']) {
      writeFileSync(at('f'), 'one\ntwo\n')
      const { until, done, told } = begin(await openFileTap(at('f')))
      await until('|')
      writeFileSync(at('f'), anew)
      await done
      expect(told()).toBe('one\ntwo\n|<truncated>')
    }
  })

  test('can be gone on with from any byte', async () => {
    writeFileSync(at('f'), 'one\ntwo\n')
    const tap = await openFileTap(at('f'))
    await tap.seek(4)
    const { until, told } = begin(tap, { idleMs: 30 })
    await until('<idle>')
    expect(told()).toBe('two\n|<idle>')
  })

  test('that is to be left comes to no end: the last flush is taken, then the ingest is called off', async () => {
    writeFileSync(at('f'), 'one\n')
    const stop = new AbortController()
    const leave = new AbortController()
    const { until, told, done } = begin(await openFileTap(at('f')), { signal: stop.signal, leave })
    await until('|')
    stop.abort()
    await new Promise((resolve) => leave.signal.addEventListener('abort', resolve))
    expect(told()).toBe('one\n|<interrupted>|')
    expect(await Promise.race([done.then(() => 'ended'), new Promise((wake) => setTimeout(wake, 20, 'waits'))])).toBe(
      'waits',
    )
  })
})

describe('a stream', () => {
  test('is at its end when it is closed', async () => {
    const stream = new PassThrough()
    const { until, done, told } = begin(createStreamTap(stream))
    stream.write('one\n')
    await until('one\n|')
    stream.end('two')
    await done
    expect(told()).toMatch(/^one\n\|two\|?<closed>$/)
  })

  test('gives all that it holds when it is interrupted', async () => {
    const stream = new PassThrough()
    const stop = new AbortController()
    const { until, done, told } = begin(createStreamTap(stream), { signal: stop.signal, paceMs: 10_000 })
    stream.write('one\n')
    await until('one\n|')
    // The pace holds the reader back: both are still in the stream.
    stream.write('two\n')
    await until('two\n')
    stream.write('three\nfo')
    stop.abort()
    await done
    expect(told()).toBe('one\n|two\n<interrupted>three\nfo')
  })

  test('that fails says so', async () => {
    const stream = new PassThrough()
    const { done } = begin(createStreamTap(stream))
    stream.destroy(new Error('gone wrong'))
    await expect(done).rejects.toThrow('gone wrong')
  })

  test('that never pauses is flushed all the same', async () => {
    let given = 0
    const tap: Tap = {
      next: async () => (given++ < 400 ? Buffer.from('x') : 'closed'),
      wake: async () => expect.fail('nothing to wait for'),
      rest: () => null,
      close: async () => {},
    }
    const { done, told } = begin(tap, { paceMs: 0 })
    await done
    expect(told().match(/\|/g)?.length).toBeGreaterThan(100)
  })
})

test('a pipe with a name waits for its first writer, and ends with its last one', async () => {
  execFileSync('mkfifo', [at('p')])
  const { until, done, told } = begin(await openPipeTap(at('p')))
  await new Promise((wake) => setTimeout(wake, 30))
  const writer = openSync(at('p'), 'w')
  writeSync(writer, 'one\n')
  await until('one\n|')
  const second = openSync(at('p'), 'w')
  closeSync(writer)
  writeSync(second, 'two\n')
  await until('two\n|')
  closeSync(second)
  await done
  expect(told()).toBe('one\n|two\n|<closed>')
})
