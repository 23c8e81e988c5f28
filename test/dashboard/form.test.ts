import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executablePath, openWindow, startBrowser } from '../support/browser.ts'
import { signIn } from '../support/dashboard.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { startTestSystem, type TestSystem } from '../support/system.ts'

describe.skipIf(executablePath === null)('the form for a new workload', () => {
  let system: TestSystem
  let media: MediaServer
  let browser: Browser & AsyncDisposable
  beforeAll(async () => {
    media = await startMediaServer()
    system = await startTestSystem({ WS01: 4 })
    browser = await startBrowser()
    await system.client.createVideo({ url: media.video('news'), title: 'News' })
  })
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await system?.[Symbol.asyncDispose]()
    await media?.[Symbol.asyncDispose]()
  })

  async function open(): Promise<Page> {
    const { page } = await openWindow(browser)
    await signIn(page, system.url, system.adminToken)
    await page.goto(`${system.url}/workloads/new`)
    await page.getByLabel('News').check()
    return page
  }

  /** The text beside a field that says what is wrong with it. */
  async function refusedAt(page: Page, label: string): Promise<string | null> {
    const field = page.getByLabel(label, { exact: true }).first()
    await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true')
    return page.locator(`[id="${await field.getAttribute('aria-describedby')}"]`).textContent()
  }

  /** Creates it, or fails with what the form says. */
  async function create(page: Page, heading: string): Promise<void> {
    await page.getByRole('button', { name: 'Create' }).click()
    const created = page.getByRole('heading', { level: 1, name: heading })
    const said = page.getByRole('alert').filter({ hasText: /./ })
    await created.or(said).first().waitFor()
    expect(await said.allTextContents()).toEqual([])
    await created.waitFor()
  }

  test('again and again, with limits, hours and gates: refused beside each field, then created as it was filled in', async () => {
    const page = await open()
    await page.getByLabel('Name', { exact: true }).fill('Each night')
    await page.getByLabel('Starts').selectOption('again and again')
    await page.getByLabel('Cron').fill('61 * * * *')
    await page.getByLabel('Time zone').fill('Asia/Seul')
    await page.getByLabel('Pace by the hour').selectOption('own')
    await page.getByRole('button', { name: 'Add hours' }).click()
    const hours = page.getByRole('group', { name: '1' })
    await hours.getByLabel('From').fill('22:00')
    await hours.getByLabel('To').fill('06:00')
    await hours.getByLabel('Devices a batch, %').fill('25')
    await page.getByRole('button', { name: 'Add a limit' }).click()
    await page.getByLabel('Devices with the same label').fill('no label')
    await page.getByLabel('At most', { exact: true }).fill('2')
    await page.getByRole('button', { name: 'Create' }).click()
    expect(await refusedAt(page, 'Cron')).toMatch(/minute|61/)
    expect(await refusedAt(page, 'Time zone')).toContain('must be a time zone such as Asia/Seoul')
    expect(await refusedAt(page, 'Devices with the same label')).toContain('must be the name of a label such as ap')
    await page.getByLabel('Cron').fill('0 1 * * *')
    await page.getByLabel('Time zone').fill('Asia/Seoul')
    await page.getByLabel('Devices with the same label').fill('ap')
    await create(page, 'Schedules')
    await page.getByRole('row', { name: /Each night 0 1 \* \* \* Asia\/Seoul/ }).waitFor()
    const [schedule] = (await system.client.getSchedules()).items
    expect(schedule).toMatchObject({ name: 'Each night', cron: '0 1 * * *', timeZone: 'Asia/Seoul', overlap: 'skip' })
    const { rows } = await system.database.pool.query('SELECT workload FROM schedules')
    expect(rows[0].workload).toMatchObject({
      timeProfiles: { timeZone: 'Asia/Seoul', profiles: [{ from: '22:00', to: '06:00', batchSizePercent: 25 }] },
      maxConcurrent: [{ label: 'ap', per: 2 }],
    })
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('No schedules yet.').waitFor()
    await page.context().close()
  })

  test('after another workload, between two hours: it waits and says for what', async () => {
    const { items } = await system.client.getVideos()
    const before = await system.client.createWorkload({ name: 'First', videoIds: items.map(({ id }) => id) })
    const page = await open()
    await page.getByLabel('Name', { exact: true }).fill('Second')
    await page.getByLabel('Starts').selectOption('after another workload')
    await page.getByRole('button', { name: 'Create' }).click()
    expect(await refusedAt(page, 'After')).not.toBe('')
    await page.getByLabel('After', { exact: true }).selectOption('First (pending)')
    await page.getByLabel('If it').selectOption('ends, however')
    await page.getByLabel('Runs only from').fill('01:00')
    await page.getByRole('button', { name: 'Create' }).click()
    expect(await refusedAt(page, 'and until')).not.toBe('')
    await page.getByLabel('and until').fill('06:00')
    await page.getByLabel('Time zone').fill('UTC')
    await create(page, 'Second')
    await page.getByText(/waits? for .*First/).waitFor()
    const [second] = (await system.client.getWorkloads({})).items
    expect(second).toMatchObject({
      name: 'Second',
      status: 'pending',
      after: { workloadId: before.id, on: 'end' },
      window: { from: '01:00', to: '06:00', timeZone: 'UTC' },
    })
    await page.context().close()
  })
})
