/** A rule of the user's own cannot be used: exit 2. The message says which file, what, and what to do next. */
export class OwnRuleError extends Error {
  readonly exitCode = 2

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'OwnRuleError'
  }

  static of(file: string, what: string, cause?: unknown): OwnRuleError {
    return new OwnRuleError(`${file}: ${what}`, cause)
  }
}
