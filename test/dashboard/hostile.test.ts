import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executablePath, openWindow, startBrowser } from '../support/browser.ts'
import { openView, settled, signIn } from '../support/dashboard.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

const HOSTILE = `"><script>window.hit=1</script><img src=x onerror="window.hit=1"><svg onload=window.hit=1>\${7*7}{{7*7}}`

describe.skipIf(executablePath === null)('hostile input', () => {
  let system: TestSystem
  let media: MediaServer
  let browser: Browser & AsyncDisposable
  beforeAll(async () => {
    media = await startMediaServer()
    system = await startTestSystem({ WS01: 2 })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await system?.[Symbol.asyncDispose]()
    await media?.[Symbol.asyncDispose]()
  })

  test('titles, names, labels, reasons and log lines full of markup and script are text, in every view', async () => {
    const { client, database } = system
    const url = media.video('hostile', ({ name }, response) => {
      if (!name.endsWith('.m4s')) return false
      response.writeHead(404).end()
      return true
    })
    await client.createVideo({ url, title: HOSTILE })
    const { id } = await createOf(client, [url], {
      name: HOSTILE,
      watchConfig: { watchDurationMin: 1, watchDurationMax: 1 },
    })
    await client.startWorkload(id)
    await system.ended(id)
    const { items: videos } = await client.getVideos()
    const workload = { name: HOSTILE, videoIds: videos.map((video) => video.id) }
    await client.createSchedule({ cron: '0 1 * * *', timeZone: 'Asia/Seoul', workload })
    await client.createToken({ name: HOSTILE.slice(0, 100), role: 'viewer' })
    // What the API lets nobody write, as a player or an old version may have.
    await database.pool.query(
      `INSERT INTO workload_logs (workload_id, at, level, message) VALUES ($1, now(), 'error', $2)`,
      [id, HOSTILE],
    )
    await database.pool.query('UPDATE devices SET labels = $1, model = $2, os = $2, drain_reason = $2', [
      { ap: HOSTILE },
      HOSTILE,
    ])
    await database.pool.query('UPDATE command_history SET reason = $1', [HOSTILE])
    await database.pool.query('UPDATE results SET error_message = $1', [HOSTILE])
    const [result] = (await client.getWorkloadResults(id)).items
    const { context, page, complaints } = await openWindow(browser)
    await signIn(page, system.url, system.adminToken)
    const below = ['', '/results', '/commands', '/log', '/settings'].map((part) => `/workloads/${id}${part}`)
    const views = ['/', '/devices/WS01-S01', '/workloads', '/workloads/new', ...below, `/sessions/${result?.id}`]
    for (const path of [
      ...views,
      '/schedules',
      '/videos',
      '/origins',
      '/workstations',
      '/tokens',
      `/devices/${encodeURIComponent(HOSTILE)}`,
    ]) {
      await openView(page, system.url, path)
      await settled(page)
      expect([
        path,
        await page.evaluate('[window.hit, document.querySelectorAll("#root script, img[src=x]").length]'),
      ]).toEqual([path, [undefined, 0]])
    }
    await page.goto(`${system.url}/workloads/${id}/log`)
    await page.getByText(HOSTILE).nth(1).waitFor()
    expect(complaints.filter((said) => !/status of 40[04]/.test(said))).toEqual([])
    await context.close()
  })

  test('a strict policy: no inline script, nothing from elsewhere, no frame around it', async () => {
    const response = await fetch(system.url, { headers: { accept: 'text/html' } })
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|data:.*script/)
    expect(await response.text()).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=/)
    const { context, page } = await openWindow(browser)
    await signIn(page, system.url, system.adminToken)
    const ran = `(() => {
      const script = document.createElement('script')
      script.textContent = 'window.hit = 1'
      document.body.append(script)
      return window.hit
    })()`
    expect(await page.evaluate(ran)).toBeUndefined()
    await context.close()
  })

  test('a write with the cookie is refused from any other site, origin or port, and from what says nothing of it', async () => {
    const signed = await fetch(`${system.url}/api/v1/sign-in`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.adminToken}` },
    })
    const cookie = signed.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(signed.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict$/)
    const write = async (headers: Record<string, string>) => {
      const body = JSON.stringify({ name: 'x', role: 'admin' })
      const response = await fetch(`${system.url}/api/v1/tokens`, {
        method: 'POST',
        body,
        headers: { cookie, ...headers },
      })
      return response.status
    }
    const port = new URL(system.url).port
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${Number(port) + 1}` },
      { origin: system.url, 'sec-fetch-site': 'cross-site' },
      { origin: system.url, 'sec-fetch-site': 'same-site' },
    ]) {
      expect([headers, await write(headers)]).toEqual([headers, 403])
    }
    expect(await write({ origin: system.url, 'sec-fetch-site': 'same-origin' })).toBe(201)
    // A token in a header is sent by nobody but who has it.
    expect(
      await write({ cookie: '', authorization: `Bearer ${system.adminToken}`, origin: 'https://evil.example' }),
    ).toBe(201)
    // A page of another origin on this very machine: its form and its fetch come to nothing.
    const { context, page } = await openWindow(browser)
    await signIn(page, system.url, system.adminToken)
    const before = (await system.client.getTokens()).items.length
    await page.goto(`${media.url}/news/master.m3u8`).catch(() => {})
    await page.setContent(
      `<form method="post" action="${system.url}/api/v1/tokens" enctype="text/plain"><input name='{"name":"x","role":"admin","a":"' value='"}'></form>`,
    )
    await page.evaluate('document.forms[0].submit()').catch(() => {})
    await page.waitForLoadState()
    expect((await system.client.getTokens()).items).toHaveLength(before)
    await context.close()
  })
})
