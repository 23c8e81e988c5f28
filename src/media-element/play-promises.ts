import { type MediaHost, queueTask } from './media-host.ts'

/** What `play()` promised: kept when the element plays, broken when it pauses, fails or loads anew; each in a task. */
export class PlayPromises {
  readonly #host: MediaHost
  readonly #pending: PromiseWithResolvers<void>[] = []

  constructor(host: MediaHost) {
    this.#host = host
  }

  add(): Promise<void> {
    const pending = Promise.withResolvers<void>()
    this.#pending.push(pending)
    return pending.promise
  }

  resolve(): void {
    this.#settle(({ resolve }) => resolve())
  }

  reject(message: string, name: 'AbortError' | 'NotSupportedError'): void {
    const error = new DOMException(message, name)
    this.#settle(({ reject }) => reject(error))
  }

  #settle(one: (pending: PromiseWithResolvers<void>) => void): void {
    const pending = this.#pending.splice(0)
    if (pending.length > 0) queueTask(this.#host, () => pending.forEach(one))
  }
}
