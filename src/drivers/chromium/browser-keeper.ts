import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'
import { within } from '../within.ts'
import { BROWSER_ARGUMENTS } from './browser-arguments.ts'

/** For what it plays. */
const PLAYING = ['--mute-audio', '--autoplay-policy=no-user-gesture-required']
const LAUNCH_MS = 30_000
/** A browser that makes no context in so long is frozen. */
const ANSWER_MS = 20_000
const CLOSE_MS = 5000

/** A browser, what it calls itself, and its process. */
type Running = { browser: Browser; userAgent: string; pid: number | null }

export type BrowserKeeperOptions = {
  executable: string
  /** Chromium's own; it does not work as root, nor where user namespaces are shut. */
  sandbox: boolean
  /** More of them, for tests. */
  browserArguments?: readonly string[]
}

/** No browser starts here, or the one that runs does not answer. */
export class NoBrowserError extends Error {
  override name = 'NoBrowserError'
}

/** The browser ended, and what was done in it with it. */
export class BrowserGoneError extends Error {
  override name = 'BrowserGoneError'

  constructor() {
    super('its browser ended')
  }
}

/** One browser, launched when it is first needed and again whenever it has gone. */
export class BrowserKeeper implements AsyncDisposable {
  readonly #options: BrowserKeeperOptions
  #running: Promise<Running> | null = null

  constructor(options: BrowserKeeperOptions) {
    this.#options = options
  }

  /**
   * Does something in a context of its own: cookies, cache and connections are shared with no other. Its `User-Agent`
   * is the browser's with a suffix.
   *
   * @throws NoBrowserError; BrowserGoneError; what `work` throws
   */
  async inContext(
    suffix: string,
    options: BrowserContextOptions,
    work: (context: BrowserContext) => Promise<void>,
  ): Promise<void> {
    const running = await this.#browser()
    const { browser } = running
    const gone = new Promise<never>((_, fail) => browser.once('disconnected', () => fail(new BrowserGoneError())))
    try {
      await Promise.race([gone, this.#inContext(running, suffix, options, work)])
    } catch (error) {
      throw browser.isConnected() ? error : new BrowserGoneError()
    }
  }

  async #inContext(
    running: Running,
    suffix: string,
    options: BrowserContextOptions,
    work: (context: BrowserContext) => Promise<void>,
  ): Promise<void> {
    const { browser, userAgent } = running
    const context = await within(browser.newContext({ ...options, userAgent: `${userAgent} ${suffix}` }), ANSWER_MS)
    if (context === 'late') {
      await this.#end(running)
      throw new NoBrowserError(`The browser did not answer within ${ANSWER_MS / 1000} s.`)
    }
    try {
      await work(context)
    } finally {
      // One that cannot close is frozen: whoever comes next needs another.
      if ((await within(context.close(), CLOSE_MS)) === 'late') await this.#end(running)
    }
  }

  async #browser(): Promise<Running> {
    const launched = this.#running ?? this.#launch()
    this.#running = launched
    try {
      return await launched
    } catch (error) {
      this.#forget(launched)
      const [why] = (error as Error).message.split('\n')
      const open = /sandbox/i.test((error as Error).message)
        ? ' (DOAI_CHROMIUM_SANDBOX=off leaves out its sandbox)'
        : ''
      throw new NoBrowserError(`${this.#options.executable} does not start: ${why}${open}`)
    }
  }

  #forget(launched: Promise<Running>): void {
    if (this.#running === launched) this.#running = null
  }

  #launch(): Promise<Running> {
    const launched = this.#launchOne()
    launched.then(
      ({ browser }) => browser.once('disconnected', () => this.#forget(launched)),
      () => {},
    )
    return launched
  }

  async #launchOne(): Promise<Running> {
    const browser = await chromium.launch({
      executablePath: this.#options.executable,
      headless: true,
      chromiumSandbox: this.#options.sandbox,
      args: [...BROWSER_ARGUMENTS, ...PLAYING, ...(this.#options.browserArguments ?? [])],
      timeout: LAUNCH_MS,
      // The agent drains first.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    })
    const session = await browser.newBrowserCDPSession()
    const { userAgent } = await session.send('Browser.getVersion')
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    await session.detach()
    return { browser, userAgent, pid: processInfo.find(({ type }) => type === 'browser')?.id ?? null }
  }

  /** Closes it; one that is frozen is killed. */
  async #end({ browser, pid }: Running): Promise<void> {
    this.#running = null
    if ((await within(browser.close(), CLOSE_MS)) !== 'late' || pid === null) return
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It went meanwhile.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = await this.#running?.catch(() => null)
    if (running) await this.#end(running)
  }
}
