import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { enrolDevices, tradedLink } from '../support/agent-call.ts'
import { executablePath, type Look, openWindow, startBrowser } from '../support/browser.ts'
import { goWithin, openView, settled, signIn, WORDS } from '../support/dashboard.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { startTestSystem, type TestSystem } from '../support/system.ts'

/** So long a slow machine may take; a fast one is not kept waiting. */
const PATIENCE_MS = 120_000

/** Where pictures of every view are put, for people to look at. */
const PICTURES = process.env.DOAI_PICTURES
const LOOKS: Look[] = [
  { language: 'en', theme: 'light', width: 1280 },
  { language: 'ko', theme: 'dark', width: 390 },
  { language: 'ko', theme: 'light', width: 1280 },
  { language: 'en', theme: 'dark', width: 390 },
]
/** The first two have each language, theme and width once. */
const looks = inject('long') || PICTURES ? LOOKS : LOOKS.slice(0, 2)

describe.skipIf(executablePath === null)('every view', () => {
  let system: TestSystem
  let media: MediaServer
  let browser: Browser & AsyncDisposable
  let views: Record<string, string>
  beforeAll(async () => {
    media = await startMediaServer()
    system = await startTestSystem({ WS01: 6, WS02: 6 })
    browser = await startBrowser()
    views = await makeNight(system, media)
  }, 120_000)
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await system?.[Symbol.asyncDispose]()
    await media?.[Symbol.asyncDispose]()
  })

  test.each(looks)(
    '$language, $theme, $width: axe finds nothing, and nothing is wider than the window',
    async (look) => {
      const { context, page, complaints } = await openWindow(browser, look)
      const found: Record<string, string[]> = {}
      const see = async (name: string) => {
        await settled(page)
        const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
        found[name] = [...(await complaintsOfAxe(page)), ...(wide ? ['it scrolls sideways'] : [])]
        if (PICTURES) await picture(page, `${name}-${look.language}-${look.theme}-${look.width}`)
      }
      await page.goto(system.url)
      await see('sign-in')
      await signIn(page, system.url, system.adminToken, WORDS[look.language])
      for (const [name, path] of Object.entries(views)) {
        // Of the long form, each address is opened as a link from elsewhere is too.
        if (inject('long') && look === LOOKS[0]) await page.goto(`${system.url}${path}`)
        else await goWithin(page, path)
        await see(name)
      }
      await page.getByRole('button', { name: WORDS[look.language].nav.account }).click()
      await see('account')
      expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, []])))
      expect(complaints.filter((said) => !/status of 40[014]/.test(said))).toEqual([])
      await context.close()
    },
  )

  test('all is reached and done by keyboard alone', async () => {
    const { context, page } = await openWindow(browser)
    const focused = () =>
      page.evaluate(
        'document.activeElement.getAttribute("aria-label") || document.activeElement.labels?.[0]?.textContent || document.activeElement.textContent',
      )
    const tabTo = async (name: string | RegExp) => {
      // What a view has asked its server for comes while the keyboard goes round.
      const deadline = performance.now() + PATIENCE_MS
      while (performance.now() < deadline) {
        const at = String(await focused())
        if (typeof name === 'string' ? at === name : name.test(at)) return
        await page.keyboard.press('Tab')
      }
      throw new Error(`Tab does not come to ${name}`)
    }
    await page.goto(system.url)
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await tabTo('Token')
    await page.keyboard.type(system.adminToken)
    await page.keyboard.press('Enter')
    await page.getByRole('grid').waitFor()
    // One stop for the whole grid; arrows go through it, Enter opens.
    await tabTo(/^WS01-S01/)
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'End', 'ArrowUp']) await page.keyboard.press(key)
    expect(await focused()).toMatch(/^WS01-S06/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'WS01-S06' }).waitFor()
    await tabTo('Drain')
    await page.keyboard.press('Enter')
    await expect.poll(focused).toBe('Release')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Release' }).waitFor({ state: 'hidden' })
    await page.keyboard.press('Shift+Tab')
    await page.goto(`${system.url}/workloads/new`)
    await page.getByRole('heading', { name: 'New workload' }).waitFor()
    await tabTo('Name')
    await page.keyboard.type('By keyboard')
    await tabTo(/master/)
    await page.keyboard.press('Space')
    await tabTo('Starts')
    await page.keyboard.type('by hand')
    await tabTo('Create')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor()
    await tabTo('Cancel')
    await page.keyboard.press('Enter')
    await page.getByRole('alertdialog').waitFor()
    // The dialog keeps the keyboard, and gives it back where it came from.
    await page.keyboard.press('Escape')
    await page.getByRole('alertdialog').waitFor({ state: 'hidden' })
    expect(await focused()).toBe('Cancel')
    await page.keyboard.press('Enter')
    await tabTo('Cancel the workload')
    await page.keyboard.press('Enter')
    await page.getByText('cancelled', { exact: true }).first().waitFor()
    await page.goto(`${system.url}${views.results}`)
    await tabTo(/sessions? from/)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'show all' }).waitFor()
    await context.close()
  })

  test('a lab of hundreds of devices, drawn small: axe finds nothing, and arrow keys come to what is out of sight', async () => {
    for (let at = 10; at < 50; at++) {
      await enrolDevices(await tradedLink(system.client, system.url, `WS${at}`), 16)
    }
    const { context, page } = await openWindow(browser)
    await signIn(page, system.url, system.adminToken)
    await expect.poll(() => page.locator('.compact .cell').count()).toBe(12 + 40 * 16)
    // Rows are alike, and axe takes as long for each: it looks at all of them in the long form.
    expect(await complaintsOfAxe(page, inject('long') ? [] : ['.lab-grid tr:nth-child(n + 6)'])).toEqual([])
    if (PICTURES) await picture(page, 'lab-compact')
    const drawn = () =>
      page.evaluate(
        '[...document.querySelectorAll(".cell")].filter((cell) => cell.checkVisibility({ contentVisibilityAuto: true })).length',
      )
    await expect.poll(drawn).toBeLessThan(600)
    await page.getByRole('link', { name: /^WS01-S01/ }).focus()
    for (let down = 0; down < 41; down++) await page.keyboard.press('ArrowDown')
    const focused = () =>
      page.evaluate(
        '[document.activeElement.dataset.name, document.activeElement.getBoundingClientRect().bottom <= innerHeight]',
      )
    await expect.poll(focused).toEqual(['WS49-S01', true])
    await context.close()
  })

  test('roles are respected: a viewer is shown nothing that would be refused', async () => {
    const { context, page, complaints } = await openWindow(browser)
    const { token } = await system.client.createToken({ name: 'looks on', role: 'viewer' })
    await signIn(page, system.url, token)
    for (const path of Object.values(views)) {
      if (path === '/workloads/new') continue
      await openView(page, system.url, path)
      await settled(page)
      const buttons = await page.getByRole('button').allTextContents()
      expect(
        buttons.filter((text) => /Drain|Release|Start|Pause|Cancel|Retry|Add|Verify|Probe|Remove|Revoke/.test(text)),
      ).toEqual([])
    }
    expect(complaints.filter((said) => !/status of 40[14]/.test(said))).toEqual([])
    await context.close()
  })
})

/** A night with a failure, a gate, interactions and a comparison to be shown; the views by name. */
async function makeNight(system: TestSystem, media: MediaServer): Promise<Record<string, string>> {
  const bad = media.video('bad', ({ name }, response) => {
    if (!name.includes('-2.') && !name.includes('_2.')) return false
    response.writeHead(404).end()
    return true
  })
  const gates = [{ metric: 'startupMs' as const, max: 60_000 }]
  const watchConfig = {
    watchDurationMin: 3,
    watchDurationMax: 5,
    seed: 'looks',
    pauseProbability: 0.5,
    seekProbability: 0.5,
  }
  const { id: before } = await system.play([media.video('news')], { name: 'Last night', watchConfig })
  const { id } = await system.play([media.video('news')], { name: 'Tonight', watchConfig, gates })
  await system.play([bad], { name: 'A bad night', onVideoError: 'skip', batchConfig: { maxRetries: 0 } })
  const { items: videos } = await system.client.getVideos()
  const workload = { name: 'Each night', videoIds: videos.map((video) => video.id) }
  await system.client.createSchedule({ cron: '0 1 * * *', timeZone: 'Asia/Seoul', workload })
  await system.client.createOrigin({ origin: 'https://media.example.com', pathPrefix: '/team' })
  const [result] = (await system.client.getWorkloadResults(before)).items
  // One session is unreliable, however slow the machine is; of a workload whose gates have not counted it already.
  const late = 'UPDATE results SET loop_delay_p99_ms = CASE WHEN id = $1 THEN 250 ELSE 4 END'
  await system.database.pool.query(late, [result?.id])
  return {
    lab: '/',
    device: '/devices/WS01-S01',
    workloads: '/workloads',
    new: '/workloads/new',
    workload: `/workloads/${id}`,
    results: `/workloads/${id}/results?by=workstation`,
    unreliable: `/workloads/${before}/results`,
    comparison: `/workloads/${id}/results?against=${before}`,
    commands: `/workloads/${id}/commands`,
    log: `/workloads/${id}/log`,
    settings: `/workloads/${id}/settings`,
    session: `/sessions/${result?.id}`,
    schedules: '/schedules',
    videos: '/videos',
    origins: '/origins',
    workstations: '/workstations',
    tokens: '/tokens',
    nowhere: '/nowhere',
  }
}

type AxeResult = { violations: { id: string; help: string; nodes: { target: string[]; failureSummary: string }[] }[] }

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** @param exclude elements that are not looked at, as selectors. */
async function complaintsOfAxe(page: Page, exclude: readonly string[] = []): Promise<string[]> {
  // Evaluated through the debugger: the page's own policy lets nothing in.
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe)
  const options = {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    resultTypes: ['violations'],
    preload: false,
  }
  const where = JSON.stringify({ exclude })
  const { violations } = (await page.evaluate(`axe.run(${where}, ${JSON.stringify(options)})`)) as AxeResult
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 2).map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
  )
}

async function picture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES as string, { recursive: true })
  await page.screenshot({ path: join(PICTURES as string, `${name}.png`), fullPage: true })
}
