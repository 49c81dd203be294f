/** Hands mutants to two threads, and ends those that a mutant keeps in a loop. */
import { Worker } from 'node:worker_threads'
import type { Mutant } from './mutants.ts'
import type { Planner } from './order.ts'
import type { Outcome, Work, WorkerData } from './worker.ts'

const THREADS = 2
const LOOK_MS = 500
/** What the process, that is both threads, may compute while one test runs; the longest takes a fifth of a second. */
const PATIENCE_US = 10_000_000
const HEAP_MB = 1024

export type Status = 'killed' | 'timeout' | 'survived' | 'not reached'

export interface Result {
  mutant: Mutant
  status: Status
}

export async function runMutants(
  code: string,
  mutants: readonly Mutant[],
  planner: Planner,
  heard: (result: Result) => void,
): Promise<Result[]> {
  const results: Result[] = []
  const rest = [...mutants].reverse()
  const note = (mutant: Mutant, status: Status) => {
    results.push({ mutant, status })
    heard(results.at(-1)!)
  }
  const next = (): Mutant | undefined => {
    for (let mutant = rest.pop(); mutant; mutant = rest.pop()) {
      if (planner.isReached(mutant)) return mutant
      note(mutant, 'not reached')
    }
    return undefined
  }
  const thread = async () => {
    let runner = createRunner(code)
    for (let mutant = next(); mutant; mutant = next()) {
      const work = planner.plan(mutant)
      const killedBy = await runner.run(work)
      if (killedBy === 'stuck') runner = createRunner(code)
      else planner.learn(work, killedBy)
      note(mutant, killedBy === 'stuck' ? 'timeout' : killedBy === null ? 'survived' : 'killed')
    }
    await runner.end()
  }
  await Promise.all(Array.from({ length: THREADS }, thread))
  return results.sort((a, b) => a.mutant.id - b.mutant.id)
}

interface Runner {
  /** `stuck` where a test did not end, or the memory did: the thread is gone. */
  run(work: Work): Promise<number | null | 'stuck'>
  end(): Promise<unknown>
}

function createRunner(code: string): Runner {
  const pulse = new SharedArrayBuffer(4)
  const beats = new Int32Array(pulse)
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { code, pulse } satisfies WorkerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    // A mutant may print.
    stdout: true,
    stderr: true,
  })
  return {
    run(work) {
      const { promise, resolve } = Promise.withResolvers<number | null | 'stuck'>()
      let last = -1
      let since = process.cpuUsage()
      // By computing time: on a busy machine nothing is late for the clock's sake.
      const watch = setInterval(() => {
        const beat = Atomics.load(beats, 0)
        if (beat !== last) since = process.cpuUsage()
        last = beat
        const { user, system } = process.cpuUsage(since)
        if (user + system > PATIENCE_US) void worker.terminate()
      }, LOOK_MS)
      const done = (outcome: number | null | 'stuck') => {
        clearInterval(watch)
        for (const name of ['message', 'error', 'exit']) worker.removeAllListeners(name)
        resolve(outcome)
      }
      worker.on('message', ({ killedBy }: Outcome) => done(killedBy))
      worker.on('error', () => done('stuck'))
      worker.on('exit', () => done('stuck'))
      worker.postMessage(work)
      return promise
    },
    end: () => worker.terminate(),
  }
}
