import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Words } from '../../src/dashboard/words/words-en.ts'
import { executablePath, openWindow, startBrowser } from '../support/browser.ts'
import { signIn, WORDS } from '../support/dashboard.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { startTestSystem, type TestSystem } from '../support/system.ts'

const SOON = { timeout: 120_000 }

describe.skipIf(executablePath === null)('a night from sign-in to its results, in a real browser', () => {
  let system: TestSystem
  let media: MediaServer
  let browser: Browser & AsyncDisposable
  beforeAll(async () => {
    media = await startMediaServer()
    // The page counts a rest down.
    system = await startTestSystem({ WS01: 4, WS02: 4 }, 'as asked')
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await system?.[Symbol.asyncDispose]()
    await media?.[Symbol.asyncDispose]()
  })

  /** Every view is looked at in Korean by looks.test.ts. */
  const languages = inject('long') ? (['en', 'ko'] as const) : (['en'] as const)
  test.each(languages)('%s', async (language) => {
    const words = WORDS[language]
    const text = words.workload
    // One of the eight devices asks first, and is told that a segment is gone.
    let broken: string | null = null
    let breaks = true
    const url = media.video(`night-${language}`, ({ name, session }, response) => {
      if (!breaks || !name.endsWith('.m4s')) return false
      broken ??= session
      if (session !== broken) return false
      response.writeHead(404).end()
      return true
    })
    const { context, page, complaints } = await openWindow(browser, { language, theme: 'dark', width: 1280 })
    await page.goto(system.url)
    await page.getByRole('button', { name: words.signIn.button }).click()
    await page.getByText(words.signIn.empty).waitFor()
    await page.getByLabel(words.signIn.token).fill('doai_wrong')
    await page.getByRole('button', { name: words.signIn.button }).click()
    await page.getByText('A valid bearer token is needed.').waitFor()
    await signIn(page, system.url, system.adminToken, words)
    expect((await context.cookies()).map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([[true, 'Strict']])
    expect(await page.evaluate('document.cookie')).toBe('')

    await to(page, words, words.nav.videos)
    await page.getByLabel(words.videos.url).fill('ftp://nowhere')
    await page.getByRole('button', { name: words.videos.add }).click()
    await page.getByText('must be an http or https url').waitFor()
    await page.getByLabel(words.videos.url).fill(url)
    await page.getByLabel(words.videos.name, { exact: true }).fill(`News ${language}`)
    await page.getByRole('button', { name: words.videos.add }).click()
    const card = page.getByRole('listitem').filter({ hasText: `News ${language}` })
    await card.getByRole('button', { name: words.videos.probe }).click()
    await card
      .getByText(/^\d+ × \d+$/)
      .first()
      .waitFor()

    await to(page, words, words.nav.workloads)
    await page.getByRole('link', { name: words.workloads.create }).click()
    // The list has a field of the same name.
    await page.getByRole('heading', { level: 1, name: words.form.title }).waitFor()
    await fill(page, words, `Tonight ${language}`, `News ${language}`)
    await page.getByLabel(words.form.batchSizePercent).fill('5')
    await page.getByText('Too small: expected number to be >=10').waitFor()
    expect(await page.getByLabel(words.form.batchSizePercent).getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel(words.form.batchSizePercent).fill('50')
    const forecast = page.getByRole('complementary', { name: words.form.forecast })
    await forecast.getByText(words.form.peakSessions(4)).waitFor()
    await page.getByRole('button', { name: words.form.submit, exact: true }).click()

    const tonight = page.getByRole('heading', { level: 1, name: `Tonight ${language}` })
    await tonight.waitFor()
    await page.getByText(text.open, { exact: true }).first().waitFor(SOON)
    await to(page, words, words.nav.lab)
    await page
      .getByRole('gridcell', { name: words.lab.group('A') })
      .first()
      .waitFor(SOON)
    await page.goBack()
    await page.getByRole('button', { name: text.pause, exact: true }).click()
    await page.getByRole('button', { name: text.pauseDrain }).click()
    await page
      .getByText(words.statuses.paused as string, { exact: true })
      .first()
      .waitFor(SOON)
    await page.getByRole('button', { name: text.resume }).click()
    await page.getByRole('timer').waitFor(SOON)
    await page.getByText(text.verdicts.failed, { exact: true }).first().waitFor(SOON)
    await page
      .getByText(`${words.common.of(7, 8)}`)
      .first()
      .waitFor()

    await tab(page, words, text.tabs.commands)
    await page.getByLabel(text.onlyFailed).check()
    await page.getByText('content', { exact: true }).waitFor()
    await tab(page, words, text.tabs.log)
    await page.getByText('Cycle 1, batch A ends: ').waitFor()
    await page.getByText('Cycle 1, batch B opens: 4 devices, 0 skipped.').waitFor()
    // Not how late players are on this machine is what is looked at.
    await system.database.pool.query('UPDATE results SET loop_delay_p99_ms = 4')
    await tab(page, words, text.tabs.results)
    await page.getByRole('img', { name: words.results.plot }).waitFor()
    await page
      .getByRole('link', { name: language === 'ko' ? /부터/ : /sessions? from/ })
      .first()
      .click()
    await page.getByRole('button', { name: words.results.all }).waitFor()
    const session = page
      .getByRole('row')
      .getByRole('link', { name: /WS0\d-S/ })
      .first()
    await session.click()
    await page.getByRole('img', { name: new RegExp(words.session.states_.playing as string) }).waitFor()
    await page.goBack()

    breaks = false
    await page.getByRole('button', { name: text.retry }).click()
    await page.getByRole('button', { name: text.retryButton }).click()
    await page.getByRole('button', { name: text.start, exact: true }).click()
    await page.getByText(words.common.of(1, 1)).first().waitFor(SOON)
    await page.getByText(text.verdicts.passed, { exact: true }).first().waitFor(SOON)
    await page.getByRole('link', { name: text.retries }).click()
    await tonight.waitFor()

    await page.getByRole('button', { name: words.nav.account }).click()
    await page.getByRole('button', { name: words.nav.signOut }).click()
    await page.getByRole('heading', { name: words.signIn.title }).waitFor()
    expect(await context.cookies()).toEqual([])
    // What the API refused is said by the browser too.
    expect(complaints.filter((said) => !/status of 40[01]/.test(said))).toEqual([])
    await context.close()
  })
})

async function to(page: Page, words: Words, view: string): Promise<void> {
  await page.getByRole('navigation', { name: words.nav.label }).getByRole('link', { name: view, exact: true }).click()
  await page.getByRole('heading', { level: 1, name: view }).waitFor()
}

async function tab(page: Page, words: Words, name: string): Promise<void> {
  const tabs = page.getByRole('navigation', { name: words.workload.tabs.label })
  const link = tabs.getByRole('link', { name, exact: true })
  await link.click()
  await expect.poll(() => link.getAttribute('aria-current')).toBe('page')
}

async function fill(page: Page, words: Words, name: string, video: string): Promise<void> {
  await page.getByLabel(words.form.name, { exact: true }).fill(name)
  await page.getByLabel(video).check()
  await page.getByLabel(words.form.batchIntervalSeconds).fill('10')
  await page.getByLabel(words.form.watchDurationMin).fill('6')
  await page.getByLabel(words.form.watchDurationMax).fill('6')
}
