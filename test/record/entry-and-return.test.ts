import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defaultPlan } from '../docs/recording-parts.ts'
import { foldText } from '../support/fold-file.ts'
import { probeDefinition } from '../support/probe-definitions.ts'
import { FIXTURES } from '../support/real-traces.ts'

/** Fields of each probe of the recipe before 6.9, by event name. */
const SPLIT = new Map(
  defaultPlan('6.6', { probes: 'kprobe' }).definitions.map(({ text }) => {
    const probe = probeDefinition(text)
    return [probe.name, probe.fields.map(({ name }) => name)]
  }),
)

const RETURN = /^(.*: )(dbuf_(?:map|pin|unmap_ret|inval_ret|resv_wait_ret)|pcirst_\w+_ret): (\(\S.* <- (\w+)\)) (.*)$/

/** A line as the kernel before 6.9 would have told it: the arguments at the entry, the rest at the return. */
function asTwo(line: string): string[] {
  const match = RETURN.exec(line)
  if (!match) return [line]
  const [, prefix, event, head, fn, payload] = match
  const fields = payload!.split(/ (?=\w+=)/)
  const kept = (probe: string) =>
    fields.filter((field) => SPLIT.get(probe)!.includes(field.slice(0, field.indexOf('='))))
  const entry = `${event!.replace(/_ret$/, '')}_in`
  const atReturn = `${prefix}${event}: ${[head, ...kept(event!)].join(' ')}`
  return SPLIT.has(entry)
    ? [`${prefix}${entry}: ${[`(${fn}+0x4/0x90)`, ...kept(entry)].join(' ')}`, atReturn]
    : [atReturn]
}

describe('return probes that do not know the arguments', () => {
  test.each(['flr', 'sysfs', 'vlazy', 'memdis', 'd_legacy', 'd_nofence', 'd_iommu_fault'])(
    '%s: tell the same together with probes at the entry',
    async (name) => {
      const whole = readFileSync(`${FIXTURES}/kernel-7.3/${name}.txt`, 'latin1')
      // The header counts entries; these are more.
      const split = whole
        .replace(/^# entries-in-buffer.*$/m, '#')
        .split('\n')
        .flatMap(asTwo)
        .join('\n')
      expect(split).toContain(': dbuf_map_in: (')
      expect(split).not.toMatch(/<- dma_buf_map_attachment\) .*attach=/)
      const told = async (text: string) => {
        const { findings, mappings, revocations, resets } = await foldText(Buffer.from(text, 'latin1'))
        return {
          findings: findings.map(({ rule, verdict, ino, importerDevice, iova }) => ({
            rule,
            verdict,
            ino,
            importerDevice,
            iova,
          })),
          mappings: mappings.map(({ ino, iova, length, mappedNs, unmappedNs, importerDevice }) => ({
            ino,
            iova,
            length,
            mappedNs,
            unmappedNs,
            importerDevice,
          })),
          revocations: revocations.map(({ verdict, completedNs, fencesNs }) => ({ verdict, completedNs, fencesNs })),
          resets: resets.map(({ device, method, result, verdict }) => ({ device, method, result, verdict })),
        }
      }
      const expected = await told(whole.replace(/^# entries-in-buffer.*$/m, '#'))
      expect(expected.mappings.length).toBeGreaterThan(0)
      expect(await told(split)).toEqual(expected)
    },
  )
})
