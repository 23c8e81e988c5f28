import type { ChildProcess } from 'node:child_process'
import { deserialize } from 'node:v8'
import { forkGuarded, LastWords } from './guarded-child.ts'
import { type LimitReason, limitError, type WorkerLimits, WorkerTaskError } from './limits.ts'
import type { Answered } from './messages.ts'

type Pending = { id: number; resolve: (answer: unknown) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }

/**
 * One process that does one task at a time within limits. A process and not a thread: a thread that runs out of memory
 * in one large allocation takes its whole process along (docs/adr/0039).
 */
export class GuardedProcess {
  readonly #limits: WorkerLimits
  readonly #child: ChildProcess
  readonly #lastWords: LastWords
  #pending: Pending | null = null
  #ids = 0
  #late = false
  #ended = false

  /** @param onEnd called once, when the process has ended, however that came. */
  constructor(file: URL, limits: WorkerLimits, onEnd: () => void) {
    this.#limits = limits
    this.#child = forkGuarded(file, [JSON.stringify(limits)], limits.memoryMb)
    this.#lastWords = new LastWords(this.#child)
    this.#child.on('message', (answered: Answered) => this.#settle(answered))
    let told = false
    const over = (how: string) => {
      this.#ended = true
      this.#fail(how)
      if (!told) onEnd()
      told = true
    }
    this.#child.once('close', (code, signal) => over(` with ${signal ?? code}`))
    this.#child.once('error', (error) => over(`: ${error.message}`))
    this.#hold(false)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** @throws WorkerLimitError; WorkerTaskError for what the task itself threw. */
  do(task: unknown): Promise<unknown> {
    if (this.#pending) throw new Error('a guarded process does one task at a time')
    if (this.#ended) return Promise.reject(limitError('crashed', this.#limits))
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => {
      this.#late = true
      this.kill()
    }, this.#limits.wallMs)
    const id = ++this.#ids
    this.#pending = { id, resolve, reject, timer }
    this.#hold(true)
    // Where it cannot be sent the process is gone, and its end settles the task.
    this.#child.send({ id, task }, () => {})
    return promise
  }

  /** Ends it at once: it holds nothing. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #settle(answered: Answered): void {
    const pending = this.#take(answered.id)
    switch (answered.kind) {
      case 'answer':
        pending?.resolve(deserialize(answered.bytes))
        break
      case 'tooLarge':
        pending?.reject(limitError('answer', this.#limits))
        break
      case 'threw':
        pending?.reject(new WorkerTaskError(answered.message))
        break
    }
  }

  #fail(how: string): void {
    if (this.#pending) this.#take(this.#pending.id)?.reject(limitError(this.#reason(), this.#limits, how))
  }

  #take(id: number): Pending | null {
    const pending = this.#pending
    if (pending?.id !== id) return null
    clearTimeout(pending.timer)
    this.#pending = null
    this.#hold(false)
    return pending
  }

  #reason(): LimitReason {
    return this.#late ? 'time' : (this.#lastWords.limit ?? 'crashed')
  }

  /** A process at rest keeps this one from ending no more than a timer does. */
  #hold(busy: boolean): void {
    const parts = [this.#child, this.#child.channel, this.#child.stderr as { ref?(): void; unref?(): void } | null]
    for (const part of parts) busy ? part?.ref?.() : part?.unref?.()
  }
}
