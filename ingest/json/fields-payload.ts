import { ExactNumber, type ExactValue } from './exact-json.ts'

/**
 * `fields` as a payload: `k=v` in the given order, as a probe event prints them (trace_probe.c). Strings that are empty or
 * hold a blank or a quote stand in double quotes, unescaped as the kernel's; lists in braces; null is left out, for unknown is not printed.
 * Null where a value is an object, or a list of more than single values.
 */
export function fieldsPayload(fields: { [key: string]: ExactValue }): string | null {
  const parts: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) continue
    const text = Array.isArray(value) ? list(value) : single(value)
    if (text === null) return null
    parts.push(`${name}=${text}`)
  }
  return parts.join(' ')
}

function list(values: ExactValue[]): string | null {
  const texts = values.map((value) => (value === null ? null : single(value)))
  return texts.includes(null) ? null : `{${texts.join(',')}}`
}

function single(value: ExactValue): string | null {
  if (value instanceof ExactNumber) return value.source
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value !== 'string') return null
  return value === '' || /[\s"]/.test(value) ? `"${value}"` : value
}
