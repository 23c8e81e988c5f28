import { serialize } from 'node:v8'
import type { WorkerLimits } from './limits.ts'
import type { Answered, Asked } from './messages.ts'
import { startWatchdog } from './start-watchdog.ts'

/** Characters of a message that crosses; a parser may quote its whole input. */
const MESSAGE_CHARACTERS = 500

/**
 * The worker process's side: does the tasks that a `WorkerPool` sends, one after another. To be called by the file that
 * the pool was given; it ends with the process that started it.
 */
export function serveTasks<Task, Answer>(handle: (task: Task) => Answer | Promise<Answer>): void {
  const limits = JSON.parse(process.argv[2] ?? '') as WorkerLimits
  const state = startWatchdog(limits)
  process.on('disconnect', () => process.exit())
  // A terminal's Ctrl-C reaches it too, while its parent may still be draining.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('message', async ({ id, task }: Asked) => {
    Atomics.store(state, 0, id)
    Atomics.notify(state, 0)
    const answered = await answer(id, () => handle(task as Task), limits)
    Atomics.store(state, 0, 0)
    Atomics.notify(state, 0)
    process.send?.(answered)
  })
}

async function answer(id: number, work: () => unknown, { answerBytes }: WorkerLimits): Promise<Answered> {
  try {
    const bytes = serialize(await work())
    return bytes.byteLength > answerBytes ? { id, kind: 'tooLarge' } : { id, kind: 'answer', bytes }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { id, kind: 'threw', message: message.slice(0, MESSAGE_CHARACTERS) }
  }
}
