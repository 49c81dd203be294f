/** A number of a JSON text, digit for digit as it stands there: integers beyond 2^53 and decimals lose nothing. */
export class ExactNumber {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

export type ExactValue = null | boolean | string | ExactNumber | ExactValue[] | { [key: string]: ExactValue }

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown

/** The language's types do not know the third argument yet (ECMAScript 2026, JSON.parse source text access). */
const parse = JSON.parse as (text: string, reviver: Reviver) => ExactValue

/** The value, or undefined where the text is no JSON. */
export function parseExact(text: string): ExactValue | undefined {
  try {
    return parse(text, (_, value, { source }) => (typeof value === 'number' ? new ExactNumber(source!) : value))
  } catch {
    return undefined
  }
}

/** Whether the value is an object, with its members in the order of the text. */
export function isObject(value: ExactValue | undefined): value is { [key: string]: ExactValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
}

const INTEGER = /^-?\d+$/

/** An integer, as a number or a decimal string; null where it is neither. */
export function exactInteger(value: ExactValue): bigint | null {
  const text = value instanceof ExactNumber ? value.source : value
  return typeof text === 'string' && text.length <= 40 && INTEGER.test(text) ? BigInt(text) : null
}
