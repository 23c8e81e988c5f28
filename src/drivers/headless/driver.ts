import { sessionsCarried } from '../../domain/capacity.ts'
import type { OfTask, StartHost } from '../../player-process/messages.ts'
import { PlayerProcesses, type TaskEnd } from '../../player-process/player-processes.ts'
import { PageReport } from '../../protocol/player-messages.ts'
import { realClock } from '../clock.ts'
import type { Driver } from '../driver.ts'
import { type Failure, PageSession } from '../player-page/page-session.ts'
import { type PlayerBuilds, scriptsOf } from '../player-page/player-builds.ts'
import { StartThrottle } from '../start-throttle.ts'

/**
 * Milliseconds between the starts of two sessions. Sessions that start together in one process delay each other. With 50
 * sessions in a process that has played before, the median start-up time is 439 ms at 0 ms and 60 ms at 20 ms
 * (docs/performance.md).
 */
const APART_MS = 20

export type HeadlessDriverOptions = {
  /** The players' builds and the script that plays with them. */
  page: () => Promise<{ players: PlayerBuilds; script: string }>
  /** The folder of a stream that the first process plays when it starts; none if not given. */
  warmUp?: string | undefined
  /** Starts what plays sessions: a process; for tests, what they like. */
  startHost: StartHost
  /** Processes at once. */
  most: number
  /** Of this machine; 1 if not given. */
  processors?: number
  /** Milliseconds between the starts of two sessions; 20 if not given. */
  apartMs?: number
  onError: (error: unknown) => void
}

/** Plays streams in real time with a player's own code, without a screen or a decoder. */
export async function createHeadlessDriver({
  page,
  apartMs = APART_MS,
  processors = 1,
  ...options
}: HeadlessDriverOptions): Promise<Driver> {
  const { players, script } = await page()
  let capacity: ReturnType<NonNullable<Driver['capacity']>> = null
  const processes = new PlayerProcesses({
    ...options,
    onCost: (cpuMsPerSecond) => {
      capacity = { sessions: sessionsCarried(cpuMsPerSecond, processors), cpuMsPerSecond }
    },
    load: { players: scriptsOf(players), script, page: 'play' },
    kept: 1,
    clock: realClock,
  })
  processes.warm()
  const throttle = new StartThrottle(realClock, apartMs)
  return {
    name: 'headless',
    identity: () => ({ model: 'headless', os: process.platform }),
    capacity: () => capacity,
    async play(assignment, signal, onLive) {
      const session = new PageSession({
        ...{ assignment, players, clock: realClock },
        ...{ onLive, background: false, signal },
      })
      await throttle.acquire(session.over)
      if (!session.over.aborted) await play(processes, session)
      return session.report()
    },
    async [Symbol.asyncDispose]() {
      processes.dispose()
    },
  }
}

async function play(processes: PlayerProcesses, session: PageSession): Promise<void> {
  const { id, assignment, over } = session
  const { origins, video } = assignment
  const ended = Promise.withResolvers<void>()
  over.addEventListener('abort', () => ended.resolve(), { once: true })
  using task = processes.begin(
    video.url,
    { kind: 'play', id, brief: session.brief(), origins: origins.list },
    { hear: (message) => hear(session, message), ended: (end) => session.fail(failureOf(end)) },
  )
  using _ = origins.heard((list) => task.restrict(list))
  await ended.promise
}

function hear(session: PageSession, message: OfTask): void {
  switch (message.kind) {
    case 'report': {
      const report = PageReport.safeParse(message.report)
      if (report.success) session.take(report.data)
      else session.fail(broken('player', 'player_report', 'its player told of what nobody can read'))
      break
    }
    case 'threw':
      session.fail(broken('player', 'player_threw', message.message.slice(0, 300)))
      break
    case 'read':
      break
  }
}

/** Where several streams were played nobody knows which one it was: each is tried again, by and by alone. */
function failureOf({ byLimit, alone, how }: TaskEnd): Failure {
  if (!byLimit || !alone) return broken('lost', 'player_process', `the process of its player ${how}`)
  return { kind: 'content', permanent: true, code: 'poison', message: `what plays it ${how}` }
}

function broken(kind: 'player' | 'lost', code: string, message: string): Failure {
  return { kind, permanent: false, code, message }
}
