import { appendFile, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { DRIVERS } from '../src/bin/drivers.ts'
import { PACKAGE_ROOT } from '../src/bin/version.ts'
import { PLAYER_NAMES, type PlayerName } from '../src/domain/player-choice.ts'
import type { Driver } from '../src/drivers/driver.ts'
import { OriginsInForce } from '../src/origins/origins-in-force.ts'
import { Shaper } from '../src/origins/shaper.ts'
import { median } from './statistics.ts'

/**
 * Whether a headless session measures what Chromium measures: the same player, the same stream, the same path, one
 * session at a time in random order. Shaka Player plays DASH, hls.js HLS, of the same segments. Each session is a row of a
 * file as soon as it ended; what is in it already is not played again. `--short` takes about eight minutes a player: the
 * constant paths, twice.
 *
 * `npm run bench:fidelity -- [--short] [--player shaka|hls.js] [--rows FILE]`
 */
const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, player: { type: 'string' }, rows: { type: 'string' } },
})
const { short } = values
const ROWS = values.rows ?? join(tmpdir(), 'doai-fidelity.jsonl')
const PLAYERS = PLAYER_NAMES.filter((name) => values.player === undefined || values.player === name)
const MANIFESTS: Record<PlayerName, string> = { shaka: 'manifest.mpd', 'hls.js': 'master.m3u8' }
const LADDER = join(PACKAGE_ROOT, 'media', 'ladder')
const DELAY_MS = 40
const REPEATS = short ? 2 : 9
/** Kilobits per second, one after another for so many seconds each. */
const CONSTANT = { '3000': [3000], '1500': [1500], '800': [800], '400': [400] }
const VARYING = { '1500/400': [1500, 400], '3000/600': [3000, 600] }
const PATHS: Record<string, number[]> = short ? CONSTANT : { ...CONSTANT, ...VARYING }
const CHANGES_MS = 6000
const NAMES = ['headless', 'chromium'] as const

type Row = {
  player: PlayerName
  path: string
  driver: (typeof NAMES)[number]
  repeat: number
  startupMs: number
  rebufferMs: number
  rebufferCount: number
  bitrateKbps: number
  lateMs: number
  /** Segments in the order in which they were asked for. */
  asked: string[]
}

const TYPES: Record<string, string> = { '.mpd': 'application/dash+xml', '.m3u8': 'application/vnd.apple.mpegurl' }
const shapers = new Map<string, Shaper>()
const asked = new Map<string, string[]>()
const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  const session = (searchParams.get('CMCD') ?? '').match(/sid="([^"]+)"/)?.[1] ?? ''
  asked.get(session)?.push(pathname.slice(1))
  response.setHeader('access-control-allow-origin', '*')
  const body = await readFile(join(LADDER, pathname)).catch(() => null)
  if (body === null) return response.writeHead(404).end()
  const type = TYPES[extname(pathname)] ?? 'application/octet-stream'
  response.writeHead(200, { 'content-type': type, 'content-length': body.length })
  const stage = shapers.get(session)?.stage()
  if (stage === undefined) return response.end(body)
  stage.pipe(response)
  stage.end(body)
})
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const known = (await readFile(ROWS, 'utf8').catch(() => '')).split('\n').filter(Boolean)
const rows = known.map((line) => JSON.parse(line) as Row)
const isDone = (job: Pick<Row, 'player' | 'path' | 'driver' | 'repeat'>) =>
  rows.some((row) => (['player', 'path', 'driver', 'repeat'] as const).every((key) => row[key] === job[key]))
const jobs = PLAYERS.flatMap((player) =>
  Object.keys(PATHS).flatMap((path) =>
    NAMES.flatMap((driver) =>
      Array.from({ length: REPEATS }, (_, repeat) => ({ player, path, driver, repeat, order: Math.random() })),
    ),
  ),
)
const left = jobs.filter((job) => !isDone(job)).sort((a, b) => a.order - b.order)
console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}; ${left.length} sessions to play, rows in ${ROWS}`)

const setting = { env: process.env, home: '', labNames: [], apartMs: 0, shapeOf: () => null, onError: console.error }
const drivers = new Map<string, Driver>()
for (const name of NAMES) {
  const driver = await DRIVERS[name]?.(setting)
  if (driver === undefined) throw new Error(`There is no driver ${name}.`)
  drivers.set(name, driver)
  // Its process or browser, and the player in it, are there before anything is measured.
  for (const player of PLAYERS) await play(driver, player, 'warm')
}
for (const [done, { player, path, driver, repeat }] of left.entries()) {
  const id = `${player}-${driver}-${path.replace('/', '-')}-${repeat}`
  const speeds = PATHS[path] ?? []
  const shape = { kbps: speeds[0] ?? 0, delayMs: DELAY_MS }
  shapers.set(id, new Shaper(shape))
  asked.set(id, [])
  let change = 0
  const changing = setInterval(() => {
    change += 1
    shape.kbps = speeds[change % speeds.length] ?? shape.kbps
  }, CHANGES_MS)
  const { figures, failure, loopDelayP99Ms } = await play(drivers.get(driver) as Driver, player, id)
  clearInterval(changing)
  if (failure !== null) throw new Error(`${id}: ${failure.kind}, ${failure.message}`)
  const row: Row = {
    ...{ player, path, driver, repeat, startupMs: figures.startupMs ?? 0, rebufferMs: figures.rebufferMs },
    ...{ rebufferCount: figures.rebufferCount, bitrateKbps: figures.bitrateAvgKbps ?? 0, lateMs: loopDelayP99Ms ?? 0 },
    asked: (asked.get(id) ?? []).filter((name) => name.startsWith('chunk')),
  }
  rows.push(row)
  await appendFile(ROWS, `${JSON.stringify(row)}\n`)
  console.log(`${done + 1} of ${left.length}: ${player}, ${driver} at ${path} kbit/s`)
}
for (const driver of drivers.values()) await driver[Symbol.asyncDispose]()
server.closeAllConnections()
server.close()
for (const player of PLAYERS) print(player)

function play(driver: Driver, player: PlayerName, sessionId: string) {
  return driver.play(
    {
      sessionId,
      workload: { id: 'w', name: 'bench' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url: `${url}/${MANIFESTS[player]}`, title: 'ladder' },
      plan: { plannedSeconds: sessionId === 'warm' ? 1 : 120, interactions: [] },
      player: { name: player, config: {} },
      origins: new OriginsInForce(),
    },
    AbortSignal.timeout(300_000),
    () => {},
  )
}

function print(player: PlayerName): void {
  const own = rows.filter((row) => row.player === player)
  const figures = [
    ['start-up, ms', 'startupMs'],
    ['stalled, ms', 'rebufferMs'],
    ['stalls', 'rebufferCount'],
    ['mean bitrate, kbit/s', 'bitrateKbps'],
  ] as const
  console.log(`\n${player}\n`)
  console.log('| path, kbit/s | figure | headless | Chromium | of Chromium | Chromium’s own range |')
  console.log('| --- | --- | --- | --- | --- | --- |')
  for (const path of Object.keys(PATHS)) {
    const of = (driver: string) => own.filter((row) => row.path === path && row.driver === driver)
    const [headless, chromium] = [of('headless'), of('chromium')]
    for (const [name, key] of figures) {
      const [ours, theirs] = [headless, chromium].map((some) => median(some.map((row) => row[key])))
      const all = chromium.map((row) => row[key])
      const share = theirs ? `${(((ours ?? 0) / theirs) * 100).toFixed(1)} %` : '–'
      const range = `${Math.round(Math.min(...all))}–${Math.round(Math.max(...all))}`
      console.log(`| ${path} | ${name} | ${Math.round(ours ?? 0)} | ${Math.round(theirs ?? 0)} | ${share} | ${range} |`)
    }
    console.log(`| ${path} | same rendition of a segment | ${agreement(headless, chromium)} | | | |`)
  }
  const late = own.map(({ lateMs }) => lateMs)
  console.log(`\n${own.length} sessions; loop delay p99 at most ${Math.max(0, ...late)} ms`)
}

/** Over all pairs of sessions: of how many segments both asked for the same rendition last. */
function agreement(some: readonly Row[], others: readonly Row[]): string {
  let same = 0
  let all = 0
  for (const one of some) {
    for (const other of others) {
      const [a, b] = [chosen(one), chosen(other)]
      for (const [segment, rendition] of a) {
        all += 1
        same += b.get(segment) === rendition ? 1 : 0
      }
    }
  }
  return all === 0 ? '–' : `${((same / all) * 100).toFixed(1)} %`
}

function chosen({ asked }: Row): Map<string, string> {
  const pictures = asked.filter((name) => !name.includes('stream3'))
  return new Map(pictures.map((name) => [name.slice(-9, -4), name.slice(0, -10)]))
}
