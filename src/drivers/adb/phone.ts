import { type Adb, type AdbServerClient, escapeArg } from '@yume-chan/adb'
import { inTime } from './adb-server.ts'
import { hasNetwork, isAwake, isLocked, readBattery, readScreen } from './readings.ts'

/** What a phone is told to do and does not do. */
class PhoneError extends Error {
  override name = 'PhoneError'
}

/** The setting that keeps a screen on while it charges: a sum of AC 1, USB 2, wireless 4, dock 8. */
const STAY_ON = 'stay_on_while_plugged_in'
const ANY_PLUG = '15'
const CHROME = 'com.android.chrome'
const ANSWER_MS = 15_000
/** A keyguard that slides away takes a moment. */
const WAKE_MS = 3000
const LOOK_MS = 300

export type Sensors = { temperatureC: number | null; batteryPercent: number | null; network: boolean }

/** A phone that is there: it ends with its transport, and comes back as another one. */
export class Phone {
  readonly serial: string
  readonly model: string
  readonly os: string
  /** Its package of the browser that plays. */
  readonly browser: string
  readonly #adb: Adb
  readonly #gone = new AbortController()
  /** What is to be put back of what a session changes: its settings as they were before anybody changed them. */
  readonly original: Readonly<Record<string, string>>

  private constructor(
    adb: Adb,
    facts: { model: string; os: string; browser: string; original: Readonly<Record<string, string>> },
  ) {
    this.#adb = adb
    this.serial = adb.serial
    this.model = facts.model
    this.os = facts.os
    this.browser = facts.browser
    this.original = facts.original
  }

  /**
   * Gets to know a phone, and puts back what a session before this left changed on it.
   *
   * @param browser the package to play with; Chrome, else what the phone opens pages with, if null.
   * @param changed what was left changed, as it was before; null for nothing.
   * @throws PhoneError where it does not answer, or has nothing to play with.
   */
  static async attach(
    client: AdbServerClient,
    transportId: bigint,
    browser: string | null,
    changed: Readonly<Record<string, string>> | null,
  ): Promise<Phone> {
    const adb = await inTime(client.createAdb({ transportId }), ANSWER_MS, 'The phone')
    const prop = (key: string) => output(adb, [['getprop', key]])
    const [maker, model, release, sdk, screen, stayOn] = await Promise.all([
      prop('ro.product.manufacturer'),
      prop('ro.product.model'),
      prop('ro.build.version.release'),
      prop('ro.build.version.sdk'),
      output(adb, [['wm', 'size']]).then(readScreen, () => null),
      output(adb, [['settings', 'get', 'global', STAY_ON]]),
    ])
    const phone = new Phone(adb, {
      model: [maker, model, screen].filter(Boolean).join(' '),
      os: `Android ${release} (API ${sdk})`,
      browser: browser ?? (await browserOf(adb)),
      original: changed ?? { [STAY_ON]: stayOn },
    })
    if (changed !== null) await phone.goHome()
    return phone
  }

  /** Aborts when it is there no more. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  leave(): void {
    this.#gone.abort()
    // Its server may be gone too.
    Promise.resolve(this.#adb.close()).catch(() => {})
  }

  /** @throws PhoneError */
  async sensors(): Promise<Sensors> {
    const [battery, connectivity] = await Promise.all([
      this.#run([['dumpsys', 'battery']]),
      this.#run([['dumpsys', 'connectivity']]),
    ])
    const { percent, temperatureC } = readBattery(battery)
    return { batteryPercent: percent, temperatureC, network: hasNetwork(connectivity) }
  }

  /** Wakes it, keeps it awake and opens its keyguard. @throws PhoneError where a lock keeps it shut. */
  async wake(): Promise<void> {
    const look = [
      ['dumpsys', 'window', 'policy'],
      ['dumpsys', 'power'],
    ]
    let shown = await this.#run([
      ['settings', 'put', 'global', STAY_ON, ANY_PLUG],
      ['input', 'keyevent', 'KEYCODE_WAKEUP'],
      ['wm', 'dismiss-keyguard'],
      ...look,
    ])
    const deadline = performance.now() + WAKE_MS
    while (!isAwake(shown) || isLocked(shown)) {
      if (performance.now() > deadline) {
        const why = isAwake(shown) ? 'is locked: remove its PIN, pattern or password' : 'stays off'
        throw new PhoneError(`its screen ${why}`)
      }
      await new Promise((done) => setTimeout(done, LOOK_MS))
      shown = await this.#run(look)
    }
  }

  /** Lets its `localhost` ports lead to this machine's, until they are taken back. @throws PhoneError */
  async forward(ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      const address = `tcp:${port}`
      await this.#whileThere(() => inTime(this.#adb.reverse.addExternal(address, address), ANSWER_MS, 'It'))
    }
  }

  /** As many of them as can be. @throws PhoneError of the first that could not. */
  async takeBack(ports: readonly number[]): Promise<void> {
    await eachOf(ports, (port) =>
      this.#whileThere(() => inTime(this.#adb.reverse.remove(`tcp:${port}`), ANSWER_MS, 'It')),
    )
  }

  /** Opens a page of ours in a browser that has no other. @throws PhoneError where it does not start. */
  async open(url: string): Promise<void> {
    if (!PAGE.test(url)) throw new PhoneError(`${url} is no page of ours`)
    const view = ['am', 'start', '-a', 'android.intent.action.VIEW', '-d', url, '-p', this.browser]
    await this.#start(
      ['am', 'force-stop', this.browser],
      [...view, '--es', 'com.android.browser.application_id', 'doai'],
    )
  }

  /** To its home screen; what it plays goes to the background. */
  async home(): Promise<void> {
    await this.#run([['input', 'keyevent', 'KEYCODE_HOME']])
  }

  /** The browser to the front, as its icon would. */
  async front(): Promise<void> {
    const launcher = ['-a', 'android.intent.action.MAIN', '-c', 'android.intent.category.LAUNCHER']
    await this.#start(['am', 'start', ...launcher, '-p', this.browser])
  }

  /** Whether its browser has a process. */
  async playerLives(): Promise<boolean> {
    const { exitCode } = await this.#whileThere(() => shell(this.#adb, [['pidof', this.browser]]))
    return exitCode === 0
  }

  /**
   * Ends the browser, goes home and puts back what was changed, as much of it as can be done.
   *
   * @throws PhoneError of the first that could not.
   */
  async goHome(): Promise<void> {
    const back = Object.entries(this.original).map(([key, value]) =>
      value === 'null' ? ['settings', 'delete', 'global', key] : ['settings', 'put', 'global', key, value],
    )
    const all = [['am', 'force-stop', this.browser], ['input', 'keyevent', 'KEYCODE_HOME'], ...back]
    await eachOf(all, (command) => this.#run([command]))
  }

  async #start(...commands: string[][]): Promise<void> {
    const said = await this.#run(commands)
    // Older Androids end with 0 all the same.
    const error = said.match(/^(?:Error|Exception).*$/m)?.[0]
    if (error !== undefined) throw new PhoneError(`its browser does not start: ${error}`)
  }

  #run(commands: readonly (readonly string[])[]): Promise<string> {
    return this.#whileThere(() => output(this.#adb, commands))
  }

  /** Nothing is waited for on a phone that went. */
  async #whileThere<T>(work: () => Promise<T>): Promise<T> {
    if (this.gone.aborted) throw new PhoneError('is not connected')
    const ended = new AbortController()
    const gone = new Promise<never>((_, fail) => {
      const leave = () => fail(new PhoneError('was disconnected'))
      this.gone.addEventListener('abort', leave, { once: true, signal: ended.signal })
    })
    try {
      return await Promise.race([work(), gone])
    } catch (error) {
      throw error instanceof PhoneError ? error : new PhoneError((error as Error).message)
    } finally {
      ended.abort()
    }
  }
}

/** Does each in turn, whatever became of the others. @throws the first error, after the last is done. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = []
  for (const item of items) await work(item).catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

/** The one url that a phone is ever told to open. */
const PAGE = /^http:\/\/localhost:\d{1,5}\/s\/[\w-]{22}$/

async function browserOf(adb: Adb): Promise<string> {
  const chrome = await shell(adb, [['pm', 'path', CHROME]])
  if (chrome.exitCode === 0) return CHROME
  const view = ['-a', 'android.intent.action.VIEW', '-d', 'http://localhost/']
  const said = await output(adb, [['cmd', 'package', 'resolve-activity', '--brief', ...view]])
  const name = said
    .trim()
    .split('\n')
    .at(-1)
    ?.match(/^([\w.]+)\/[\w.$]+$/)?.[1]
  if (name === undefined) throw new PhoneError('it has no browser')
  return name
}

/** Runs commands in one shell, each where the one before it went well, and gives what they print. */
async function output(adb: Adb, commands: readonly (readonly string[])[]): Promise<string> {
  const { exitCode, stdout, stderr } = await shell(adb, commands)
  if (exitCode === 0) return stdout.trim()
  const [first = ''] = `${stderr}\n${stdout}`.trim().split('\n')
  throw new PhoneError(
    `${commands.map(([name, what]) => `${name} ${what}`).join(', ')} ended with ${exitCode}: ${first}`,
  )
}

/** Every word is quoted: a shell on a phone sees what we mean, whatever it is made of. */
async function shell(adb: Adb, commands: readonly (readonly string[])[]) {
  const { shellProtocol } = adb.subprocess
  if (shellProtocol === undefined) throw new PhoneError('its Android is older than 7')
  const line = commands.map((words) => words.map(escapeArg).join(' ')).join(' && ')
  return inTime(shellProtocol.spawnWaitText(line), ANSWER_MS, 'It')
}
