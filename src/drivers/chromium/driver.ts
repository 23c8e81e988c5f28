import type { Page } from 'playwright-core'
import type { Resolve } from '../../origins/checked-lookup.ts'
import { markOf } from '../../origins/cmcd.ts'
import { startGuardedProxy } from '../../origins/guarded-proxy.ts'
import { type ProvedAddresses, proveAhead } from '../../origins/proved-addresses.ts'
import type { Shape } from '../../origins/shaper.ts'
import { testUserAgent } from '../../origins/user-agent.ts'
import { realClock } from '../clock.ts'
import type { Driver } from '../driver.ts'
import { PageHost } from '../player-page/page-host.ts'
import { type PageFiles, PageSession } from '../player-page/page-session.ts'
import { StartThrottle } from '../start-throttle.ts'
import { explainWithheld, overhear } from './answers.ts'
import { BrowserGoneError, BrowserKeeper, NoBrowserError } from './browser-keeper.ts'
import { browserVersion } from './find-browser.ts'
import { guardRequests } from './request-guard.ts'

export type ChromiumDriverOptions = {
  /** The project's version, for the `User-Agent`. */
  version: string
  /** Of the Chromium or Chrome to play with. */
  executable: string
  /** Whether Chromium's own sandbox is on. */
  sandbox: boolean
  page: () => Promise<PageFiles>
  /** From one start to the next, ms: so that a batch does not open all its pages at once. 300 if not given. */
  apartMs?: number
  /** A slow path for a device, for tests; null for none. */
  shapeOf?: (labName: string) => Shape | null
  /** Where control of origins was proved; null, for tests, where any address in reach will do. */
  addresses: ProvedAddresses | null
  /** Resolves names; the machine's resolver if not given. */
  resolve?: Resolve
  /** More arguments of the browser, for tests. */
  browserArguments?: readonly string[]
}

const APART_MS = 300
const OPEN_MS = 30_000
const SCREENSHOT_MS = 3000
/** What a session's screen is: a phone's, as most of an audience has. */
const VIEWPORT = { width: 640, height: 480 }

/** Plays in a Chromium of this machine: one browser for all sessions, a context, a page and a way out for each. */
export async function createChromiumDriver(options: ChromiumDriverOptions): Promise<Driver> {
  const {
    version,
    executable,
    sandbox,
    page,
    apartMs = APART_MS,
    shapeOf = () => null,
    addresses,
    resolve,
    browserArguments = [],
  } = options
  await using stack = new AsyncDisposableStack()
  const files = await page()
  const host = stack.use(await PageHost.start(files))
  const keeper = stack.use(new BrowserKeeper({ executable, sandbox, browserArguments }))
  const model = await browserVersion(executable)
  const throttle = new StartThrottle(realClock, apartMs)
  const parts = stack.move()
  const inBrowser = async (session: PageSession) => {
    const { device, origins, video, sessionId } = session.assignment
    const policy = origins.policyFor(video.url)
    const refused = (why: string) => session.fail({ kind: 'refused', permanent: true, code: 'refused', message: why })
    await proveAhead(video.url, policy, { addresses, resolve })
    using _ = host.open(session)
    await using proxy = await startGuardedProxy({
      policy,
      pageOrigin: host.origin,
      onRefused: (why, origin) =>
        policy.origins.some((one) => one.origin === origin) ? refused(why) : session.note('refused', why),
      addresses,
      ...(resolve === undefined ? {} : { resolve }),
      shape: shapeOf(device.labName),
    })
    const context = { proxy: { server: proxy.url }, viewport: VIEWPORT, serviceWorkers: 'block' as const }
    await keeper.inContext(testUserAgent(version), { ...context, acceptDownloads: false }, async (context) => {
      const page = await context.newPage()
      page.on('crash', () => session.fail(broken('player', 'page_crashed', 'its page crashed')))
      const answers = await overhear(context, page)
      await guardRequests(context, page, {
        policy,
        pageOrigin: host.origin,
        mark: (url) => markOf(origins.list, { sessionId, contentId: video.id })(url),
        credentials: proxy.credentials,
        onRefused: refused,
      })
      await page.goto(`${host.origin}${session.path}`, { timeout: OPEN_MS, waitUntil: 'commit' })
      await session.attended()
      explainWithheld(session, answers)
      if (session.failure !== null) session.picture(await screenshot(page))
    })
  }
  return {
    name: 'chromium',
    identity: () => ({ model, os: process.platform }),
    async play(assignment, signal, onLive) {
      const session = new PageSession({
        ...{ assignment, players: files.players, clock: realClock },
        ...{ onLive, background: false, signal },
      })
      try {
        await throttle.acquire(session.over)
        if (!session.over.aborted) await inBrowser(session)
      } catch (error) {
        session.fail(failureOf(error as Error))
      }
      return session.report()
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function failureOf(error: Error) {
  if (error instanceof BrowserGoneError) return broken('lost', 'browser_gone', error.message)
  return broken(error instanceof NoBrowserError ? 'device' : 'player', 'browser', error.message)
}

function broken(kind: 'player' | 'device' | 'lost', code: string, message: string) {
  return { kind, permanent: false, code, message }
}

/** What the page showed; null where it shows nothing any more. */
async function screenshot(page: Page): Promise<Buffer | null> {
  return page.screenshot({ type: 'jpeg', quality: 60, timeout: SCREENSHOT_MS }).catch(() => null)
}
