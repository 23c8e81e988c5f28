import { expect, test } from 'vitest'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import type { ReachPolicy } from '../../origins/reach.ts'
import { isLoopbackUrl } from '../../origins/reach.ts'
import { createHeadlessDriver } from './driver.ts'

test.each([
  ['http://localhost:8080/a.mpd', true],
  ['http://127.1.2.3/a.mpd', true],
  ['http://[::1]/a.mpd', true],
  ['http://127.0.0.1.example/a.mpd', false],
  ['https://media.example.com/a.mpd', false],
  ['nonsense', false],
])('%s on loopback: %s', (url, expected) => {
  expect(isLoopbackUrl(url)).toBe(expected)
})

test('hands its policy and its name to the fetch, and disposes of it', async () => {
  const asked: { policy: ReachPolicy; userAgent: string }[] = []
  let disposed = 0
  await using driver = createHeadlessDriver({
    version: '1.2.3',
    addresses: null,
    createFetch: (options) => {
      asked.push(options)
      const call = async () => ({ url: '', status: 404, headers: {}, body: (async function* () {})() })
      const dispose = async () => {
        disposed += 1
      }
      return Object.assign(call, { [Symbol.asyncDispose]: dispose })
    },
    parse: {
      manifest: async () => ({ format: 'hls', live: false, durationSeconds: null, video: [], audio: [] }),
      playlist: async () => ({ segments: [], durationSeconds: 0, live: false }),
    },
  })
  const report = await driver.play(
    {
      sessionId: 's',
      workload: { id: 'w', name: 'test' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url: 'http://localhost/a.m3u8', title: '' },
      plan: { plannedSeconds: 10, interactions: [] },
      origins: new OriginsInForce(),
    },
    new AbortController().signal,
    () => {},
  )
  expect(report.failure).toMatchObject({ kind: 'content', permanent: true })
  expect(report.loopDelayP99Ms).not.toBeNull()
  expect(disposed).toBe(1)
  expect(asked[0]).toMatchObject({
    policy: { loopback: true, origins: [] },
    userAgent: 'DoAiWorkload/1.2.3 (+playback-test)',
  })
})
