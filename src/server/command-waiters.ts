import type { Leased } from '../engine/lease.ts'

/** What a poll may find: commands for free devices, sessions to stop, origins that are not those that the agent knows. */
type Asked = Leased & { stop: string[]; origins: readonly unknown[] | null }

const FLOOR_MS = 5000

/** Long polls for commands: woken by notifications, by a retry that becomes due, and by a slow look as the floor. */
export class CommandWaiters {
  readonly #waiting = new Map<string, Set<() => void>>()

  /** @param payload workstations, comma-separated, or `*`. */
  wake(payload: string): void {
    const names = payload === '*' ? [...this.#waiting.keys()] : payload.split(',')
    for (const name of names) for (const wake of this.#waiting.get(name) ?? []) wake()
  }

  /** Asks until there is something to answer; what was found last when the time is up or the client has gone. */
  async wait<T extends Asked>(
    workstation: string,
    waitMs: number,
    signal: AbortSignal,
    ask: () => Promise<T>,
  ): Promise<T | null> {
    const deadline = performance.now() + waitMs
    for (;;) {
      if (signal.aborted) return null
      // Listening before looking: what is committed in between wakes the wait that follows.
      const { woken, cancel } = this.#listen(workstation, signal)
      try {
        const found = await ask()
        const { commands, stop, origins, nextInMs } = found
        const left = deadline - performance.now()
        if (commands.length > 0 || stop.length > 0 || origins !== null || left <= 0) return found
        await woken(Math.min(left, nextInMs === null ? FLOOR_MS : Math.max(1, nextInMs), FLOOR_MS))
      } finally {
        cancel()
      }
    }
  }

  #listen(workstation: string, signal: AbortSignal) {
    const set = this.#waiting.get(workstation) ?? new Set()
    this.#waiting.set(workstation, set)
    const { promise, resolve } = Promise.withResolvers<void>()
    let timer: NodeJS.Timeout | undefined
    const end = () => resolve()
    set.add(end)
    signal.addEventListener('abort', end, { once: true })
    const woken = (ms: number) => {
      timer = setTimeout(end, ms)
      return promise
    }
    const cancel = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      set.delete(end)
      if (set.size === 0) this.#waiting.delete(workstation)
    }
    return { woken, cancel }
  }
}
