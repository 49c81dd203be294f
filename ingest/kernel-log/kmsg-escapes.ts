import { LF } from '../ascii.ts'

/** The text of a /dev/kmsg record at `p`, its `\x0a` escapes as the bytes they stand for (printk.c `append_char()`s). */
export function unescapeRecord(b: Uint8Array, p: number): Buffer | null {
  const end = b.indexOf(LF, p)
  const text = Buffer.from(b.subarray(p, end)).toString('latin1').replace(/\r$/, '')
  if (!text.includes('\\x')) return null
  return Buffer.from(
    text.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
