import { describe, expect, it } from 'vitest'
import type { LAYOUTS } from '../../ingest/layout.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import { emptyAct } from '../../src/domain/act.ts'
import { createRecogniser } from '../../src/domain/recognise/recognise.ts'
import { redactKernelLog } from '../../src/redact/kernel-log.ts'
import { passingKey } from '../../src/redact/key.ts'
import { createPseudonyms } from '../../src/redact/pseudonyms.ts'

/** Just below what is overlong: what takes a step for each pair of bytes would take minutes. */
const BYTES = 1_000_000
const long = (atom: string) => atom.repeat(Math.ceil(BYTES / atom.length))

async function linesOf(format: keyof typeof LAYOUTS, text: string): Promise<number> {
  const parser = createTraceParser({ format })
  for await (const _ of readBatches([Buffer.from(text, 'latin1')], parser));
  return parser.facts().lines
}

describe('a line of a million bytes is read once, not once for each of its bytes', () => {
  it.each([
    ['mail/ftrace-text', `From a Mon ${long('11:11')}x`],
    ['mail/ftrace-text', `prose\n--snip${long(' ')}\rx`],
    ['mail/ftrace-text', `# latency: ${long(', #1/1, ')}`],
    ['systrace-html', `<script class="trace-data">\n${long('\\n')}`],
    ['systrace-html', `var linuxPerfData = "\\\n${long('\\n')}x`],
    ['systrace-html', `var linuxPerfData = "\\\n"${long(' ')}x`],
    ['systrace-html', long('<script ')],
    ['systrace-html', `<script ${long('class="trace-data" ')}`],
    ['bpftrace-json', `{"type":"printf","data":"${long('\\n')}x"}`],
    ['bufinfo', `00000001 00000000 00000000 00000001 x${long(' ')}y`],
    ['bufinfo', `\tkernel fence:${long(' ')}y`],
    ['fdinfo', `exp_name:${long(' ')}\ry`],
    ['trace-cmd-report', long('-1 [001] 1.000000: (+')],
  ] as const)(
    '%s %#',
    async (format, text) => {
      expect(await linesOf(format, text)).toBe(text.split('\n').length)
    },
    5000,
  )

  it('so is what a soft break holds, line after line', async () => {
    const mail = `Content-Transfer-Encoding: quoted-printable\nFrom: a@b\n\n${`${'x'.repeat(75)}=\n`.repeat(20_000)}`
    expect(await linesOf('mail/ftrace-text', mail)).toBe(20_003)
  }, 5000)

  it('so is the payload of an event', () => {
    const act = emptyAct()
    const record = { seq: 0, line: 0, time: 0n, cpu: 0, pid: 0, tgid: -1, comm: '' }
    const payload = `dev_name=a${long(' exp_name=a size=1')}`
    expect(createRecogniser().recognise({ ...record, name: 'dma_buf_export', payload }, act)).toBe(false)
  }, 5000)

  it('so is the text of a kernel log that is redacted', () => {
    expect(redactKernelLog(long('a'), createPseudonyms(passingKey()))).toBe('[redacted]')
  }, 5000)
})
