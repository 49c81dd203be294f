import type { Machine } from '../kernel/machine.ts'
import type { Buffer } from '../kernel/objects.ts'
import type { TrueRevocation } from './truth.ts'

/** The exporter begins to take a buffer back, or to move it. */
export function noteRevocation(
  { truth }: Machine,
  { ino }: Buffer,
  begun: Pick<TrueRevocation, 'at' | 'cause' | 'permanent'>,
): TrueRevocation {
  const revocation: TrueRevocation = {
    kind: 'revocation',
    ino,
    ...begun,
    restored: false,
    violated: false,
    doubtful: false,
    fencesForgotten: false,
  }
  truth.revocations.push(revocation)
  return revocation
}
