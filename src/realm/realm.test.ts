import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CURRENT_PHONE } from '../media-element/device-profile.ts'
import type { MediaElement } from '../media-element/media-element.ts'
import { VirtualPageClock } from '../media-element/virtual-page-clock.ts'
import { createRealm } from './realm.ts'

const MEDIA = join(import.meta.dirname, '../../media/ladder')
const ORIGIN = 'https://media.invalid'
const { resolve } = createRequire(import.meta.url)
const SHAKA = readFileSync(resolve('shaka-player/dist/shaka-player.compiled-es2021.js'), 'utf8')
const HLS = readFileSync(resolve('hls.js/dist/hls.min.js'), 'utf8')

/** Read beforehand: a virtual clock does not wait for a disk. */
const FILES = new Map(readdirSync(MEDIA).map((name) => [name, readFileSync(join(MEDIA, name))]))
const ROUND_TRIP_MS = 40
const PIECE_BYTES = 16_384

/** A page whose network is the bundled ladder behind a path of so many kbit/s, one answer after the other. */
function pageBehind(kbps: number) {
  const clock = new VirtualPageClock()
  const asked: string[] = []
  let freeAtMs = 0
  const network = async (request: Request): Promise<Response> => {
    const name = new URL(request.url).pathname.slice(1)
    asked.push(name)
    const body = FILES.get(name) ?? null
    const beginsAtMs = Math.max(clock.now() + ROUND_TRIP_MS, freeAtMs)
    freeAtMs = beginsAtMs + ((body?.length ?? 0) * 8) / kbps
    await new Promise<void>((then) => clock.after(beginsAtMs - clock.now(), then))
    if (body === null) return new Response(null, { status: 404 })
    let at = 0
    const pieces = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = body.subarray(at, at + PIECE_BYTES)
        at += piece.length
        await new Promise<void>((then) => clock.after((piece.length * 8) / kbps, then))
        controller.enqueue(new Uint8Array(piece))
        if (at >= body.length) controller.close()
      },
    })
    const response = new Response(pieces, { headers: { 'content-length': String(body.length) } })
    Object.defineProperty(response, 'url', { value: request.url })
    return response
  }
  const userAgent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
  const realm = createRealm({ clock, epochMs: Date.UTC(2026, 0, 1), profile: CURRENT_PHONE, network, userAgent })
  return { clock, realm, asked }
}

type Page = ReturnType<typeof pageBehind>

function heard(video: MediaElement, { clock }: Page): string[] {
  const events: string[] = []
  for (const type of ['playing', 'waiting', 'ended', 'error']) {
    video.addEventListener(type, () => events.push(`${type} ${(clock.now() / 1000).toFixed(1)}`))
  }
  return events
}

/** Made in the page: Shaka takes only objects of its own realm for a config. */
const CONFIG = '({ abr: { useNetworkInformation: false }, streaming: { segmentPrefetchLimit: 0 } })'

function isOver(events: readonly string[]): boolean {
  return /^(ended|error)/.test(events.at(-1) ?? '')
}

type ShakaPlayer = {
  attach(video: MediaElement): Promise<void>
  configure(config: object): void
  load(url: string): Promise<void>
  destroy(): Promise<void>
}

/** Plays with Shaka to the end, as it is shipped. */
async function playWithShaka(page: Page, manifest: string) {
  page.realm.run(SHAKA, 'shaka-player.js')
  const { shaka } = page.realm.globals as { shaka: { Player: new () => ShakaPlayer } }
  const video = page.realm.createVideo()
  const events = heard(video, page)
  const player = new shaka.Player()
  let failure: unknown = null
  const playing = async () => {
    await player.attach(video)
    player.configure(page.realm.run(CONFIG, 'config') as object)
    await player.load(`${ORIGIN}/${manifest}`)
    await video.play()
  }
  playing().catch((error: unknown) => {
    failure = error
  })
  await page.clock.run(120_000, () => failure !== null || isOver(events))
  const position = video.currentTime
  return { events, failure, position, asked: page.asked }
}

test.each(['manifest.mpd', 'master.m3u8'])(
  'Shaka plays %s to its end without a browser, as it is shipped',
  async (manifest) => {
    const { events, failure, position, asked } = await playWithShaka(pageBehind(3000), manifest)
    expect(failure).toBeNull()
    expect(events.map((event) => event.split(' ')[0])).toEqual(['waiting', 'playing', 'ended'])
    expect(position).toBeCloseTo(23.92, 1)
    const segments = asked.filter((name) => name.startsWith('chunk-'))
    // Twelve of pictures and twelve of sound, in whatever rendition.
    for (const kind of [/stream[012]/, /stream3/]) {
      const numbers = segments.filter((name) => kind.test(name)).map((name) => name.slice(-9, -4))
      expect([...new Set(numbers)].sort()).toEqual(
        Array.from({ length: 12 }, (_, at) => String(at + 1).padStart(5, '0')),
      )
    }
  },
)

test('behind a path that is too slow Shaka stalls, goes on, and comes to the end', async () => {
  const { events, failure } = await playWithShaka(pageBehind(100), 'manifest.mpd')
  expect(failure).toBeNull()
  // The first is before anything has arrived.
  expect(events.filter((event) => event.startsWith('waiting')).length).toBeGreaterThan(1)
  expect(events.at(-1)).toMatch(/^ended/)
})

test('what is not there is the error of Shaka that a browser’s Shaka has', async () => {
  const { failure } = await playWithShaka(pageBehind(3000), 'nothing.mpd')
  expect(failure).toMatchObject({ category: 1, code: 1001 })
  expect((failure as { data: unknown[] }).data.slice(0, 2)).toEqual([`${ORIGIN}/nothing.mpd`, 404])
})

type HlsPlayer = {
  loadSource(url: string): void
  attachMedia(video: MediaElement): void
  on(event: string, then: (event: string, data: { details?: string; fatal?: boolean }) => void): void
  destroy(): void
}

test('hls.js plays to the end without a browser, as it is shipped', async () => {
  const page = pageBehind(3000)
  page.realm.run(HLS, 'hls.js')
  const { Hls } = page.realm.globals as { Hls: { new (config: object): HlsPlayer; isSupported(): boolean } }
  expect(Hls.isSupported()).toBe(true)
  const video = page.realm.createVideo()
  const events = heard(video, page)
  const errors: unknown[] = []
  const player = new Hls({ enableWorker: false })
  player.on('hlsError', (_, { details, fatal }) => errors.push([details, fatal]))
  player.on('hlsManifestParsed', () => void video.play())
  player.loadSource(`${ORIGIN}/master.m3u8`)
  player.attachMedia(video)
  await page.clock.run(120_000, () => isOver(events))
  player.destroy()
  expect(errors).toEqual([])
  expect(events.map((event) => event.split(' ')[0])).toEqual(['waiting', 'playing', 'ended'])
})

test('what Node made is a function in a page too', () => {
  const { realm } = pageBehind(1000)
  expect(realm.run('crypto.subtle.digest("SHA-256", new Uint8Array(1)).then instanceof Function', 'test')).toBe(true)
  expect(realm.run('[(() => {}) instanceof Function, ({}) instanceof Function]', 'test')).toEqual([true, false])
})

test('a page has nothing of Node, and its own time', () => {
  const { realm } = pageBehind(1000)
  const names = ['process', 'require', 'Buffer', 'module', 'global', 'setImmediate']
  expect(realm.run(`${JSON.stringify(names)}.filter((name) => name in globalThis)`, 'test')).toEqual([])
  expect(realm.run('new Date().toISOString()', 'test')).toBe('2026-01-01T00:00:00.000Z')
  expect(realm.run('new Date(2026, 0, 2, 3).getHours()', 'test')).toBe(3)
  expect(realm.run('performance.now()', 'test')).toBe(0)
})
