/** What goes to a worker process. */
export type Asked = { id: number; task: unknown }

/** What comes back. `bytes` is the answer as `node:v8` serializes it: its size is known before it is sent. */
export type Answered =
  | { id: number; kind: 'answer'; bytes: Uint8Array }
  | { id: number; kind: 'tooLarge' }
  | { id: number; kind: 'threw'; message: string }

/** What a watchdog writes on its process's standard error before it ends it. */
export const ENDED_FOR = { time: 'guarded-worker: time limit', memory: 'guarded-worker: memory limit' } as const
