import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { serveMedia } from '../src/bin/media-server.ts'
import { pageFiles } from '../src/bin/page-files.ts'
import { PACKAGE_ROOT } from '../src/bin/version.ts'
import type { SessionReport } from '../src/domain/playback-result.ts'
import { DEFAULT_PLAYER } from '../src/domain/player-choice.ts'
import { createChromiumDriver } from '../src/drivers/chromium/driver.ts'
import { findBrowser, INSTALL_BROWSER } from '../src/drivers/chromium/find-browser.ts'
import type { Driver } from '../src/drivers/driver.ts'
import { OriginsInForce } from '../src/origins/origins-in-force.ts'
import { descendants } from '../test/support/processes.ts'
import { median } from './statistics.ts'
import { usageOf } from './usage.ts'

/**
 * How many sessions one machine's Chromium plays until frames drop, and what a session costs: one browser with a
 * context per session, as the driver does it, beside one browser per session.
 */
const COUNTS = process.argv.slice(2).map(Number)
const PLAY_SECONDS = 15
const RUNS = 3

const executable = await findBrowser(process.env)
if (executable === null) throw new Error(`There is no browser: ${INSTALL_BROWSER}.`)
await using media = await serveMedia(join(PACKAGE_ROOT, 'media', 'ladder'))
const sandbox = process.getuid?.() !== 0
const options = { version: '0', addresses: null, executable, sandbox, page: pageFiles, apartMs: 300 }
const create = () => createChromiumDriver(options)

type Measured = { dropped: number; stalls: number; failed: number; megabytes: number; cores: number; late: number }

console.log(
  `${cpus().length} cores, the ladder at 854 × 480, 15 frames a second, ${PLAY_SECONDS} s each, medians of ${RUNS}`,
)
for (const count of COUNTS.length > 0 ? COUNTS : [4, 8, 12, 16, 20, 24]) {
  const contexts: Measured[] = []
  const browsers: Measured[] = []
  for (let at = 0; at < RUNS; at++) {
    contexts.push(await inOneBrowser(count))
    if (count <= 8) browsers.push(await inBrowsersOfTheirOwn(count))
  }
  print(`${count} contexts`, count, contexts)
  if (browsers.length > 0) print(`${count} browsers`, count, browsers)
}

async function inOneBrowser(count: number): Promise<Measured> {
  await using driver = await create()
  // The browser itself is there before anything is measured.
  await play(driver, 0, 1)
  return await measure(Array.from({ length: count }, () => driver))
}

async function inBrowsersOfTheirOwn(count: number): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const drivers: Driver[] = []
  for (let at = 0; at < count; at++) drivers.push(stack.use(await create()))
  return await measure(drivers)
}

async function measure(drivers: readonly Driver[]): Promise<Measured> {
  const before = await usage()
  const begun = performance.now()
  const playing = Promise.all(drivers.map((driver, at) => play(driver, at, PLAY_SECONDS)))
  // All have started, none has ended.
  await delay(drivers.length * 300 + (PLAY_SECONDS * 1000) / 2)
  const during = await usage()
  const reports = await playing
  for (const { failure } of reports) if (failure !== null) console.log(`failed: ${failure.kind}, ${failure.message}`)
  const seconds = (performance.now() - begun) / 1000
  const after = await usage()
  const sum = (of: (report: SessionReport) => number | null) => reports.reduce((all, one) => all + (of(one) ?? 0), 0)
  const droppedFrames = sum(({ figures }) => figures.droppedFrames)
  const decodedFrames = sum(({ figures }) => figures.decodedFrames)
  return {
    dropped: (droppedFrames / Math.max(1, droppedFrames + decodedFrames)) * 100,
    stalls: sum(({ figures }) => figures.rebufferCount),
    failed: reports.filter(({ failure }) => failure !== null).length,
    megabytes: during.megabytes - before.megabytes,
    cores: (after.cpuSeconds - before.cpuSeconds) / seconds,
    late: Math.max(...reports.map(({ loopDelayP99Ms }) => loopDelayP99Ms ?? 0)),
  }
}

function play(driver: Driver, at: number, plannedSeconds: number): Promise<SessionReport> {
  return driver.play(
    {
      sessionId: `session-${at}`,
      workload: { id: 'w', name: 'bench' },
      device: { id: `d${at}`, labName: `WS01-S${at}` },
      video: { id: 'v', url: `${media.url}/master.m3u8`, title: 'ladder' },
      plan: { plannedSeconds, interactions: [] },
      player: DEFAULT_PLAYER,
      origins: new OriginsInForce(),
    },
    new AbortController().signal,
    () => {},
  )
}

/** Of all browsers below this process. */
async function usage(): Promise<{ cpuSeconds: number; megabytes: number }> {
  const roots = await descendants('--remote-debugging-pipe', '--mute-audio')
  const all = await Promise.all(roots.map(usageOf))
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    megabytes: all.reduce((sum, { megabytes }) => sum + megabytes, 0),
  }
}

function print(name: string, count: number, runs: readonly Measured[]): void {
  const of = (key: keyof Measured) => median(runs.map((one) => one[key]))
  console.log(
    `${name.padEnd(12)} ${of('dropped').toFixed(2)} % dropped, ${of('stalls')} stalls, ${of('failed')} failed, ` +
      `${(of('megabytes') / count).toFixed(0)} MB and ${((of('cores') / count) * 100).toFixed(1)} % of a core each, page timers ${of('late').toFixed(0)} ms late`,
  )
}
