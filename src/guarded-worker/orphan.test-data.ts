import type { TestTask } from './tasks.test-data.ts'
import { WorkerPool } from './worker-pool.ts'

// A process to be killed while its worker is in a loop: it says its worker's number, and that the loop begins.
const file = new URL('./tasks.test-data.ts', import.meta.url)
const limits = { memoryMb: 64, cpuMs: 500, wallMs: 60_000, answerBytes: 1000 }
const pool = new WorkerPool<TestTask, unknown>({ file, limits, workers: 1, kept: 1, mostWaiting: 5 })
const pid = await pool.run({ kind: 'pid' }, { source: 'a' })
const looping = pool.run({ kind: 'loop' }, { source: 'a' })
console.log(String(pid))
await looping
