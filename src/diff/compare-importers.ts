import type { ImporterFact } from './evidence.ts'

export interface ImporterDifference {
  device: string | null
  change: 'new' | 'gone' | 'changed' | 'same'
  before: ImporterFact[]
  after: ImporterFact[]
  /** Which of class, callback, p2p, basis and deferred differ. */
  fields: ImporterField[]
}

export type ImporterField = 'class' | 'callback' | 'p2p' | 'basis' | 'deferred'
const FIELDS: readonly ImporterField[] = ['class', 'callback', 'p2p', 'basis', 'deferred']

/** Device by device: what it can do about an invalidate, and how that is known. */
export function compareImporters(
  before: readonly ImporterFact[],
  after: readonly ImporterFact[],
): ImporterDifference[] {
  const devices = [...new Set([...before, ...after].map(({ device }) => device))].sort()
  return devices.map((device) => {
    const [then, now] = [before, after].map((list) => list.filter((fact) => fact.device === device)) as [
      ImporterFact[],
      ImporterFact[],
    ]
    const fields =
      then.length === 0 || now.length === 0
        ? []
        : FIELDS.filter((field) => valuesOf(then, field) !== valuesOf(now, field))
    const change = then.length === 0 ? 'new' : now.length === 0 ? 'gone' : fields.length > 0 ? 'changed' : 'same'
    return { device, change, before: then, after: now, fields }
  })
}

/** A device can import in several ways: what counts is which there are. */
function valuesOf(facts: readonly ImporterFact[], field: ImporterField): string {
  return JSON.stringify([...new Set(facts.map((fact) => String(fact[field])))].sort())
}
