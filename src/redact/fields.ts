import { keyEnd, valueEnd, valueText } from '../domain/recognise/fields.ts'
import { SLOT_OF } from '../domain/recognise/slots.ts'
import type { AddressUse } from './numbers.ts'
import { type Pseudonyms, REDACTED } from './pseudonyms.ts'
import { redactAtom, redactList, redactWords, SYMBOL } from './values.ts'

const PID = /(?:^|_)(?:pid|tgid|tid|ppid|pgid)$/
const COMM = /(?:^|_)(?:comm|task|tsk)$/
const PHYSICAL = /^(?:paddr|phys|phys_addr|phys_addrs|pa|pfn)$/
const BUS = /^(?:addr|addrs|address|fault_addr|dma_addrs|iova_start|iova_end)$/
/** Names that kernel code gives to itself: modules, drivers, exporters. */
const MODULE_NAME = /^[\w.-]{1,63}$/

/** How the payload's numbers are spelled. */
export interface Spelling {
  /** Addresses are hexadecimal without `0x` (`dma_addr=%llx`). */
  bareHex: boolean
}

const PLAIN: Spelling = { bareHex: false }

/** `name=value` payloads, and the words before the first of them. */
export function redactFields(text: string, names: Pseudonyms, spelling: Spelling = PLAIN): string {
  let out = ''
  let at = 0
  while (at < text.length) {
    const mark = keyEnd(text, at)
    if (mark < 0) {
      const next = nextField(text, at)
      out += redactWords(text.slice(at, next), 'object', names)
      at = next
      continue
    }
    const key = text.slice(at, mark)
    const stop = COMM.test(key) ? commEnd(text, key, mark + 1) : valueEnd(text, mark + 1)
    out += `${key}=${redactValue(key, text.slice(mark + 1, stop), names, spelling)}`
    at = stop
  }
  return out
}

/** Where the next `name=` begins, or the end; blanks before it are passed. */
function nextField(text: string, at: number): number {
  let blank = at
  while (blank < text.length) {
    if (text[blank] === ' ' && keyEnd(text, blank + 1) >= 0) return blank + 1
    blank++
  }
  return text.length
}

/** A task's name may hold anything, `name=` too: it ends before the last pid that could be its own. */
function commEnd(text: string, key: string, start: number): number {
  const own = text.lastIndexOf(` ${key.replace(/(?:comm|task|tsk)$/, '')}pid=`)
  return own >= start ? own : valueEnd(text, start)
}

/** The value of one field, quotes and all. */
function redactValue(key: string, printed: string, names: Pseudonyms, { bareHex }: Spelling): string {
  const quoted = printed.startsWith('"')
  const text = valueText(printed, 0, printed.length)
  const quote = (value: string) => (quoted ? `"${value}"` : value)
  if (COMM.test(key)) return quote(names.comm(text))
  const slot = SLOT_OF.get(key)
  const use: AddressUse = PHYSICAL.test(key) ? 'physical' : slot === 'iova' || BUS.test(key) ? 'bus' : 'object'
  if (PID.test(key)) return quote(redactPid(text, names))
  if (bareHex && use !== 'object' && /^[0-9a-f]{1,16}$/.test(text)) return redactAtom(`0x${text}`, use, names)!.slice(2)
  if (text.startsWith('{') && text.endsWith('}')) return `{${redactList(text.slice(1, -1), use, names)}}`
  const atom = redactAtom(text, use, names)
  if (atom !== null) return quote(atom)
  if (slot === 'device' || key === 'client') return quote(names.device(text))
  if (slot === 'exporter' || key === 'driver')
    return quote(MODULE_NAME.test(text) ? text : names.label('exporter', text))
  if (key === 'timeline') return quote(text === 'signaled-timeline' ? text : names.label('timeline', text))
  if (slot === 'inv' || key.endsWith('sym')) return SYMBOL.test(text) || /^[A-Za-z_]\w*$/.test(text) ? text : REDACTED
  return quoted ? quote(REDACTED) : redactWords(text, use, names)
}

function redactPid(text: string, names: Pseudonyms): string {
  const words = /^(0x[0-9a-f]{1,8}|\d{1,9})(?: \((\d{1,9})\))?(?=$| )/.exec(text)
  if (!words) return redactWords(text, 'object', names)
  const pid = names.pid(Number(words[1]!))
  const first = words[1]!.startsWith('0x') ? `0x${pid.toString(16)}` : String(pid)
  const rest = text.slice(words[0].length)
  return `${first}${words[2] === undefined ? '' : ` (${pid})`}${rest === '' ? '' : redactWords(rest, 'object', names)}`
}
