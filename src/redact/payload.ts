import { TRACEPOINT_TYPES } from '../domain/recognise/tracepoints.ts'
import { redactDeviceError } from './device-errors.ts'
import { redactFields } from './fields.ts'
import { redactKernelLog } from './kernel-log.ts'
import { redactPointers } from './numbers.ts'
import { redactHead } from './probe-head.ts'
import { type Pseudonyms, REDACTED } from './pseudonyms.ts'
import { redactWords } from './values.ts'

/** Events whose text is anybody's. */
const MARKERS = new Set(['tracing_mark_write', 'print', 'bprint', 'bputs', 'bpf_trace_printk', '0'])
const DEVICE_FIRST = new Set(['dma-map', 'dma-unmap', 'device-error'])

/** An event's payload with other names in it, on one line as before. */
export function redactPayload(name: string, payload: string, names: Pseudonyms): string {
  const event = name.slice(name.lastIndexOf(':') + 1)
  if (payload === '') return ''
  if (MARKERS.has(event)) return redactMarker(payload, names)
  if (event === 'console') return redactKernelLog(payload, names)
  if (event === 'raw_data') return `# [${REDACTED}]`
  if (event.startsWith('funcgraph_')) return redactGraph(payload, names)
  const blanks = /^ */.exec(payload)![0]
  const text = payload.slice(blanks.length)
  return blanks + (text.startsWith('(') ? redactProbe(text, names) : redactEvent(event, text, names))
}

/** A probe's `(function+0x4/0x10 [module]) name=value …`, or the arguments of a traced system call or function. */
function redactProbe(text: string, names: Pseudonyms): string {
  const found = redactHead(text, names)
  return found ? found.head + redactFields(text.slice(found.length), names) : redactArguments(text, names)
}

/** The kernel's own event: its words by the format that is known of it. */
function redactEvent(event: string, text: string, names: Pseudonyms): string {
  if (text.startsWith('<-')) return CALLER.test(text) ? redactPointers(text, names) : `<-${REDACTED}`
  if (text.startsWith('-> ')) return `-> ${redactWords(text.slice(3), 'object', names)}`
  const type = TRACEPOINT_TYPES.get(event)
  if (type === undefined) return redactUnknown(text, names)
  const fault = type === 'fault' ? /^(IOMMU:)([\w.-]+) (\S+)(?= iova=)/.exec(text) : null
  if (fault)
    return `${fault[1]}${fault[2]} ${names.device(fault[3]!)}${redactFields(text.slice(fault[0].length), names)}`
  const device = type && DEVICE_FIRST.has(type) ? /^([^\s=]+?)(?= |$)/.exec(text) : null
  const bareHex = { bareHex: event.startsWith('dma_') }
  if (!device) return redactFields(text, names, bareHex)
  const rest = text.slice(device[0].length)
  const told = type === 'device-error' ? (redactDeviceError(rest) ?? redactFields(rest, names)) : null
  return names.device(device[1]!) + (told ?? redactFields(rest, names, bareHex))
}

/** Words without a name may be anybody's (`trace_printk` is printed under its function's name); fields are the kernel's. */
function redactUnknown(text: string, names: Pseudonyms): string {
  if (/^\d{1,9}$/.test(text)) return text
  const field = /(?:^| )[A-Za-z_]\w*[=:](?=\S)/.exec(text)
  if (!field) return `[${REDACTED}]`
  const start = field[0].startsWith(' ') ? field.index + 1 : field.index
  return (start > 0 ? `[${REDACTED}] ` : '') + redactFields(text.slice(start), names)
}

/** A traced function and its caller, `<-vfs_read+0x4/0x10 [module]`. */
const CALLER = /^<-[A-Za-z_.$][\w.$]*(?:\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?)?(?: \[[\w-]+\])?(?: <[0-9a-f]{8,16}>)?$/

/** `(fd: 3, buf: 7ffc81c0, count: 10)`, `(page=0xffffea0001, order=0) <-caller`: names of arguments and numbers stay. */
function redactArguments(text: string, names: Pseudonyms): string {
  const arrow = text.lastIndexOf(' <-')
  if (arrow > 0 && CALLER.test(text.slice(arrow + 1)))
    return `${redactArguments(text.slice(0, arrow), names)} ${redactPointers(text.slice(arrow + 1), names)}`
  return text.replace(/"[^"]*"?/g, '""').replace(/[^\s(),]+/g, (word) => {
    if (word === '""') return `"${REDACTED}"`
    const [, name, value] = /^([A-Za-z_]\w*[:=])?(.*)$/.exec(word)!
    const number = value === '' || /^(?:0x)?[0-9a-f]{1,16}$/.test(value!) || /^-?\d{1,20}$/.test(value!)
    return number ? `${name ?? ''}${redactPointers(value!, names)}` : `${name ?? ''}${REDACTED}`
  })
}

/** function_graph's calls, their arguments and what they return: symbols stay, addresses and strings do not. */
function redactGraph(text: string, names: Pseudonyms): string {
  return redactPointers(names.inText(text.replace(/"[^"]*"?/g, `"${REDACTED}"`)), names)
}

/** Android's markers keep their letter and their process, so that sections still open and close. */
function redactMarker(payload: string, names: Pseudonyms): string {
  const section = /^([BESFCIN])\|(\d{1,9})(\|?)/.exec(payload)
  if (!section) return `[${REDACTED}]`
  return `${section[1]}|${names.pid(Number(section[2]))}${section[3] === '' ? '' : `|${REDACTED}`}`
}
