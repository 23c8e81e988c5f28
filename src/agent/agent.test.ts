import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DeviceHealth } from '../domain/device.ts'
import { failedUnplayed } from '../domain/playback-result.ts'
import type { Driver } from '../drivers/driver.ts'
import { Agent } from './agent.ts'

const DEVICE_ID = '00000000-0000-7000-8000-000000000001'
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'doai-agent-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** A controller that has nothing to play: a poll for commands lasts until the agent gives it up. */
function idleController(onLease: (freeDevices: string[]) => void, onHeartbeat: () => void): typeof fetch {
  const answers: Record<string, unknown> = {
    enrol: { devices: [{ id: DEVICE_ID, slot: 'S01' }], heartbeatSeconds: 0.01 },
    heartbeat: { stop: [] },
    leave: {},
  }
  return async (url, init) => {
    const call = new URL(String(url)).pathname.split('/').at(-1) ?? ''
    if (call === 'heartbeat') onHeartbeat()
    if (call !== 'lease') return Response.json(answers[call])
    onLease(JSON.parse(String(init?.body)).freeDevices)
    return new Promise<Response>((_, fail) => {
      init?.signal?.addEventListener('abort', () => fail(init.signal?.reason), { once: true })
    })
  }
}

/** One device, as healthy as it is set. */
function deviceOf(health: DeviceHealth): Driver {
  return {
    name: 'test',
    identity: () => ({ model: '', os: '' }),
    health: () => health,
    play: async ({ sessionId }) => failedUnplayed(sessionId, 'player', 'nothing is played'),
    async [Symbol.asyncDispose]() {},
  }
}

test('a device that can be reached again is asked for at once, whatever poll is under way', async () => {
  const health: DeviceHealth = { offline: 'unplugged', temperatureC: null, batteryPercent: null }
  const asked: string[][] = []
  const stop = new AbortController()
  let heartbeats = 0
  const askedForIt = new Promise<void>((resolve, reject) => {
    const fetch = idleController(
      (freeDevices) => {
        asked.push(freeDevices)
        if (freeDevices.length > 0) resolve()
        else health.offline = null
      },
      () => {
        // A poll that goes on to its own end lasts for thousands of these heartbeats.
        if (health.offline === null && ++heartbeats > 300)
          reject(new Error('It is not asked for after 300 heartbeats.'))
      },
    )
    void new Agent({
      workstation: 'WS01',
      version: '0',
      instance: '00000000-0000-7000-8000-0000000000aa',
      connection: { url: 'http://127.0.0.1:1', token: 'a token', fetch },
      devices: [{ slot: 'S01', driver: deviceOf(health), labels: {} }],
      journalDirectory: directory,
      newSessionId: () => 'a session',
      drain: stop.signal,
      stop: stop.signal,
      onEnrolled: () => {},
      onError: () => {},
    }).run()
  })
  await askedForIt.finally(() => stop.abort())
  expect(asked).toEqual([[], [DEVICE_ID]])
})

test('a session whose origin is verified no more is stopped as refused; others play on', async () => {
  const origin = {
    origin: 'https://media.example.com',
    pathPrefix: '',
    allowPrivate: false,
    cmcdMode: 'query',
    token: 't',
  }
  const video = (url: string) => ({ id: DEVICE_ID, url, title: '' })
  const command = (at: number, url: string) => ({
    token: `00000000-0000-7000-8000-00000000010${at}`,
    commandId: `00000000-0000-7000-8000-00000000020${at}`,
    attempt: 1,
    deviceId: `00000000-0000-7000-8000-00000000000${at}`,
    labName: `WS01-S0${at}`,
    workload: { id: DEVICE_ID, name: 'a night' },
    video: video(url),
    plan: { plannedSeconds: 60, interactions: [] },
    timeoutSeconds: 60,
  })
  const commands = [command(1, 'https://MEDIA.example.com:443/a.m3u8'), command(2, 'http://127.0.0.1:8080/a.m3u8')]
  const reasons: Record<string, unknown> = {}
  let playing = 0
  const driver: Driver = {
    name: 'test',
    identity: () => ({ model: '', os: '' }),
    async play({ sessionId, device }, signal) {
      playing += 1
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      reasons[device.labName] = signal.reason
      return failedUnplayed(sessionId, 'player', 'nothing is played')
    },
    async [Symbol.asyncDispose]() {},
  }
  const stop = new AbortController()
  const told: string[] = []
  const settled = Promise.withResolvers<void>()
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const call = new URL(String(url)).pathname.split('/').at(-1) ?? ''
    const body = JSON.parse(String(init?.body ?? '{}'))
    if (call === 'enrol')
      return Response.json({
        devices: commands.map(({ deviceId }, at) => ({ id: deviceId, slot: `S0${at + 1}` })),
        heartbeatSeconds: 60,
      })
    if (call === 'start') return Response.json({ tokens: body.tokens })
    if (call === 'report') {
      settled.resolve()
      return Response.json({
        receipts: Object.fromEntries(body.reports.map(({ token }: { token: string }) => [token, 'counted'])),
      })
    }
    if (call !== 'lease') return Response.json(call === 'heartbeat' ? { stop: [] } : {})
    told.push(body.origins)
    if (told.length === 1) return Response.json({ commands, origins: [origin], originsChanged: true, stop: [] })
    if (playing === 2 && told.at(-1) !== told[0])
      return Response.json({ commands: [], origins: [], originsChanged: true, stop: [] })
    return new Promise<Response>((_, fail) => {
      init?.signal?.addEventListener('abort', () => fail(init.signal?.reason), { once: true })
    })
  }
  const running = new Agent({
    workstation: 'WS01',
    version: '0',
    instance: '00000000-0000-7000-8000-0000000000aa',
    connection: { url: 'http://127.0.0.1:1', token: 'a token', fetch },
    devices: ['S01', 'S02'].map((slot) => ({ slot, driver, labels: {} })),
    journalDirectory: directory,
    newSessionId: () => crypto.randomUUID(),
    drain: new AbortController().signal,
    stop: stop.signal,
    onEnrolled: () => {},
    onError: () => {},
  }).run()
  await settled.promise
  expect(reasons).toEqual({ 'WS01-S01': 'refused' })
  // What it knew is in its question, so that a controller that knows others answers at once.
  expect(told[1]).not.toBe(told[0])
  expect(told[2] ?? told[0]).toBe(told[0])
  stop.abort()
  await running
  expect(reasons).toEqual({ 'WS01-S01': 'refused', 'WS01-S02': 'aborted' })
})
