import { CR, LF } from '../../ingest/ascii.ts'
import { isBytesLiteral } from '../../ingest/bytes-literal.ts'
import { beginLayout, type Format } from '../../ingest/layout.ts'
import { createLineHead, GIVEN_NAMES, type LineHead, Scan } from '../../ingest/line-head.ts'
import { type Refusal, refuse } from '../../ingest/refusal.ts'
import { structureOf } from '../../ingest/structure.ts'
import { redactContext } from './context.ts'
import { redactPointers } from './numbers.ts'
import { redactPayload } from './payload.ts'
import { type Pseudonyms, REDACTED } from './pseudonyms.ts'
import { redactStructure } from './structure.ts'

/** Rewrites the lines of one trace, one at a time and without memory: the same line always becomes the same line. */
export interface LineRedactor {
  /** `line` with its terminator, if it has one; what is given back has the same. Bytes as Latin-1. */
  redact(line: Buffer): string
}

/** What stands for a line that is not understood, for anything may be in it: it is not understood either. */
const PLACEHOLDER = `[${REDACTED} line]`

/** Layouts of which the tests hold, file by file, that nothing of the original remains; lines that hang together cannot be among them. */
export const REDACTABLE: ReadonlySet<Format> = new Set<Format>([
  'ftrace-text',
  'ftrace-function',
  'ftrace-latency',
  'ftrace-latency-verbose',
  'ftrace-graph',
])

/** A redactor for the lines of one layout, or why none can be promised. */
export function createLineRedactor(format: Format, names: Pseudonyms): LineRedactor | Refusal {
  if (!REDACTABLE.has(format))
    return refuse(
      'layout-not-redactable',
      `No redaction can be promised for the layout ${format} yet.`,
      'Redact the text of /sys/kernel/tracing/trace instead.',
    )
  const layout = beginLayout(format)
  const structureAt = layout.structure ?? structureOf
  const head = createLineHead()

  function redactContent(b: Buffer, end: number): string {
    const mark = b[0] === 0xef && b[1] === 0xbb && b[2] === 0xbf ? 3 : 0
    let code = layout.scan(b, 0, head)
    if (code > 0) return redactScanned(b, 0, end, code)
    if (structureAt(b, mark, end))
      return b.toString('latin1', 0, mark) + redactStructure(b.toString('latin1', mark, end), names)
    if (isBytesLiteral(b, mark, end)) {
      code = layout.scan(b, mark + 2, head)
      if (code <= 0) code = layout.scanLoose(b, mark + 2, head)
      const quotes = b.toString('latin1', 0, mark + 2)
      return code > 0
        ? quotes + redactScanned(b, mark + 2, end - 1, code) + String.fromCharCode(b[end - 1]!)
        : PLACEHOLDER
    }
    code = layout.scanLoose(b, mark, head)
    return code > 0 ? b.toString('latin1', 0, mark) + redactScanned(b, mark, end, code) : PLACEHOLDER
  }

  function redactScanned(b: Buffer, start: number, end: number, code: number): string {
    const text = (from: number, to: number) => b.toString('latin1', from, to)
    head.commBytes = head.nameBytes = head.payloadBytes = null
    if (code === Scan.ruler) return redactRuler(text(start, end), names)
    const isEvent = code === Scan.event
    const given = isEvent && head.givenName >= 0
    const nameAt = given ? head.payloadStart : head.nameStart
    const context = redactContext(text(start, nameAt), placesIn(head, start), names)
    if (context === null) return PLACEHOLDER
    if (!isEvent) return context + (/^<(?:user )?stack trace ?>/.exec(text(nameAt, end))?.[0] ?? '<stack trace>')
    const stop = head.payloadEnd < 0 || head.payloadEnd > end ? end : head.payloadEnd
    const name = given ? GIVEN_NAMES[head.givenName]! : text(head.nameStart, head.nameEnd)
    const heading = given ? '' : redactName(text(head.nameStart, head.payloadStart), names)
    const payload = redactPayload(name, text(head.payloadStart, stop), names)
    const tail = /^ ?\*\/\s*$/.exec(text(stop, end))?.[0] ?? ''
    return context + heading + payload + tail
  }

  return {
    redact(line) {
      const feed = line.at(-1) === LF ? line.length - 1 : line.length
      const end = feed > 0 && line[feed - 1] === CR ? feed - 1 : feed
      const b = feed < line.length ? line : Buffer.concat([line, Buffer.of(LF)])
      return redactContent(b, end) + line.toString('latin1', end)
    },
  }
}

function placesIn({ commStart, commEnd, pid, tgid }: LineHead, start: number) {
  return { commStart: commStart - start, commEnd: commEnd - start, pid, tgid }
}

/** `name: `, `fn+0x4/0x10 [module] `, `fn <ffffffff81000000>: `: an event's name is what kernel code or the user of a probe chose. */
function redactName(text: string, names: Pseudonyms): string {
  return /^[\w.:+/$<>*@-]+[\s:[\]\w<>+/.-]*$/.test(text) ? redactPointers(text, names) : `${REDACTED}: `
}

/** function_graph's ` 1)  kworker-120   =>    tool-197`. */
function redactRuler(line: string, names: Pseudonyms): string {
  const parts = /^(\s*\d+\)\s+)(.+?)-(\d{1,9})(\s+=>\s+)(.+?)-(\d{1,9})\s*$/.exec(line)
  if (!parts) return /^[\s\d.|)=<>-]*$/.test(line) ? line : '------'
  const [, cpu, from, fromPid, arrow, to, toPid] = parts
  return `${cpu}${names.comm(from!, 7)}-${names.pid(Number(fromPid))}${arrow}${names.comm(to!, 7)}-${names.pid(Number(toPid))}`
}
