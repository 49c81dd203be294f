import { LF } from './ascii.ts'
import type { DetectedLayout } from './detect-layout.ts'
import { detectJson } from './json/detect-json.ts'
import { detectMail } from './mail/detect-mail.ts'
import type { Refusal } from './refusal.ts'
import { detectAtrace, detectPage } from './tools/detect-page.ts'
import { isBareQemuLine } from './tools/qemu-log.ts'

/**
 * Traces that stand in something else, and traces of other programs: mails, pages, JSON lines, atrace, QEMU's log. `head`
 * holds whole lines; null where it is none of these. `detectInner` tells the layout of what a mail holds.
 */
export function detectWrapped(
  head: Buffer,
  detectInner: (text: Buffer) => DetectedLayout | Refusal,
): DetectedLayout | Refusal | null {
  const text = head.toString('latin1')
  const lines = linesOf(head)
  return (
    detectJson(lines.map((line) => line.toString('utf8'))) ??
    detectPage(text, lines) ??
    detectMail(lines, detectInner) ??
    detectAtrace(text, lines) ??
    detectQemu(text)
  )
}

function linesOf(head: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < head.length; ) {
    const found = head.indexOf(LF, start)
    const end = found < 0 ? head.length : found
    lines.push(head.subarray(start, end > start && head[end - 1] === 13 ? end - 1 : end))
    start = end + 1
  }
  return lines
}

/** Lines with QEMU's prefix, or none but lines of subsystems that are known. */
function detectQemu(text: string): DetectedLayout | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && line[0] !== '#')
  if (lines.length === 0) return null
  const isPrefixed = (line: string) => /^\d{1,9}@\d{1,10}\.\d{6}:[A-Za-z_]\w*(?:\s|$)/.test(line)
  const log = lines.filter(isPrefixed).length * 2 > lines.length
  return log || lines.every((line) => isPrefixed(line) || isBareQemuLine(line))
    ? { kind: 'layout', format: 'qemu-log' }
    : null
}
