import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ WS01: 2 })
})
afterAll(() => system?.[Symbol.asyncDispose]())

/**
 * Sends a body that never ends, until it is answered; gives the status and how many bytes were sent. Who writes on may be cut
 * off before the answer is read (RFC 9112, 9.6), on a busy machine sooner: it is asked again then.
 */
async function endless(path: string, token: string, mostBytes: number): Promise<{ status: number; sent: number }> {
  for (let tries = 1; ; tries++) {
    try {
      return await endlessOnce(path, token, mostBytes)
    } catch (error) {
      if (!['EPIPE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '') || tries === 5) throw error
    }
  }
}

function endlessOnce(path: string, token: string, mostBytes: number): Promise<{ status: number; sent: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; sent: number }>()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const out = request(`${system.url}/api/v1${path}`, { method: 'POST', headers })
  const piece = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  const send = () => {
    while (!out.destroyed && sent < mostBytes) {
      sent += piece.byteLength
      if (!out.write(piece)) return void out.once('drain', send)
    }
  }
  out.once('response', (response) => {
    resolve({ status: response.statusCode ?? 0, sent })
    out.destroy()
  })
  out.on('error', reject)
  send()
  return promise
}

test('nobody’s body is not read: the answer comes before it', async () => {
  expect((await endless('/workloads', 'doai_nobody', 1e9)).status).toBe(401)
})

test('a body is read up to what its call may need, and no further', async () => {
  const { status, sent } = await endless('/videos', system.adminToken, 1e9)
  expect(status).toBe(413)
  // What the sockets on the way hold is sent as well.
  expect(sent).toBeLessThan(32 * 2 ** 20)
  expect((await system.client.getVideos()).items).toEqual([])
})

test('ten thousand mistakes in a request are told in a few kilobytes, and traced in less', async () => {
  const videoIds = Array.from({ length: 10_000 }, (_, at) => `${at} ${'x'.repeat(300)}`)
  const response = await fetch(`${system.url}/api/v1/workloads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.adminToken}` },
    body: JSON.stringify({ name: 'wrong', videoIds }),
  })
  const text = await response.text()
  expect(response.status).toBe(400)
  expect(text.length).toBeLessThan(20_000)
  expect(JSON.parse(text).detail).toMatch(/and \d+ more$/)
  const { rows } = await system.database.pool.query('SELECT max(length(detail)) AS most FROM audit_log')
  expect(rows[0].most).toBeLessThanOrEqual(500)
})

test('a forecast whose client has left is given up, and keeps nobody waiting', async () => {
  const { token } = await system.client.createToken({ role: 'viewer' })
  const heavy = {
    workload: {
      name: 'heavy',
      videos: Array.from({ length: 50 }, (_, at) => ({ url: `http://127.0.0.1/${at}.m3u8`, durationSeconds: 60 })),
      batchConfig: { batchSizePercent: 10 },
    },
    lab: { workstations: 500, devices: 10_000 },
    runs: 200,
  }
  const left = new AbortController()
  const asked = Array.from({ length: 8 }, () =>
    fetch(`${system.url}/api/v1/plans`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(heavy),
      signal: left.signal,
    }).then(
      ({ status }) => status,
      () => 'gone',
    ),
  )
  const light = createClient({ url: system.url, token: system.adminToken })
  const plan = { workload: { name: 'light', videos: [{ url: 'http://127.0.0.1/a.m3u8', durationSeconds: 10 }] } }
  // Somebody else's comes between them, though they came first.
  expect(await light.createPlan(plan as never)).toMatchObject({ name: 'light' })
  left.abort()
  expect(await Promise.all(asked)).toEqual(Array(8).fill('gone'))
  expect(await light.createPlan(plan as never)).toMatchObject({ name: 'light' })
})
