/** What one task may cost the process that does it. */
export type WorkerLimits = {
  /** JavaScript heap of the process, in MB. */
  memoryMb: number
  /** Processor time of one task, in ms: a busy machine makes no task late. */
  cpuMs: number
  /** Time of one task by the clock, in ms: for what waits instead of working. */
  wallMs: number
  /** Bytes of one answer, serialized. */
  answerBytes: number
}

/** `crashed` is an end that no limit explains, such as a kill from outside. */
export type LimitReason = 'memory' | 'time' | 'answer' | 'crashed'

/** A task that did not end by itself: which limit it met, or how its process ended. The message continues "it …". */
export class WorkerLimitError extends Error {
  override name = 'WorkerLimitError'
  readonly reason: LimitReason

  constructor(reason: LimitReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** More tasks wait than the pool takes; nothing was begun. */
export class WorkerBusyError extends Error {
  override name = 'WorkerBusyError'
}

/** What the task's own code threw. */
export class WorkerTaskError extends Error {
  override name = 'WorkerTaskError'
}

/** Plain words for a limit that was met. */
export function limitError(reason: LimitReason, limits: WorkerLimits, how = ''): WorkerLimitError {
  switch (reason) {
    case 'memory':
      return new WorkerLimitError(reason, `it needed more than ${limits.memoryMb} MB of memory`)
    case 'time':
      return new WorkerLimitError(reason, `it took over ${limits.cpuMs / 1000} s`)
    case 'answer':
      return new WorkerLimitError(reason, `it came to more than ${Math.round(limits.answerBytes / 2 ** 20)} MB`)
    case 'crashed':
      return new WorkerLimitError(reason, `its process ended${how}`)
  }
}
