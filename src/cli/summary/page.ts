import { styleText } from 'node:util'
import type { EpisodeVerdict, Severity } from '../../domain/rules.ts'
import { printable } from '../../output/table.ts'
import type { GlobalOptions, Io } from '../command.ts'

/** How text for a person is set: its width, whether it has colour, and how the capture's clock counts. */
export interface Page {
  /** Characters a quoted line may have. */
  width: number
  paint(style: Style, text: string): string
}

export type Style = Parameters<typeof styleText>[0]

/** A file or a pipe has no width: long enough for every probe's line, short enough for a marker of 64 KiB. */
const WIDTH_OF_A_FILE = 240

export function createPage({ color }: Pick<GlobalOptions, 'color'>, stdout: Io['stdout']): Page {
  const coloured = color && stdout.isTTY === true
  return {
    width: stdout.isTTY ? (stdout.columns ?? 80) : WIDTH_OF_A_FILE,
    paint: (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text),
  }
}

export const SEVERITY_STYLE: Record<Severity, Style> = {
  critical: ['bold', 'red'],
  error: 'red',
  warning: 'yellow',
  info: 'cyan',
}

export const VERDICT_STYLE: Record<EpisodeVerdict, Style> = {
  clean: 'green',
  violated: 'red',
  undetermined: 'yellow',
}

/** Text of a trace, safe for a terminal and cut to `width` characters. */
export function quoted(text: string, width: number): string {
  const characters = [...printable(text.trim())]
  return characters.length <= width ? characters.join('') : `${characters.slice(0, Math.max(1, width - 1)).join('')}…`
}
