import { type AddressNames, createAddressNames } from './addresses.ts'
import { createDeviceNames, type DeviceNames } from './devices.ts'
import type { RedactionKey } from './key.ts'
import { createTaskNames, type TaskNames } from './tasks.ts'

/** Everything that stands for something else in redacted text. Under one key the same values have the same pseudonyms. */
export interface Pseudonyms extends TaskNames, AddressNames, DeviceNames {
  /** `exporter-1a2b3c4d`: for names of which only that they differ may be seen. */
  label(kind: string, name: string): string
}

/** What stands where nothing may be seen. */
export const REDACTED = 'redacted'

export function createPseudonyms(key: RedactionKey): Pseudonyms {
  return {
    ...createTaskNames(key),
    ...createAddressNames(key),
    ...createDeviceNames(key),
    label: (kind, name) => `${kind}-${key.digest(kind, name).toString('hex').slice(0, 8)}`,
  }
}
