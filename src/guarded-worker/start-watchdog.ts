import { Worker } from 'node:worker_threads'
import type { Watched } from './watchdog.ts'

/**
 * Ends this process when one task uses up its time or the process its memory, whatever the main thread does. `state[0]` of
 * what it gives is the number of the task under way, to be told with `Atomics.notify`; 0 between tasks.
 */
export function startWatchdog(limits: Watched['limits']): Watched['state'] {
  const state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  // From a clone it is TypeScript, from the package what that was compiled to.
  const file = import.meta.url.endsWith('.ts') ? './watchdog.ts' : './watchdog.js'
  const watched: Watched = { state, limits }
  new Worker(new URL(file, import.meta.url), { workerData: watched }).unref()
  return state
}
