/** Merges runs of timed events into one order: by time, then by number. A run is opened when its first time is reached. */
export interface TimedRun {
  time: BigInt64Array
  /** Number of the run's first event. */
  firstSeq: number
}

export interface ClosedRun<Run extends TimedRun> {
  firstNs: bigint
  firstSeq: number
  open(): Run
}

interface Head<Run> {
  run: Run
  /** Indexes of the run's events in the order of their times. */
  order: Uint32Array
  at: number
  time: bigint
  seq: number
}

/** Answers the next event on each call, undefined after the last. */
export function createTimeMerge<Run extends TimedRun>(
  runs: ClosedRun<Run>[],
): () => { run: Run; index: number } | undefined {
  const closed = [...runs].sort((a, b) => compare(a.firstNs, b.firstNs) || a.firstSeq - b.firstSeq)
  const heap: Head<Run>[] = []
  let opened = 0

  function openReached(): void {
    while (opened < closed.length && (heap.length === 0 || closed[opened]!.firstNs <= heap[0]!.time)) {
      const run = closed[opened++]!.open()
      const head = { run, order: orderOf(run.time), at: -1, time: 0n, seq: 0 }
      advance(head)
      heap.push(head)
      rise(heap, heap.length - 1)
    }
  }

  return () => {
    openReached()
    const head = heap[0]
    if (head === undefined) return undefined
    const index = head.order[head.at]!
    if (!advance(head)) {
      const last = heap.pop()!
      if (heap.length > 0) heap[0] = last
    }
    sink(heap)
    return { run: head.run, index }
  }
}

function advance<Run extends TimedRun>(head: Head<Run>): boolean {
  if (++head.at >= head.order.length) return false
  const index = head.order[head.at]!
  head.time = head.run.time[index]!
  head.seq = head.run.firstSeq + index
  return true
}

function orderOf(time: BigInt64Array): Uint32Array {
  const order = Uint32Array.from(time, (_, i) => i)
  for (let i = 1; i < time.length; i++)
    if (time[i]! < time[i - 1]!) return order.sort((a, b) => compare(time[a]!, time[b]!) || a - b)
  return order
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isBefore<Run>(a: Head<Run>, b: Head<Run>): boolean {
  return a.time < b.time || (a.time === b.time && a.seq < b.seq)
}

function rise<Run>(heap: Head<Run>[], i: number): void {
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (!isBefore(heap[i]!, heap[parent]!)) return
    ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
    i = parent
  }
}

function sink<Run>(heap: Head<Run>[]): void {
  for (let i = 0; ; ) {
    let least = i
    for (const child of [2 * i + 1, 2 * i + 2])
      if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
    if (least === i) return
    ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
    i = least
  }
}
