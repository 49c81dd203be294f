import { LineKind, UNNAMED } from '../src/domain/record.ts'
import { CR, LF } from './ascii.ts'
import { isBytesLiteral } from './bytes-literal.ts'
import { type CaptureFacts, emptyFacts, takeFacts, takeSample } from './capture-facts.ts'
import { Dictionary } from './dictionary.ts'
import { beginLayout, type Format } from './layout.ts'
import { nextLineFeed } from './line-feed.ts'
import { createLineHead, GIVEN_NAME_BYTES, reasonText, Scan } from './line-head.ts'
import { noteInput, noteStructure, noteUnread } from './line-notes.ts'
import { createLineWidth } from './line-width.ts'
import { Choice, createNameChooser } from './noise/deselect.ts'
import { createHeardCpus } from './noise/heard-cpus.ts'
import { lengthen, type OpenBatch, respell, toRecordBatch } from './open-batch.ts'
import { setNanoseconds, timeOf } from './scan-time.ts'
import { structureOf } from './structure.ts'
import type { ParserOptions, TraceParser } from './trace-parser-state.ts'

/** Enough of a header line for what it says. */

const NAMES_IN_COLUMNS = /perf-script|trace-cmd-report/

/**
 * Reads trace text of any layout as columns, without a string a line.
 *
 * @example
 * const parser = createTraceParser({ format: 'ftrace-text' })
 * for await (const batch of readBatches(chunks, parser)) store(batch)
 */
export function createTraceParser(options: ParserOptions = {}): TraceParser {
  const { resume } = options
  const facts: CaptureFacts = resume ? structuredClone(resume.state.facts) : emptyFacts(options.format ?? 'ftrace-text')
  let input = resume?.state.input
  const before = resume ? resume.state.layout : options.begin
  let layout = beginLayout(input?.format ?? (facts.format as Format), before, options.at)
  if (!resume) facts.relativeTime = layout.relativeTime
  let offset = BigInt(input?.offset ?? 0)
  let shifted = offset !== 0n
  /** The input's first line is still to come. */
  let begun = false
  let partial = resume ? null : (options.partial ?? null)
  const head = createLineHead()
  const dictionary = new Dictionary()
  if (resume) dictionary.restore(resume.strings, resume.state.latin1)
  const chooser = createNameChooser(dictionary, options, facts.ignoredNames)
  let freeText = resume?.state.freeText ?? false
  let ignoring = resume?.state.ignoring ?? false
  let part = resume?.state.part ?? 0
  let givenStrings = dictionary.texts.length
  const width = createLineWidth(NAMES_IN_COLUMNS.test(facts.format), resume?.state.width)
  const heard = createHeardCpus(resume?.state.heard)
  /** The open batch's lines were measured. */
  let measured = false

  function malformed(batch: OpenBatch, p: number, end: number, code: number): LineKind {
    facts.malformed++
    head.commBytes = head.nameBytes = head.payloadBytes = null
    unread(batch)
    takeSample(facts, batch.bytes.subarray(p, end), reasonText(code))
    return LineKind.malformed
  }

  function unread(batch: OpenBatch): void {
    noteUnread(batch, facts.lines + 1, heard)
  }

  /** Kind of a line that `scan` did not understand; `end` is behind its last byte, the terminator not counted. */
  function readOther(batch: OpenBatch, p: number, end: number, last: boolean): LineKind {
    const b = batch.bytes
    const line = facts.lines + 1
    const beforeEvent = batch.count
    if (facts.lines === 0 && b[p] === 0xef && b[p + 1] === 0xbb && b[p + 2] === 0xbf) p += 3
    const structure = (layout.structure ?? structureOf)(b, p, end)
    if (structure) {
      noteStructure(structure, { batch, facts, heard, start: p, end })
      facts.structural++
      return LineKind.structural
    }
    const quoted = isBytesLiteral(b, p, end)
    let code = quoted ? layout.scan(b, p + 2, head) : layout.scanLoose(b, p, head)
    if (quoted && code <= 0) code = layout.scanLoose(b, p + 2, head)
    if (layout.incomplete?.()) unread(batch)
    if (code === Scan.continued && (ignoring || facts.events > 0)) return readContinuation(batch)
    if (code > 0 && code !== Scan.continued) return readEvent(batch, p, quoted ? end - 1 : end, code)
    if (last) batch.notes.push({ kind: 'cut', line, beforeEvent })
    if (!freeText || code <= Scan.eitherTailOrProse) return malformed(batch, p, end, code)
    facts.structural++
    return LineKind.structural
  }

  function readContinuation(batch: OpenBatch): LineKind {
    if (!ignoring) {
      const event = batch.count - 1
      if (event >= 0) lengthen(batch, event, head.payloadBytes!)
      // The event went with the batch before, without the rest of its payload.
      else unread(batch)
    }
    head.payloadBytes = null
    facts.structural++
    return LineKind.structural
  }

  /** Takes the line that `head` describes. */
  function readEvent(batch: OpenBatch, p: number, end: number, code: number): LineKind {
    if (code !== Scan.event) {
      freeText = false
      facts.structural++
      return LineKind.structural
    }
    const ticks = head.ticks === 1
    if (ticks !== facts.ticks) {
      if (facts.ticks !== null) return malformed(batch, p, end, Scan.mixedClock)
      facts.ticks = ticks
    }
    const b = batch.bytes
    const spelled = head.givenName < 0 && head.nameBytes === null
    const name = spelled ? dictionary.intern(b, head.nameStart, head.nameEnd) : nameApart()
    const choice = chooser.choose(name, b, head)
    freeText = (choice & Choice.freeText) !== 0
    ignoring = (choice & Choice.ignored) !== 0
    if (ignoring) {
      facts.ignored++
      heard.ignored(batch, head, offset, facts.lines + 1)
      head.commBytes = head.payloadBytes = null
      return LineKind.ignored
    }
    if (head.boot !== 0) noteBoot(batch)
    if (head.input !== part) notePart(batch)
    const i = batch.count++
    batch.line[i] = batch.lineCount
    if (shifted) setNanoseconds(head, timeOf(head) + offset)
    batch.timeWords[2 * i] = head.timeLow
    batch.timeWords[2 * i + 1] = head.timeHigh
    batch.cpu[i] = head.cpu
    batch.pid[i] = head.pid
    batch.tgid[i] = head.tgid
    batch.comm[i] =
      head.commStart >= 0 && head.commBytes === null ? dictionary.intern(b, head.commStart, head.commEnd) : commApart()
    batch.name[i] = name
    batch.payloadStart[i] = head.payloadStart
    batch.payloadEnd[i] = head.payloadEnd < 0 || head.payloadEnd > end ? end : head.payloadEnd
    if (head.payloadBytes !== null) {
      respell(batch, i, head.payloadBytes)
      head.payloadBytes = null
    }
    facts.events++
    return LineKind.event
  }

  /** Apart from `readEvent`, which is only fast as long as V8 inlines all of it. */
  function nameApart(): number {
    const bytes = head.givenName < 0 ? head.nameBytes! : GIVEN_NAME_BYTES[head.givenName]!
    head.nameBytes = null
    return dictionary.intern(bytes, 0, bytes.length)
  }

  function commApart(): number {
    const bytes = head.commBytes
    head.commBytes = null
    return bytes === null ? UNNAMED : dictionary.intern(bytes, 0, bytes.length)
  }

  function factsSoFar(): CaptureFacts {
    takeFacts(facts, layout.facts?.())
    return { ...structuredClone(facts), ignoredNames: chooser.counts() }
  }

  /** Lines that a mailer wraps, or that are put together out of others, have no width of their own. */
  function measure(batch: OpenBatch): void {
    if (!measured && batch.respelled.length === 0) width.see(batch)
    measured = true
  }

  function endLine(batch: OpenBatch, kind: LineKind, next: number): void {
    batch.lineKind[batch.lineCount++] = kind
    batch.lineStart[batch.lineCount] = next
    batch.scanned = next
    facts.lines++
  }

  function notePart(batch: OpenBatch): void {
    part = head.input
    const name = layout.inputs?.[part] ?? facts.format
    const place = { line: facts.lines + 1, beforeEvent: batch.count }
    batch.notes.push({ kind: 'input', input: part, name, ...place }, { kind: 'recording', on: part !== 0, ...place })
  }

  function noteBoot(batch: OpenBatch): void {
    head.boot = 0
    facts.bootId = null
    batch.notes.push({ kind: 'boot', line: facts.lines + 1, id: null, beforeEvent: batch.count })
  }

  function scan(batch: OpenBatch, lineLimit: number, maxLine: number): 'full' | 'overlong' | 'more' {
    const b = batch.bytes
    const filled = batch.filled
    b[filled] = LF
    if (begun) noteInput(batch, facts.lines + 1, input!)
    begun = false
    if (partial !== null) batch.notes.push({ kind: 'partial', line: 1, why: partial, beforeEvent: 0 })
    partial = null
    while (batch.lineCount < lineLimit) {
      const p = batch.scanned
      const code = layout.scan(b, p, head)
      const stop = nextLineFeed(b, batch.words, code > 0 ? head.payloadStart : p)
      if (stop - p > maxLine) return 'overlong'
      if (stop >= filled) return 'more'
      const end = stop > p && b[stop - 1] === CR ? stop - 1 : stop
      endLine(batch, code > 0 ? readEvent(batch, p, end, code) : readOther(batch, p, end, false), stop + 1)
    }
    return 'full'
  }

  return {
    scan,
    beginInput(next) {
      input = next
      offset = BigInt(next.offset)
      shifted = offset !== 0n
      layout = beginLayout(next.format, next.begin, options.at)
      ignoring = false
      freeText = false
      begun = true
      if (!facts.format.split('+').includes(next.format)) facts.format += `+${next.format}`
    },
    scanLast(batch) {
      const b = batch.bytes
      const p = batch.scanned
      const end = batch.filled
      b[end] = LF
      const code = layout.scan(b, p, head)
      endLine(batch, code > 0 ? readEvent(batch, p, end, code) : readOther(batch, p, end, true), end)
    },
    addOverlong(batch, end, length, kept, sha256) {
      batch.notes.push({ kind: 'overlong', line: facts.lines + 1, length, kept, sha256, beforeEvent: batch.count })
      endLine(batch, malformed(batch, batch.scanned, end, Scan.overlong), end)
    },
    finish(batch) {
      heard.end(batch, facts.lines)
      measure(batch)
      const cut = width.cutAt()
      const place = { line: facts.lines, beforeEvent: batch.count }
      if (cut !== null) batch.notes.push({ kind: 'partial', why: `its lines are cut at ${cut} bytes`, ...place })
      if (layout.waiting?.()) batch.notes.push({ kind: 'cut', line: facts.lines, beforeEvent: batch.count })
    },
    close(batch) {
      measure(batch)
      measured = false
      const firstString = givenStrings
      givenStrings = dictionary.texts.length
      const firstLine = facts.lines - batch.lineCount + 1
      return toRecordBatch(batch, firstLine, firstString, dictionary.texts.slice(firstString))
    },
    facts: () => factsSoFar(),
    remarks: () => layout.remarks?.() ?? [],
    state: () => ({
      version: 1,
      facts: factsSoFar(),
      strings: dictionary.texts.length,
      latin1: [...dictionary.latin1],
      freeText,
      ignoring,
      ...(part === 0 ? {} : { part }),
      heard: heard.state(),
      width: width.state(),
      layout: layout.state(),
      ...(input ? { input } : {}),
    }),
  }
}
