import { expect, test } from 'vitest'
import { DEFAULT_PLAYER } from '../../domain/player-choice.ts'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import type { FromHost, HostEnd, ToHost } from '../../player-process/messages.ts'
import type { PageReport } from '../../protocol/player-messages.ts'
import { playerBuild } from '../player-page/player-builds.ts'
import { createHeadlessDriver } from './driver.ts'

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
  liveFigures: null,
  player: { name: 'shaka', version: '5.2.12' },
  end: { atMs: 1000, reason: 'planned', failure: null },
}

const BUILDS = { shaka: playerBuild('shaka()'), 'hls.js': playerBuild('hls()') }

/** One process that a test speaks for, and what is played in it. */
async function lab() {
  const said: ToHost[] = []
  const host: { hear(message: FromHost): void; end(end: HostEnd): void } = { hear: () => {}, end: () => {} }
  const driver = await createHeadlessDriver({
    page: async () => ({ players: BUILDS, script: 'page()' }),
    startHost(hear, end) {
      Object.assign(host, { hear, end })
      return { send: (message) => void said.push(message), kill: () => {} }
    },
    most: 1,
    onError: () => {},
  })
  const play = async (url: string, origins = new OriginsInForce(), signal = new AbortController().signal) => {
    const assignment = {
      sessionId: 's',
      workload: { id: 'w', name: 'a night' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url, title: '' },
      plan: { plannedSeconds: 10, interactions: [] },
      player: DEFAULT_PLAYER,
      origins,
    }
    const plays = () => said.filter((message) => message.kind === 'play')
    const before = plays().length
    const report = driver.play(assignment, signal, () => {})
    // Sessions begin some ms apart.
    while (plays().length === before) await new Promise((done) => setTimeout(done, 1))
    return { id: plays().at(-1)?.id ?? '', report }
  }
  return { driver, said, host, play }
}

test('a session’s report is made of what its process sent', async () => {
  const { driver, host, said, play } = await lab()
  const { id, report } = await play('http://127.0.0.1/a.m3u8')
  host.hear({ kind: 'report', id, report: REPORT })
  expect(await report).toMatchObject({ failure: null, endReason: 'planned' })
  expect(said.at(-1)).toEqual({ kind: 'close', id })
  await driver[Symbol.asyncDispose]()
})

test('what takes its process along is the stream’s failure, for good; of several streams nobody knows which', async () => {
  const { driver, host, play } = await lab()
  const end = { byLimit: true, how: 'needed more than 512 MB of memory' }
  const alone = [await play('http://127.0.0.1/a.m3u8'), await play('http://127.0.0.1/a.m3u8')]
  host.end(end)
  for (const { report } of alone) {
    const message = 'what plays it needed more than 512 MB of memory'
    expect((await report).failure).toEqual({ kind: 'content', permanent: true, message })
  }
  const mixed = [await play('http://127.0.0.1/a.m3u8'), await play('http://127.0.0.1/b.m3u8')]
  host.end(end)
  for (const { report } of mixed) expect((await report).failure).toMatchObject({ kind: 'lost' })
  const killed = await play('http://127.0.0.1/a.m3u8')
  host.end({ byLimit: false, how: 'ended with SIGKILL' })
  const message = 'the process of its player ended with SIGKILL'
  expect((await killed.report).failure).toEqual({ kind: 'lost', permanent: false, message })
  await driver[Symbol.asyncDispose]()
})

test('a session is told at once of a proof that is gone, and no longer than it lasts', async () => {
  const { driver, said, play } = await lab()
  const origins = new OriginsInForce()
  const stop = new AbortController()
  const { report } = await play('http://127.0.0.1/a.m3u8', origins, stop.signal)
  const told = () => said.filter(({ kind }) => kind === 'origins').length
  origins.replace([])
  expect(told()).toBe(1)
  stop.abort('aborted')
  expect((await report).failure).toMatchObject({ kind: 'aborted' })
  origins.replace([])
  expect(told()).toBe(1)
  await driver[Symbol.asyncDispose]()
})

test('what cannot be read, or could not be begun, is the player’s failure', async () => {
  const { driver, host, play } = await lab()
  const [broken, threw] = [await play('http://127.0.0.1/a.m3u8'), await play('http://127.0.0.1/a.m3u8')]
  const live = { ...REPORT.live, positionSeconds: Number.NaN }
  host.hear({ kind: 'report', id: broken.id, report: { ...REPORT, live } })
  host.hear({ kind: 'threw', id: threw.id, message: 'no player' })
  for (const { report } of [broken, threw]) expect((await report).failure).toMatchObject({ kind: 'player' })
  await driver[Symbol.asyncDispose]()
})
