import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DRIVERS } from '../../src/bin/drivers.ts'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import type { Driver } from '../../src/drivers/driver.ts'
import type { PageEnd } from '../../src/protocol/player-messages.ts'
import { AGAIN_WHERE_ADB_ENDS, startAdbServer, type AdbServer as TestAdbServer } from '../support/android/adb-server.ts'
import { type AndroidDevice, createAndroidDevice } from '../support/android/android-device.ts'
import type { PhoneCommand } from '../support/android/shell.ts'
import { startMediaServer } from '../support/media-server.ts'
import { inForce } from '../support/origins.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

/** Phones without a browser behind them: what is looked at here comes before a page opens, or instead of it. */
const adb = await new AdbServer(process.env).executableVersion().catch(() => null)
const it = test.skipIf(adb === null)
const LAB_NAMES = ['WS01-S01', 'WS01-S02']

let stack: AsyncDisposableStack
let server: TestAdbServer
let phone: AndroidDevice
let driver: Driver
let home: string
let videoUrl: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  if (adb === null) return
  videoUrl = (await stack.use(await startMediaServer())).video('phone')
  home = stack.use(await disposableFolder('doai-phone-')).path
  server = stack.use(await startAdbServer())
  phone = stack.use(await createAndroidDevice({ state: { keyguard: 'swipe' } }))
  await server.connect(phone.address)
  driver = stack.use(await startDriver())
})
afterEach(() => stack.disposeAsync())

function startDriver(): Promise<Driver> {
  const env = { ...process.env, ANDROID_ADB_SERVER_PORT: String(server.port) }
  const setting = { env, home, labNames: LAB_NAMES, apartMs: 0, shapeOf: () => null, onError: () => {} }
  return (DRIVERS.adb as NonNullable<typeof DRIVERS.adb>)(setting)
}

const offline = (labName = 'WS01-S01') => driver.health?.({ labName }).offline ?? null

async function until(holds: (why: string | null) => boolean, seconds = 120, labName = 'WS01-S01'): Promise<void> {
  for (const deadline = performance.now() + seconds * 1000; !holds(offline(labName)); await delay(50)) {
    if (performance.now() > deadline) throw new Error(`It is still so: ${offline(labName)}`)
  }
}
const well = (why: string | null) => why === null

async function failureOf(): Promise<{ kind: string; message: string } | null> {
  const assignment = {
    sessionId: 's',
    workload: { id: 'w', name: 'faults' },
    device: { id: 'd', labName: 'WS01-S01' },
    video: { id: 'v', url: videoUrl, title: '' },
    plan: { plannedSeconds: 5, interactions: [] },
    origins: inForce(),
  }
  return (await driver.play(assignment, AbortSignal.timeout(300_000), () => {})).failure
}

/** The page that the phone's browser was told to open, spoken for by the test. */
async function openedPage() {
  for (;;) {
    const url = phone.executed.flatMap(({ argv }) => argv).findLast((word) => /^http:.*\/s\//.test(word))
    if (url !== undefined) return { say: (what: { bytes: number; end?: PageEnd }) => say(url, what) }
    await delay(50)
  }
}

let seq = 0
async function say(url: string, { bytes, end = null }: { bytes: number; end?: PageEnd | null }): Promise<void> {
  const live = { state: 'rebuffering', positionSeconds: 0, bufferSeconds: 0, bitrateKbps: null, rebufferCount: 0 }
  const frames = { decodedFrames: null, droppedFrames: null, loopDelayP99Ms: null }
  const counters = { bytes, segmentBytes: 0, segmentMs: 0, ...frames }
  const report = { seq: seq++, atMs: 1000, first: 0, entries: [], live, counters, end }
  const { status } = await fetch(`${url}/report`, { method: 'POST', body: JSON.stringify(report) })
  expect(status).toBe(200)
}

describe('a phone', AGAIN_WHERE_ADB_ENDS, () => {
  it('a phone that was never plugged in, one that is not authorised, and one that is', async () => {
    await until(well)
    expect(offline('WS01-S02')).toMatch(/^no phone has this slot yet/)
    const other = stack.use(await createAndroidDevice())
    other.refuseAuthorization()
    await server.connect(other.address).catch(() => {})
    await until((why) => /is not authorised: accept this computer on its screen/.test(why ?? ''), 120, 'WS01-S02')
    await other.appear()
    await server.disconnect(other.address)
    await server.connect(other.address)
    await until(well, 120, 'WS01-S02')
    expect(driver.identity({ labName: 'WS01-S02' })).toMatchObject({ model: expect.stringContaining(other.address) })
  })

  it('a page that does not open is the phone’s failure, and it is left as it was found', async () => {
    await until(well)
    phone.phone.sleep()
    expect(await failureOf()).toMatchObject({ kind: 'device', message: 'its page did not open within 20 s' })
    expect(phone.foreground).toContain('Launcher')
    expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
    expect([...phone.reversed]).toEqual([])
    expect(phone.violations).toEqual([])
  })

  it('what can be put back is put back, whatever fails beside it; the rest when the phone is next seen', async () => {
    await until(well)
    const { am, input } = Object.fromEntries(phone.commands) as Record<string, PhoneCommand>
    let stops = 0
    phone.commands.set('am', (args, on) => {
      // The first is before its page is opened.
      const refused = args[0] === 'force-stop' && stops++ > 0
      return refused ? { err: 'Broken pipe\n', code: 1 } : (am?.(args, on) ?? {})
    })
    phone.commands.set('input', (args, on) => {
      return args[1] === 'KEYCODE_HOME' ? { err: 'Killed\n', code: 137 } : (input?.(args, on) ?? {})
    })
    phone.phone.sleep()
    expect(await failureOf()).toMatchObject({ kind: 'device' })
    expect(stops).toBeGreaterThan(1)
    expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
    expect([...phone.reversed]).toEqual([])
  })

  it('a full disk, a lock that a swipe does not open: the phone’s failure, in words', async () => {
    await until(well)
    phone.fillDisk()
    expect(await failureOf()).toMatchObject({ kind: 'device', message: expect.stringContaining('No space left') })
    phone.state.diskFull = false
    phone.state.keyguard = 'secure'
    phone.phone.sleep()
    expect(await failureOf()).toMatchObject({ kind: 'device', message: expect.stringContaining('is locked') })
  })

  it.each([
    ['is lost for a moment, before the player gives up: the phone’s', true, 'device'],
    ['was always there: the stream’s', false, 'content'],
  ])('a stream that cannot be had, whose phone’s network %s', async (_name, lost, kind) => {
    await until(well)
    const playing = failureOf()
    const page = await openedPage()
    await page.say({ bytes: 1000 })
    if (lost) {
      phone.setWifi(false)
      for (; !/has no network/.test(offline() ?? ''); await delay(200)) await page.say({ bytes: 1000 })
      phone.setWifi(true)
      for (; offline() !== null; await delay(200)) await page.say({ bytes: 1000 })
    }
    const failure = { kind: 'content' as const, permanent: false, code: 'transfer', message: 'no whole answer' }
    await page.say({ bytes: 1000, end: { atMs: 5000, reason: 'failed', failure } })
    expect(await playing).toMatchObject({ kind })
  })

  it('a phone that hangs: a command has its time, its health says so, and it comes back by itself', async () => {
    await until(well)
    phone.hang()
    expect(await failureOf()).toMatchObject({
      kind: 'device',
      message: expect.stringContaining('did not answer within'),
    })
    await until((why) => /did not answer/.test(why ?? ''), 120)
    phone.wake()
    await until(well)
  })

  it('a phone that reboots in the middle of a session: lost, and there again when it has settled', async () => {
    await until(well)
    const playing = failureOf()
    while (phone.reversed.size === 0) await delay(20)
    await phone.reboot(500)
    await server.disconnect(phone.address)
    await server.connect(phone.address)
    expect(await playing).toMatchObject({ kind: 'lost', message: 'the phone was disconnected' })
    await until((why) => /came back a moment ago/.test(why ?? ''))
    await until(well)
    // What its session had changed was put back as soon as it was seen again.
    expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
  })

  it('a phone whose handshake was lost stays offline to adb: it is connected anew', async () => {
    await until(well)
    phone.loseHandshake()
    await until((why) => why === `${phone.address} is not connected`)
    await until(well)
  })

  it('how warm and how full it is, is told as it changes', async () => {
    await until(well)
    phone.overheat(51.5)
    phone.state.batteryLevel = 12
    for (let waited = 0; driver.health?.({ labName: 'WS01-S01' }).temperatureC !== 51.5 && waited < 1200; waited++) {
      await delay(100)
    }
    expect(driver.health?.({ labName: 'WS01-S01' })).toEqual({ offline: null, temperatureC: 51.5, batteryPercent: 12 })
  })

  it('a phone keeps its slot over replugging, and over a restart of the agent', async () => {
    await until(well)
    const other = stack.use(await createAndroidDevice())
    await server.connect(other.address)
    await until(well, 120, 'WS01-S02')
    await driver[Symbol.asyncDispose]()
    // The other one is seen first now.
    await phone.vanish()
    await server.disconnect(phone.address)
    driver = stack.use(await startDriver())
    await until(well, 120, 'WS01-S02')
    expect(offline()).toBe(`${phone.address} is not connected`)
    await phone.appear()
    await until(well)
    expect(driver.identity({ labName: 'WS01-S01' }).model).toContain(phone.address)
  })
})
