import { describe, expect, it } from 'vitest'
import { detectLayout, HEAD_BYTES } from '../../ingest/detect-layout.ts'
import { fixture } from './read-whole.ts'

const text = (content: string) => detectLayout(Buffer.from(content, 'latin1'))

describe('what can be read', () => {
  it.each([
    ['V_default.txt', 'ftrace-text'],
    ['V_noirq.txt', 'ftrace-text'],
    ['V_pipe_lost.txt', 'ftrace-text'],
    ['V_function.txt', 'ftrace-function'],
    ['V_latency.txt', 'ftrace-latency'],
    ['V_latency_verbose.txt', 'ftrace-latency-verbose'],
    ['I5-fgraph-retval.txt', 'ftrace-graph'],
  ])('%s is %s', (name, format) => {
    expect(detectLayout(fixture(name))).toEqual({ kind: 'layout', format })
  })

  it.each([
    ['G-console.head.txt', 'dmesg', { style: 'boot', named: false }],
    ['G-console-oops-dump.txt', 'console-log', { style: 'boot', named: false }],
  ])('%s is %s, and how its lines are stamped is told', (name, format, begin) => {
    expect(detectLayout(fixture(name))).toEqual({ kind: 'layout', format, begin })
  })

  it.each([
    ['# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:2\n#\n', 'ftrace-text'],
    ['# tracer: nop\r\n', 'ftrace-text'],
    ['CPU:0 [LOST 3 EVENTS]\n', 'ftrace-text'],
    ['# tracer: function_graph\n#\n#     TIME        CPU  TASK/PID         DURATION  FUNCTION CALLS\n', 'ftrace-graph'],
    ['\xef\xbb\xbf# tracer: nop\n', 'ftrace-text'],
    ["b'     bash-5412    [001] .... 90432.904952: 0: bpf_trace_printk: Hello World'\n", 'ftrace-text'],
  ])('%j is %s, with or without events', (content, format) => {
    expect(text(content)).toEqual({ kind: 'layout', format })
  })

  it('is told from the first 64 KiB alone', () => {
    const head = Buffer.alloc(HEAD_BYTES, '# nothing but comments, for a long time\n')
    const after = fixture('V_opt_raw.txt')
    expect(detectLayout(Buffer.concat([head, after]))).toEqual(detectLayout(head))
  })
})

describe('what is refused', () => {
  it.each(['G-console-oops-dump.txt', 'PERF_header.txt', 'V_default.txt'])('%s with carriage returns alone', (name) => {
    const text = fixture(name).toString('latin1')
    expect(detectLayout(Buffer.from(text.replaceAll('\n', '\r'), 'latin1'))).toMatchObject({ code: 'carriage-returns' })
    expect(detectLayout(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1')).kind).toBe('layout')
  })

  it.each([
    ['V_nocontext.txt', 'no-context', /context-info/],
    ['V_opt_raw.txt', 'raw-format', /noraw/],
    ['V_fgraph.txt', 'graph-without-time', /funcgraph-abstime/],
    ['perf-data.head', 'perf-data', /perf script -i/],
    ['trace-dat.head', 'trace-dat', /trace-cmd report/],
  ])('%s as %s', (name, code, words) => {
    const refusal = detectLayout(fixture(name))
    if (refusal.kind !== 'refused') throw new Error(refusal.format)
    expect(refusal.code).toBe(code)
    expect(`${refusal.message} ${refusal.advice}`).toMatch(words)
  })

  it.each([
    ['', 'empty', /empty/],
    ['\n \n', 'empty', /blank/],
    ['\0'.repeat(500), 'binary', /zero/],
    ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'binary', /PNG/],
    ['\x7fELF\x02\x01', 'binary', /ELF/],
    ['\x1f\x8b\x08\0', 'compressed', /gzip -dc/],
    ['\x28\xb5\x2f\xfd\x04', 'compressed', /zstd .*-dc/],
    ['\xfd7zXZ\0', 'compressed', /xz -dc/],
    ['BZh91AY', 'compressed', /bzip2 -dc/],
    ['\xff\xfe#\0 \0', 'binary', /iconv/],
    ['Dear all,\nplease find attached\n', 'not-a-trace', /Dear all/],
    ['{"a": 1}\n', 'not-a-trace', /"a/],
    ['# tracer: nop\n#\n22000000 01000000 58bb0c00\n', 'hex-format', /nohex/],
    [`# tracer: nop\n#\n${'\x01\x02\x03\x04\x05\x06'.repeat(30)}`, 'bin-format', /nobin/],
    ['\x01\x02\x03\x04\x05\x06'.repeat(30), 'binary', /unknown/],
    ['map: IOMMU: iova=0x0000000ffff36000 paddr=0x1 size=4096\n', 'no-context', /context-info/],
    ['y'.repeat(HEAD_BYTES), 'not-a-trace', /yyy/],
  ])('%j as %s', (content, code, words) => {
    const refusal = text(content)
    if (refusal.kind !== 'refused') throw new Error(refusal.format)
    expect(refusal.code).toBe(code)
    expect(`${refusal.message} ${refusal.advice}`).toMatch(words)
  })
})
