/** Time stamps of nanoseconds (`trace-cmd report -t`, `perf script --ns`) order what microseconds leave as a tie. */
import { describe, expect, it } from 'vitest'
import { foldText } from '../../support/fold-file.ts'
import { splitTrace } from '../../support/lines.ts'
import { all, by, event, printTrace, type Step } from '../../support/printer.ts'
import { asPerfScript, asTraceCmd, reprint } from '../../support/tool-printer.ts'
import { attached, attachOf, EXPORTER, exported, mapped, sgtOf, unmapped } from '../../support/trace.ts'

const dev = `dev="${EXPORTER}"`
const sameMicrosecond: Step = (print) => {
  print.now -= 50
}
const elsewhere = (...steps: Step[]) => by('kworker/1:1', 201, ...steps)
const fields = `ino=1 attach=${attachOf({})}`
const disable = event('pcirst_disable', `(pci_dev_save_and_disable+0x4/0x60) ${dev}`)
const unmapReturn = event(
  'dbuf_unmap_ret',
  `(drop+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ${fields} sgt=${sgtOf(1)}`,
)

const story = (...together: [Step, Step]) =>
  printTrace([
    exported(),
    attached(),
    mapped({ sgt: 9 }),
    unmapped({ sgt: 9 }),
    mapped(),
    event('pcirst_fn', `(pci_reset_function+0x4/0x90) ${dev}`),
    elsewhere(event('dbuf_unmap', `(dma_buf_unmap_attachment+0x4/0x80) ${fields} dev="0000:02:00.0" sgt=${sgtOf(1)}`)),
    all(together[0], sameMicrosecond, together[1]),
    event('pcirst_fn_ret', `(reset_store+0x5a/0xa0 <- pci_reset_function) ${dev} ret=0`),
  ]).lines

/** The story with digits of nanoseconds: those of the unmap's return and of the reset. */
async function verdicts(format: 'trace-cmd-report' | 'perf-script', unmap: string, reset: string) {
  const print = format === 'perf-script' ? asPerfScript() : asTraceCmd()
  const over = elsewhere(unmapReturn)
  const lines = unmap > reset ? story(disable, over) : story(over, disable)
  const text = reprint(splitTrace(lines.join('\n')), (line) => {
    const digits = line[7]!.startsWith('(drop') ? unmap : line[6] === 'pcirst_disable' ? reset : '000'
    line[5] = `${line[5]}${digits}`
    return print(line)
  })
  const head = format === 'trace-cmd-report' ? 'cpus=2\n' : ''
  const { findings } = await foldText(Buffer.concat([Buffer.from(head), text]), {}, { format })
  return findings.filter(({ rule }) => rule === 'reset-while-mapped').map(({ verdict }) => verdict)
}

describe.each(['trace-cmd-report', 'perf-script'] as const)('%s', (format) => {
  it('an unmap that is over 1 ns before the reset is in time', async () => {
    expect(await verdicts(format, '000', '001')).toEqual([])
  })

  it('one that is over 1 ns after it began is late', async () => {
    expect(await verdicts(format, '001', '000')).toEqual(['violated'])
  })

  it('one of the same nanosecond on another CPU is a tie', async () => {
    expect(await verdicts(format, '001', '001')).toEqual(['undetermined'])
  })
})
