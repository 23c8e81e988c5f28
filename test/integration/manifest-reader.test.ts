import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ManifestReader, startManifestReader } from '../../src/bin/manifest-reader.ts'
import { ManifestError } from '../../src/media/presentation.ts'
import { ENDED, REFUSED } from '../support/poisons.ts'

// Processes start in it: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const BASE = 'http://127.0.0.1/ladder/'
const ladder = (name: string) => readFile(new URL(`../../media/ladder/${name}`, import.meta.url), 'utf8')
const { signal } = new AbortController()

let reader: ManifestReader
beforeAll(() => {
  const limits = { memoryMb: 128, cpuMs: 700, wallMs: 60_000, answerBytes: 16 * 2 ** 20 }
  reader = startManifestReader({ kept: 2, limits })
})
afterAll(() => reader[Symbol.asyncDispose]())

/** What came of it, and how often a timer of 5 ms fired here meanwhile. */
async function read(text: string, url = `${BASE}x`) {
  let ticks = 0
  const ticking = setInterval(() => {
    ticks += 1
  }, 5)
  const isPlaylist = text.startsWith('#EXTM3U') && !text.includes('#EXT-X-STREAM-INF')
  const { forController } = reader
  const reading = isPlaylist
    ? forController.playlist(text, url, signal)
    : forController.manifest(text, url, null, signal)
  const outcome = await (reading as Promise<unknown>).catch((error: unknown) => error)
  clearInterval(ticking)
  return { outcome, ticks }
}

test('the ladder, as the controller has it', async () => {
  const { forController } = reader
  const summary = await forController.manifest(await ladder('master.m3u8'), `${BASE}master.m3u8`, null, signal)
  expect(summary).toMatchObject({ format: 'hls', live: false, playlistUrl: `${BASE}media_0.m3u8` })
  expect(summary.renditions.map(({ kind, height }) => [kind, height])).toEqual([
    ['video', 240],
    ['video', 360],
    ['video', 480],
    ['audio', null],
  ])
  expect(await forController.playlist(await ladder('media_0.m3u8'), `${BASE}media_0.m3u8`, signal)).toEqual({
    live: false,
    durationSeconds: expect.closeTo(23.9239, 6),
  })
})

test.each(Object.entries(REFUSED))('%s: refused for what is written there', async (_, { text, says }) => {
  const { outcome } = await read(text)
  expect(outcome).toBeInstanceOf(ManifestError)
  expect((outcome as Error).message).toContain(says)
  expect((outcome as Error).message).not.toContain('reading it')
  expect((outcome as Error).message.length).toBeLessThanOrEqual(500)
})

test.each(Object.entries(ENDED))('%s: ended by a limit, timers here go on', async (_, { text, url, reason }) => {
  const { outcome, ticks } = await read(text, url)
  expect(outcome).toBeInstanceOf(ManifestError)
  expect((outcome as Error).message).toMatch(reason)
  expect(ticks).toBeGreaterThan(3)
})

test('while one manifest is read to its limit, others are read', async () => {
  const poison = ENDED['an attribute list of one long word']?.text ?? ''
  let over = false
  const poisoned = Array.from({ length: 20 }, (_, n) =>
    read(poison, `${BASE}poison?CMCD=sid%3D${n}`).then(() => {
      over = true
    }),
  )
  const { outcome } = await read(await ladder('master.m3u8'), `${BASE}master.m3u8`)
  expect(outcome).toMatchObject({ format: 'hls' })
  expect(over).toBe(false)
  await Promise.all(poisoned)
})
