import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { TRACEPOINT_TYPES } from '../../src/domain/recognise/tracepoints.ts'
import { REDACTABLE } from '../../src/redact/line.ts'
import { fixture, LAYOUTS_DIR, readWhole } from '../ingest/read-whole.ts'
import { lineRedactor, redactText } from './redacted.ts'

const SECRET = 'sekrit'

/** Ways in which somebody's word gets into a trace. Names of events and fields, and those of kernel code, are to be seen. */
const word = fc.constantFrom(
  SECRET,
  `/home/${SECRET}/bin`,
  `"${SECRET}"`,
  `"a ${SECRET} b"`,
  `{${SECRET}}`,
  `${SECRET},`,
  `(${SECRET})`,
  `[${SECRET}]`,
  `x:${SECRET}`,
  `${SECRET}.example.org:80`,
  `SEKRIT_${SECRET}`,
  `name=${SECRET}`,
  `name="${SECRET}"`,
  `filename=/etc/${SECRET} pid=7`,
  `comm=${SECRET} pid=7`,
  `comm=a b=${SECRET} pid=7`,
  `prev_comm=${SECRET} x prev_pid=3 prev_prio=120 prev_state=S ==> next_comm=${SECRET} next_pid=9`,
  `ino=7 ${SECRET}`,
  `dir=${SECRET}`,
  `iova=${SECRET}`,
  `addrs=${SECRET}`,
  `pid=${SECRET}`,
  `state=1 (${SECRET})`,
  `host=${SECRET} 0000:00:04.0`,
  `-> ${SECRET}`,
  `(${SECRET} text) a=1`,
  `IOMMU: ${SECRET}`,
  '0xffff889ac60bcc00',
  'ino=7',
  '0000:00:04.0',
  '12',
)
const event = fc.constantFrom(
  ...TRACEPOINT_TYPES.keys(),
  'console',
  'sched_switch',
  'sched_process_exec',
  'my_own_event',
  'some_function',
  '0',
)
/** Names of devices are kept but for their numbers: here they are the first word. */
function deviceFirst(name: string): string {
  const type = TRACEPOINT_TYPES.get(name)
  return type === 'dma-map' || type === 'dma-unmap' || type === 'device-error' ? '0000:00:04.0 ' : ''
}

const consoleText = fc.constantFrom(
  `vfio-pci 0000:01:00.0: resetting ${SECRET}`,
  `${SECRET} vfio-pci 0000:01:00.0: resetting`,
  `vfio-pci 0000:01:00.0: ready 5ms after ${SECRET}`,
  `${SECRET} DMAR: [DMA Write NO_PASID] Request device [0000:00:04.0] fault addr 0xffff4000 [fault reason 0x05] ${SECRET}`,
  `BUG: ${SECRET}`,
  `BUG: KASAN: ${SECRET} in f+0x1/0x2`,
  `Oops: ${SECRET}`,
  `WARNING: /home/${SECRET}/m.c:1 at f+0x1/0x2`,
  `WARNING: CPU: 1 PID: 7 at /home/${SECRET}/m.c:1 f+0x1/0x2`,
  `INFO: task ${SECRET}:77 blocked for more than 10 seconds.`,
  `pcieport 0000:00:1c.0: AER: ${SECRET} error received from 0000:01:00.0`,
  `refcount_t: underflow; ${SECRET}: x`,
  `CPU: 0 PID: 7 Comm: ${SECRET}`,
  `------------[ cut here ]------------ ${SECRET}`,
)

describe('nobody finds in redacted text', () => {
  it('a word of any event', () => {
    const redactor = lineRedactor()
    fc.assert(
      fc.property(event, fc.array(word, { maxLength: 4 }), (name, words) => {
        const line = `            tool-195     [001] ...1.    54.458350: ${name}: ${deviceFirst(name)}${words.join(' ')}`
        expect(redactor.redact(Buffer.from(line))).not.toContain(SECRET)
      }),
      { numRuns: 1500 },
    )
  })

  it('a word of the kernel log, before or behind what is read of it', () => {
    const redactor = lineRedactor()
    fc.assert(
      fc.property(consoleText, (text) => {
        const line = `            tool-195     [001] ...1.    54.458350: console: ${text}`
        expect(redactor.redact(Buffer.from(line))).not.toContain(SECRET)
      }),
      { numRuns: 200 },
    )
  })

  it.each([
    `# ${SECRET}`,
    `# tracer: ${SECRET} x`,
    `#    | task: ${SECRET}-12 (uid:0 nice:0 policy:0 rt_prio:0)`,
    `# nop latency trace v1.1.5 on 7.3.4-${SECRET}`,
    ` => /usr/lib/${SECRET}.so[+0x12]`,
    ` => <${SECRET}>`,
    `##### CPU 0 buffer started #### ${SECRET}`,
    `# entries-in-buffer/entries-written: 1/1   #P:2 ${SECRET}`,
    SECRET,
    `${SECRET} ffff889ac60bcc00`,
    `${SECRET}-1 [000] what`,
    `         ${SECRET}-186     [001] ...1.    54.458350: sys_openat(dfd: 3, filename: 0x7ffc "/etc/${SECRET}", flags: 0)`,
    `         ${SECRET}-186     [001] ...1.    54.458350: <stack trace> ${SECRET}`,
    `         ${SECRET}-186     [001] ...1.    54.458350: # 5 buf: ${SECRET}`,
    `b'         ${SECRET}-186     [001] ...1.    54.458350: map: ${SECRET}'`,
    `${SECRET}-186 [001] 54.458350: a"${SECRET}: b`,
    `irq/25-${SECRET}-186     [001] ...1.    54.458350: map: x`,
    ` kworker/0:1-${SECRET}-186     [001] ...1.    54.458350: map: x`,
  ])('%s', (line) => {
    expect(lineRedactor().redact(Buffer.from(`${line}\n`))).not.toContain(SECRET)
  })
})

const FILES = readdirSync(LAYOUTS_DIR).flatMap((name) => {
  if (!name.endsWith('.txt')) return []
  const layout = detectLayout(fixture(name))
  return layout.kind === 'layout' && REDACTABLE.has(layout.format) ? [{ name, format: layout.format }] : []
})

describe('a damaged line stays what it is', () => {
  it.each(FILES)('$name', async ({ name, format }) => {
    const lines = fixture(name).toString('latin1').split('\n').slice(0, 60)
    const damage = fc.record({ line: fc.nat(59), at: fc.nat(90), gone: fc.nat(12), put: fc.string({ maxLength: 6 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 12 }), async (damages) => {
        const damaged = [...lines]
        for (const { line, at, gone, put } of damages) {
          const text = damaged[line] ?? ''
          damaged[line] = text.slice(0, at) + put + text.slice(at + gone)
        }
        const text = Buffer.from(damaged.join('\n'), 'latin1')
        const before = await readWhole(text, { format })
        const after = await readWhole(await redactText(text, format), { format })
        expect(after.kinds).toEqual(before.kinds)
      }),
      { numRuns: 12 },
    )
  })
})
