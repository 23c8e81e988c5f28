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
