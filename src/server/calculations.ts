import { Worker } from 'node:worker_threads'
import type { Calculation, Outcome } from './calculation-worker.ts'

/** So many wait for the one that is under way; more are refused. */
const WAITING = 16

/** Too much is being calculated already. */
export class BusyError extends Error {
  override name = 'BusyError'

  constructor() {
    super('Too many forecasts and reports are being worked out already: try again in a moment.')
  }
}

/**
 * Does sums that take long off the thread that serves: leases and heartbeats must not wait for a forecast. One after
 * another, since a controller's other core is the database's.
 */
export class Calculations {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** @throws BusyError, or what the calculation threw. */
  async do<K extends Calculation['kind']>(asked: Calculation & { kind: K }): Promise<Outcome<K>> {
    if (this.#waiting >= WAITING) throw new BusyError()
    this.#waiting += 1
    const mine = this.#last.then(() => inWorker(asked))
    this.#last = mine.catch(() => {})
    try {
      return (await mine) as Outcome<K>
    } finally {
      this.#waiting -= 1
    }
  }
}

function inWorker(asked: Calculation): Promise<unknown> {
  // From a clone it is TypeScript, from the package what that was compiled to.
  const file = import.meta.url.endsWith('.ts') ? './calculation-worker.ts' : './calculation-worker.js'
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const worker = new Worker(new URL(file, import.meta.url), { workerData: asked })
  worker.once('message', resolve)
  worker.once('error', reject)
  worker.once('exit', (code) => reject(new Error(`A calculation ended with ${code} before it had an answer.`)))
  return promise.finally(() => worker.terminate())
}
