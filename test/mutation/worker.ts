/** Runs one mutant after the other against the tests that the main thread names, until one of them fails. */
import { parentPort, workerData } from 'node:worker_threads'
import { createLoader, type Loaded } from './loaded.ts'

export interface Work {
  mutant: number
  /** It is passed while modules load: they are evaluated again. */
  fresh: boolean
  /** Numbers of tests, in the order in which they are run. */
  tests: readonly number[]
}

export interface Outcome {
  mutant: number
  /** The number of the test that failed; -1 where loading did; null where none did. */
  killedBy: number | null
}

export interface WorkerData {
  code: string
  /** Counts on with each test: who watches it sees a test that does not end. */
  pulse: SharedArrayBuffer
}

/** What runs in one evaluation of the modules may leave something behind. */
const REUSES = 100

const { code, pulse } = workerData as WorkerData
const beats = new Int32Array(pulse)
const loader = createLoader(code)
let kept: Loaded = loader.load(-1)
let uses = 0

parentPort!.on('message', async (work: Work) => {
  parentPort!.postMessage({ mutant: work.mutant, killedBy: await killer(work) } satisfies Outcome)
})

async function killer({ mutant, fresh, tests }: Work): Promise<number | null> {
  let loaded: Loaded
  try {
    Atomics.add(beats, 0, 1)
    loaded = fresh ? loader.load(mutant) : reused()
  } catch {
    return -1
  }
  for (const test of tests) {
    Atomics.add(beats, 0, 1)
    try {
      await loaded.run(test, mutant)
    } catch {
      return test
    }
  }
  return null
}

function reused(): Loaded {
  if (++uses % REUSES === 0) kept = loader.load(-1)
  return kept
}
