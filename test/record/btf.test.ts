import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Btf, parseBtf } from '../../src/record/btf.ts'
import { btfLayout } from '../../src/record/btf-layout.ts'
import { type BtfEntry, writeBtf } from '../support/btf.ts'

/** Ids: 1 u64, 2 file, 3 file *, 4 dma_buf, 5 its anonymous union, 6 const dma_buf, 7 typedef of it, 8 pointer to that. */
const KERNEL: BtfEntry[] = [
  { kind: 'int', name: 'u64', bytes: 8 },
  { kind: 'struct', name: 'file', size: 48, members: [{ name: 'f_inode', type: 1, bits: 40 * 8 }] },
  { kind: 'pointer', to: 2 },
  {
    kind: 'struct',
    name: 'dma_buf',
    size: 80,
    members: [
      { name: 'size', type: 1, bits: 0 },
      { name: 'file', type: 3, bits: 64 },
      { name: '', type: 5, bits: 72 * 8 },
    ],
  },
  { kind: 'struct', name: '', size: 8, isUnion: true, members: [{ name: 'inner', type: 2, bits: 0 }] },
  { kind: 'const', to: 4 },
  { kind: 'typedef', name: 'dma_buf_t', to: 6 },
  { kind: 'pointer', to: 7 },
  { kind: 'enum', values: 3 },
  {
    kind: 'struct',
    name: 'dma_buf_attachment',
    size: 16,
    bitfields: true,
    members: [
      { name: 'dmabuf', type: 8, bits: 0 },
      { name: 'flag', type: 1, bits: (1 << 24) | 67 },
      { name: 'dev', type: 9, bits: 64 },
    ],
  },
]

function parsed(bytes: Uint8Array, base: Btf | null = null): Btf {
  const outcome = parseBtf(bytes, base)
  if (!outcome.ok) throw new Error(outcome.why)
  return outcome.btf
}

describe.each([
  ['little', true],
  ['big', false],
])('BTF of %s endianness', (_, little) => {
  const layout = btfLayout(parsed(writeBtf(KERNEL, { little })), 'vmlinux')

  test('gives the offset of a member in bytes, and the structure it leads to', () => {
    expect(layout.member('dma_buf', 'file')).toEqual({ offset: 8, struct: 'file' })
    expect(layout.member('file', 'f_inode')).toEqual({ offset: 40, struct: null })
  })

  test('looks into anonymous unions, and behind pointers, typedefs and qualifiers', () => {
    expect(layout.member('dma_buf', 'inner')).toEqual({ offset: 72, struct: 'file' })
    expect(layout.member('dma_buf_attachment', 'dmabuf')).toEqual({ offset: 0, struct: 'dma_buf' })
  })

  test('knows no structure or member that is not there, and no offset of a bitfield', () => {
    expect(layout.member('dma_buf', 'nothing')).toBeNull()
    expect(layout.member('pci_dev', 'dev')).toBeNull()
    expect(layout.member('dma_buf_attachment', 'flag')).toBeNull()
    expect(layout.member('dma_buf_attachment', 'dev')).toEqual({ offset: 8, struct: null })
  })
})

test("a module's BTF goes on where the kernel's ends", () => {
  const kernel = parsed(writeBtf(KERNEL))
  const pdev = kernel.types.length
  const module: BtfEntry[] = [
    { kind: 'pointer', to: 4 },
    { kind: 'struct', name: 'vfio_pci_core_device', size: 1000, members: [{ name: 'buf', type: pdev, bits: 992 * 8 }] },
  ]
  const layout = btfLayout(parsed(writeBtf(module, { stringsFrom: kernel.stringBytes }), kernel), 'both')
  expect(layout.member('vfio_pci_core_device', 'buf')).toEqual({ offset: 992, struct: 'dma_buf' })
  expect(layout.member('dma_buf', 'file')).toEqual({ offset: 8, struct: 'file' })
})

describe('what is no BTF is refused in words', () => {
  const whole = writeBtf(KERNEL)

  test.each([
    ['nothing', new Uint8Array(0), 'shorter than the header'],
    ['ELF', Buffer.from('\x7fELF'.padEnd(64, '\0'), 'latin1'), 'magic number'],
    ['a part', whole.subarray(0, whole.length - 20), 'cut off'],
  ])('%s', (_, bytes, why) => {
    const outcome = parseBtf(bytes)
    expect(outcome).toMatchObject({ ok: false })
    expect(outcome.ok ? '' : outcome.why).toContain(why)
  })

  test('a type of an unknown kind', () => {
    const broken = whole.slice()
    broken[24 + 7] = 25
    expect(parseBtf(broken)).toEqual({ ok: false, why: 'its type 1 is of kind 25, which is not known' })
  })

  test('damaged bytes never throw, and no walk through them goes on for ever', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }), (edits) => {
        const bytes = whole.slice()
        for (const [at, value] of edits) bytes[at] = value
        const outcome = parseBtf(bytes)
        if (!outcome.ok) {
          expect(outcome.why).not.toBe('')
          return
        }
        const layout = btfLayout(outcome.btf, 'x')
        for (const struct of ['dma_buf', 'dma_buf_attachment'])
          for (const member of ['file', 'inner', 'dmabuf']) {
            const found = layout.member(struct, member)
            if (found) expect(Number.isSafeInteger(found.offset)).toBe(true)
          }
      }),
      { numRuns: 500 },
    )
  })
})
