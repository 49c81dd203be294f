import { beginReader } from '../begin-reader.ts'
import { eventName, eventPayload, type InnerLine, scanInner } from '../inner-line.ts'
import type { LineLayout, LineReader } from '../layout.ts'
import { createLineHead, type LineHead, Scan } from '../line-head.ts'
import { isFreeText } from '../noise/free-text.ts'
import { type Structure, structureOf } from '../structure.ts'
import { advanceHunk, beginHunk, type DiffHunk } from './diff-hunk.ts'
import { MailText, type MailTextState } from './mail-text.ts'
import { type Quoted, quotePrefix } from './quote-prefix.ts'
import { type AtOnce, isQuotedAgain } from './quoted-again.ts'
import { isLeftOut, resemblesTrace } from './resembles-trace.ts'
import { fieldNames, lacksRest, payloadKind, tailVerdict, type Wrappable, wrappable } from './wrapped-tail.ts'

interface MailState {
  text: MailTextState
  inner: unknown
  /** The event right above, whose rest may follow. */
  above: Wrappable | null
  /** Blank lines came since. */
  apart: boolean
  /** Nothing but trace lines since the last event (`lines`), blank lines as well (`blanks`), or prose. */
  block: 'lines' | 'blanks' | null
  /** Quote depth of the block. */
  depth: number
  hunk: DiffHunk | null
  fields: [kind: string, names: string][]
  /** An event was left without its rest, and nobody was told. */
  lacking: boolean
  atOnce: AtOnce
}

interface Taken {
  /** The text, its quote's prefix excluded. */
  line: InnerLine
  /** Where the line begins, the prefix included. */
  from: number
  quoted: Quoted
}

const AROUND: Structure = { kind: 'around' }

/**
 * A trace in a mail, an mbox or a pasted body, in the layout `inner`: quoted to any depth, wrapped by a mailer
 * (hard, or format=flowed), quoted-printable, in any text part.
 *
 * Prose is told from a damaged trace line by a rule: it has no piece of a context (`-<pid> [cpu]`, `[cpu] `, `sec.usec: `)
 * and does not stand right among trace lines. What stands there and is no rest of the event above is not understood.
 */
export function mailLayout(inner: LineLayout): LineLayout {
  return {
    scan: nothing,
    scanLoose: nothing,
    relativeTime: inner.relativeTime,
    begin: (state) => beginMail(inner, state as MailState | null),
  }
}

/** A line has to be whole, and to be looked at once: the state between lines decides what it is. */
const nothing = () => Scan.noTask

function beginMail(layout: LineLayout, kept: MailState | null): LineReader {
  const text = new MailText(kept?.text ?? null)
  const inner = beginReader(layout, kept?.inner ?? null)
  const state = kept ?? {
    above: null,
    apart: false,
    block: null,
    depth: 0,
    hunk: null,
    fields: [],
    lacking: false,
    atOnce: { time: [0, 0], lines: [] },
  }
  const atOnce = structuredClone(state.atOnce)
  let { above, apart, block, depth, hunk, lacking } = state
  /** The line that `structure` left for `scanLoose`, or the code that it came to. */
  let next: Taken | number = Scan.noTask
  /** Fields that events of a kind had: one that has but the first of them may lack its rest. */
  const fields = new Map(state.fields)
  const attempt = createLineHead()

  /** The event above gets nothing more. */
  function leave(): void {
    if (above === null) return
    const kind = payloadKind(above)
    const names = above.freeText ? '' : fieldNames(above.payload)
    const known = fields.get(kind) ?? ''
    const fewer = above.broken && names.length < known.length && known.startsWith(names)
    if (!fewer && names !== '') fields.set(kind, names)
    if (fewer || lacksRest(above)) lacking = true
    above = null
  }

  /** A mailer that quotes without a blank leaves the text one column further left. */
  function placed(line: InnerLine, quoted: Quoted): InnerLine {
    const loose = { ...line, start: quoted.start }
    if (quoted.start === quoted.tight || scanInner(inner, loose, attempt, true) > 0) return loose
    const tight = { ...line, start: quoted.tight }
    return scanInner(inner, tight, attempt, true) > 0 ? tight : loose
  }

  function structure(b: Buffer, p: number, end: number): Structure | null {
    const found = text.take(b, p, end)
    if (found.kind === 'held') return AROUND
    if (found.kind === 'undecoded') {
      next = Scan.undecoded
      return null
    }
    if (found.kind === 'around') {
      leave()
      hunk = null
      if (block === 'lines') block = 'blanks'
      next = Scan.cutShort
      return found.cutShort !== null && resemblesTrace(found.cutShort) ? null : AROUND
    }
    const { line } = found
    const quoted = quotePrefix(line.bytes, line.start, line.end)
    const within = placed(line, quoted)
    next = { line: within, from: line.start, quoted }
    if (scanInner(inner, within, attempt, true) > 0) return null
    return structureWithin(within, quoted)
  }

  function structureWithin({ bytes, start, end }: InnerLine, quoted: Quoted): Structure | null {
    if (hunk !== null && hunk.depth === quoted.depth) {
      hunk = advanceHunk(hunk, bytes.toString('latin1', quoted.start, end))
      if (hunk !== null) return AROUND
    }
    const found = (inner.structure ?? structureOf)(bytes, start, end)
    if (found?.kind === 'blank') {
      apart = true
      if (block === 'lines') block = 'blanks'
    }
    return found?.kind === 'header' ? { text: bytes.toString('latin1', start, end), ...found } : found
  }

  function scanLoose(_b: Uint8Array, _p: number, head: LineHead): number {
    if (typeof next === 'number') return next
    const { line, from, quoted } = next
    const code = scanInner(inner, line, head)
    if (code === Scan.event) {
      leave()
      apart = false
      block = 'lines'
      depth = quoted.depth
      hunk = null
      const words = line.bytes.toString('latin1', line.start, line.end).trim()
      if (isQuotedAgain(atOnce, [head.timeHigh, head.timeLow], depth, words)) return Scan.ruler
      const name = eventName(line, head)
      const freeText = isFreeText(name)
      const payload = eventPayload(line, head).toString('latin1')
      above = wrappable(line.bytes, from, line.end, quoted, { flowed: text.flowed, freeText, name, payload })
      return code
    }
    if (code > 0) return code
    const words = line.bytes.toString('latin1', line.start, line.end)
    return readTail(next, words, head) ?? readProse(quoted, words, code)
  }

  /** The rest of the event above; null where it is something else. */
  function readTail({ line, from, quoted }: Taken, words: string, head: LineHead): number | null {
    if (above === null || resemblesTrace(words) || isLeftOut(words)) return null
    const verdict = tailVerdict(above, quoted.depth, words)
    if (verdict === 'no' || (apart && !FIELDS.test(words))) return null
    if (verdict === 'either' || apart) {
      leave()
      return Scan.eitherTailOrProse
    }
    const { freeText, name } = above
    const rest = `${above.blank ? '' : ' '}${words.trimStart()}`
    const payload = above.payload + rest
    head.payloadBytes = Buffer.from(rest, 'latin1')
    above = wrappable(line.bytes, from, line.end, quoted, { flowed: text.flowed, freeText, name, payload })
    return Scan.continued
  }

  function readProse(quoted: Quoted, words: string, code: number): number {
    leave()
    if (block !== null && isLeftOut(words)) return Scan.leftOut
    if (resemblesTrace(words)) return code
    if (block === 'lines' && quoted.depth === depth) return code
    block = null
    hunk = beginHunk(words, quoted.depth)
    return Scan.ruler
  }

  return {
    scan: nothing,
    structure,
    scanLoose,
    relativeTime: inner.relativeTime,
    incomplete() {
      const told = lacking
      lacking = false
      return told
    },
    waiting: () =>
      lacking || text.state.held !== null || (above !== null && lacksRest(above)) || inner.waiting?.() === true,
    state: (): MailState => ({
      text: structuredClone(text.state),
      inner: inner.state(),
      above,
      apart,
      block,
      depth,
      hunk,
      fields: [...fields],
      lacking,
      atOnce: structuredClone(atOnce),
    }),
  }
}

/** What a sentence hardly begins with. */
const FIELDS = /^\s*(?:\w+=\S|(?:- )?0x[\da-f])/
