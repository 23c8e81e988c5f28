import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { BROWSER_ARGUMENTS } from '../../src/drivers/chromium/browser-arguments.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'

/** So long a slow machine may take; a fast one is not kept waiting. */
const PATIENCE_MS = 120_000

/** The Chromium of this machine, or null: its tests are skipped then. */
export const executablePath = await findBrowser(process.env)

export async function startBrowser(args: string[] = []): Promise<Browser & AsyncDisposable> {
  const browser = await chromium.launch({
    executablePath: executablePath ?? '',
    args: ['--headless', ...BROWSER_ARGUMENTS, ...args],
    chromiumSandbox: false,
  })
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() })
}

export type Look = { language: 'en' | 'ko'; theme: 'light' | 'dark'; width: number }

/** A window that speaks a language, in a theme, as wide as asked; what its pages complain of is collected. */
export async function openWindow(
  browser: Browser,
  { language, theme, width }: Look = { language: 'en', theme: 'light', width: 1280 },
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    colorScheme: theme,
    viewport: { width, height: width < 600 ? 844 : 800 },
  })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    // A page that is not signed in asks who is, and is told: nobody.
    const expected = /status of 401|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY_RESPONSE/.test(message.text())
    if (message.type() === 'error' && !expected) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { context, page, complaints }
}
