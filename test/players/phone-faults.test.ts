import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { DRIVERS } from '../../src/bin/drivers.ts'
import { DEFAULT_PLAYER } from '../../src/domain/player-choice.ts'
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
/** So long a slow machine may take; a fast one is not kept waiting. */
const PATIENCE_MS = 120_000

/** A phone of its own behind an adb server of its own, with a driver. */
class PhoneLab implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack
  readonly #home: string
  readonly #videoUrl: string
  readonly server: TestAdbServer
  readonly phone: AndroidDevice
  driver: Driver

  private constructor(
    stack: AsyncDisposableStack,
    parts: { home: string; videoUrl: string; server: TestAdbServer; phone: AndroidDevice; driver: Driver },
  ) {
    this.#stack = stack
    this.#home = parts.home
    this.#videoUrl = parts.videoUrl
    this.server = parts.server
    this.phone = parts.phone
    this.driver = parts.driver
  }

  static async start(): Promise<PhoneLab> {
    await using stack = new AsyncDisposableStack()
    const videoUrl = stack.use(await startMediaServer()).video('phone')
    const home = stack.use(await disposableFolder('doai-phone-')).path
    const server = stack.use(await startAdbServer())
    const phone = stack.use(await createAndroidDevice({ state: { keyguard: 'swipe' } }))
    await server.connect(phone.address)
    const driver = stack.use(await startDriver(server, home))
    const lab = new PhoneLab(stack.move(), { home, videoUrl, server, phone, driver })
    await lab.until(well)
    return lab
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  async addPhone(): Promise<AndroidDevice> {
    return this.#stack.use(await createAndroidDevice())
  }

  /** The driver as an agent has it that was started again. */
  async restartDriver(): Promise<void> {
    this.driver = this.#stack.use(await startDriver(this.server, this.#home))
  }

  offline(labName = 'WS01-S01'): string | null {
    return this.driver.health?.({ labName }).offline ?? null
  }

  async until(holds: (why: string | null) => boolean, labName = 'WS01-S01'): Promise<void> {
    for (const deadline = performance.now() + PATIENCE_MS; !holds(this.offline(labName)); await delay(50)) {
      if (performance.now() > deadline) throw new Error(`It is still so: ${this.offline(labName)}`)
    }
  }

  async failureOf(): Promise<{ kind: string; message: string } | null> {
    const assignment = {
      sessionId: 's',
      workload: { id: 'w', name: 'faults' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url: this.#videoUrl, title: '' },
      plan: { plannedSeconds: 5, interactions: [] },
      player: DEFAULT_PLAYER,
      origins: inForce(),
    }
    return (await this.driver.play(assignment, AbortSignal.timeout(300_000), () => {})).failure
  }

  /** The page that the phone's browser was told to open, spoken for by the test. */
  async openedPage() {
    for (let seq = 0; ; await delay(50)) {
      const url = this.phone.executed.flatMap(({ argv }) => argv).findLast((word) => /^http:.*\/s\//.test(word))
      if (url !== undefined) return { say: (what: Said) => say(url, seq++, what) }
    }
  }
}

function startDriver(server: TestAdbServer, home: string): Promise<Driver> {
  const env = { ...process.env, ANDROID_ADB_SERVER_PORT: String(server.port) }
  const setting = { env, home, labNames: LAB_NAMES, apartMs: 0, shapeOf: () => null, onError: () => {} }
  return (DRIVERS.adb as NonNullable<typeof DRIVERS.adb>)(setting)
}

const well = (why: string | null) => why === null

type Said = { bytes: number; end?: PageEnd }

async function say(url: string, seq: number, { bytes, end }: Said): Promise<void> {
  const live = { state: 'rebuffering', positionSeconds: 0, bufferSeconds: 0, bitrateKbps: null, rebufferCount: 0 }
  const frames = { decodedFrames: null, droppedFrames: null, loopDelayP99Ms: null }
  const counters = { bytes, segmentBytes: 0, segmentMs: 0, ...frames }
  const report = {
    seq,
    atMs: 1000,
    first: 0,
    entries: [],
    live,
    counters,
    liveFigures: null,
    player: { name: 'shaka', version: '1' },
    end: end ?? null,
  }
  const { status } = await fetch(`${url}/report`, { method: 'POST', body: JSON.stringify(report) })
  expect(status).toBe(200)
}

describe('a phone', { ...AGAIN_WHERE_ADB_ENDS, concurrent: true }, () => {
  it('a phone that was never plugged in, one that is not authorised, and one that is', async () => {
    await using lab = await PhoneLab.start()
    const { server } = lab
    expect(lab.offline('WS01-S02')).toMatch(/^no phone has this slot yet/)
    const other = await lab.addPhone()
    other.refuseAuthorization()
    await server.connect(other.address).catch(() => {})
    await lab.until((why) => /is not authorised: accept this computer on its screen/.test(why ?? ''), 'WS01-S02')
    await other.appear()
    await server.disconnect(other.address)
    await server.connect(other.address)
    await lab.until(well, 'WS01-S02')
    expect(lab.driver.identity({ labName: 'WS01-S02' })).toMatchObject({
      model: expect.stringContaining(other.address),
    })
  })

  it('a page that does not open is the phone’s failure, and it is left as it was found', async () => {
    await using lab = await PhoneLab.start()
    const { phone } = lab
    phone.phone.sleep()
    expect(await lab.failureOf()).toMatchObject({ kind: 'device', message: 'its page did not open within 20 s' })
    expect(phone.foreground).toContain('Launcher')
    expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
    expect([...phone.reversed]).toEqual([])
    expect(phone.violations).toEqual([])
  })

  it('what can be put back is put back, whatever fails beside it; the rest when the phone is next seen', async () => {
    await using lab = await PhoneLab.start()
    const { phone } = lab
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
    expect(await lab.failureOf()).toMatchObject({ kind: 'device' })
    expect(stops).toBeGreaterThan(1)
    expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
    expect([...phone.reversed]).toEqual([])
  })

  it('a full disk, a lock that a swipe does not open: the phone’s failure, in words', async () => {
    await using lab = await PhoneLab.start()
    const { phone } = lab
    phone.fillDisk()
    expect(await lab.failureOf()).toMatchObject({ kind: 'device', message: expect.stringContaining('No space left') })
    phone.state.diskFull = false
    phone.state.keyguard = 'secure'
    phone.phone.sleep()
    expect(await lab.failureOf()).toMatchObject({ kind: 'device', message: expect.stringContaining('is locked') })
  })

  it.each([
    ['is lost for a moment, before the player gives up: the phone’s', true, 'device'],
    ['was always there: the stream’s', false, 'content'],
  ])('a stream that cannot be had, whose phone’s network %s', async (_name, lost, kind) => {
    await using lab = await PhoneLab.start()
    const { phone } = lab
    const playing = lab.failureOf()
    const page = await lab.openedPage()
    await page.say({ bytes: 1000 })
    if (lost) {
      phone.setWifi(false)
      for (; !/has no network/.test(lab.offline() ?? ''); await delay(200)) await page.say({ bytes: 1000 })
      phone.setWifi(true)
      for (; lab.offline() !== null; await delay(200)) await page.say({ bytes: 1000 })
    }
    const failure = { kind: 'content' as const, permanent: false, code: 'transfer', message: 'no whole answer' }
    await page.say({ bytes: 1000, end: { atMs: 5000, reason: 'failed', failure } })
    expect(await playing).toMatchObject({ kind })
  })

  it('a phone that hangs: a command has its time, its health says so, and it comes back by itself', async () => {
    await using lab = await PhoneLab.start()
    const { phone } = lab
    phone.hang()
    expect(await lab.failureOf()).toMatchObject({
      kind: 'device',
      message: expect.stringContaining('did not answer within'),
    })
    await lab.until((why) => /did not answer/.test(why ?? ''))
    phone.wake()
    await lab.until(well)
  })

  it('a phone that reboots in the middle of a session: lost, and there again when it has settled', async () => {
    await using lab = await PhoneLab.start()
    const { phone, server } = lab
    const playing = lab.failureOf()
    while (phone.reversed.size === 0) await delay(20)
    await phone.reboot(500)
    await server.disconnect(phone.address)
    await server.connect(phone.address)
    expect(await playing).toMatchObject({ kind: 'lost', message: 'the phone was disconnected' })
    await lab.until((why) => /came back a moment ago/.test(why ?? ''))
    await lab.until(well)
    // What its session had changed was put back as soon as it was seen again.
    expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
  })

  it('phones are there as soon as their adb server is: its end is none of theirs', async () => {
    await using lab = await PhoneLab.start()
    await lab.server.kill()
    const reasons = new Set<string>()
    await lab.until((why) => why !== null)
    await lab.until((why) => {
      if (why !== null) reasons.add(why)
      return well(why)
    })
    expect([...reasons].filter((why) => why.includes('came back'))).toEqual([])
  })

  it('a phone whose handshake was lost stays offline to adb: it is connected anew', async () => {
    await using lab = await PhoneLab.start()
    const { phone } = lab
    phone.loseHandshake()
    await lab.until((why) => why === `${phone.address} is not connected`)
    await lab.until(well)
  })

  it('how warm and how full it is, is told as it changes', async () => {
    await using lab = await PhoneLab.start()
    const { phone } = lab
    phone.overheat(51.5)
    phone.state.batteryLevel = 12
    for (
      let waited = 0;
      lab.driver.health?.({ labName: 'WS01-S01' }).temperatureC !== 51.5 && waited < 1200;
      waited++
    ) {
      await delay(100)
    }
    expect(lab.driver.health?.({ labName: 'WS01-S01' })).toEqual({
      offline: null,
      temperatureC: 51.5,
      batteryPercent: 12,
    })
  })

  it('a phone keeps its slot over replugging, and over a restart of the agent', async () => {
    await using lab = await PhoneLab.start()
    const { phone, server } = lab
    const other = await lab.addPhone()
    await server.connect(other.address)
    await lab.until(well, 'WS01-S02')
    await lab.driver[Symbol.asyncDispose]()
    // The other one is seen first now.
    await phone.vanish()
    await server.disconnect(phone.address)
    await lab.restartDriver()
    await lab.until(well, 'WS01-S02')
    expect(lab.offline()).toBe(`${phone.address} is not connected`)
    await phone.appear()
    await lab.until(well)
    expect(lab.driver.identity({ labName: 'WS01-S01' }).model).toContain(phone.address)
  })
})
