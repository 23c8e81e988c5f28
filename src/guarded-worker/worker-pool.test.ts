import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WorkerBusyError, WorkerLimitError, type WorkerLimits, WorkerTaskError } from './limits.ts'
import type { TestTask } from './tasks.test-data.ts'
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'

// Processes start in it: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const LIMITS: WorkerLimits = { memoryMb: 64, cpuMs: 500, wallMs: 60_000, answerBytes: 100_000 }

function poolOf(over: Partial<Omit<WorkerPoolOptions, 'limits'>> & { limits?: Partial<WorkerLimits> } = {}) {
  const file = new URL('./tasks.test-data.ts', import.meta.url)
  const limits = { ...LIMITS, ...over.limits }
  return new WorkerPool<TestTask, unknown>({ file, workers: 1, kept: 1, mostWaiting: 50, ...over, limits })
}

async function folder(): Promise<(name: string) => string> {
  const path = await mkdtemp(join(tmpdir(), 'doai-worker-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return (name) => join(path, name)
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5)
}

/** `oneArray` and `oneMap` end the whole process where they run in a thread, whatever the thread's limits. */
test.each([
  ['loop', 'time'],
  ['manyObjects', 'memory'],
  ['oneArray', 'memory'],
  ['oneMap', 'memory'],
  ['buffers', 'memory'],
  ['leave', 'crashed'],
] as const)('a task of %s ends for %s, timers here go on, and the next task is done', async (kind, reason) => {
  await using pool = poolOf({ limits: { cpuMs: kind === 'loop' ? 500 : 20_000 } })
  expect(await pool.run({ kind: 'echo', text: 'before' }, { source: 'a' })).toBe('before')
  let ticks = 0
  const ticking = setInterval(() => {
    ticks += 1
  }, 5)
  const error = await pool.run({ kind }, { source: 'a' }).catch((thrown: unknown) => thrown)
  clearInterval(ticking)
  expect(error).toBeInstanceOf(WorkerLimitError)
  expect(error).toMatchObject({ reason })
  expect(ticks).toBeGreaterThan(3)
  expect(await pool.run({ kind: 'echo', text: 'after' }, { source: 'a' })).toBe('after')
})

test('the heap of a process is limited by V8, besides what its watchdog ends', async () => {
  await using pool = poolOf()
  const bytes = Number(await pool.run({ kind: 'heapLimit' }, { source: 'a' }))
  // V8 adds its young generation, of 192 MB at most.
  expect(bytes).toBeGreaterThanOrEqual(LIMITS.memoryMb * 2 ** 20)
  expect(bytes).toBeLessThan((LIMITS.memoryMb + 256) * 2 ** 20)
})

test('what waits instead of working is ended by the clock', async () => {
  await using pool = poolOf({ limits: { wallMs: 300 } })
  await expect(pool.run({ kind: 'never' }, { source: 'a' })).rejects.toMatchObject({ reason: 'time' })
})

test('an answer that is too large stays there, and what a task throws comes back short', async () => {
  await using pool = poolOf()
  const pid = await pool.run({ kind: 'pid' }, { source: 'a' })
  await expect(pool.run({ kind: 'bytes', length: 100_001 }, { source: 'a' })).rejects.toMatchObject({
    reason: 'answer',
  })
  const error: Error = await pool.run({ kind: 'throw' }, { source: 'a' }).then(String, (thrown) => thrown)
  expect(error).toBeInstanceOf(WorkerTaskError)
  expect(error.message).toMatch(/^not this one: x{100,500}$/)
  expect(await pool.run({ kind: 'pid' }, { source: 'a' })).toBe(pid)
})

test('a task whose process ended for no limit is tried once more, and no third time', async () => {
  const at = await folder()
  await using pool = poolOf()
  await expect(pool.run({ kind: 'noteAndLeave', began: at('began') }, { source: 'a' })).rejects.toMatchObject({
    reason: 'crashed',
    message: 'its process ended with 3',
  })
  expect(readFileSync(at('began'), 'utf8')).toBe('..')
})

test('those that wait with the same input meet the same limit, unread; another input is read', async () => {
  const at = await folder()
  await using pool = poolOf()
  const poisoned = Array.from({ length: 5 }, () =>
    pool.run({ kind: 'noteAndLoop', began: at('began') }, { source: 'a', input: 'poison' }).catch((error) => error),
  )
  const well = pool.run({ kind: 'echo', text: 'well' }, { source: 'a', input: 'well' })
  for (const error of await Promise.all(poisoned)) expect(error).toMatchObject({ reason: 'time' })
  expect(await well).toBe('well')
  expect(readFileSync(at('began'), 'utf8')).toBe('.')
})

test('a source whose tasks run long leaves a process to the others', async () => {
  const at = await folder()
  await using pool = poolOf({ workers: 2 })
  const held = [1, 2, 3].map((n) =>
    pool.run({ kind: 'hold', began: at('began'), until: at('until') }, { source: 'long', input: `${n}` }),
  )
  await until(() => existsSync(at('began')))
  expect(await pool.run({ kind: 'echo', text: 'other' }, { source: 'other' })).toBe('other')
  expect(readFileSync(at('began'), 'utf8')).toBe('.')
  writeFileSync(at('until'), '')
  expect(await Promise.all(held)).toEqual(['held', 'held', 'held'])
})

test('too many that wait are refused, and one that is given up leaves its place', async () => {
  const at = await folder()
  await using pool = poolOf({ mostWaiting: 1 })
  const held = pool.run({ kind: 'hold', began: at('began'), until: at('until') }, { source: 'a' })
  const giveUp = new AbortController()
  const given = pool.run({ kind: 'echo', text: 'x' }, { source: 'a', signal: giveUp.signal })
  await expect(pool.run({ kind: 'echo', text: 'x' }, { source: 'a' })).rejects.toBeInstanceOf(WorkerBusyError)
  giveUp.abort(new Error('no more'))
  await expect(given).rejects.toThrow('no more')
  const last = pool.run({ kind: 'echo', text: 'last' }, { source: 'a' })
  writeFileSync(at('until'), '')
  expect(await Promise.all([held, last])).toEqual(['held', 'last'])
})

test('a Ctrl-C that reaches the worker too ends no task', async () => {
  const at = await folder()
  await using pool = poolOf()
  const pid = (await pool.run({ kind: 'pid' }, { source: 'a' })) as number
  const held = pool.run({ kind: 'hold', began: at('began'), until: at('until') }, { source: 'a' })
  await until(() => existsSync(at('began')))
  process.kill(pid, 'SIGINT')
  writeFileSync(at('until'), '')
  expect(await held).toBe('held')
  expect(await pool.run({ kind: 'pid' }, { source: 'a' })).toBe(pid)
})

test('a task that ends with its signal gives its process to the next; one that does not goes on unheard', async () => {
  const at = await folder()
  await using pool = poolOf({ limits: { cpuMs: 600_000, wallMs: 600_000 } })
  const left = new AbortController()
  const { signal } = left
  const looping = pool.run({ kind: 'noteAndLoop', began: at('began') }, { source: 'a', signal, endsWithSignal: true })
  // The file is there before what is written into it.
  await until(() => existsSync(at('began')) && readFileSync(at('began'), 'utf8') !== '')
  const next = pool.run({ kind: 'echo', text: 'next' }, { source: 'b' })
  left.abort(new Error('gone'))
  await expect(looping).rejects.toThrow('gone')
  expect(await next).toBe('next')
  expect(readFileSync(at('began'), 'utf8')).toBe('.')
})

test('disposing ends the processes and fails what waits', async () => {
  const at = await folder()
  const pool = poolOf()
  const asked = [
    pool.run({ kind: 'hold', began: at('began'), until: at('until') }, { source: 'a' }),
    pool.run({ kind: 'echo', text: 'x' }, { source: 'a' }),
  ]
  const settled = Promise.allSettled(asked)
  await pool[Symbol.asyncDispose]()
  const [held, waiting] = await settled
  expect(held).toMatchObject({ status: 'rejected', reason: { reason: 'crashed' } })
  expect(waiting).toMatchObject({ status: 'rejected', reason: expect.any(WorkerBusyError) })
  await expect(pool.run({ kind: 'echo', text: 'x' }, { source: 'a' })).rejects.toBeInstanceOf(WorkerBusyError)
})

test('a worker in a loop does not outlive the process that asked and was killed', async () => {
  const parent = spawn(process.execPath, [new URL('./orphan.test-data.ts', import.meta.url).pathname])
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [piece] = (await parent.stdout.setEncoding('utf8').take(1).toArray()) as string[]
  const pid = Number(piece)
  expect(pid).toBeGreaterThan(0)
  parent.kill('SIGKILL')
  await until(() => !isAlive(pid))
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
