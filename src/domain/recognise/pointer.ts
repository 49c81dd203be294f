/** Pointers as the kernel returns them: an address, NULL, or an errno in the last page (include/linux/err.h). */

const MAX_ERRNO = 4095n
const TOP = 1n << 64n

/** Positive errno of an ERR_PTR (`0xffffffffffffffed` → 19), or null where the value is none. */
export function errnoOf(pointer: string): number | null {
  if (!pointer.startsWith('0xfffffffffffff')) return null
  const value = u64(pointer)
  return value !== null && value >= TOP - MAX_ERRNO ? Number(TOP - value) : null
}

/** A return value printed as a number: positive errno, or null for success or a pointer. */
export function errnoOfNumber(value: string): number | null {
  if (value.startsWith('0x')) return errnoOf(value)
  const number = Number(value)
  return number < 0 && number >= -4095 ? -number : null
}

export function isNull(pointer: string): boolean {
  return /^0x0*$/.test(pointer)
}

/** A usable object address: not NULL, not an error, in the kernel's half. */
export function isAddress(pointer: string | null): pointer is string {
  return pointer?.startsWith('0x') === true && !isNull(pointer) && errnoOf(pointer) === null
}

const ERRNO_NAMES: Record<number, string> = {
  1: 'EPERM',
  4: 'EINTR',
  5: 'EIO',
  11: 'EAGAIN',
  12: 'ENOMEM',
  14: 'EFAULT',
  16: 'EBUSY',
  19: 'ENODEV',
  22: 'EINVAL',
  25: 'ENOTTY',
  38: 'ENOSYS',
  95: 'EOPNOTSUPP',
  110: 'ETIMEDOUT',
  512: 'ERESTARTSYS',
}

export function errnoName(errno: number): string {
  return ERRNO_NAMES[errno] ?? `errno ${errno}`
}

/** Unsigned 64-bit from decimal, `0x…`, or hex without prefix when `hex`; null where the text is no number of 64 bits. */
export function u64(text: string | null, hex = false): bigint | null {
  if (text === null || text === '') return null
  try {
    const value = BigInt(hex && !text.startsWith('0x') ? `0x${text}` : text)
    // A signed format prints the upper half as negative.
    const unsigned = BigInt.asUintN(64, value)
    return unsigned === value || BigInt.asIntN(64, value) === value ? unsigned : null
  } catch {
    return null
  }
}
