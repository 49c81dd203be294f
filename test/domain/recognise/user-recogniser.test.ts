import { describe, expect, it } from 'vitest'
import {
  type UserRecogniser,
  userRecogniserSchema,
  userRecognisersSchema,
} from '../../../src/domain/recognise/user-recogniser.ts'
import { recognised } from '../../support/recognised.ts'

const one = (as: UserRecogniser['as'], more: Partial<UserRecogniser> = {}): UserRecogniser => ({
  ...{ event: 'my_event', as, fields: { ino: 'id' } },
  ...more,
})

describe('what a user may declare', () => {
  it.each(['access', 'map', 'unmap', 'reset-start', 'reset-end'] as const)('%s', (as) => {
    expect(userRecogniserSchema.parse(one(as))).toEqual(one(as))
    expect(userRecognisersSchema.parse({ recognisers: [one(as), one(as)] }).recognisers).toHaveLength(2)
  })

  it('every field by a name of one’s own', () => {
    const names = ['device', 'ino', 'attach', 'sgt', 'iova', 'length', 'direction', 'ret']
    const all = one('access', { fields: Object.fromEntries(names.map((name) => [name, `my_${name}`])) })
    expect(userRecogniserSchema.parse(all)).toEqual(all)
    const values = names.map((name, i) => [name, String(i)] as const)
    expect(recognised('my_event', values.map(([name, value]) => `my_${name}=${value}`).join(' '), [all])).toEqual({
      ...{ type: 'access', point: 'entry', fn: 'my_event', fresh: true },
      ...Object.fromEntries(values),
    })
  })

  it.each([
    one('access', { event: '' }),
    { ...one('access'), as: 'pin' },
    { ...one('access'), as: '' },
    { ...one('access'), fields: { colour: 'x' } },
    { ...one('access'), fields: undefined },
    { ...one('access'), colour: 'x' },
    { ...one('access'), when: { st: 0 } },
  ])('not %o', (declared) => {
    expect(userRecogniserSchema.safeParse(declared).success).toBe(false)
    expect(userRecognisersSchema.safeParse({ recognisers: [declared] }).success).toBe(false)
  })

  it.each([{}, { recognisers: [] }, { recognisers: [one('map')], more: 1 }])('nor the list %o', (declared) => {
    expect(userRecognisersSchema.safeParse(declared).success).toBe(false)
  })
})

describe('what is declared', () => {
  const declared = (recognisers: UserRecogniser[]) => userRecognisersSchema.parse({ recognisers }).recognisers

  it.each([
    ['access', 'access', 'entry'],
    ['map', 'map', 'return'],
    ['unmap', 'unmap', 'entry'],
    ['reset-start', 'reset', 'entry'],
    ['reset-end', 'reset', 'return'],
  ] as const)('%s is a %s, told at the %s', (as, type, point) => {
    expect(recognised('my_event', 'id=7', declared([one(as)]))).toEqual({
      type,
      point,
      fn: 'my_event',
      fresh: true,
      ino: '7',
    })
  })

  it('is, of two for one event, the first whose condition holds', () => {
    const own = declared([one('access', { when: { st: '0' } }), one('unmap', { when: { st: '1' } }), one('map')])
    const type = (payload: string) => recognised('my_event', payload, own)?.type
    expect([type('id=7 st=0'), type('id=7 st=1'), type('id=7 st=2'), type('id=7')]).toEqual([
      'access',
      'unmap',
      'map',
      'map',
    ])
  })

  it.each([
    ['id:00000000deadbeef more=1', '00000000deadbeef'],
    ['more=1 id:00000000deadbeef', '00000000deadbeef'],
    ['more=1', undefined],
  ])('reads %s', (payload, ino) => {
    expect(recognised('my_event', payload, [one('unmap')])?.ino).toBe(ino)
  })
})
