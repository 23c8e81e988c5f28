import { fork } from 'node:child_process'
import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { headlessFiles } from '../src/bin/page-files.ts'
import { PlayerChoice } from '../src/domain/player-choice.ts'
import { createHeadlessDriver } from '../src/drivers/headless/driver.ts'
import { OriginsInForce } from '../src/origins/origins-in-force.ts'
import { processStarter } from '../src/player-process/start-process.ts'
import { SEGMENT_SECONDS, serveLongStream } from '../test/support/long-stream.ts'
import { descendants } from '../test/support/processes.ts'
import { usageOf } from './usage.ts'

/**
 * What a headless session costs in real time: so many in one process over a stream of ten minutes at 240p, in their steady
 * state, beside bare `undici` that fetches the same segments at the same pace. Shaka Player plays DASH, hls.js HLS.
 *
 * `npm run bench:sessions -- [--player shaka|hls.js] [COUNT …]`
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { player: { type: 'string', default: 'shaka' } },
})
const COUNTS = positionals.map(Number).filter(Boolean)
const PLAYER = PlayerChoice.parse({ name: values.player })
const MANIFEST = PLAYER.name === 'shaka' ? 'manifest.mpd' : 'master.m3u8'
/** From the first session's start, s: all play, and what is measured has begun and ended. */
const STARTED_SECONDS = 15
const MEASURED_SECONDS = 30

const stream = await serveLongStream()
const { url } = stream

console.log(
  `${PLAYER.name}; ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}; the origin is beside them`,
)
for (const count of COUNTS.length > 0 ? COUNTS : [50, 100, 200, 400]) {
  const ours = await sessions(count)
  const bare = await undici(count)
  console.log(
    `${String(count).padStart(4)} sessions: ${(ours.cores * 100).toFixed(1)} % of a core, ` +
      `${((ours.cores * 1000) / count).toFixed(2)} ms a session-second, ${(ours.megabytes / count).toFixed(2)} MB each, ` +
      `loop delay p99 ${ours.late} ms, ${ours.stalls} stalls, ${ours.failed} failed; ` +
      `bare undici ${(bare * 100).toFixed(1)} % of a core: ${(ours.cores / bare).toFixed(1)} times as much`,
  )
}
stream[Symbol.dispose]()

async function sessions(count: number) {
  await using driver = await createHeadlessDriver({
    ...{ page: headlessFiles, startHost: processStarter('0'), most: 1, onError: (error) => console.error(error) },
  })
  const play = (at: number, plannedSeconds: number) =>
    driver.play(
      {
        ...{ sessionId: `s${at}`, workload: { id: 'w', name: 'bench' }, device: { id: 'd', labName: `WS01-S${at}` } },
        video: { id: 'v', url: `${url}/${MANIFEST}`, title: '' },
        plan: { plannedSeconds, interactions: [] },
        player: PLAYER,
        origins: new OriginsInForce(),
      },
      AbortSignal.timeout(300_000),
      () => {},
    )
  await play(-1, 1)
  const rest = await usage()
  const playing = Promise.all(
    Array.from({ length: count }, async (_, at) => {
      await delay((at / count) * 10_000)
      return play(at, STARTED_SECONDS + MEASURED_SECONDS)
    }),
  )
  await delay(STARTED_SECONDS * 1000)
  const before = await usage()
  await delay(MEASURED_SECONDS * 1000)
  const after = await usage()
  const reports = await playing
  return {
    cores: (after.cpuSeconds - before.cpuSeconds) / MEASURED_SECONDS,
    megabytes: after.megabytes - rest.megabytes,
    late: Math.max(...reports.map(({ loopDelayP99Ms }) => loopDelayP99Ms ?? 0)),
    stalls: reports.reduce((sum, { figures }) => sum + figures.rebufferCount, 0),
    failed: reports.filter(({ failure }) => failure !== null).length,
  }
}

/** Of the process of the players. */
async function usage() {
  const all = await Promise.all((await descendants('process-main')).map(usageOf))
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    megabytes: all.reduce((sum, { megabytes }) => sum + megabytes, 0),
  }
}

/** Cores that a process takes which fetches what so many sessions fetch and does nothing with it. */
async function undici(count: number): Promise<number> {
  const file = new URL('./sessions-undici.ts', import.meta.url)
  const child = fork(file, [url, String(count), String(SEGMENT_SECONDS), String(MEASURED_SECONDS)])
  const [cores] = await new Promise<[number]>((done) => child.once('message', (message) => done([message as number])))
  return cores
}
