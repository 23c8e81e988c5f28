import { expect, test } from 'vitest'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import type { PageReport } from '../../protocol/player-messages.ts'
import { PageSession } from '../player-page/page-session.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { Hosts } from './hosts.ts'
import type { FromHost, HostEnd, ToHost } from './messages.ts'

const REPORT: PageReport = {
  seq: 1,
  atMs: 1000,
  first: 0,
  entries: [
    { kind: 'state', atMs: 0, state: 'starting' },
    { kind: 'state', atMs: 400, state: 'playing' },
  ],
  live: { state: 'playing', positionSeconds: 1, bufferSeconds: 5, bitrateKbps: 300, rebufferCount: 0 },
  counters: {
    ...{ bytes: 100, segmentBytes: 100, segmentMs: 10, decodedFrames: null, droppedFrames: null },
    loopDelayP99Ms: 1,
  },
  end: { atMs: 1000, reason: 'planned', failure: null },
}

type TestHost = { said: ToHost[]; hear(message: FromHost): void; end(end: HostEnd): void; killed: boolean }

/** Hosts that a test speaks for. A session is named by its video and a number. */
function lab(most = 4) {
  const clock = new VirtualClock()
  const started: TestHost[] = []
  const errors: unknown[] = []
  const hosts = new Hosts({
    startHost(hear, onEnd) {
      const host: TestHost = { said: [], hear, end: onEnd, killed: false }
      started.push(host)
      return {
        send: (message) => void host.said.push(message),
        kill: () => {
          host.killed = true
        },
      }
    },
    load: { kind: 'load', player: 'player()', script: 'page()' },
    most,
    clock,
    onError: (error) => errors.push(error),
  })
  const play = (video: string, origins = new OriginsInForce(), signal = new AbortController().signal) => {
    const session = new PageSession({
      assignment: {
        sessionId: video,
        workload: { id: 'w', name: 'a night' },
        device: { id: 'd', labName: 'WS01-S01' },
        video: { id: 'v', url: `http://127.0.0.1/${video}.m3u8`, title: '' },
        plan: { plannedSeconds: 10, interactions: [] },
        origins,
      },
      clock,
      onLive: () => {},
      background: false,
      signal,
    })
    return { session, ended: hosts.play(session) }
  }
  /** Which host plays it, and by which name. */
  const at = ({ session }: ReturnType<typeof play>) =>
    started.findIndex(({ said }) => said.some((message) => message.kind === 'open' && message.id === session.id))
  return { clock, hosts, started, errors, play, at }
}

test('a video has a process of its own while there may be more; one at rest is used again', async () => {
  const { started, play, at } = lab(2)
  expect(started).toHaveLength(1)
  const [first, second, same, third] = [play('a'), play('b'), play('a'), play('c')]
  expect([first, second, same, third].map(at)).toEqual([0, 1, 0, 1])
  const host = started[1] as TestHost
  for (const { session } of [second, third]) {
    host.hear({ kind: 'report', id: session.id, report: REPORT })
  }
  await Promise.all([second.ended, third.ended])
  expect(second.session.report()).toMatchObject({ failure: null, endReason: 'planned' })
  expect(host.said.filter(({ kind }) => kind === 'close')).toHaveLength(2)
  expect(at(play('d'))).toBe(1)
})

test('what takes its process along is the stream’s failure, for good; of several streams nobody knows which', async () => {
  const { started, play } = lab(2)
  const [alone, again, mixed, other] = [play('a'), play('a'), play('b'), play('c')]
  const end = { byLimit: true, how: 'needed more than 512 MB of memory' }
  for (const host of started) host.end(end)
  await Promise.all([alone, again, mixed, other].map(({ ended }) => ended))
  for (const { session } of [alone, again]) {
    const message = 'what plays it needed more than 512 MB of memory'
    expect(session.report().failure).toEqual({ kind: 'content', permanent: true, message })
  }
  for (const { session } of [mixed, other]) expect(session.report().failure).toMatchObject({ kind: 'lost' })
})

test('a process that is killed, or says nothing for a minute, loses its sessions; the next has a new one', async () => {
  const { clock, started, play, at } = lab(1)
  const killed = play('a')
  started[0]?.end({ byLimit: false, how: 'ended with SIGKILL' })
  await killed.ended
  expect(killed.session.report().failure).toMatchObject({
    kind: 'lost',
    message: 'the process of its player ended with SIGKILL',
  })
  const silent = play('a')
  expect(at(silent)).toBe(1)
  await clock.run(silent.ended)
  expect(silent.session.report().failure).toMatchObject({ kind: 'lost', message: expect.stringContaining('60 s') })
  expect(started[1]?.killed).toBe(true)
})

test('a session is told at once of a proof that is gone, and no longer than it lasts', async () => {
  const { started, play } = lab()
  const origins = new OriginsInForce()
  const stop = new AbortController()
  const { session, ended } = play('a', origins, stop.signal)
  origins.replace([])
  const host = started[0] as TestHost
  const told = () => host.said.filter(({ kind }) => kind === 'origins').length
  expect(told()).toBe(1)
  stop.abort('aborted')
  await ended
  origins.replace([])
  expect(told()).toBe(1)
  expect(host.said.at(-1)).toEqual({ kind: 'close', id: session.id })
})

test('what cannot be read fails its session; what a script throws is told, and what plays goes on', async () => {
  const { started, errors, play } = lab()
  const [broken, threw, well] = [play('a'), play('a'), play('a')]
  const host = started[0] as TestHost
  host.hear({ kind: 'erred', message: 'TypeError: x' })
  expect(errors.map(String)).toEqual(['Error: In a headless player: TypeError: x'])
  const live = { ...REPORT.live, positionSeconds: Number.NaN }
  host.hear({ kind: 'report', id: broken.session.id, report: { ...REPORT, live } })
  host.hear({ kind: 'threw', id: threw.session.id, message: 'no player' })
  await Promise.all([broken.ended, threw.ended])
  for (const { session } of [broken, threw]) expect(session.report().failure).toMatchObject({ kind: 'player' })
  expect(well.session.over.aborted).toBe(false)
  host.hear({ kind: 'report', id: well.session.id, report: REPORT })
  await well.ended
  expect(well.session.report().failure).toBeNull()
})
