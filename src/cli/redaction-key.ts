import { readFileSync } from 'node:fs'
import { LEAST_KEY_BYTES, passingKey, type RedactionKey, redactionKey } from '../redact/key.ts'
import { type RedactOptions, UsageError } from './command.ts'

/** The key that `--redact` asks for; null where nothing is to be redacted. Throws `UsageError` for one that cannot be used. */
export function keyOf(command: string, { redact, redactKey }: RedactOptions): RedactionKey | null {
  if (redactKey === undefined) return redact ? passingKey() : null
  if (!redact) throw new UsageError(`${command}: --redact-key says how to redact; give --redact as well`)
  let secret: Buffer
  try {
    secret = readFileSync(redactKey)
  } catch (error) {
    throw new UsageError(`${command}: --redact-key ${redactKey} cannot be read: ${(error as Error).message}`)
  }
  if (secret.length < LEAST_KEY_BYTES)
    throw new UsageError(
      `${command}: --redact-key ${redactKey} has ${secret.length} bytes and could be guessed; make one of 32: head -c 32 /dev/urandom > ${redactKey}`,
    )
  return redactionKey(secret)
}
