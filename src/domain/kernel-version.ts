/** A kernel's version, as far as what is known of kernels depends on it. */
export interface KernelVersion {
  major: number
  minor: number
}

/** `7.3`, `6.12.95+deb12-amd64`, `v7.1-rc3` → major and minor; null where the text is no version. */
export function parseVersion(text: string): KernelVersion | null {
  const match = /^v?(\d{1,3})\.(\d{1,4})(?![\d])/.exec(text.trim())
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : null
}

export function isSince({ major, minor }: KernelVersion, wantedMajor: number, wantedMinor: number): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

/** The kernels of which something is true: from `since` on, and before `until`; null is an open end. */
export interface KernelRange {
  since: string | null
  until: string | null
}

/** Whether it may be true of this kernel; of an unknown one it may. */
export function mayHold({ since, until }: KernelRange, kernel: KernelVersion | null): boolean {
  if (kernel === null) return true
  return isAtLeast(kernel, since) && (until === null || !isAtLeast(kernel, until))
}

/** Whether it is certainly true of this kernel. */
export function holds(range: KernelRange, kernel: KernelVersion | null): boolean {
  return kernel === null ? range.since === null && range.until === null : mayHold(range, kernel)
}

function isAtLeast(kernel: KernelVersion, version: string | null): boolean {
  const wanted = version === null ? null : parseVersion(version)
  return wanted === null || isSince(kernel, wanted.major, wanted.minor)
}
