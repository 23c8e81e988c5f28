import { expect, test } from 'vitest'
import { DEFAULT_PLAYER } from '../domain/player-choice.ts'
import type { FromHost, HostEnd, OfTask, ToHost } from './messages.ts'
import { PlayerProcesses, type ProcessClock, type Task, type TaskEnd } from './player-processes.ts'

type TestHost = { said: ToHost[]; hear(message: FromHost): void; end(end: HostEnd): void; killed: boolean }

/** Processes that a test speaks for, on a clock that it moves. */
function lab(most: number) {
  const started: TestHost[] = []
  const errors: unknown[] = []
  let nowMs = 0
  let tick = Promise.withResolvers<void>()
  const clock: ProcessClock = { now: () => nowMs, sleep: () => tick.promise }
  const pass = async (ms: number) => {
    nowMs += ms
    const before = tick
    tick = Promise.withResolvers()
    before.resolve()
    await new Promise((done) => setImmediate(done))
  }
  const processes = new PlayerProcesses({
    startHost(hear, end) {
      const host: TestHost = { said: [], hear, end, killed: false }
      started.push(host)
      return {
        send: (message) => void host.said.push(message),
        kill: () => {
          host.killed = true
        },
      }
    },
    load: { players: { shaka: 'player()', 'hls.js': 'other()' }, script: 'page()', page: 'play' },
    warmUp: '/media',
    most,
    kept: 1,
    clock,
    onError: (error) => errors.push(error),
  })
  let ids = 0
  const begin = (name: string) => {
    ids += 1
    const id = `${name} ${ids}`
    const heard: OfTask[] = []
    const ends: TaskEnd[] = []
    const url = `http://127.0.0.1/${name}.m3u8`
    const stream = { sessionId: id, video: { id: 'v', url }, player: DEFAULT_PLAYER }
    const events = { hear: (message: OfTask) => heard.push(message), ended: (end: TaskEnd) => ends.push(end) }
    const task: Task = processes.begin(url, { kind: 'read', id, stream, origins: [] }, events)
    const at = started.findIndex(({ said }) => said.some((one) => one.kind === 'read' && one.id === id))
    return { id, task, at, heard, ends }
  }
  return { processes, started, errors, begin, pass }
}

test('a stream has a process of its own while there may be more; one at rest is used again', () => {
  const { started, begin } = lab(2)
  const [first, second, same, third] = [begin('a'), begin('b'), begin('a'), begin('c')]
  expect([first, second, same, third].map(({ at }) => at)).toEqual([0, 1, 0, 1])
  second.task[Symbol.dispose]()
  third.task[Symbol.dispose]()
  expect(begin('d').at).toBe(1)
  expect(started[0]?.said[0]).toEqual({
    kind: 'load',
    players: { shaka: 'player()', 'hls.js': 'other()' },
    script: 'page()',
    page: 'play',
    warmUp: null,
  })
})

test('fifty of one stream are enough for a process, where there may be another', () => {
  const { begin } = lab(2)
  const places = Array.from({ length: 101 }, () => begin('a').at)
  expect(places.slice(0, 50)).toEqual(Array(50).fill(0))
  expect(places.slice(50, 100)).toEqual(Array(50).fill(1))
  // Where there may be no more, the one with the fewest takes it.
  expect(places[100]).toBe(0)
})

test('tasks of a process that ended know whether another stream was there; the next has a new process', () => {
  const { started, begin } = lab(1)
  const alone = begin('a')
  started[0]?.end({ byLimit: true, how: 'needed more' })
  expect(alone.ends).toEqual([{ byLimit: true, how: 'needed more', alone: true }])
  const [one, other] = [begin('a'), begin('b')]
  expect([one.at, other.at]).toEqual([1, 1])
  started[1]?.end({ byLimit: true, how: 'needed more' })
  for (const { ends } of [one, other]) expect(ends).toEqual([{ byLimit: true, how: 'needed more', alone: false }])
  // Told once, whatever ends it further.
  alone.task[Symbol.dispose]()
  expect(started[0]?.said.at(-1)?.kind).toBe('read')
})

test('a process that plays and says nothing for a minute is ended, one at rest for half of one too, but for the last', async () => {
  const { started, begin, pass } = lab(2)
  const [silent, well] = [begin('a'), begin('b')]
  for (let seconds = 0; seconds < 61; seconds++) {
    started[1]?.hear({ kind: 'alive' })
    await pass(1000)
  }
  expect(started.map(({ killed }) => killed)).toEqual([true, false])
  expect(silent.ends).toEqual([{ byLimit: false, how: 'did not answer for 60 s', alone: true }])
  expect(well.ends).toEqual([])
  const third = begin('c')
  for (const { task } of [third, well]) task[Symbol.dispose]()
  await pass(31_000)
  expect(started.map(({ killed }) => killed).filter(Boolean)).toHaveLength(2)
})

test('the process that is kept is the first, and another one is warmed up where it ended; one that ends at once is not started anew', async () => {
  const { started, processes, begin, pass } = lab(3)
  processes.warm()
  const warmed = () => started.map(({ said }) => (said[0]?.kind === 'load' ? said[0].warmUp : 'none'))
  const [one, other] = [begin('a'), begin('b')]
  for (const { task } of [one, other]) task[Symbol.dispose]()
  await pass(31_000)
  expect(started.map(({ killed }) => killed)).toEqual([false, true])
  expect(warmed()).toEqual(['/media', null])
  started[0]?.end({ byLimit: false, how: 'ended with 1' })
  expect(warmed()).toEqual(['/media', null, '/media'])
  started[2]?.end({ byLimit: false, how: 'ended with 1' })
  expect(started).toHaveLength(3)
})

test('what a task’s process tells goes to its task; what a script throws is told, and what plays goes on', () => {
  const { started, errors, begin } = lab(1)
  const [one, other] = [begin('a'), begin('a')]
  const read = { kind: 'read' as const, id: one.id, read: { ok: false as const, passing: false, message: 'no' } }
  started[0]?.hear(read)
  started[0]?.hear({ kind: 'erred', message: 'TypeError: x' })
  expect([one.heard, other.heard]).toEqual([[read], []])
  expect(errors.map(String)).toEqual(['Error: In a player: TypeError: x'])
  one.task.restrict([])
  expect(started[0]?.said.at(-1)).toEqual({ kind: 'origins', id: one.id, origins: [] })
})
