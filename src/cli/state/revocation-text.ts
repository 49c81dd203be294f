import type { RevocationAt, RevocationPhase } from '../../projection/state/rows.ts'
import { many } from '../summary/quantity.ts'
import type { Clock } from './clock.ts'

const PHASES: Record<RevocationPhase, string> = {
  telling: 'the importers are being told',
  'waiting-for-fences': 'waiting for fences',
  'waiting-for-unmaps': 'waiting for unmaps',
  returning: 'all is done but the return of the call',
  complete: 'complete, not restored',
}

/** Its phase, then what had happened of it, then for whom it was waiting. */
export function* revocationText(revocation: RevocationAt, clock: Clock): Generator<string> {
  const { cause, permanent, phase, requestedNs, waitingFor } = revocation
  const why = cause === 'unknown' ? '' : ` (${cause})`
  yield `revocation${why}${permanent ? ', for good' : ''}, requested ${clock.ago(requestedNs)}: ${PHASES[phase]}`
  const steps: [string, bigint | null][] = [
    ['told', revocation.notifiedNs],
    ['fences drained', revocation.fencesNs],
    ['unmapped', revocation.unmappedNs],
    ['complete', revocation.completedNs],
  ]
  const done = steps.flatMap(([what, ns]) => (ns === null ? [] : [`${what} ${clock.ago(ns)}`]))
  if (done.length > 0) yield `  ${done.join(', ')}`
  for (const { importerDevice, mappings } of waitingFor)
    yield `  still mapped: ${importerDevice ?? 'an unknown importer'}, ${many(mappings, 'mapping')}`
}
