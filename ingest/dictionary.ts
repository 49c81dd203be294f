import { isUtf8 } from 'node:buffer'
import { decodeText } from './decode-text.ts'

/** Byte strings that repeat, each numbered once: a string is made for the first of them only. */
export class Dictionary {
  readonly texts: string[] = []
  /** Ids whose bytes are not valid UTF-8 and were decoded as Latin-1. */
  readonly latin1: number[] = []
  #bytes = new Uint8Array(16 * 1024)
  #start = new Uint32Array(1024)
  #size = 0
  #slots = new Uint32Array(4096)
  /** The id last found for a length and three bytes: nearly always the right one, and much cheaper than the hash. */
  #recent = new Uint32Array(4096)

  /** Id of `b[from, to)`, counting from 0 in the order of first sight. */
  intern(b: Uint8Array, from: number, to: number): number {
    const length = to - from
    if (length === 0) return this.#find(b, from, to)
    const guess = (length * 1021 + b[from]! * 31 + b[to - 1]! * 257 + b[(from + to) >> 1]! * 67) & 4095
    const id = this.#recent[guess]! - 1
    if (id >= 0) {
      const start = this.#start[id]!
      if (this.#start[id + 1]! - start === length && equal(this.#bytes, start, b, from, length)) return id
    }
    const found = this.#find(b, from, to)
    this.#recent[guess] = found + 1
    return found
  }

  #find(b: Uint8Array, from: number, to: number): number {
    const length = to - from
    let hash = 0x811c9dc5
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ b[i]!, 0x01000193)
    hash ^= hash >>> 15
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (;;) {
      const id = this.#slots[slot]! - 1
      if (id < 0) return this.#add(b, from, to, slot)
      const start = this.#start[id]!
      if (this.#start[id + 1]! - start === length && equal(this.#bytes, start, b, from, length)) return id
      slot = (slot + 1) & mask
    }
  }

  /** Puts back what an earlier dictionary held, in its order. */
  restore(texts: readonly string[], latin1: readonly number[]): void {
    const raw = new Set(latin1)
    for (const [id, text] of texts.entries()) {
      const bytes = Buffer.from(text, raw.has(id) ? 'latin1' : 'utf8')
      this.intern(bytes, 0, bytes.length)
    }
  }

  #add(b: Uint8Array, from: number, to: number, slot: number): number {
    const id = this.texts.length
    const bytes = Buffer.from(b.buffer, b.byteOffset + from, to - from)
    if (this.#size + bytes.length > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#size + bytes.length)
    if (id + 2 > this.#start.length) this.#start = grown(this.#start, id + 2)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
    this.#start[id + 1] = this.#size
    this.texts.push(decodeText(bytes))
    if (!isUtf8(bytes)) this.latin1.push(id)
    this.#slots[slot] = id + 1
    if (this.texts.length * 2 > this.#slots.length) this.#rehash()
    return id
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 4)
    const mask = this.#slots.length - 1
    for (let id = 0; id < this.texts.length; id++) {
      let hash = 0x811c9dc5
      for (let i = this.#start[id]!; i < this.#start[id + 1]!; i++) hash = Math.imul(hash ^ this.#bytes[i]!, 0x01000193)
      hash ^= hash >>> 15
      let slot = hash & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = id + 1
    }
  }
}

function equal(a: Uint8Array, at: number, b: Uint8Array, from: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[from + i]) return false
  return true
}

function grown<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(array: T, atLeast: number): T {
  const larger = new (array.constructor as new (n: number) => T)(Math.max(atLeast, array.length * 2))
  larger.set(array)
  return larger
}
