import { expect, vi } from 'vitest'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { startAdbServer, type AdbServer as TestAdbServer } from '../support/android/adb-server.ts'
import { type AndroidDevice, createAndroidDevice } from '../support/android/android-device.ts'
import { createChromiumBrowser } from '../support/android/chromium-browser.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

const browser = await findBrowser(process.env)
const adb = await new AdbServer(process.env).executableVersion().catch(() => null)
/** Whether this machine has what a mixed lab needs. */
export const canBeMixed = browser !== null && adb !== null

/** So long a slow machine may take; a fast one is not kept waiting. */
const PATIENCE = { timeout: 120_000, interval: 100 }

/** One workstation: headless players on S01 and S02, browsers on S03 and S04, phones on S05 and S06. */
export class MixedLab implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack
  readonly system: TestSystem
  readonly media: MediaServer
  readonly adbServer: TestAdbServer
  readonly #phones: AndroidDevice[]

  private constructor(
    stack: AsyncDisposableStack,
    parts: { system: TestSystem; media: MediaServer; adbServer: TestAdbServer; phones: AndroidDevice[] },
  ) {
    this.#stack = stack
    this.system = parts.system
    this.media = parts.media
    this.adbServer = parts.adbServer
    this.#phones = parts.phones
  }

  static async start(): Promise<MixedLab> {
    await using stack = new AsyncDisposableStack()
    const media = stack.use(await startMediaServer())
    const adbServer = stack.use(await startAdbServer())
    const pages = stack.use(createChromiumBrowser(browser ?? ''))
    const phones: AndroidDevice[] = []
    for (const model of ['Pixel 8', 'Pixel 8a']) {
      const phone = stack.use(await createAndroidDevice({ browser: pages, state: { model, keyguard: 'swipe' } }))
      phones.push(phone)
      await adbServer.connect(phone.address)
    }
    const before = process.env.ANDROID_ADB_SERVER_PORT
    process.env.ANDROID_ADB_SERVER_PORT = String(adbServer.port)
    stack.defer(() => {
      if (before === undefined) delete process.env.ANDROID_ADB_SERVER_PORT
      else process.env.ANDROID_ADB_SERVER_PORT = before
    })
    const drivers = ['headless', 'chromium', 'adb'].map((name) => ({ name, count: 2 }))
    const system = stack.use(await startTestSystem({ WS01: drivers }))
    const lab = new MixedLab(stack.move(), { system, media, adbServer, phones })
    await lab.available(6)
    return lab
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }

  /** Nothing is wrong with it: every device can be given a session. */
  async available(count: number): Promise<void> {
    await vi.waitFor(async () => {
      const { items } = await this.system.client.getDevices()
      const well = items.filter(({ status }) => status === 'available')
      if (well.length !== count) throw new Error(JSON.stringify(items, null, 1))
    }, PATIENCE)
  }

  /** Resolves when why the device plays nothing matches. */
  async why(slot: string, reason: RegExp): Promise<void> {
    await vi.waitFor(async () => {
      expect((await this.system.client.whyDevice(`WS01-${slot}`)).why).toMatch(reason)
    }, PATIENCE)
  }

  /** Every command of a workload succeeded; where not, the error has the reasons. */
  async allPlayed(workload: string): Promise<void> {
    const { items } = await this.system.client.getWorkloadCommands(workload)
    const unplayed = items.filter(({ status }) => status !== 'succeeded')
    expect(unplayed.map(({ device, status, reason }) => ({ device, status, reason }))).toEqual([])
  }

  /** The phone that has a slot: whichever was seen first has the first. */
  async phoneAt(slot: string): Promise<AndroidDevice> {
    const { items } = await this.system.client.getDevices()
    const model = items.find((device) => device.slot === slot)?.model ?? ''
    const phone = this.#phones.find(({ address }) => model.endsWith(address))
    if (phone === undefined) throw new Error(`No phone has ${slot}.`)
    return phone
  }

  /**
   * A workload in two batches, with one fault in the first; then everything is as it should be again. The fault comes
   * when the session on `slot` has its page open and has asked for media: it is given none before, so that no session
   * ends first, however slow the machine. Gives every attempt, in the order of their devices.
   */
  async goesThrough(
    name: string,
    [slot, other]: readonly [slot: string, other: string],
    fault: () => Promise<void>,
  ): Promise<{ slot: string; failure: string | null; message: string | null }[]> {
    const { client, database } = this.system
    const asked = Promise.withResolvers<void>()
    const faulted = Promise.withResolvers<void>()
    const video = this.media.video(name, async (request) => {
      if (!request.name.endsWith('.m4s')) return false
      asked.resolve()
      await faulted.promise
      return false
    })
    const targetDevices = [`WS01-${slot}`, `WS01-${other}`]
    const workload = await createOf(client, [video], {
      targetDevices,
      watchConfig: { watchDurationMin: 4, watchDurationMax: 4 },
      batchConfig: { batchSizePercent: 50, maxRetries: 2, retryDelaySeconds: 1 },
    })
    await client.startWorkload(workload.id)
    await asked.promise
    await fault()
    faulted.resolve()
    const ended = await this.system.ended(workload.id)
    await this.allPlayed(workload.id)
    expect(ended).toMatchObject({ status: 'completed', completedTasks: targetDevices.length, failedTasks: 0 })
    await this.available(6)
    const { rows } = await database.pool.query(
      `SELECT c.device_slot AS slot, a.failure, a.message FROM command_attempts a
       JOIN command_history c ON c.id = a.command_id WHERE c.workload_id = $1 ORDER BY c.device_slot, a.attempt`,
      [workload.id],
    )
    return rows
  }
}
