/**
 * Threads as generators on one virtual clock. A thread runs until it pauses: for a time, or until somebody wakes the
 * queue it waits in. Times are nanoseconds since the simulation began; it never lasts the 104 days that a Number holds.
 */

/** Threads that wait for something to be true; each looks again when woken. */
export interface WaitQueue {
  waiting: Sleeper[]
}

/** So many nanoseconds, or until woken. */
export type Pause = number | WaitQueue

export type Running<T = void> = Generator<Pause, T, undefined>

interface Sleeper {
  at: number
  /** Order of equal times. */
  order: number
  body: Running
}

export interface Scheduler {
  readonly now: number
  start(body: Running, after?: number): void
  /** Lets everybody in the queue look again, each a moment later. */
  wake(queue: WaitQueue): void
  /** Runs until nobody can, or until the time is over. */
  run(until?: number): void
}

export function waitQueue(): WaitQueue {
  return { waiting: [] }
}

/** `latency` is how long a woken thread takes to run, nanoseconds. */
export function createScheduler(latency: () => number): Scheduler {
  const heap: Sleeper[] = []
  let now = 0
  let order = 0

  function push(sleeper: Sleeper): void {
    let i = heap.push(sleeper) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(sleeper, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = sleeper
  }

  function pop(): Sleeper {
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return first
  }

  return {
    get now() {
      return now
    },
    start(body, after = 0) {
      push({ at: now + after, order: order++, body })
    },
    wake(queue) {
      for (const sleeper of queue.waiting.splice(0)) {
        sleeper.at = now + latency()
        sleeper.order = order++
        push(sleeper)
      }
    },
    run(until = Number.POSITIVE_INFINITY) {
      while (heap.length > 0 && heap[0]!.at <= until) {
        const sleeper = pop()
        now = sleeper.at
        const step = sleeper.body.next()
        if (step.done) continue
        if (typeof step.value === 'number') {
          sleeper.at = now + step.value
          sleeper.order = order++
          push(sleeper)
        } else step.value.waiting.push(sleeper)
      }
    },
  }
}

function isBefore(a: Sleeper, b: Sleeper): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A sleeping lock: those who wait for it are woken when it is let go, and one of them gets it. */
export interface Lock {
  held: boolean
  queue: WaitQueue
}

export function createLock(): Lock {
  return { held: false, queue: waitQueue() }
}

export function* acquire(lock: Lock): Running {
  while (lock.held) yield lock.queue
  lock.held = true
}

export function release(scheduler: Scheduler, lock: Lock): void {
  lock.held = false
  scheduler.wake(lock.queue)
}
