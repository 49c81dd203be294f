import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyFields, readFields } from '../../../src/domain/recognise/fields.ts'
import { parseHead, readHead } from '../../../src/domain/recognise/head.ts'
import { recognised } from '../../support/recognised.ts'

function read(payload: string): [string, string][] {
  const fields = emptyFields()
  readFields(payload, 0, fields)
  return fields.keys.slice(0, fields.count).map((key, i) => [key, fields.values[i]!])
}

const key = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/)
const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String)
const pointer = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => `0x${n.toString(16)}`)
const symbol = fc.stringMatching(/^[a-z]{1,9}\+0x[0-9a-f]{1,4}\/0x[0-9a-f]{1,4}( \[[a-z_]{1,8}\])?$/)
const array = fc.array(pointer, { minLength: 1, maxLength: 4 }).map((all) => `{${all.join(',')}}`)
/** Strings are printed unescaped: what looks like the end of one cannot be told from it. */
const text = fc
  .string({ unit: 'grapheme-ascii', maxLength: 20 })
  .filter((s) => !s.includes('\n') && !/" *\w+=/.test(s) && !s.endsWith('"'))
const field = fc.oneof(
  fc.tuple(key, fc.oneof(number, pointer, symbol, array)).map(([k, v]) => ({ key: k, value: v, printed: `${k}=${v}` })),
  fc.tuple(key, text).map(([k, v]) => ({ key: k, value: v, printed: `${k}="${v}"` })),
)

describe('fields', () => {
  it('come back as they were printed', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        const payload = fields.map((f) => f.printed).join(' ')
        expect(read(payload)).toEqual(fields.map((f) => [f.key, f.value]))
      }),
      { numRuns: 500 },
    )
  })

  it('never fail on anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(60), (payload, from) => {
        const fields = emptyFields()
        readFields(payload, from, fields)
        expect(fields.count).toBeLessThanOrEqual(payload.length)
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, [string, string][]]>([
    [
      'exp="a "b" c" ino=7',
      [
        ['exp', 'a "b" c'],
        ['ino', '7'],
      ],
    ],
    [
      'inv=cb+0x0/0x60 [mod a] ops=0x0',
      [
        ['inv', 'cb+0x0/0x60 [mod a]'],
        ['ops', '0x0'],
      ],
    ],
    [
      "a={0x1,0x2} b=(fault) c='x'",
      [
        ['a', '{0x1,0x2}'],
        ['b', '(fault)'],
        ['c', "'x'"],
      ],
    ],
    [
      'dev="" ino=1',
      [
        ['dev', ''],
        ['ino', '1'],
      ],
    ],
    ['loose words x=1', [['x', '1']]],
    ['', []],
  ])('%s', (payload, want) => {
    expect(read(payload)).toEqual(want)
  })
})

describe('heads', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,15}$/)
  const offset = fc.nat(0xffff).map((n) => `0x${n.toString(16)}`)
  const module = fc.option(name, { nil: null })

  it('name the function, its module and its caller', () => {
    fc.assert(
      fc.property(name, name, offset, module, (fn, caller, at, mod) => {
        fc.pre(!/^(?:__probestub_|__traceiter_|__do_trace_|trace_event_raw_event_)/.test(fn))
        const suffix = mod === null ? '' : ` [${mod}]`
        expect(parseHead(`(${fn}+${at}/0x50${suffix})`)).toMatchObject({ point: 'entry', name: fn, module: mod })
        expect(parseHead(`(${caller}+${at}/0x50${suffix} <- ${fn})`)).toMatchObject({
          point: 'return',
          name: fn,
          caller,
          callerModule: mod,
        })
      }),
    )
  })

  it('never fail on anything, and nor does recognising', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.stringMatching(/^\([a-z_.+<\- []{0,30}\) ?([a-z]=[a-z0-9" {]{0,9} ?){0,4}$/),
    )
    const names = fc.constantFrom(
      'console',
      'dbuf_map',
      'map',
      'dma_buf_detach',
      'pcirst_x',
      'io_page_fault',
      'anything',
    )
    fc.assert(
      fc.property(names, anything, (event, payload) => {
        const head = readHead(payload)
        if (head) expect(head.end).toBeLessThanOrEqual(payload.length)
        recognised(event, payload)
      }),
      { numRuns: 1000 },
    )
  })
})
