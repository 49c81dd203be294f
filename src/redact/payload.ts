import { parseHead } from '../domain/recognise/head.ts'
import { TRACEPOINT_TYPES } from '../domain/recognise/tracepoints.ts'
import { redactFields } from './fields.ts'
import { redactKernelLog } from './kernel-log.ts'
import { redactHex } from './numbers.ts'
import { type Pseudonyms, REDACTED } from './pseudonyms.ts'

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
  if (event.startsWith('funcgraph_')) return redactCall(payload, names)
  const blanks = /^ */.exec(payload)![0]
  const text = payload.slice(blanks.length)
  return blanks + (text.startsWith('(') ? redactProbe(text, names) : redactEvent(event, text, names))
}

/** `(function+0x4/0x10 [module]) name=value …`; also the arguments of a traced system call or function. */
function redactProbe(text: string, names: Pseudonyms): string {
  const end = headEnd(text)
  if (end < 0 || !isHead(text.slice(0, end))) return redactCall(text, names)
  return redactPointers(text.slice(0, end), names) + redactFields(text.slice(end), names)
}

function headEnd(text: string): number {
  const match = /\)(?: |$)/.exec(text)
  return match ? match.index + 1 : -1
}

/** Symbols, modules, offsets, and addresses where there is no symbol: nothing else may stand in a head. */
function isHead(head: string): boolean {
  return (
    parseHead(head) !== null &&
    /^\([\w.+/ <[\]>'$-]*\)$/.test(head) &&
    !/ (?!<- |\[|<?[0-9a-f]{16}>?)/.test(head.replaceAll(' <- ', ''))
  )
}

/** The kernel's own event: its words by the format that is known of it. */
function redactEvent(event: string, text: string, names: Pseudonyms): string {
  if (text.startsWith('<-') || /^-> (?:0x)?[0-9a-f]/.test(text)) return redactCall(text, names)
  const type = TRACEPOINT_TYPES.get(event)
  const fault = type === 'fault' ? /^(IOMMU:)([\w.-]+) (\S+)(?= iova=)/.exec(text) : null
  if (fault)
    return `${fault[1]}${fault[2]} ${names.device(fault[3]!)}${redactFields(text.slice(fault[0].length), names)}`
  const device = type && DEVICE_FIRST.has(type) ? /^([^\s=]+?)(?= |$)/.exec(text) : null
  const bareHex = { bareHex: event.startsWith('dma_') }
  if (!device) return redactFields(text, names, bareHex)
  const rest = text.slice(device[0].length)
  const told = type === 'device-error' ? redactFields(rest.replace(/ TLP Header=.*$/, ''), names) : null
  return names.device(device[1]!) + (told ?? redactFields(rest, names, bareHex))
}

/** Calls, their arguments and what they return: symbols stay, addresses and strings do not. */
function redactCall(text: string, names: Pseudonyms): string {
  return redactPointers(names.inText(text.replace(/"[^"]*"?/g, `"${REDACTED}"`)), names)
}

/** Every address in a text. */
export function redactPointers(text: string, names: Pseudonyms): string {
  return text.replace(/(?<![\w+/])(?:0x[0-9a-f]{1,16}|[0-9a-f]{16})(?!\w)/g, (found) =>
    redactHex(found, 'object', names),
  )
}

/** Android's markers keep their letter and their process, so that sections still open and close. */
function redactMarker(payload: string, names: Pseudonyms): string {
  const section = /^([BESFCIN])\|(\d{1,9})(\|?)/.exec(payload)
  if (!section) return `[${REDACTED}]`
  return `${section[1]}|${names.pid(Number(section[2]))}${section[3] === '' ? '' : `|${REDACTED}`}`
}
