import { request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ReachableOrigin } from '../../domain/playable-origin.ts'
import { DEFAULT_PLAYER } from '../../domain/player-choice.ts'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import { realClock } from '../clock.ts'
import { PageHost } from './page-host.ts'
import { PageSession } from './page-session.ts'
import { playerBuild } from './player-builds.ts'

const BUILDS = { shaka: playerBuild('shaka()'), 'hls.js': playerBuild('hls()') }
let host: PageHost
beforeEach(async () => {
  host = await PageHost.start({ html: '<!doctype html>', css: 'p{}', players: BUILDS, script: 'go()' })
})
afterEach(() => host[Symbol.asyncDispose]())

function session(url = 'https://media.example.com/a.m3u8', origins: ReachableOrigin[] = []) {
  return new PageSession({
    assignment: {
      sessionId: 's',
      workload: { id: 'w', name: '<b>a night</b>' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url, title: '' },
      plan: { plannedSeconds: 10, interactions: [] },
      player: DEFAULT_PLAYER,
      origins: new OriginsInForce(origins.map((origin) => ({ ...origin, token: 'a token' }))),
    },
    players: BUILDS,
    clock: realClock,
    onLive: () => {},
    background: true,
    signal: new AbortController().signal,
  })
}

function ask(path: string, { method = 'GET', host: name = '', body = '' } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; headers: object; text: string }>()
  const headers = name === '' ? {} : { host: name }
  const asked = request(`${host.origin}${path}`, { method, headers }, (response) => {
    let text = ''
    response.on('data', (piece) => {
      text += piece
    })
    response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
  })
  asked.on('error', reject)
  asked.end(body)
  return promise
}

test('a session is served under its id alone, and no longer than it lasts', async () => {
  const one = session()
  expect((await ask(one.path)).status).toBe(404)
  {
    using _ = host.open(one)
    expect(await ask(one.path)).toMatchObject({ status: 200, text: '<!doctype html>' })
    const brief = await ask(`${one.path}/brief`)
    expect(JSON.parse(brief.text)).toMatchObject({ sessionId: 's', workload: '<b>a night</b>', device: 'WS01-S01' })
    expect(one.opened).toBe(true)
  }
  expect((await ask(one.path)).status).toBe(404)
  expect((await ask('/s/AAAAAAAAAAAAAAAAAAAAAA')).status).toBe(404)
})

test('a page elsewhere that had its name resolved to this machine is answered nothing', async () => {
  const one = session()
  using _ = host.open(one)
  expect((await ask(one.path, { host: `evil.example:${host.port}` })).status).toBe(421)
  expect((await ask(one.path, { host: `localhost:${host.port}` })).status).toBe(200)
})

test('what is no report is refused, and what is too large is not read', async () => {
  const one = session()
  using _ = host.open(one)
  const report = `${one.path}/report`
  expect((await ask(report, { method: 'POST', body: 'nonsense' })).status).toBe(400)
  expect((await ask(report, { method: 'POST', body: '{"seq":-1}' })).status).toBe(400)
  expect((await ask(report, { method: 'GET' })).status).toBe(405)
  const large = await ask(report, { method: 'POST', body: 'x'.repeat(5 * 2 ** 20) }).catch(() => ({ status: 413 }))
  expect(large.status).toBe(413)
})

test('the page’s policy names the session’s verified origins and nothing else', async () => {
  const origin = { origin: 'https://media.example.com', allowPrivate: false, cmcdMode: 'query' as const }
  const cdn = { ...origin, origin: 'https://cdn.example.net', pathPrefix: '/ours' }
  const one = session(undefined, [{ ...origin, pathPrefix: '' }, cdn])
  using _ = host.open(one)
  const { headers } = await ask(one.path)
  const policy = (headers as Record<string, string>)['content-security-policy'] ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("connect-src 'self' https://media.example.com https://cdn.example.net/ours/;")
  expect(policy).toContain('media-src blob: https://media.example.com https://cdn.example.net/ours/;')
  expect(policy).not.toMatch(/unsafe|\*|localhost/)
})
