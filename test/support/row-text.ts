/** The rows of a fold as text that people read and `diff` compares: a line each, unknown left out. */
import { createHash } from 'node:crypto'
import { ACT_TYPES } from '../../src/domain/act-type.ts'
import type { Folded } from './fold-file.ts'

const TABLES = ['buffers', 'attachments', 'mappings', 'revocations', 'resets', 'gaps', 'findings'] as const

export function rowText(folded: Folded): string {
  const tables = TABLES.map((name) => `${name}\n${folded[name].map((row) => `  ${fieldsOf(row)}\n`).join('')}`)
  return `${folded.events} events, tier ${folded.tier}\n${tables.join('')}`
}

/** What each event turned out to be about: `number: type buffer attachment device`, those without meaning left out. */
export function meaningText({ meanings }: Folded): string {
  return meanings
    .map(
      ({ seq, type, buffer, attachment, device }) =>
        `  ${seq}: ${[ACT_TYPES[type], numbered('buffer', buffer), numbered('attachment', attachment), numbered('device', device)].filter(Boolean).join(' ')}\n`,
    )
    .join('')
}

function numbered(what: string, index: number): string {
  return index < 0 ? '' : `${what}=${index}`
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function fieldsOf(row: object): string {
  return Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${textOf(name, value)}`)
    .join(' ')
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'bigint' && /^(?:ns|.*Ns)$/.test(name)) return secondsOf(value)
  if (Array.isArray(value)) return `[${value.join(' ')}]`
  return typeof value === 'string' && /\s/.test(value) ? JSON.stringify(value) : String(value)
}

function secondsOf(ns: bigint): string {
  const digits = String(ns < 0n ? -ns : ns).padStart(10, '0')
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/000(?:000)?$/, '')
}
