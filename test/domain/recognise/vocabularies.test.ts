import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Act } from '../../../src/domain/act.ts'
import { FUNCTIONS } from '../../../src/domain/recognise/functions.ts'
import { createRecogniser } from '../../../src/domain/recognise/recognise.ts'
import { TRACEPOINT_TYPES } from '../../../src/domain/recognise/tracepoints.ts'
import { type ProbeDefinition, printProbe, probeDefinitions } from '../../support/probe-definitions.ts'
import { FIXTURES } from '../../support/real-traces.ts'
import { recognised } from '../../support/recognised.ts'

const VOCABULARIES = ['probes_btf', 'probes_raw', 'probes_tp', 'lab-rawlab', '612-61-oldraw'].map((name) => ({
  name,
  probes: probeDefinitions(readFileSync(`${FIXTURES}/lab/PROBES-${name}.txt`, 'utf8')),
}))

/** Probed, and of no meaning here: the event stays an event. */
const NO_MEANING = new Set([
  'dma_buf_ioctl',
  'vfio_pci_dma_buf_attach',
  'iopt_alloc_dmabuf_pages',
  'iommufd_ioas_map_file',
  'iopt_release_pages',
])

/** What each field name of these vocabularies must fill, and a value that shows it. */
const FIELDS: Record<string, [slot: keyof Act, value: string, read?: string]> = {
  dmabuf: ['dmabuf', '0xff36d700c2331e00'],
  ino: ['ino', '15'],
  exp: ['exporter', 'vfio_pci_core'],
  exp_name: ['exporter', 'vfio_pci_core'],
  size: ['size', '65536'],
  attach: ['attach', '0xff36d700c92926c0'],
  dev: ['device', '0000:02:00.0'],
  bdf: ['device', '0000:01:00.0'],
  pdev: ['devicePtr', '0xff36d700c1000000'],
  importer_ops: ['ops', '0xffffffffc0670480'],
  ops: ['ops', '0xffffffffc0670480'],
  p2p: ['p2p', '1'],
  inval: ['inv', 'labimp_invalidate_mappings+0x0/0x60 [labimp]', 'labimp_invalidate_mappings'],
  invalidate: ['inv', 'labimp_invalidate_mappings+0x0/0x60 [labimp]', 'labimp_invalidate_mappings'],
  is_dynamic: ['dynamic', '1'],
  dyn: ['dynamic', '1'],
  sgt: ['sgt', '0xff36d700c1ddf520'],
  dma: ['iova', '0xfffe0000'],
  len: ['length', '65536'],
  length: ['length', '65536'],
  nents: ['nents', '1'],
  dir: ['direction', '0'],
  vdev: ['vdev', '0xff36d700c6439000'],
  revoked: ['revoked', '1'],
  fd: ['fd', '9'],
  state: ['state', '3'],
}

function typeOf(probe: ProbeDefinition): string | undefined {
  if (probe.kind === 't') return TRACEPOINT_TYPES.get(probe.target)
  if (probe.kind === 'e') return TRACEPOINT_TYPES.get(probe.target.split('.')[1]!)
  return FUNCTIONS.get(probe.target)?.type
}

describe.each(VOCABULARIES)('probes of $name', ({ probes }) => {
  it('were read', () => {
    expect(probes.length).toBeGreaterThan(3)
  })

  it.each(probes)('$kind $name on $target', (probe) => {
    const act = recognised(
      probe.name,
      printProbe(probe, ({ name }) => FIELDS[name]?.[1] ?? '0'),
    )
    if (NO_MEANING.has(probe.target)) return expect(act).toBeNull()
    expect(act).toMatchObject({
      type: typeOf(probe),
      point: probe.isReturn ? 'return' : 'te'.includes(probe.kind) ? 'event' : 'entry',
      ...(probe.isReturn ? { caller: 'some_caller', callerModule: 'some_mod' } : {}),
    })
    for (const { name } of probe.fields) {
      const [slot, value, read = value] = FIELDS[name] ?? []
      if (slot) expect(act, name).toMatchObject({ [slot]: read })
    }
  })

  it('mean the same under any other name', () => {
    for (const probe of probes) {
      const payload = printProbe(probe, ({ name }) => FIELDS[name]?.[1] ?? '0')
      expect(recognised('zzz', payload), probe.name).toEqual(recognised(probe.name, payload))
    }
  })
})

describe('a recogniser that has seen many probes', () => {
  const all = VOCABULARIES.flatMap(({ probes }) => probes)
  const probe = fc.constantFrom(...all)
  const name = fc.constantFrom('one', 'two', 'three')
  const garbled = fc.option(fc.constantFrom('(fault)', '""', '{0x1,0x2}', '-1', '0x0', 'a b'), { freq: 3 })

  it('reads the next as a fresh one would, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, probe, garbled, fc.nat(3)), { maxLength: 30 }), (sightings) => {
        const used = createRecogniser()
        for (const [event, definition, value, drop] of sightings) {
          const fields = definition.fields.filter((_, index) => drop === 0 || index % (drop + 1) !== 0)
          const payload = printProbe({ ...definition, fields }, ({ name: key }) => value ?? FIELDS[key]?.[1] ?? '0')
          expect({ ...recognised(event, payload, used), fresh: true }).toEqual({
            ...recognised(event, payload),
            fresh: true,
          })
        }
      }),
      { numRuns: 300 },
    )
  })
})
