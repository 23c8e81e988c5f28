import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { WorkerLimits } from './limits.ts'
import { ENDED_FOR } from './messages.ts'

/** What `serve-tasks.ts` hands over: `state[0]` is the number of the task under way, 0 between tasks. */
export type Watched = { state: Int32Array<SharedArrayBuffer>; limits: Pick<WorkerLimits, 'memoryMb' | 'cpuMs'> }

const LOOK_MS = 100
/** Of a process beside its heap: code, stacks, buffers, in MB. */
const BESIDE_HEAP_MB = 256

/**
 * A thread that ends its own process when a task has used up its time or its memory: the main thread may be in a loop
 * that reads no message, and the process that asked may be gone. It sleeps while there is no task.
 */
function watch({ state, limits }: Watched): never {
  for (;;) {
    Atomics.wait(state, 0, 0)
    const task = Atomics.load(state, 0)
    const { user, system } = process.cpuUsage()
    while (task !== 0 && Atomics.load(state, 0) === task) {
      Atomics.wait(state, 0, task, LOOK_MS)
      const used = process.cpuUsage({ user, system })
      if (Atomics.load(state, 0) !== task) break
      if ((used.user + used.system) / 1000 > limits.cpuMs) end(ENDED_FOR.time)
      // What the heap's own limit does not count, such as buffers.
      if (process.memoryUsage.rss() > (limits.memoryMb + BESIDE_HEAP_MB) * 2 ** 20) end(ENDED_FOR.memory)
    }
  }
}

function end(why: string): void {
  try {
    writeSync(2, `\n${why}\n`)
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}

watch(workerData as Watched)
