import { WorkerBusyError, WorkerLimitError, type WorkerLimits } from '../guarded-worker/limits.ts'
import { WorkerPool } from '../guarded-worker/worker-pool.ts'
import type { Calculation, Outcome } from './calculation-worker.ts'

/** A forecast of 10,000 devices with a hundred runs takes half of this, and comes to some 10 MB. */
const LIMITS: WorkerLimits = { memoryMb: 1024, cpuMs: 60_000, wallMs: 180_000, answerBytes: 64 * 2 ** 20 }
/** So many wait; more are refused. */
const MOST_WAITING = 32

/** Too much is being calculated already. */
export class BusyError extends Error {
  override name = 'BusyError'

  constructor() {
    super('Too many forecasts and reports are being worked out already: try again in a moment.')
  }
}

/** More than a calculation may cost. */
export class TooLargeError extends Error {
  override name = 'TooLargeError'
}

type For = {
  /** Whose it is: the processes are shared evenly among them. */
  source: string
  /** Whoever asked wants it no more: what is under way is ended. */
  signal: AbortSignal
}

/** Does one for somebody. */
export type Calculate = <K extends Calculation['kind']>(asked: Calculation & { kind: K }) => Promise<Outcome<K>>

/**
 * Does sums that take long in processes of their own: leases and heartbeats must not wait for a forecast, and no forecast
 * for one that somebody else asked for.
 */
export class Calculations implements AsyncDisposable {
  readonly #pool: WorkerPool<Calculation, unknown>

  /** @param workers processes at once. */
  constructor({ workers, limits = LIMITS }: { workers: number; limits?: WorkerLimits }) {
    // From a clone it is TypeScript, from the package what that was compiled to.
    const file = import.meta.url.endsWith('.ts') ? './calculation-worker.ts' : './calculation-worker.js'
    const url = new URL(file, import.meta.url)
    this.#pool = new WorkerPool({ file: url, limits, workers, kept: 0, mostWaiting: MOST_WAITING })
  }

  /** @throws BusyError, TooLargeError, the signal's reason, or what the calculation threw. */
  async do<K extends Calculation['kind']>(asked: Calculation & { kind: K }, of: For): Promise<Outcome<K>> {
    try {
      return (await this.#pool.run(asked, { ...of, endsWithSignal: true })) as Outcome<K>
    } catch (error) {
      if (error instanceof WorkerBusyError) throw new BusyError()
      if (error instanceof WorkerLimitError && error.reason !== 'crashed')
        throw new TooLargeError(
          `This is too much to work out: ${error.message}. Ask for fewer devices, cycles or runs.`,
        )
      throw error
    }
  }

  /** All of these are for one who asks. */
  for(of: For): Calculate {
    return (asked) => this.do(asked as never, of) as never
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]()
  }
}
