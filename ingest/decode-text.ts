import { isUtf8 } from 'node:buffer'

/** The bytes as text: UTF-8 where valid, else Latin-1, which loses nothing: a task name or a marker may hold any bytes. */
export function decodeText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1')
}
