import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Act } from '../../src/domain/act.ts'
import { parseVersion } from '../../src/domain/kernel-version.ts'
import { FUNCTIONS } from '../../src/domain/recognise/functions.ts'
import { TRACEPOINT_TYPES } from '../../src/domain/recognise/tracepoints.ts'
import { SIGNATURES } from '../../src/record/functions.ts'
import { kernelOf } from '../../src/record/kernel.ts'
import type { ProbeKind } from '../../src/record/plan.ts'
import { planRecording } from '../../src/record/plan.ts'
import { readTarget } from '../../src/record/target.ts'
import { defaultPlan } from '../docs/recording-parts.ts'
import { type ProbeDefinition, printProbe, probeDefinition } from '../support/probe-definitions.ts'
import { recognised } from '../support/recognised.ts'

const RECORD = join(import.meta.dirname, '../fixtures/record')
const KERNELS = ['6.1.192', '6.12.95', '7.3.4']
const KINDS: ProbeKind[] = ['fprobe', 'kprobe']
const PLANS = ['6.1', '6.6', '6.9', '6.19', '7.0', '7.1', '7.3'].flatMap((kernel) =>
  KINDS.map((probes) => ({ kernel, probes, plan: defaultPlan(kernel, { probes }) })),
)

/** In the list of 7.3.4 that was kept, only functions of some names; these two were probed in the traces of kernel-7.3. */
const PROBED_IN_TRACES = ['pci_dev_save_and_disable', 'pci_dev_restore']

/** What each field of the recipes fills, with a value as the kernel prints it, and what is read. */
const FIELDS: Record<string, [slot: keyof Act, value: string, read?: string]> = {
  ino: ['ino', '15'],
  dmabuf: ['dmabuf', '0xff36d700c2331e00'],
  attach: ['attach', '0xff36d700c92926c0'],
  dev: ['device', '0000:02:00.0'],
  exp: ['exporter', 'vfio_pci_core'],
  size: ['size', '65536'],
  ops: ['ops', '0xffffffffc0670480'],
  inv: ['inv', 'virtgpu_dma_buf_move_notify+0x0/0x60 [virtio_gpu]', 'virtgpu_dma_buf_move_notify'],
  p2p: ['p2p', '1'],
  dyn: ['dynamic', '1'],
  dir: ['direction', '1'],
  sgt: ['sgt', '0xff36d700c1ddf520'],
  nents: ['nents', '3'],
  iova: ['iova', '0xfffe0000'],
  len: ['length', '65536'],
  resv: ['resv', '0xff36d700c2331ee8'],
  usage: ['usage', '3'],
  ctx: ['context', '77'],
  seqno: ['seqno', '12'],
  revoked: ['revoked', '1'],
  ret: ['ret', '0'],
  fd: ['fd', '9'],
}

/** For the reader of a trace: what the rules do not ask for. */
const FOR_PEOPLE = ['opsym', 'intr', 'timeout']

test('the fprobes of 7.3 are the set that was exercised on it', () => {
  const recommended = readFileSync(join(RECORD, 'recommended-7.3.txt'), 'utf8').trim().split('\n')
  expect(defaultPlan('7.3').definitions.map(({ text }) => text)).toEqual(recommended)
})

describe.each(PLANS)('$probes probes of $kernel', ({ kernel, probes, plan }) => {
  const definitions = plan.definitions.map((definition) => ({ definition, probe: probeDefinition(definition.text) }))

  test('have names of their own, under the prefixes of the recipe', () => {
    const events = plan.definitions.map(({ event }) => event)
    expect(new Set(events).size).toBe(events.length)
    expect(events.length).toBeGreaterThan(20)
    for (const { definition, probe } of definitions) {
      expect(definition.event).toMatch(/^(dbuf\/dbuf|vfiodb\/vfiodb|pcirst\/pcirst)_\w+$/)
      expect(definition.event.endsWith(`/${probe.name}`)).toBe(true)
    }
  })

  test.each(definitions)('$probe.name: every field that it prints lands in the act', ({ probe }) => {
    const act = recognised(
      probe.name,
      printProbe(probe, ({ name }) => FIELDS[name]?.[1] ?? '0'),
    )
    expect(act).toMatchObject({
      type: typeOf(probe),
      point: probe.isReturn ? 'return' : probe.kind === 't' ? 'event' : 'entry',
    })
    for (const { name } of probe.fields) {
      if (FOR_PEOPLE.includes(name)) continue
      expect(FIELDS, name).toHaveProperty(name)
      const [slot, value, read = value] = FIELDS[name]!
      if (probe.target === 'dma_buf_dynamic_attach' && name === 'ret') expect(act).toHaveProperty('attach')
      else expect(act, `${name} of ${probe.name}`).toMatchObject({ [slot]: read })
    }
  })

  test('say only what this kind of probe may say', () => {
    for (const { definition, probe } of definitions) {
      const { text } = definition
      expect(text).toMatch(probes === 'fprobe' ? /^[ft]:/ : /^[pr]:/)
      for (const { name, expression } of probe.fields) {
        if (probes === 'kprobe') expect(expression, name).toMatch(/^(?:\+\d+\()*(?:%\w\w|\$retval|\$arg\d)\)*$/)
        if (probe.isReturn) expect(expression).not.toContain('%')
        else expect(expression).not.toMatch(/\$/)
        const names = expression.match(/^\$?\w+/)?.[0]
        const isArgument = names !== undefined && names !== '$retval' && probes === 'fprobe'
        if (isArgument && probe.kind !== 't')
          expect(SIGNATURES[probe.target]!.parameters.map(([parameter]) => parameter)).toContain(names)
      }
    }
  })

  test('show no argument at a return before 6.9, and then at the entry', () => {
    const { argumentsAtReturn } = plan.kernel
    expect(argumentsAtReturn).toBe(!['6.1', '6.6'].includes(kernel))
    const returns = definitions.filter(({ probe }) => probe.isReturn)
    const argumentsShown = returns
      .flatMap(({ probe }) => probe.fields)
      .some((field) => !field.expression.includes('$retval'))
    expect(argumentsShown).toBe(argumentsAtReturn)
    const atMap = definitions.filter(({ probe }) => probe.target === 'dma_buf_map_attachment')
    expect(atMap.flatMap(({ probe }) => probe.fields.map(({ name }) => name)).sort()).toEqual(
      ['attach', 'dev', 'dir', 'ino', 'iova', 'len', 'nents', 'sgt'].sort(),
    )
  })

  test("tell the importer's callback by the name that it has in this kernel", () => {
    const texts = plan.definitions.map(({ text }) => text).join('\n')
    const isNew = ['7.1', '7.3'].includes(kernel)
    expect(texts.includes('dma_buf_invalidate_mappings')).toBe(isNew)
    expect(texts.includes('dma_buf_move_notify')).toBe(!isNew)
    expect(texts).toMatch(/ inv=/)
    if (probes === 'fprobe') expect(texts.includes('->move_notify:symbol')).toBe(!isNew)
    expect(texts.includes('vfio_pci_dma_buf_move')).toBe(!['6.1', '6.6', '6.9'].includes(kernel))
    expect(plan.definitions.some(({ text }) => text.startsWith('t:'))).toBe(
      probes === 'fprobe' && ['7.0', '7.1', '7.3'].includes(kernel),
    )
  })
})

describe.each(KERNELS)('on %s', (name) => {
  const target = readTarget(join(RECORD, name))!
  const functions = new Set([...target.functions!, ...(name === '7.3.4' ? PROBED_IN_TRACES : [])])
  const plan = defaultPlan(name)

  test('every probed function can be probed, but for two that the kept list does not cover', () => {
    const missing = plan.definitions.filter(({ target: fn, text }) => !text.startsWith('t:') && !functions.has(fn))
    expect(missing.map(({ target: fn }) => fn)).toEqual(name === '7.3.4' ? [] : PROBED_IN_TRACES)
  })

  test('every native event is there, or is known to be younger', () => {
    const known = [...target.events!]
    const there = (path: string) => {
      const [system, event] = path.split('/')
      return known.some((one) => one === `${system}:${event}` || (event === '*' && one.startsWith(`${system}:`)))
    }
    const missing = plan.events.map(({ path }) => path).filter((path) => !there(path))
    expect(missing).toEqual({ '6.1.192': ['pci/*', 'dma/*'], '6.12.95': ['pci/*'], '7.3.4': [] }[name])
  })

  test('its own files lead to the plan that its version leads to, without the probes it refuses', () => {
    const kernel = kernelOf(name, parseVersion(name)!, target)
    const asked = planRecording(kernel, { tier: 'T3', clock: 'mono', bufferKb: 1, output: 'x' })
    if ('kind' in asked) throw new Error(asked.why)
    const covered = plan.definitions.filter(({ target: fn }) => !PROBED_IN_TRACES.includes(fn))
    expect(asked.definitions).toEqual(covered)
    expect(asked.skipped.map(({ event }) => event)).toEqual(['pcirst/pcirst_disable', 'pcirst/pcirst_restore'])
  })
})

describe('kprobes', () => {
  const text = (kernel: string, event: string) =>
    defaultPlan(kernel, { probes: 'kprobe' }).definitions.find((definition) => definition.event === event)!.text

  test('of 7.3 are those that were exercised on it', () => {
    expect(text('7.3', 'dbuf/dbuf_inval')).toBe(
      'p:dbuf/dbuf_inval dma_buf_invalidate_mappings ino=+64(+32(+8(%di))):u64 exp=+0(+64(%di)):string dmabuf=%di:x64',
    )
    expect(text('7.3', 'dbuf/dbuf_map')).toMatch(
      /^r:dbuf\/dbuf_map dma_buf_map_attachment .*attach=\$arg1:x64 .*sgt=\$retval:x64/,
    )
    expect(text('7.3', 'dbuf/dbuf_unmap')).toMatch(/ attach=%di:x64 dev=\+0\(\+0\(\+8\(%di\)\)\):string sgt=%si:x64$/)
    expect(text('7.3', 'vfiodb/vfiodb_move')).toBe(
      'p:vfiodb/vfiodb_move vfio_pci_dma_buf_move dev=+0(+208(+992(%di))):string revoked=%si:u8',
    )
  })

  test('take the offsets that were measured on the nearest build', () => {
    expect(text('6.1', 'dbuf/dbuf_inval')).toContain('ino=+64(+32(+8(%di))):u64 exp=+0(+96(%di)):string')
    expect(text('6.12', 'dbuf/dbuf_inval')).toContain('ino=+64(+40(+8(%di))):u64 exp=+0(+64(%di)):string')
    expect(text('6.12', 'pcirst/pcirst_flr')).toContain('dev=+0(+200(%di)):string')
  })

  test('leave out a field whose offset nobody measured, and say so', () => {
    const { definitions } = defaultPlan('6.1', { probes: 'kprobe' })
    const release = definitions.find(({ event }) => event === 'dbuf/dbuf_release')!
    expect(release.text).toBe('p:dbuf/dbuf_release dma_buf_file_release ino=+64(%di):u64')
    expect(release.without).toEqual(['dmabuf: the offset of file.private_data is not known'])
  })
})

function typeOf({ kind, target }: ProbeDefinition): string | undefined {
  return kind === 't' ? TRACEPOINT_TYPES.get(target) : FUNCTIONS.get(target)?.type
}
