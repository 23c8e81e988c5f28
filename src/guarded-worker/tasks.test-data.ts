import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { serveTasks } from './serve-tasks.ts'

/** What the tests ask a worker for, each harm by its name. */
export type TestTask =
  | { kind: 'echo'; text: string }
  | {
      kind:
        | 'pid'
        | 'heapLimit'
        | 'loop'
        | 'manyObjects'
        | 'oneArray'
        | 'oneMap'
        | 'buffers'
        | 'leave'
        | 'never'
        | 'throw'
    }
  | { kind: 'bytes'; length: number }
  /** Notes in a file that it began, and ends when another file is there. */
  | { kind: 'hold'; began: string; until: string }
  | { kind: 'noteAndLoop'; began: string }
  | { kind: 'noteAndLeave'; began: string }

async function answer(task: TestTask): Promise<unknown> {
  switch (task.kind) {
    case 'echo':
      return task.text
    case 'pid':
      return process.pid
    case 'heapLimit':
      return getHeapStatistics().heap_size_limit
    case 'bytes':
      return 'x'.repeat(task.length)
    case 'loop':
      return loop()
    case 'manyObjects':
      return fill(() => ({ a: 1 }))
    case 'oneArray':
      return fill(() => new Array(20_000_000).fill(0))
    case 'oneMap': {
      const map = new Map<number, number>()
      for (let i = 0; ; i++) map.set(i, i)
    }
    case 'buffers':
      return fill(() => Buffer.alloc(50_000_000, 1))
    case 'leave':
      return process.exit(3)
    case 'never':
      return new Promise(() => {})
    case 'throw':
      throw new Error(`not this one: ${'x'.repeat(10_000)}`)
    case 'hold':
      appendFileSync(task.began, '.')
      while (!existsSync(task.until)) await delay(5)
      return 'held'
    case 'noteAndLoop':
      appendFileSync(task.began, '.')
      return loop()
    case 'noteAndLeave':
      appendFileSync(task.began, '.')
      return process.exit(3)
  }
}

function loop(): never {
  for (;;);
}

function fill(make: () => unknown): never {
  const all: unknown[] = []
  for (;;) all.push(make())
}

serveTasks(answer)
