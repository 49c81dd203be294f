import type { Context } from 'hono'
/** Errors as RFC 9457 `application/problem+json`. */

/** The last part of a problem's `type`: what a program may tell problems apart by. */
export type ProblemCode =
  | 'not-found'
  | 'bad-parameter'
  | 'not-acceptable'
  | 'method-not-allowed'
  | 'wrong-host'
  | 'rule-failed'
  | 'unavailable'
  | 'internal'

const PROBLEMS: Record<ProblemCode, { status: number; title: string }> = {
  'bad-parameter': { status: 400, title: 'A parameter is wrong' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This cannot be done here' },
  'not-acceptable': { status: 406, title: 'No representation is acceptable' },
  'wrong-host': { status: 421, title: 'Not asked as this machine' },
  internal: { status: 500, title: 'Internal error' },
  'rule-failed': { status: 500, title: 'A rule of the user cannot be used' },
  unavailable: { status: 503, title: 'The log cannot be read now' },
}

/** `detail` says what, where and what to do next; `more` are members of its own. */
export function problem(
  code: ProblemCode,
  detail: string,
  more: object = {},
  headers: Record<string, string> = {},
): Response {
  const { status, title } = PROBLEMS[code]
  const body = { type: `urn:revenant:problem:${code}`, title, status, detail, ...more }
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { ...headers, 'Content-Type': 'application/problem+json' },
  })
}

/** What the routes that only answer say to any other method. */
export function onlyRead({ req }: Context): Response {
  return problem(
    'method-not-allowed',
    `${req.path} can be read with GET, not ${req.method}`,
    {},
    { Allow: 'GET, HEAD' },
  )
}
