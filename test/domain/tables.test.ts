/** What the tables of importers, exporters, functions and evidence answer, whatever they are asked. */
import { describe, it } from 'vitest'
import { ACT_TYPES } from '../../src/domain/act-type.ts'
import { EVIDENCE_NAMES } from '../../src/domain/evidence/kinds.ts'
import { decisions, JUDGED_RULES, needsOf, tierOf } from '../../src/domain/evidence/needs.ts'
import { unseenProbes, unseenText } from '../../src/domain/evidence/unseen.ts'
import { CAUSE_OF_CALLER, DISABLING } from '../../src/domain/evolve/move-callers.ts'
import { isOuter, METHODS, TRIGGERS, touchesHardware, UNTOUCHED } from '../../src/domain/evolve/reset-functions.ts'
import { EXPORTERS, exporterNamed, isRevokingExporter, refusesPin } from '../../src/domain/exporters.ts'
import { IMPORTERS } from '../../src/domain/importer-table.ts'
import { importerByAttacher, importerByCallback, isSharedAttacher } from '../../src/domain/importers.ts'
import { parseVersion } from '../../src/domain/kernel-version.ts'
import { FUNCTIONS, RECIPE_NAMES, RECIPE_PREFIX } from '../../src/domain/recognise/functions.ts'
import { TRACEPOINT_TYPES } from '../../src/domain/recognise/tracepoints.ts'
import { RULES, SEVERITIES } from '../../src/domain/rules.ts'
import { expectKept } from '../support/kept-rows.ts'

const KERNELS = [null, '6.1', '6.6.30-generic', 'v6.12', '6.18.0', '7.0', '7.3.4'].map((text) => ({
  text,
  version: text === null ? null : parseVersion(text),
}))

const json = (value: unknown) => JSON.stringify(value, (_, one) => (one instanceof RegExp ? String(one) : one))
const page = (lines: readonly unknown[][]) => `${lines.map((line) => line.map(json).join('  ')).join('\n')}\n`

describe('tables', () => {
  it('importers, by callback, caller, module and device', () => {
    const asked = IMPORTERS.flatMap(({ attaches, module, device }) => [
      ...[...attaches, null].flatMap((caller) => [
        { caller, module, device: null },
        { caller, module: null, device },
        { caller, module: 'other', device: null },
      ]),
      { caller: 'other', module, device },
    ])
    const known = new Map(asked.map((attacher) => [json(attacher), attacher]))
    expectKept(
      'tables/importers.txt',
      page([
        ...IMPORTERS.map((importer) => [importer]),
        ...IMPORTERS.map(({ callback }) => [callback, callback && importerByCallback(callback)?.name]),
        ...[...known].map(([key, attacher]) => [
          key,
          isSharedAttacher(attacher),
          KERNELS.map(({ version }) => importerByAttacher(attacher, version)?.name ?? null),
        ]),
      ]),
    )
  })

  it('exporters, by name and kernel', () => {
    const names = [null, 'nobody', ...EXPORTERS.flatMap((exporter) => exporter.names)]
    expectKept(
      'tables/exporters.txt',
      page(
        names.map((name) => [
          name,
          exporterNamed(name),
          isRevokingExporter(name),
          KERNELS.map(({ version }) => refusesPin(name, version)),
        ]),
      ),
    )
  })

  it('versions of the kernel', () => {
    const more = ['6', '6.', 'linux', '12.345', '6.12345', '6.1.2.3', 'x6.1', '6.12-rc3', ' 6.12', 'v', '1000.1', '']
    const texts = [...KERNELS.flatMap(({ text }) => text ?? []), ...more]
    expectKept('tables/kernels.txt', page(texts.map((text) => [text, parseVersion(text)])))
  })

  it('functions and tracepoints', () => {
    const fns = [...new Set([...FUNCTIONS.keys(), ...METHODS.keys(), ...TRIGGERS.keys(), 'mydrv_reset', '__pci_x'])]
    expectKept(
      'tables/functions.txt',
      page([
        ...fns.map((fn) => [
          fn,
          FUNCTIONS.get(fn),
          isOuter(fn),
          touchesHardware(fn),
          METHODS.get(fn),
          TRIGGERS.get(fn),
          RECIPE_PREFIX.test(fn),
        ]),
        ...[...RECIPE_NAMES],
        ...[...TRACEPOINT_TYPES],
        [...UNTOUCHED],
      ]),
    )
  })

  it('callers of a revoke', () => {
    expectKept(
      'tables/move-callers.txt',
      page([...CAUSE_OF_CALLER].map(([caller, cause]) => [caller, cause, DISABLING.has(cause)])),
    )
  })

  it('rules, and what each needs', () => {
    expectKept(
      'tables/rules.txt',
      page([
        [RULES, SEVERITIES],
        ...JUDGED_RULES.map((rule) => [rule, tierOf(rule), needsOf(rule)]),
        ...EVIDENCE_NAMES.flatMap((name) => [
          [`without ${name}`, ...decisions((one) => one !== name)],
          [`${name} alone`, ...decisions((one) => one === name)],
        ]),
        ...ACT_TYPES.map((type) => [type, unseenText([type]), unseenProbes(unseenText([type]))]),
        [unseenProbes(null), unseenProbes('no reason'), unseenProbes(unseenText(['map', 'dma_buf_pin%entry']))],
      ]),
    )
  })
})
