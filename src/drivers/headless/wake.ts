import type { Clock } from '../clock.ts'

/** Lets a session sleep on one timer until a deadline or until something happened. */
export class Wake {
  readonly #clock: Clock
  #happened = false
  #sleep: AbortController | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends the sleep under way, or the next one. */
  readonly notify = (): void => {
    this.#happened = true
    this.#sleep?.abort()
  }

  /** Sleeps until `atMs` on the clock, or until notified. */
  async until(atMs: number): Promise<void> {
    if (!this.#happened) {
      this.#sleep = new AbortController()
      await this.#clock.sleep(Math.max(0, atMs - this.#clock.now()), this.#sleep.signal)
      this.#sleep = null
    }
    this.#happened = false
  }
}
