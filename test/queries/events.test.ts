import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { events } from '../../queries/events.ts'
import { parseParameters } from '../../queries/parse-parameters.ts'
import { openSnapshot } from '../../queries/run-query.ts'
import { type LogConnection, openReader } from '../../src/log/connection.ts'
import { writeJson } from '../../src/output/json.ts'
import { GREAT_INO, type LogFixture, makeLog } from './log-fixture.ts'

let log: LogFixture
let connection: LogConnection
beforeAll(async () => {
  log = await makeLog()
  connection = openReader(log.path)
})
afterAll(() => {
  connection.close()
  log.remove()
})

type Row = Record<string, unknown>

function ask(params: Record<string, string> = {}): Row[] {
  const parsed = parseParameters(events, Object.entries(params))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const snapshot = openSnapshot(connection)
  try {
    return JSON.parse([...writeJson(snapshot.run(events, parsed.params))].join(''))
  } finally {
    snapshot.end()
  }
}

const positions = (params: Record<string, string>) => ask(params).map(({ position }) => Number(position))

test('an event is what was traced and what it means', () => {
  expect(ask()[1]).toEqual({
    position: '2',
    capture: 1,
    seq: '1',
    line: '3',
    ts_ns: '300',
    cpu: 1,
    comm: 'Wörker/3',
    pid: 42,
    tgid: 40,
    type: 'map',
    name: 'dbuf_map',
    ino: GREAT_INO.shown,
    attachment: '0xffff888100000000',
    device: 'mlx5_0',
    data: '(dma_buf_map_attachment+0x4/0x120) λ="é"',
  })
})

test('unknown is null, a payload that is not UTF-8 is Latin-1, and lines count on over segments', () => {
  const rows = ask()
  expect(rows).toHaveLength(8)
  expect(rows[2]).toMatchObject({
    cpu: null,
    pid: null,
    tgid: null,
    ino: null,
    attachment: null,
    device: null,
    data: '',
  })
  expect(rows[4]).toMatchObject({
    position: '5',
    seq: '4',
    line: '7',
    ts_ns: String(2n ** 62n),
    data: 'caf\u00e9 \u00ff',
  })
  expect(rows[5]).toMatchObject({ data: 'good é', attachment: null, ino: null })
  expect(rows[7]).toMatchObject({ position: '8', capture: 2, seq: '0', line: '2', comm: 'dbuf_map', name: 'Wörker/3' })
})

describe('parameters', () => {
  test.each([
    [{ capture: '2' }, [8]],
    [{ ino: GREAT_INO.shown }, [1, 2, 7]],
    [{ ino: '99' }, []],
    [{ type: 'map' }, [2, 7, 8]],
    [{ type: 'map', capture: '1', device: 'mlx5_0' }, [2]],
    [{ device: 'none' }, []],
    [{ name: 'dbuf_map' }, [2, 7]],
    [{ name: 'none' }, []],
    [{ from: '300', to: '400' }, [2, 3]],
    [{ after: '6' }, [7, 8]],
    [{ after: '5', limit: '2' }, [6, 7]],
    [{ after: '99' }, []],
    [{ limit: '0' }, []],
    [{ limit: '5' }, [1, 2, 3, 4, 5]],
  ] as [Record<string, string>, number[]][])('%j gives positions %j', (params, expected) => {
    expect(positions(params)).toEqual(expected)
  })
})

test('events that are not folded yet mean nothing so far', async () => {
  const unfolded = await makeLog({ folded: false })
  const reader = openReader(unfolded.path)
  const snapshot = openSnapshot(reader)
  const rows = JSON.parse([...writeJson(snapshot.run(events, {} as never))].join(''))
  expect(rows.map((row: Row) => [row.type, row.ino])).toEqual(Array(8).fill(['other', null]))
  snapshot.end()
  reader.close()
  unfolded.remove()
})

test('single events by their positions, in any order and as evidence lists them', () => {
  const all = ask()
  expect(ask({ position: '7,2, 2' })).toEqual(all.filter(({ position }) => position === '2' || position === '7'))
  expect(positions({ position: '1 8' })).toEqual([1, 8])
  expect(positions({ position: '999' })).toEqual([])
  expect(positions({ position: '1,2,3', after: '1', limit: '1' })).toEqual([2])
  expect(() => ask({ position: '1,x' })).toThrow(/is not a list of log positions/)
})
