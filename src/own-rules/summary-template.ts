import { hex, span } from '../domain/rules/wording.ts'
import { OwnRuleError } from './own-rule-error.ts'

export type SqlValue = bigint | number | string | Buffer | null

const PLACE = /\{(\w+)(?::(\w+))?\}/g

/** How a value is written: `{took_ns:span}` as a duration, `{iova:hex}` as an address. */
const FORMS: Record<string, (value: bigint) => string> = { span, hex: (value) => hex(BigInt.asUintN(64, value)) }

/** Columns that a summary speaks of. Throws `OwnRuleError` for a form that there is not. */
export function columnsOf(path: string, template: string): string[] {
  return [...template.matchAll(PLACE)].map(([, column, form]) => {
    if (form !== undefined && !Object.hasOwn(FORMS, form))
      throw OwnRuleError.of(path, `summary: {${column}:${form}}: ${form} is none of ${Object.keys(FORMS).join(', ')}`)
    return column!
  })
}

/** Puts a row's values into a summary; unknown ones are `unknown`. */
export function fillSummary(template: string, row: Record<string, SqlValue>): string {
  return template.replace(PLACE, (_, column: string, form?: string) => {
    const value = row[column] ?? null
    if (value === null) return 'unknown'
    if (form !== undefined && typeof value === 'bigint') return FORMS[form]!(value)
    return column === 'ino' && typeof value === 'bigint' ? String(BigInt.asUintN(64, value)) : String(value)
  })
}
