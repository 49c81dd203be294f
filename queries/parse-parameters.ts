import type { Query } from './query.ts'

export interface ParameterProblem {
  parameter: string
  message: string
}

export type ParsedParameters = { ok: true; params: never } | { ok: false; problems: ParameterProblem[] }

/** Reads a query's parameters from `key, value` pairs of text. All that is wrong is told at once. */
export function parseParameters(query: Query, pairs: Iterable<readonly [string, string]>): ParsedParameters {
  const problems: ParameterProblem[] = []
  const given = new Map<string, string>()
  for (const [parameter, text] of pairs) {
    if (!Object.hasOwn(query.parameters, parameter)) {
      const known = Object.keys(query.parameters).join(', ')
      problems.push({ parameter, message: `${query.name} has no such parameter; it has ${known}` })
    } else if (given.has(parameter)) {
      problems.push({ parameter, message: 'is given twice' })
    }
    given.set(parameter, text)
  }
  const params: Record<string, unknown> = {}
  for (const [parameter, schema] of Object.entries(query.parameters)) {
    const parsed = schema.safeParse(given.get(parameter))
    if (parsed.success) params[parameter] = parsed.data
    else problems.push({ parameter, message: `"${given.get(parameter)}" ${parsed.error.issues[0]!.message}` })
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, params: params as never }
}
