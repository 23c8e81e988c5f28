import TinyQueue from 'tinyqueue'
import type { PageClock, Timer } from './page-clock.ts'

type Due = { atMs: number; order: number; task: (() => void) | null }

/** A clock that stands still until it is moved: from one timer to the next, what promises do in between being done. */
export class VirtualPageClock implements PageClock {
  #nowMs = 0
  #order = 0
  readonly #due = new TinyQueue<Due>([], (a, b) => a.atMs - b.atMs || a.order - b.order)

  now(): number {
    return this.#nowMs
  }

  after(ms: number, then: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + Math.max(0, ms || 0), order: this.#order++, task: then }
    this.#due.push(due)
    return {
      cancel() {
        due.task = null
      },
    }
  }

  /** Moves time by so many ms, or until `enough` says so. */
  async run(ms: number, enough: () => boolean = () => false): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settled()
    while (!enough()) {
      const next = this.#due.peek()
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = untilMs
        return
      }
      this.#due.pop()
      if (next.task === null) continue
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.task()
      await settled()
    }
  }
}

/** Promises that depend on nothing but promises are settled before the next immediate. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
