import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLogPrefix } from '../../ingest/kernel-log/log-prefix.ts'

const TEXT = 'vfio-pci 0000:05:00.3: resetting'
const SECOND = 1_000_000_000n
const at = (iso: string) => BigInt(Date.parse(iso)) * 1_000_000n

/** Stamp, and what it says besides nothing: since boot, by the wall, or since the line before. */
const STAMPS: [string, object][] = [
  ['[   12.345678] ', { boot: 12_345_678_000n }],
  ['<6>[   12.345678] ', { boot: 12_345_678_000n }],
  ['  [  309.481747] ', { boot: 309_481_747_000n }],
  ['[    0.000000] ', { boot: 0n }],
  ['[1234567.123456] ', { boot: 1_234_567_123_456_000n }],
  ['[   12.345678][  T123] ', { boot: 12_345_678_000n, pid: 123 }],
  ['[   12.345][    C1] ', { boot: 12_345_000_000n, cpu: 1 }],
  ['[   12.345678] [  T123] ', { boot: 12_345_678_000n, pid: 123 }],
  ['[   12.345678 <    0.000012>] ', { boot: 12_345_678_000n }],
  ['kern  :info  : [   12.345678] ', { boot: 12_345_678_000n }],
  ['kern  :warn  : [Mon Apr 29 04:30:06 2024] ', { wall: { ns: at('2024-04-29T04:30:06Z'), zone: false, year: true } }],
  ['[Mon Apr  1 04:30:06 2024] ', { wall: { ns: at('2024-04-01T04:30:06Z'), zone: false, year: true } }],
  [
    '2024-04-29T04:30:06,123456+02:00 ',
    { wall: { ns: at('2024-04-29T02:30:06Z') + 123_456_000n, zone: true, year: true } },
  ],
  ['[<    0.000012>] ', { delta: 12_000n }],
  ['[  +0.000012] ', { delta: 12_000n }],
  [
    '[Apr29 04:30] ',
    { wall: { ns: ((31n + 29n + 31n + 28n) * 86_400n + 16_200n) * SECOND, zone: false, year: false } },
  ],
  ['[10611.835048] kernel: ', { boot: 10_611_835_048_000n }],
  ['[   12.345678] mesquite kernel: ', { boot: 12_345_678_000n, host: 'mesquite' }],
  [
    'May 23 22:59:46 mesquite kernel: ',
    { wall: { ns: (143n * 86_400n + 82_786n) * SECOND, zone: false, year: false }, host: 'mesquite' },
  ],
  [
    'May 23 22:59:46.500000 mesquite kernel: ',
    { wall: { ns: (143n * 86_400n + 82_786n) * SECOND + SECOND / 2n, zone: false, year: false }, host: 'mesquite' },
  ],
  [
    'May 23 22:59:46 mesquite kernel: [   12.345678] ',
    { boot: 12_345_678_000n, wall: expect.anything(), host: 'mesquite' },
  ],
  [
    '2024-05-23T22:59:46+0200 mesquite kernel: ',
    { wall: { ns: at('2024-05-23T20:59:46Z'), zone: true, year: true }, host: 'mesquite' },
  ],
  [
    '2024-05-23T22:59:46.000001-03:30 mesquite kernel: ',
    { wall: { ns: at('2024-05-24T02:29:46Z') + 1_000n, zone: true, year: true }, host: 'mesquite' },
  ],
  [
    'Thu 2024-05-23 22:59:46 CEST mesquite kernel: ',
    { wall: { ns: at('2024-05-23T22:59:46Z'), zone: false, year: true }, host: 'mesquite' },
  ],
  [
    '1618242865.934638 mesquite kernel: ',
    { wall: { ns: 1_618_242_865_934_638_000n, zone: true, year: true }, host: 'mesquite' },
  ],
  ['6,1234,12345678,-;', { boot: 12_345_678_000n, escaped: true }],
  ['6,1234,12345678,-,caller=T77;', { boot: 12_345_678_000n, escaped: true, pid: 77 }],
]

const NOTHING = { boot: null, wall: null, delta: null, pid: -1, cpu: -1, host: null, program: null, escaped: false }

describe('what stands before the text of a kernel log line', () => {
  it.each(STAMPS)('%j', (stamp, says) => {
    expect(readLogPrefix(stamp + TEXT)).toEqual({ ...NOTHING, ...says, length: stamp.length })
  })

  it.each([
    'May 23 22:59:46 mesquite systemd[1]: Started something',
    'May 23 22:59:46 mesquite systemd-logind[123]: kernel: resetting',
    '2024-05-23T22:59:46+02:00 mesquite sshd[77]: Accepted',
    '1618242865.934638 mesquite audit[1]: x',
    'May 23 22:59:46 last message repeated 3 times',
  ])('names the other program: %s', (line) => {
    expect(readLogPrefix(line)?.program).not.toBe(null)
  })

  it('takes host and program for text where the log names neither', () => {
    const line = '[   12.345678] mesquite systemd[1]: Started'
    expect(readLogPrefix(line)).toMatchObject({ program: null, length: 15 })
    expect(readLogPrefix(line, true)).toMatchObject({ program: 'systemd', host: 'mesquite' })
  })

  it.each([
    'LAB: booted',
    '[drm] GT0: PF: VF1 FLR',
    '[ 12.3 x] y',
    'AMD-Vi: Event logged [IO_PAGE_FAULT device=08:00.0]',
    '[  OK  ] Started Getty on tty1.',
    '-- Boot 0123456789abcdef0123456789abcdef --',
    '            tool-167     [000] ...2.    44.299582: dbuf_attached: x',
    'May 33 22:59:46 mesquite kernel: x',
    '',
  ])('is nothing in %j', (line) => {
    expect(readLogPrefix(line)).toBe(null)
  })

  it('leaves any text as it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STAMPS), fc.string({ maxLength: 60 }), ([stamp], text) => {
        const said = `resetting ${text.replace(/\n/g, ' ')}`
        const prefix = readLogPrefix(stamp + said)
        expect((stamp + said).slice(prefix?.length)).toBe(said)
      }),
    )
  })

  it('survives any line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('[', ']', '1', '9', '.', ' ', ':', '-', 'T', 'May', 'kernel', ',', ';', '<')),
        (parts) => {
          const prefix = readLogPrefix(parts.join(''))
          expect(prefix === null || prefix.length <= parts.join('').length).toBe(true)
        },
      ),
    )
  })
})
