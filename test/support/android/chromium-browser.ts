import { type Browser, chromium, type Page } from 'playwright-core'
import { BROWSER_ARGUMENTS } from '../../../src/drivers/chromium/browser-arguments.ts'
import { startForwardProxy } from './forward-proxy.ts'
import type { PhoneBrowser } from './phone-browser.ts'

const ARGUMENTS = ['--no-sandbox', ...BROWSER_ARGUMENTS, '--autoplay-policy=no-user-gesture-required']

export type ChromiumBrowser = PhoneBrowser & AsyncDisposable & { /** The open pages, oldest first. */ pages(): Page[] }

/**
 * One headless Chromium for all devices, started when the first page is opened. Each page has a context of its own, in
 * the size of a phone, whose connections are its phone's.
 */
export function createChromiumBrowser(executable: string): ChromiumBrowser {
  let launched: Promise<Browser> | null = null
  const pages = new Set<Page>()
  const launch = async () => {
    const browser = await chromium.launch({ executablePath: executable, args: ARGUMENTS })
    browser.once('disconnected', () => {
      launched = null
    })
    return browser
  }
  return {
    pages: () => [...pages],
    async open(url, network) {
      launched ??= launch()
      const browser = await launched
      await using undo = new AsyncDisposableStack()
      const proxy = undo.use(await startForwardProxy(network))
      const context = await browser.newContext({
        proxy: { server: proxy.url },
        userAgent: mobileUserAgent(browser.version()),
        viewport: { width: 412, height: 915 },
        isMobile: true,
        hasTouch: true,
      })
      undo.defer(() => context.close())
      const page = await context.newPage()
      pages.add(page)
      undo.defer(() => {
        pages.delete(page)
      })
      const cover = coverOf(page)
      const loaded = page.goto(url, { waitUntil: 'commit' }).catch(() => {})
      const open = undo.move()
      return {
        hidden: cover,
        async [Symbol.asyncDispose]() {
          await open.disposeAsync()
          await loaded
        },
      }
    },
    async [Symbol.asyncDispose]() {
      const browser = await launched?.catch(() => null)
      await browser?.close()
    },
  }
}

/** As Chrome on Android says it: of its version only the first number, of the phone nothing. */
function mobileUserAgent(version: string): string {
  const chrome = `Chrome/${version.split('.', 1)[0]}.0.0.0 Mobile Safari/537.36`
  return `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) ${chrome}`
}

/**
 * Hides a page from itself. Headless Chromium takes every page for visible, whatever lies on top of it and even with
 * its window minimized, so the page's own scripts are told, and its videos paused as Chrome does on Android.
 */
function coverOf(page: Page): (hidden: boolean) => Promise<void> {
  let hidden = false
  const tell = async () => {
    for (const frame of page.frames()) await frame.evaluate(setVisibility, hidden).catch(() => {})
  }
  page.on('domcontentloaded', () => {
    if (hidden) tell()
  })
  return (next) => {
    hidden = next
    return tell()
  }
}

/** Runs in the page. */
function setVisibility(hidden: boolean): void {
  const state = hidden ? 'hidden' : 'visible'
  if (document.visibilityState === state) return
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
  for (const video of document.querySelectorAll('video')) {
    if (hidden && !video.paused) {
      video.dataset.resumes = ''
      video.pause()
    } else if (!hidden && 'resumes' in video.dataset) {
      delete video.dataset.resumes
      video.play().catch(() => {})
    }
  }
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
}
