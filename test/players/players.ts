import { DRIVERS, type DriverSetting } from '../../src/bin/drivers.ts'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import type { Driver } from '../../src/drivers/driver.ts'
import { startAdbServer } from '../support/android/adb-server.ts'
import { createAndroidDevice } from '../support/android/android-device.ts'
import { createChromiumBrowser } from '../support/android/chromium-browser.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type Condition, serveConditions } from './conditions.ts'

/** A driver with one device, and videos of every condition that it is asked to play. */
export type Player = AsyncDisposable & {
  driver: Driver
  labName: string
  urls: Record<Condition, string>
  /** Keeps the media of `stalling` back, as a test that is done again needs it. */
  beginStall: () => void
  /** Lets it come. */
  endStall: () => void
  /** What was asked of the media server. */
  requests: readonly { url: string; session: string; userAgent: string; cmcd: string }[]
  /** What a shell was made to run or expand that nobody meant. */
  violations: readonly string[]
}

/** What a driver cannot do by its nature. */
export type Kind = {
  name: string
  start: (() => Promise<Player>) | null
  /** Whether it goes over a network at all. */
  networked: boolean
  /** Whether it decodes and draws. */
  draws: boolean
  /** Whether it marks its requests by their `User-Agent` as well: a phone's own browser cannot be made to. */
  names: boolean
  /** What it does with a plan's `background`. */
  background: 'done' | 'not_applicable'
}

const browser = await findBrowser(process.env)
const adb = await new AdbServer(process.env).executableVersion().catch(() => null)
const LAB_NAME = 'WS01-S01'

const KINDS: Kind[] = [
  {
    name: 'simulated',
    start: simulated,
    networked: false,
    draws: false,
    names: false,
    background: 'not_applicable',
  },
  {
    name: 'headless',
    start: () => real('headless'),
    networked: true,
    draws: false,
    names: true,
    background: 'not_applicable',
  },
  {
    name: 'chromium',
    start: browser === null ? null : () => real('chromium'),
    networked: true,
    draws: true,
    names: true,
    background: 'not_applicable',
  },
  {
    name: 'adb',
    start: browser === null || adb === null ? null : () => phone(browser),
    networked: true,
    draws: true,
    names: false,
    background: 'done',
  },
]

export function kindOf(name: string): Kind {
  const kind = KINDS.find((one) => one.name === name)
  if (kind === undefined) throw new Error(`There is no driver ${name}.`)
  return kind
}

async function create(name: string, over: Partial<DriverSetting> = {}): Promise<Driver> {
  const make = DRIVERS[name]
  if (make === undefined) throw new Error(`There is no driver ${name}.`)
  const onError = (error: unknown) => console.error(error)
  return make({ env: process.env, home: '', labNames: [LAB_NAME], apartMs: 0, shapeOf: () => null, onError, ...over })
}

/** Its faults are asked for by its videos. */
async function simulated(): Promise<Player> {
  const driver = await create('simulated')
  const video = (fault = '') => `http://localhost/a.m3u8?fault=${fault}`
  const well = 'http://localhost/a.m3u8'
  return {
    driver,
    labName: LAB_NAME,
    urls: {
      hls: well,
      dash: well,
      progressive: well,
      stalling: well,
      missing: video('content'),
      failing: video('content'),
      garbled: video('content'),
      unanswered: video('hang'),
      outside: video('refused'),
      undecodable: video('unsupported'),
      hostile: well,
    },
    beginStall: () => {},
    endStall: () => {},
    requests: [],
    violations: [],
    [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose](),
  }
}

function conditionsOf(media: MediaServer): Pick<Player, 'urls' | 'beginStall' | 'endStall'> {
  let stall = Promise.withResolvers<void>()
  const beginStall = () => {
    stall = Promise.withResolvers()
  }
  return { urls: serveConditions(media, () => stall.promise), beginStall, endStall: () => stall.resolve() }
}

async function real(name: string): Promise<Player> {
  await using stack = new AsyncDisposableStack()
  const media = stack.use(await startMediaServer())
  const driver = stack.use(await create(name))
  const parts = stack.move()
  return {
    driver,
    labName: LAB_NAME,
    ...conditionsOf(media),
    requests: media.requests,
    violations: [],
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** A phone for tests, behind the real adb server, with a real browser. */
async function phone(executable: string): Promise<Player> {
  await using stack = new AsyncDisposableStack()
  const media = stack.use(await startMediaServer())
  const server = stack.use(await startAdbServer())
  const chromium = stack.use(createChromiumBrowser(executable))
  const device = stack.use(await createAndroidDevice({ browser: chromium, state: { keyguard: 'swipe' } }))
  await server.connect(device.address)
  const home = await temporaryFolder('doai-phones-')
  const env = { ...process.env, ANDROID_ADB_SERVER_PORT: String(server.port) }
  const driver = stack.use(await create('adb', { env, home }))
  const parts = stack.move()
  return {
    driver,
    labName: LAB_NAME,
    ...conditionsOf(media),
    requests: media.requests,
    violations: device.violations,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}
