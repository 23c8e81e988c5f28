import { FairQueue } from './fair-queue.ts'
import { GuardedProcess } from './guarded-process.ts'
import { WorkerBusyError, WorkerLimitError, type WorkerLimits } from './limits.ts'

export type WorkerPoolOptions = {
  /** The file that calls `serveTasks`. */
  file: URL
  limits: WorkerLimits
  /** Processes at once. */
  workers: number
  /** Of them, those that stay when there is nothing to do. */
  kept: number
  /** Tasks that wait; more are refused. */
  mostWaiting: number
}

export type TaskOptions = {
  /** Whose task it is: sources share the processes evenly, and none has them all. */
  source: string
  /** Its input: where a task meets a limit, those that wait with the same input meet it too, unread. */
  input?: string
  /** Whoever asked wants the answer no more. A task under way goes on within its limits, unheard. */
  signal?: AbortSignal
  /** Instead, its process is ended: for tasks that take longer than a process takes to start. */
  endsWithSignal?: boolean
}

type Job = TaskOptions & {
  task: unknown
  /** Counted before the attempt begins. */
  attempts: number
  resolve: (answer: unknown) => void
  reject: (error: unknown) => void
  worker: GuardedProcess | null
}

/** A process at rest for so long ends, in ms. */
const REST_MS = 30_000
/** Tries of a task whose process ended for a reason that no limit explains. */
const MOST_ATTEMPTS = 2

/** Does tasks in processes of their own, started when they are needed. Disposing it ends them and fails what waits. */
export class WorkerPool<Task, Answer> implements AsyncDisposable {
  readonly #options: WorkerPoolOptions
  readonly #queue = new FairQueue<Job>()
  readonly #atRest: GuardedProcess[] = []
  readonly #alive = new Set<GuardedProcess>()
  readonly #running = new Map<string, number>()
  #resting: NodeJS.Timeout | undefined
  #disposed = false

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** Starts the processes that are kept, so that the first task waits for none. */
  warm(): void {
    while (this.#alive.size < this.#options.kept) this.#atRest.push(this.#start())
  }

  /** @throws WorkerLimitError, WorkerBusyError, WorkerTaskError for what the task threw, or the signal's reason. */
  run(task: Task, options: TaskOptions): Promise<Answer> {
    if (this.#disposed) return Promise.reject(new WorkerBusyError('It is being stopped.'))
    if (options.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.#queue.size >= this.#options.mostWaiting) {
      return Promise.reject(new WorkerBusyError(`More than ${this.#options.mostWaiting} tasks wait already.`))
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const job: Job = { ...options, task, attempts: 0, resolve, reject, worker: null }
    const leave = () => {
      this.#queue.remove(job.source, (other) => other !== job)
      // Its process ends as if it had crashed: it is not to be tried again.
      job.attempts = MOST_ATTEMPTS
      reject(options.signal?.reason)
      if (options.endsWithSignal) job.worker?.kill()
    }
    options.signal?.addEventListener('abort', leave, { once: true })
    this.#queue.push(job.source, job)
    this.#next()
    return promise.finally(() => options.signal?.removeEventListener('abort', leave)) as Promise<Answer>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    clearTimeout(this.#resting)
    for (let job = this.#queue.take(() => true, 0); job; job = this.#queue.take(() => true, 0)) {
      job.reject(new WorkerBusyError('It is being stopped.'))
    }
    for (const worker of this.#alive) worker.kill()
  }

  #next(): void {
    while (this.#atRest.length > 0 || this.#alive.size < this.#options.workers) {
      const job = this.#queue.take((source) => this.#mayRun(source), performance.now())
      if (!job) break
      void this.#do(job, this.#atRest.pop() ?? this.#start())
    }
    this.#letRest()
  }

  /** One source leaves a process to the others, where there are two. */
  #mayRun(source: string): boolean {
    return (this.#running.get(source) ?? 0) < Math.max(1, this.#options.workers - 1)
  }

  async #do(job: Job, worker: GuardedProcess): Promise<void> {
    const { source } = job
    job.attempts += 1
    this.#running.set(source, (this.#running.get(source) ?? 0) + 1)
    const startMs = performance.now()
    job.worker = worker
    try {
      job.resolve(await worker.do(job.task))
    } catch (error) {
      this.#failed(job, error)
    } finally {
      job.worker = null
    }
    this.#queue.charge(source, performance.now() - startMs, performance.now())
    const left = (this.#running.get(source) ?? 1) - 1
    if (left > 0) this.#running.set(source, left)
    else this.#running.delete(source)
    if (this.#disposed) return
    if (worker.ended) this.warm()
    else this.#atRest.push(worker)
    this.#next()
  }

  #failed(job: Job, error: unknown): void {
    const reason = error instanceof WorkerLimitError ? error.reason : null
    if (reason === 'crashed' && job.attempts < MOST_ATTEMPTS && !this.#disposed) {
      this.#queue.push(job.source, job)
      return
    }
    job.reject(error)
    if (reason === null || reason === 'crashed' || job.input === undefined) return
    for (const same of this.#queue.remove(job.source, (other) => other.input !== job.input)) same.reject(error)
  }

  #start(): GuardedProcess {
    const { file, limits } = this.#options
    const worker = new GuardedProcess(file, limits, () => {
      this.#alive.delete(worker)
      const at = this.#atRest.indexOf(worker)
      if (at >= 0) this.#atRest.splice(at, 1)
      if (!this.#disposed) this.#next()
    })
    this.#alive.add(worker)
    return worker
  }

  /** Ends processes that were of no use for a while, but for those that are kept. */
  #letRest(): void {
    if (this.#resting) {
      this.#resting.refresh()
      return
    }
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      while (this.#alive.size > this.#options.kept && this.#atRest.length > 0) this.#end(this.#atRest.shift())
    }, REST_MS)
    this.#resting.unref()
  }

  #end(worker: GuardedProcess | undefined): void {
    if (!worker) return
    this.#alive.delete(worker)
    worker.kill()
  }
}
