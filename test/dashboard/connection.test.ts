import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Controller, startController } from '../../src/bin/controller.ts'
import { createClient } from '../../src/client/index.ts'
import { agentCalls } from '../../src/protocol/agent-calls.ts'
import { enrolDevices, tradedLink } from '../support/agent-call.ts'
import { executablePath, openWindow, startBrowser } from '../support/browser.ts'
import { signIn } from '../support/dashboard.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startFaultyProxy } from '../support/faulty-proxy.ts'

/** Long enough for a controller that says nothing to be noticed, and for the next try after that; ms. */
const SOON = { timeout: 60_000 }

describe.skipIf(executablePath === null)('the connection to the controller', () => {
  let browser: Browser & AsyncDisposable
  let database: TestDatabase
  let dataDir: string
  let controller: Controller
  let beating: NodeJS.Timeout
  const start = (port: number) => {
    const onError = () => {}
    return startController({ dataDir, host: '127.0.0.1', port, databaseUrl: database.url, version: '0.0.0', onError })
  }
  beforeAll(async () => {
    browser = await startBrowser()
    database = await createTestDatabase()
    dataDir = await mkdtemp(join(tmpdir(), 'doai-connection-'))
    controller = await start(0)
    const client = createClient({ url: controller.url, token: controller.adminToken })
    const link = await tradedLink(client, controller.url, 'WS01')
    await enrolDevices(link, 4)
    beating = setInterval(() => void link.link.call(agentCalls.heartbeat, { body: { held: [] } }).catch(() => {}), 2000)
  })
  afterAll(async () => {
    clearInterval(beating)
    await browser?.[Symbol.asyncDispose]()
    await controller?.[Symbol.asyncDispose]()
    await database?.[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('cut for 30 s: the page says since when, shows nothing old as fresh, and recovers by itself', async () => {
    await using proxy = await startFaultyProxy(controller.url)
    const client = createClient({ url: controller.url, token: controller.adminToken })
    const { context, page } = await openWindow(browser)
    await signIn(page, proxy.url, controller.adminToken)
    await page.getByRole('gridcell', { name: 'WS01-S01, available' }).waitFor()
    const shell = page.locator('.shell')
    await expect.poll(() => shell.getAttribute('data-stale')).toBe('false')
    proxy.become('cut')
    const banner = page.getByText(/No connection to the controller since \d\d:\d\d:\d\d/)
    await banner.waitFor(SOON)
    const since = await banner.textContent()
    expect(await shell.getAttribute('data-stale')).toBe('true')
    expect(await page.evaluate('getComputedStyle(document.querySelector("main")).filter')).toBe('grayscale(1)')
    await client.drainDevice('WS01-S01')
    await delay(30_000)
    // Since the first moment, not the last try.
    expect(await banner.textContent()).toBe(since)
    proxy.become('well')
    await page.getByRole('gridcell', { name: 'WS01-S01, draining' }).waitFor(SOON)
    await banner.waitFor({ state: 'hidden' })
    expect(await shell.getAttribute('data-stale')).toBe('false')
    await client.releaseDevice('WS01-S01')
    await context.close()
  })

  test('a path that takes everything and answers nothing is noticed as well', async () => {
    await using proxy = await startFaultyProxy(controller.url)
    const { context, page } = await openWindow(browser)
    await signIn(page, proxy.url, controller.adminToken)
    await page.getByRole('gridcell', { name: 'WS01-S01, available' }).waitFor()
    proxy.become('silent')
    await page.getByText(/No connection to the controller/).waitFor(SOON)
    await context.close()
  })

  test('the controller restarted: the page goes on without a reload', async () => {
    const { context, page } = await openWindow(browser)
    await signIn(page, controller.url, controller.adminToken)
    await page.getByRole('gridcell', { name: 'WS01-S02, available' }).waitFor()
    await page.evaluate('window.kept = true')
    const port = Number(new URL(controller.url).port)
    await controller[Symbol.asyncDispose]()
    await page.getByText(/No connection to the controller/).waitFor(SOON)
    controller = await start(port)
    const client = createClient({ url: controller.url, token: controller.adminToken })
    await client.drainDevice('WS01-S02')
    await page.getByRole('gridcell', { name: 'WS01-S02, draining' }).waitFor(SOON)
    await page.getByText(/No connection/).waitFor({ state: 'hidden' })
    expect(await page.evaluate('window.kept')).toBe(true)
    await context.close()
  })

  test('the token revoked while the page is open: it signs out, says why, and shows nothing any more', async () => {
    const client = createClient({ url: controller.url, token: controller.adminToken })
    const { id, token } = await client.createToken({ name: 'soon gone', role: 'viewer' })
    const { context, page } = await openWindow(browser)
    await signIn(page, controller.url, token)
    await page.getByRole('gridcell').first().waitFor()
    await client.revokeToken(id)
    await page.getByText('You were signed out: the token is no longer good.').waitFor(SOON)
    expect(await page.getByRole('gridcell').count()).toBe(0)
    await context.close()
  })

  test('a page that nobody sees asks for nothing, and is right again as soon as it is seen', async () => {
    const { context, page } = await openWindow(browser)
    await signIn(page, controller.url, controller.adminToken)
    await page.getByRole('gridcell', { name: 'WS01-S03, available' }).waitFor()
    const become = (state: string) =>
      page.evaluate(`
        Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' })
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => '${state}' === 'hidden' })
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`)
    await become('hidden')
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await createClient({ url: controller.url, token: controller.adminToken }).drainDevice('WS01-S03')
    await delay(5000)
    expect(asked).toEqual([])
    await become('visible')
    await page.getByRole('gridcell', { name: 'WS01-S03, draining' }).waitFor(SOON)
    await context.close()
  })
})
