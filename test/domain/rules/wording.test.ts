import { describe, expect, it } from 'vitest'
import { bufferName, hex, importerName, resetName, span } from '../../../src/domain/rules/wording.ts'
import type { Attachment, Buffer, Reset } from '../../../src/domain/world/entities.ts'

describe('a span of time', () => {
  it.each<[bigint, string]>([
    [54_000n, '54 µs'],
    [999_999n, '1000 µs'],
    [1_000_000n, '1.000 ms'],
    [12_300_000n, '12.300 ms'],
    [1_000_000_000n, '1.000 s'],
    [3_004_000_000n, '3.004 s'],
  ])('%s ns is %s', (ns, words) => {
    expect(span(ns)).toBe(words)
  })
})

it.each([
  [{ ino: 15n, exporter: 'vfio_pci_core' }, 'buffer 15 (vfio_pci_core)'],
  [{ ino: 15n, exporter: null }, 'buffer 15'],
  [{ ino: null, exporter: null, dmabuf: '0xff11' }, 'dma-buf 0xff11'],
  [{ ino: null, exporter: 'drm', dmabuf: null }, 'dma-buf unknown (drm)'],
  [null, 'a buffer that no event names'],
])('%o is called %s', (buffer, words) => {
  expect(bufferName(buffer as Buffer | null)).toBe(words)
})

it.each([
  [{ device: '0000:02:00.0', class: 'dynamic' }, '0000:02:00.0 (dynamic)'],
  [{ device: null, class: 'legacy' }, 'an unnamed importer (legacy)'],
  [null, 'an importer that no event names'],
])('%o is called %s', (attachment, words) => {
  expect(importerName(attachment as Attachment | null)).toBe(words)
})

it.each([
  [{ method: 'flr', trigger: 'sysfs', device: '0000:01:00.0', frames: [] }, 'the reset of 0000:01:00.0 (flr, sysfs)'],
  [{ method: 'flr', trigger: 'unknown', device: null, frames: [{ fn: 'my_reset' }] }, 'the reset of my_reset (flr)'],
  [{ method: 'unknown', trigger: 'unknown', device: null, frames: [] }, 'the reset of the exporting device'],
])('%o is called %s', (reset, words) => {
  expect(resetName(reset as unknown as Reset)).toBe(words)
})

it('an address is in hex, or unknown', () => {
  expect([hex(0xffff_0800n), hex(0n), hex(null)]).toEqual(['0xffff0800', '0x0', 'an unknown address'])
})
