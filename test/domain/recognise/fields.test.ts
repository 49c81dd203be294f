import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyAct } from '../../../src/domain/act.ts'
import { emptyShape, fillFields } from '../../../src/domain/recognise/field-shape.ts'
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
    [
      'exp="a"-b=c" ino=7',
      [
        ['exp', 'a"-b=c'],
        ['ino', '7'],
      ],
    ],
    ['a="xy', [['a', 'xy']]],
    ['a="', [['a', '']]],
    ['loose words x=1', [['x', '1']]],
    ['  two  blanks=1', [['blanks', '1']]],
    ['', []],
  ])('%s', (payload, want) => {
    expect(read(payload)).toEqual(want)
  })

  it('are none where nothing is', () => {
    const fields = emptyFields()
    readFields('', 0, fields)
    expect(fields).toEqual({ count: 0, keys: [], values: [] })
  })

  it.each(['a', 'z', 'A', 'Z', '0', '9', '_'])('may have %s in their names', (letter) => {
    expect(read(`${letter}=1`)).toEqual([[letter, '1']])
  })

  it.each(['@', '[', '`', '{', '~', '/', ':', '^', '.', 'é'])('may not have %s', (letter) => {
    expect(read(`${letter}=1`)).toEqual([])
  })
})

describe('the fields of one probe', () => {
  const shape = emptyShape()
  const strangers = emptyFields()
  function fill(payload: string) {
    const act = emptyAct()
    fillFields(payload, 0, shape, act, strangers)
    return { attach: act.attach, size: act.size, strange: strangers.keys.slice(0, strangers.count) }
  }

  it('are learned in the order in which it prints them', () => {
    expect(fill('attach=0x10 mine=2 size=3')).toEqual({ attach: '0x10', size: '3', strange: ['mine'] })
    expect(shape).toEqual({ keys: ['attach', 'mine', 'size'], slots: ['attach', undefined, 'size'] })
  })

  it.each([
    ['attach=0x20 mine=4 size=5', { attach: '0x20', size: '5', strange: ['mine'] }],
    ['  attach=0x20 size=5', { attach: '0x20', size: '5', strange: [] }],
    ['lost words attach=0x20 size=5', { attach: '0x20', size: '5', strange: [] }],
    ['attach=0x20 attachment=0x30', { attach: '0x30', size: null, strange: [] }],
    ['attach=0x20 minet=4 size=5', { attach: '0x20', size: '5', strange: ['minet'] }],
    ['size=5 attach=0x20', { attach: '0x20', size: '5', strange: [] }],
    ['words alone', { attach: null, size: null, strange: [] }],
  ])('and found where a line has others: %s', (payload, want) => {
    fill('attach=0x10 mine=2 size=3')
    expect(fill(payload)).toEqual(want)
  })

  it.each([
    ['ino=4 dev="0000:02', undefined],
    ['ino=4 dev="', undefined],
    ['ino=4 dev=""', ''],
    ['ino=4 dev="vgem"', 'vgem'],
    ['ino=4 dev=(efault)', undefined],
    ['ino=4 dev=(fault)', undefined],
  ])('of which a string may be cut or not be read: %s', (fields, device) => {
    const act = recognised('x', `(dma_buf_detach+0x4/0x60) ${fields}`)
    expect([act?.ino, act?.device]).toEqual(['4', device])
  })

  it.each([
    ['dma_buf_unmap_attachment', 'sgt', 'sgt'],
    ['dma_buf_unmap_attachment', 'sg_table', 'sgt'],
    ['dma_buf_unmap_attachment', 'sgtable', 'sgt'],
    ['pci_set_power_state', 'state', 'state'],
    ['dma_buf_get', 'what', 'fd'],
  ])('of %s: %s', (fn, name, slot) => {
    expect(recognised('x', `(${fn}+0x4/0x60) ${name}=41`)).toMatchObject({ [slot]: '41' })
  })

  it('may have any name', () => {
    const act = recognised('x', '(dma_buf_detach+0x4/0x60) undefined=1 constructor=2 __proto__=3 ino=4')
    expect(act).toMatchObject({ type: 'detach', ino: '4' })
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

  it.each([
    ['(c0123456)', { point: 'entry', name: 'c0123456' }],
    ['(c0123456 <- c0654321)', { point: 'return', name: 'c0123456' }],
    ['(ffffffff94b7e914 <- ffffffff94b8634b)', { point: 'return', name: 'ffffffff94b7e914' }],
    ['(my__traceiter_map+0x4/0x10)', { point: 'entry', name: 'my__traceiter_map' }],
    ['(__traceiter_map+0x4/0x10)', { point: 'event', name: 'map' }],
    ['(iommu.map)', { point: 'event', name: 'map' }],
  ])('%s', (text, want) => {
    const nothing = { module: null, caller: null, callerModule: null }
    expect(readHead(`${text} a=1`)).toEqual({ ...nothing, ...want, end: text.length })
  })

  it.each(['() a=1', '([edu]) a=1', '(+0x4/0x10) a=1', '(dma_buf_get+0x4', 'dma_buf_get'])('%s is none', (payload) => {
    expect(readHead(payload)).toBeNull()
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
