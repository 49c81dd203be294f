import type { Segment } from '../log/segments.ts'
import type { Numbering } from './store.ts'

type Place = Pick<Segment, 'firstSeq' | 'firstPosition'>

/** Finds the position of any event of a capture from where its segments begin, given in order; more may be added. */
export function createPositions(places: Place[]): (seq: number) => number {
  return (seq) => {
    let low = 0
    let high = places.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (places[middle]!.firstSeq <= seq) low = middle
      else high = middle - 1
    }
    const place = places[low]
    if (place === undefined || seq < place.firstSeq) throw new RangeError(`event ${seq} is not in the log`)
    return place.firstPosition + seq - place.firstSeq
  }
}

/** For a fold that is fed in the order of the log. */
export function inLogOrder(positionOf: (seq: number) => number): Numbering {
  return { seqOf: (n) => n, positionOf }
}
