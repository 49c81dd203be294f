import type { DetectedLayout } from '../detect-layout.ts'
import { scanUnpadded } from '../ftrace/scan-kernel-text.ts'
import { createLineHead, Scan } from '../line-head.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { structureOf } from '../structure.ts'

/** What only pages of systrace and the trace viewer say; the trace itself may come megabytes later. */
const SYSTRACE =
  /class="trace-data"|linuxPerfData|Android System Trace|trace[-_]viewer|tr\.exportTo|i18n-values="dir:textdirection/
const PAGE = /^\s*(?:<!doctype html|<html|<!--|<script|<head|<\?xml)/i

const HTML = refuse(
  'html',
  'This is a web page, and none of systrace.',
  'Save the text of the trace itself, not the page that shows it.',
)
const VIEWER_DATA = refuse(
  'systrace-compressed',
  'The page holds its trace as compressed JSON of the trace viewer, which is not read.',
  'Give the trace that it was made of: the text of /sys/kernel/tracing/trace, or atrace without -z.',
)
const COMPRESSED = refuse(
  'atrace-compressed',
  'This is atrace with its trace compressed (option -z).',
  'Record it again without -z.',
)

/** A page of systrace, old or new, or text cut out of one; null where the input is no page. */
export function detectPage(text: string, lines: readonly Buffer[]): DetectedLayout | Refusal | null {
  if (PAGE.test(text)) {
    if (/id="viewer-data"/.test(text)) return VIEWER_DATA
    return SYSTRACE.test(text) ? { kind: 'layout', format: 'systrace-html' } : HTML
  }
  if (/^\s*var linuxPerfData\s*=\s*"/.test(text) || lines.some(isLineOfString))
    return { kind: 'layout', format: 'systrace-html' }
  return null
}

function isLineOfString(line: Buffer): boolean {
  if (!line.subarray(-3).equals(LINE_ESCAPES)) return false
  return scanUnpadded(Buffer.concat([line, LINE_FEED]), 0, createLineHead()) === Scan.event
}

const LINE_FEED = Buffer.of(10)
const LINE_ESCAPES = Buffer.from('\\n\\')

/** Kernel text below a line `TRACE:` with words of atrace above it; null where there are none. */
export function detectAtrace(text: string, lines: readonly Buffer[]): DetectedLayout | Refusal | null {
  const mark = /^(?:# )?TRACE:[ \r]*\n?/m.exec(text)
  if (!mark) return null
  if (/^\x78[\x01\x5e\x9c\xda]/.test(text.slice(mark.index + mark[0].length))) return COMPRESSED
  const above = lines.slice(0, text.slice(0, mark.index).split('\n').length - 1)
  const words = above.some((line) => structureOf(Buffer.concat([line, LINE_FEED]), 0, line.length) === null)
  return words ? { kind: 'layout', format: 'atrace' } : null
}
