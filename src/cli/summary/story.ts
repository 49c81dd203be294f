import type Database from 'better-sqlite3'
import { printable } from '../../output/table.ts'
import { attached } from './deeds/attached.ts'
import { type Deed, readDeeds } from './deeds/deed.ts'
import { exported } from './deeds/exported.ts'
import { mapped } from './deeds/mapped.ts'
import { reset } from './deeds/reset.ts'
import { revoked } from './deeds/revoked.ts'
import { type Page, quoted, VERDICT_STYLE } from './page.ts'
import { many, timeText } from './quantity.ts'

const KINDS = [exported, attached, mapped, revoked, reset]
const PLACES = 6
const DEEDS = 24

export interface StoryOptions {
  capture: number
  ticks: boolean
  /** The command that tells all of one device. */
  more: (device: string) => string
}

/** What happened, device by device, each in time order; what happened often is told once. */
export function* storyText(sqlite: Database.Database, page: Page, options: StoryOptions): Generator<string> {
  const { ticks } = options
  const deeds = KINDS.flatMap((kind) => readDeeds(sqlite, options.capture, kind, ticks))
  const places = byPlace(deeds)
  for (const [place, told] of places.slice(0, PLACES)) {
    yield `${page.paint('bold', quoted(place, page.width))}\n`
    const digits = Math.max(...told.map(({ ns }) => (ns === null ? 0 : timeText(ns, ticks).length)))
    for (const { ns, text, verdict, timed } of told.slice(0, DEEDS)) {
      const time = (ns === null || !timed ? '' : timeText(ns, ticks)).padStart(digits)
      const judged = verdict === null ? '' : `: ${page.paint(VERDICT_STYLE[verdict], verdict)}`
      yield `  ${page.paint('dim', time)}  ${withVerdicts(printable(text), page)}${judged}\n`
    }
    if (told.length > DEEDS) yield `  ${page.paint('dim', `… ${told.length - DEEDS} more: ${options.more(place)}`)}\n`
    yield '\n'
  }
  if (places.length > PLACES) yield `${page.paint('dim', `… and ${many(places.length - PLACES, 'more exporter')}`)}\n\n`
}

/** In time order; places in the order in which something first happened there. */
function byPlace(deeds: Deed[]): [place: string, deeds: Deed[]][] {
  const places = new Map<string, Deed[]>()
  for (const deed of deeds.sort((a, b) => inTime(a.ns, b.ns))) {
    const told = places.get(deed.place)
    if (told) told.push(deed)
    else places.set(deed.place, [deed])
  }
  const weight = (told: Deed[]) =>
    told.some(({ text, verdict }) => verdict ?? /\b(?:violated|clean)\b/.test(text)) ? 0 : 1
  return [...places].sort(([, a], [, b]) => weight(a) - weight(b))
}

/** What was there before the trace comes first. */
function inTime(a: bigint | null, b: bigint | null): number {
  if (a === b) return 0
  if (a === null) return -1
  return b === null || a > b ? 1 : -1
}

/** Colours the verdicts that a line counts. */
function withVerdicts(text: string, page: Page): string {
  return text.replace(/\b[\d,]+ (violated|undetermined)\b/g, (words, verdict: 'violated' | 'undetermined') =>
    page.paint(VERDICT_STYLE[verdict], words),
  )
}
