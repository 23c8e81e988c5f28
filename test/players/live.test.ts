import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { DRIVERS } from '../../src/bin/drivers.ts'
import { headlessFiles } from '../../src/bin/page-files.ts'
import type { PlayerName } from '../../src/domain/player-choice.ts'
import type { Interaction } from '../../src/domain/session-plan.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import type { Driver } from '../../src/drivers/driver.ts'
import { CURRENT_PHONE } from '../../src/media-element/device-profile.ts'
import type { MediaElement } from '../../src/media-element/media-element.ts'
import { VirtualPageClock } from '../../src/media-element/virtual-page-clock.ts'
import type { PageReport, PlaybackInPage } from '../../src/protocol/player-messages.ts'
import { createRealm } from '../../src/realm/realm.ts'
import { LiveStream } from '../support/live-stream.ts'
import { inForce } from '../support/origins.ts'

/** Live streams: how far behind the edge they are played, that it stays so, and that one that stops is said to have. */
const STREAMS: [PlayerName, string][] = [
  ['shaka', 'manifest.mpd'],
  ['shaka', 'master.m3u8'],
  ['hls.js', 'master.m3u8'],
]
const EPOCH_MS = Date.UTC(2026, 0, 1)
/** The stream has begun so long before a session joins it. */
const BEFORE_MS = 60_000
const SECONDS = inject('long') ? 1800 : 60

/** A session of a live stream in a page on a virtual clock, behind 40 ms of network. */
async function onVirtualClock(
  player: PlayerName,
  manifest: string,
  plan: { seconds: number; interactions?: Interaction[] },
) {
  const clock = new VirtualPageClock()
  const stream = new LiveStream(EPOCH_MS - BEFORE_MS)
  const network = async (request: Request): Promise<Response> => {
    await new Promise<void>((then) => clock.after(40, then))
    const answer = stream.answer(new URL(request.url).pathname.slice(1), EPOCH_MS + clock.now())
    const headers = { 'content-type': answer?.type ?? 'text/plain' }
    const response = new Response(answer && new Uint8Array(Buffer.from(answer.body)), {
      status: answer ? 200 : 404,
      headers,
    })
    return Object.defineProperty(response, 'url', { value: request.url })
  }
  const realm = createRealm({
    clock,
    epochMs: EPOCH_MS,
    profile: CURRENT_PHONE,
    network,
    userAgent: 'Chrome/156.0.0.0',
  })
  const { players, script } = await headlessFiles()
  realm.run(players[player].code, player)
  realm.run(script, 'page.js')
  const { createPlayback } = realm.globals as { createPlayback: PlaybackInPage<MediaElement> }
  const video = realm.createVideo()
  const playback = createPlayback({
    brief: {
      ...{ sessionId: 's', workload: 'live', device: 'd', origins: [], background: false },
      video: { id: 'v', url: `http://127.0.0.1/${manifest}`, title: '' },
      plan: { plannedSeconds: plan.seconds, interactions: plan.interactions ?? [] },
      player: { name: player, config: {} },
    },
    ...{ video, headers: {}, lateMs: () => null, onNews: () => {} },
  })
  void playback.play()
  const report = (): Omit<PageReport, 'seq' | 'first'> => playback.report(0)
  return { clock, stream, report, video }
}

const states = ({ entries }: Pick<PageReport, 'entries'>) =>
  entries.flatMap((entry) => (entry.kind === 'state' ? [entry.state] : []))

test.each(STREAMS)(
  '%s plays %s live for minutes: as far behind at the end as at the start, without a stall',
  async (player, manifest) => {
    const { clock, report, video } = await onVirtualClock(player, manifest, { seconds: SECONDS })
    await clock.run((SECONDS + 60) * 1000, () => report().end !== null)
    const { end, liveFigures, entries } = report()
    expect(end).toMatchObject({ reason: 'planned', failure: null })
    expect(states({ entries })).toEqual(['starting', 'playing'])
    const { liveLatencyP50Ms, liveLatencyP95Ms, liveLatencyEndMs, liveDriftMs, liveWindowSeconds } = liveFigures ?? {}
    // Some three segments of 2 s behind the newest.
    for (const latency of [liveLatencyP50Ms, liveLatencyP95Ms, liveLatencyEndMs]) {
      expect(latency).toBeGreaterThan(2000)
      expect(latency).toBeLessThan(16_000)
    }
    expect(Math.abs(liveDriftMs ?? Number.NaN)).toBeLessThan(1000)
    expect(liveWindowSeconds).toBeGreaterThan(5)
    expect(liveWindowSeconds).toBeLessThan(30)
    // Of hours it keeps no more than of minutes. hls.js keeps all, as it is shipped, until the element's quota is met.
    const { buffered } = video
    const kept = Array.from({ length: buffered.length }, (_, at) => buffered.end(at) - buffered.start(at))
    if (player === 'shaka') expect(kept.reduce((sum, seconds) => sum + seconds, 0)).toBeLessThan(110)
  },
)

test.each(STREAMS)(
  '%s, %s: a packager that stops is the stream’s failure within a minute, and no hang',
  async (player, manifest) => {
    const { clock, stream, report } = await onVirtualClock(player, manifest, { seconds: 600 })
    await clock.run(20_000)
    expect(states(report()).at(-1)).toBe('playing')
    stream.stopMs = EPOCH_MS + clock.now()
    await clock.run(90_000, () => report().end !== null)
    const { end } = report()
    expect(end).toMatchObject({ reason: 'failed', failure: { kind: 'content', permanent: false } })
    expect((end?.atMs ?? 0) - 20_000).toBeLessThan(60_000)
  },
)

test.each(STREAMS.filter(([, manifest]) => manifest.endsWith('m3u8')))(
  '%s, %s: a packager that stops and says so is the end of the session, once all was played',
  async (player, manifest) => {
    const { clock, stream, report } = await onVirtualClock(player, manifest, { seconds: 600 })
    await clock.run(20_000)
    stream.says = true
    stream.stopMs = EPOCH_MS + clock.now()
    await clock.run(90_000, () => report().end !== null)
    const { end } = report()
    expect(end).toMatchObject({ reason: 'ended', failure: null })
    expect((end?.atMs ?? 0) - 20_000).toBeLessThan(20_000)
  },
)

test.each(STREAMS)(
  '%s, %s: a seek leads into what can be sought now, and a pause leaves it behind',
  async (player, manifest) => {
    const interactions: Interaction[] = [
      { kind: 'seek', atMs: 10_000, toFraction: 0.2 },
      { kind: 'pause', atMs: 20_000, forMs: 3000 },
    ]
    const { clock, report } = await onVirtualClock(player, manifest, { seconds: 40, interactions })
    await clock.run(90_000, () => report().end !== null)
    const { end, entries, liveFigures } = report()
    expect(end).toMatchObject({ reason: 'planned', failure: null })
    const done = entries.flatMap((entry) => (entry.kind === 'interaction' ? [[entry.interaction, entry.outcome]] : []))
    expect(done).toEqual([
      ['seek', 'done'],
      ['pause', 'done'],
    ])
    expect(liveFigures?.liveDriftMs).toBeGreaterThan(1000)
  },
)

const browser = await findBrowser(process.env)
/** In Chromium, one of them in the short form. */
const REAL = ['headless', ...(browser === null ? [] : ['chromium'])].flatMap((on) =>
  STREAMS.slice(on === 'chromium' && !inject('long') ? 2 : 0).map(([player, manifest]) => ({ on, player, manifest })),
)
let stack: AsyncDisposableStack
let url: string
const drivers = new Map<string, Driver>()
beforeAll(async () => {
  stack = new AsyncDisposableStack()
  const stream = new LiveStream(Date.now() - BEFORE_MS)
  const server = createServer((request, response) => {
    const answer = stream.answer(new URL(request.url ?? '', 'http://localhost').pathname.slice(1), Date.now())
    response.setHeader('access-control-allow-origin', '*')
    if (answer === null) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': answer.type }).end(answer.body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  stack.defer(() => server.closeAllConnections())
  stack.defer(() => void server.close())
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const onError = (error: unknown) => console.error(error)
  const setting = { env: process.env, home: '', labNames: [], apartMs: 0, shapeOf: () => null, onError }
  for (const name of new Set(REAL.map(({ on }) => on))) {
    drivers.set(name, stack.use((await DRIVERS[name]?.(setting)) as Driver))
  }
})
afterAll(() => stack?.disposeAsync())

test.concurrent.each(REAL)(
  '$on: $player plays $manifest live, and tells how far behind',
  async ({ on, player, manifest }) => {
    const report = await (drivers.get(on) as Driver).play(
      {
        ...{
          sessionId: `${on} ${player}`,
          workload: { id: 'w', name: 'live' },
          device: { id: 'd', labName: 'WS01-S01' },
        },
        video: { id: 'v', url: `${url}/${manifest}`, title: '' },
        plan: { plannedSeconds: 6, interactions: [] },
        player: { name: player, config: {} },
        origins: inForce(),
      },
      AbortSignal.timeout(300_000),
      () => {},
    )
    expect([report.failure, report.endReason]).toEqual([null, 'planned'])
    const { liveLatencyP50Ms, liveLatencyEndMs, liveWindowSeconds } = report.figures
    for (const latency of [liveLatencyP50Ms, liveLatencyEndMs]) expect(latency).toBeGreaterThan(2000)
    expect(liveWindowSeconds).toBeGreaterThan(5)
  },
)
