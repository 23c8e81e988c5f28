import { setTimeout as delay } from 'node:timers/promises'
import { BUNDLED_STREAM, headlessFiles } from '../src/bin/page-files.ts'
import { DEFAULT_PLAYER } from '../src/domain/player-choice.ts'
import { createHeadlessDriver } from '../src/drivers/headless/driver.ts'
import { OriginsInForce } from '../src/origins/origins-in-force.ts'
import { processStarter } from '../src/player-process/start-process.ts'
import { serveLongStream } from '../test/support/long-stream.ts'

/**
 * What start-up times of headless sessions tell of the machine: so many that are begun together, all at once and some ms
 * apart, in a new process with and without a warm-up, and again in the same process. `npm run bench:starts -- [COUNT …]`
 */
const COUNTS = process.argv.slice(2).map(Number).filter(Boolean)
const PLANNED_SECONDS = 6
/** A warm-up lasts some 2 s. */
const BEFORE_MS = 5000

using stream = await serveLongStream()
for (const count of COUNTS.length > 0 ? COUNTS : [1, 10, 50]) {
  for (const apartMs of [0, 20]) {
    for (const warmUp of [undefined, BUNDLED_STREAM]) await measure(count, apartMs, warmUp)
  }
}

async function measure(count: number, apartMs: number, warmUp: string | undefined): Promise<void> {
  await using driver = await createHeadlessDriver({
    ...{ page: headlessFiles, startHost: processStarter('0'), most: 1, onError: (error) => console.error(error) },
    ...{ apartMs, warmUp },
  })
  const play = (at: number) =>
    driver.play(
      {
        ...{ sessionId: `s${at}`, workload: { id: 'w', name: 'bench' }, device: { id: 'd', labName: `WS01-S${at}` } },
        video: { id: 'v', url: `${stream.url}/manifest.mpd`, title: '' },
        plan: { plannedSeconds: PLANNED_SECONDS, interactions: [] },
        player: DEFAULT_PLAYER,
        origins: new OriginsInForce(),
      },
      AbortSignal.timeout(300_000),
      () => {},
    )
  await delay(BEFORE_MS)
  for (const process of ['a new process', 'the same process again']) {
    const reports = await Promise.all(Array.from({ length: count }, (_, at) => play(at)))
    const startups = reports.map(({ figures }) => Math.round(figures.startupMs ?? Number.NaN)).sort((a, b) => a - b)
    const late = Math.max(...reports.map(({ loopDelayP99Ms }) => loopDelayP99Ms ?? 0))
    console.log(
      `${String(count).padStart(3)} sessions ${String(apartMs).padStart(2)} ms apart, ${warmUp ? 'warmed up' : 'not warmed up'}, ` +
        `${process}: start-up ${startups[0]} / ${startups[startups.length >> 1]} / ${startups.at(-1)} ms (least / median / most), ` +
        `late p99 ${late} ms at most`,
    )
  }
}
