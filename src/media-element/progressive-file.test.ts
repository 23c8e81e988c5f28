import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { CURRENT_PHONE } from './device-profile.ts'
import { MediaElement } from './media-element.ts'
import type { MediaHost } from './media-host.ts'
import { VirtualPageClock } from './virtual-page-clock.ts'

const STREAMS = join(import.meta.dirname, '../../test/streams/file')
const files: Record<string, Buffer> = {}
beforeAll(async () => {
  for (const name of ['first.mp4', 'last.mp4', 'fragments.mp4', 'sound.m4a', 'clusters.webm', 'other.ogg']) {
    files[name] = await readFile(join(STREAMS, name))
  }
  files['ladder.mp4'] = await readFile(join(STREAMS, '../../../media/ladder/progressive.mp4'))
})

/** How a file is served: bytes a second, whether in parts, and after how many bytes of each answer it breaks off. */
type Serving = { rate?: number; ranges?: boolean; breaksAfter?: number | null; status?: number }

const PIECE = 16_000

/** An element that plays a file, what was asked for by it, and its events. */
function opened(file: Buffer, { rate = 1e6, ranges = true, breaksAfter = null, status = 200 }: Serving = {}) {
  const clock = new VirtualPageClock()
  const asked: string[] = []
  const serving = { breaksAfter }
  const network = async (request: Request): Promise<Response> => {
    const range = request.headers.get('range') ?? ''
    asked.push(range)
    if (status >= 400) return new Response(null, { status })
    const from = ranges ? Number(range.match(/^bytes=(\d+)-$/)?.[1]) : 0
    if (from >= file.length) return new Response(null, { status: 416 })
    const end = serving.breaksAfter === null ? file.length : Math.min(file.length, from + serving.breaksAfter)
    let at = from
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const to = Math.min(end, at + PIECE)
        await new Promise<void>((done) => clock.after(((to - at) / rate) * 1000, done))
        if (request.signal.aborted) return controller.error(request.signal.reason)
        if (to > at) controller.enqueue(file.subarray(at, to))
        at = to
        if (at < end) return
        if (end < file.length) controller.error(new TypeError('it broke off'))
        else controller.close()
      },
    })
    const headers = { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` }
    return new Response(body, ranges ? { status: 206, headers } : { headers: { 'content-length': `${file.length}` } })
  }
  const host: MediaHost = { clock, profile: CURRENT_PHONE, network, objectUrls: new Map() }
  const video = new MediaElement(host)
  const events: string[] = []
  const heard = [
    'loadstart',
    'durationchange',
    'loadedmetadata',
    'loadeddata',
    'canplay',
    'playing',
    'waiting',
    'ended',
  ]
  for (const name of [...heard, 'seeking', 'seeked', 'error']) video.addEventListener(name, () => events.push(name))
  video.src = 'https://media.example.com/file.mp4'
  return { clock, video, events, asked, serving }
}

const BEGUN = ['loadstart', 'durationchange', 'loadedmetadata', 'loadeddata', 'canplay']

test.each([
  ['first.mp4', 7.72],
  ['last.mp4', 7.72],
  ['fragments.mp4', 7.8],
  ['sound.m4a', 7.7],
  ['clusters.webm', 4],
])('%s plays to its end', async (name, seconds) => {
  const { clock, video, events, asked } = opened(files[name] as Buffer)
  video.play().catch(() => {})
  await clock.run(20_000, () => events.includes('ended'))
  expect(events.filter((one) => one !== 'durationchange')).toEqual([
    ...['waiting', 'loadstart', 'loadedmetadata', 'loadeddata', 'canplay', 'playing', 'ended'],
  ])
  expect(video.duration).toBeCloseTo(seconds, 1)
  expect(video.currentTime).toBeCloseTo(seconds, 1)
  expect([video.videoWidth, video.videoHeight]).toEqual(name === 'sound.m4a' ? [0, 0] : [192, 108])
  // A short file comes by one request.
  expect(asked).toEqual(['bytes=0-'])
  expect(video.buffered.length).toBe(1)
  expect(video.buffered.end(0)).toBeCloseTo(seconds, 1)
})

test('a file that is slower than it plays stalls, by what is missing of it', async () => {
  const file = files['first.mp4'] as Buffer
  const { clock, video, events } = opened(file, { rate: file.length / 15 })
  video.play().catch(() => {})
  await clock.run(60_000, () => video.ended)
  expect(video.ended).toBe(true)
  expect(events.filter((one) => one === 'waiting').length).toBeGreaterThan(1)
  expect(clock.now() / 1000).toBeGreaterThan(14)
  expect(clock.now() / 1000).toBeLessThan(16)
})

test('an index far behind the media is asked for at once, and the media after it', async () => {
  const file = withIndexLast(files['ladder.mp4'] as Buffer, 2_000_000)
  const { clock, video, asked } = opened(file)
  video.play().catch(() => {})
  await clock.run(40_000, () => video.ended)
  expect(video.ended).toBe(true)
  const [first, afterMedia, index, media, ...others] = asked.map((range) => Number(range.match(/\d+/)?.[0]))
  expect([first, media, others]).toEqual([0, 0, []])
  expect(afterMedia).toBeLessThan(400_000)
  expect(index).toBeGreaterThan(2_000_000)
})

test('a server that gives no parts is read from the beginning to the end', async () => {
  const { clock, video, asked } = opened(withIndexLast(files['ladder.mp4'] as Buffer, 2_000_000), { ranges: false })
  video.play().catch(() => {})
  await clock.run(40_000, () => video.ended)
  expect(video.ended).toBe(true)
  expect(asked).toEqual(['bytes=0-'])
})

test('a seek to what is not read asks for what is there; a seek back shows what was read, and asks for what follows', async () => {
  const { clock, video, events, asked } = opened(files['ladder.mp4'] as Buffer, { rate: 20_000 })
  video.play().catch(() => {})
  await clock.run(20_000, () => video.currentTime > 2)
  const seeked = () => events.filter((one) => one === 'seeked').length
  video.currentTime = 20
  await clock.run(5000, () => seeked() === 1)
  const { buffered } = video
  expect([buffered.length, buffered.start(0)]).toEqual([2, 0])
  // Where decoding may begin: a picture that needs none before it.
  expect(buffered.start(1)).toBeCloseTo(18.018, 2)
  expect(asked).toHaveLength(2)
  const end = buffered.end(0)
  video.currentTime = 0.5
  await clock.run(10)
  expect([seeked(), video.readyState]).toEqual([2, 4])
  expect(asked).toHaveLength(3)
  await clock.run(8000)
  expect(video.buffered.end(0)).toBeGreaterThan(end + 2)
})

test('reading goes on where it broke off, and ends when every try does', async () => {
  const { clock, video, asked, serving, events } = opened(files['ladder.mp4'] as Buffer, { breaksAfter: 100_000 })
  video.play().catch(() => {})
  await clock.run(10_000)
  expect(asked).toEqual(['bytes=0-', 'bytes=100000-', 'bytes=200000-', 'bytes=300000-', 'bytes=400000-'])
  expect(events).toEqual(['waiting', ...BEGUN, 'playing'])
  const other = opened(files['ladder.mp4'] as Buffer, { breaksAfter: 100_000 })
  await other.clock.run(100)
  other.serving.breaksAfter = 0
  await other.clock.run(120_000)
  expect(other.video.error?.code).toBe(2)
  expect(other.asked.length).toBeLessThan(40)
  expect(serving.breaksAfter).toBe(100_000)
})

test('what is no file that is read here is refused with what it is', async () => {
  const said = async (file: Buffer, serving: Serving = {}) => {
    const { clock, video } = opened(file, serving)
    const played = video.play().catch((error: Error) => error.name)
    await clock.run(60_000)
    expect(await played).toBe('NotSupportedError')
    expect(video.error?.code).toBe(4)
    return video.error?.message
  }
  expect(await said(files['other.ogg'] as Buffer)).toMatch(/^UNSUPPORTED_CONTAINER/)
  expect(await said(Buffer.from('<!doctype html><title>Sign in</title>'))).toMatch(/^DEMUXER_ERROR_COULD_NOT_OPEN/)
  expect(await said(files['first.mp4'] as Buffer, { status: 404 })).toMatch(/Format error/)
  const hevc = Buffer.from(files['first.mp4'] as Buffer)
  hevc.write('hvc1', hevc.indexOf('avc1', hevc.indexOf('stsd')))
  hevc.write('ac-3', hevc.indexOf('mp4a', hevc.indexOf('soun')))
  expect(await said(hevc)).toMatch(/^DEMUXER_ERROR_NO_SUPPORTED_STREAMS/)
})

test('a file of any bytes ends in an error or waits, and never throws', async () => {
  const whole = files['first.mp4'] as Buffer
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      fc.nat(whole.length),
      async (changes, length) => {
        const file = Buffer.from(whole.subarray(0, Math.max(100, length)))
        for (const [at, value] of changes) if (at < file.length) file[at] = value
        const { clock, video } = opened(file)
        video.play().catch(() => {})
        await clock.run(30_000, () => video.ended || video.error !== null)
      },
    ),
    { numRuns: 12 },
  )
})

/** A file with its index moved behind its media and so many bytes after it. */
function withIndexLast(file: Buffer, padding: number): Buffer {
  const at = file.indexOf('moov') - 4
  const size = file.readUInt32BE(at)
  const free = Buffer.alloc(Math.max(8, padding))
  free.writeUInt32BE(free.length)
  free.write('free', 4)
  const moov = Buffer.from(file.subarray(at, at + size))
  for (let stco = moov.indexOf('stco'); stco !== -1; stco = moov.indexOf('stco', stco + 4)) {
    const count = moov.readUInt32BE(stco + 8)
    for (let i = 0; i < count; i++) {
      const entry = stco + 12 + i * 4
      moov.writeUInt32BE(moov.readUInt32BE(entry) - size, entry)
    }
  }
  return Buffer.concat([file.subarray(0, at), file.subarray(at + size), free, moov])
}
