import { createHmac, randomBytes } from 'node:crypto'

/** Makes pseudonyms: the same value gets the same one under the same key, and nobody without the key can tell whose it is. */
export interface RedactionKey {
  /** 32 bytes that stand for `value` among values of one kind. */
  digest(kind: string, value: string): Buffer
}

/** Shorter ones could be guessed. */
export const LEAST_KEY_BYTES = 16

export function redactionKey(secret: Buffer): RedactionKey {
  return {
    digest: (kind, value) => createHmac('sha256', secret).update(`${kind}\0${value}`, 'latin1').digest(),
  }
}

/** A key that is forgotten with the process. */
export function passingKey(): RedactionKey {
  return redactionKey(randomBytes(32))
}
