import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { headlessFiles } from '../../src/bin/page-files.ts'
import { StreamReader } from '../../src/bin/stream-reader.ts'
import { DEFAULT_PLAYER, type PlayerChoice } from '../../src/domain/player-choice.ts'
import { processStarter } from '../../src/player-process/start-process.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { POISONS } from '../support/poisons.ts'

let media: MediaServer
let reader: StreamReader
beforeAll(async () => {
  media = await startMediaServer()
  reader = new StreamReader({ page: headlessFiles, startHost: processStarter('0') })
})
afterAll(async () => {
  await reader?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
})

const read = (url: string, signal = AbortSignal.timeout(120_000)) =>
  reader.read({ id: 'v', url }, { player: DEFAULT_PLAYER, origins: [], signal })

/** A video whose manifest is this text. */
function videoOf(name: string, text: string, type = 'application/octet-stream') {
  const file = text.startsWith('#') ? 'master.m3u8' : 'manifest.mpd'
  const serve = (request: { name: string }, response: import('node:http').ServerResponse) => {
    if (request.name !== file) return false
    response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(text)
    return true
  }
  return media.video(name, serve, file)
}

test.each(['master.m3u8', 'manifest.mpd'])('%s as its player reads it, without a segment of it', async (file) => {
  const url = media.video(`read-${file}`, undefined, file)
  const probe = await read(url)
  expect(probe).toMatchObject({ live: false, periods: 1, protection: [], player: { name: 'shaka' } })
  expect(probe.player.version).toMatch(/^v5\./)
  expect(probe.durationSeconds).toBeGreaterThan(20)
  expect(probe.durationSeconds).toBeLessThan(30)
  expect(probe.renditions.map(({ kind }) => kind)).toEqual(['video', 'video', 'video', 'audio'])
  const heights = probe.renditions.flatMap(({ height }) => height ?? [])
  expect(heights).toEqual(heights.toSorted((a, b) => a - b))
  expect(probe.peakKbps).toBeGreaterThan(100)
  const asked = media.requests.filter((request) => request.url.includes(`read-${file}`))
  expect(asked.filter((request) => /chunk|init/.test(request.url))).toEqual([])
  for (const { cmcd } of asked) expect(cmcd).toContain('me.doai-synthetic="test"')
})

test('hls.js reads HLS as it plays it, without a segment of it, and nothing else', async () => {
  const player = { name: 'hls.js' as const, config: {} }
  const readBy = (url: string) =>
    reader.read({ id: 'v', url }, { player, origins: [], signal: AbortSignal.timeout(120_000) })
  const url = media.video('read-by-hls')
  const probe = await readBy(url)
  expect(probe).toMatchObject({ format: 'hls', live: false, protection: [], player: { name: 'hls.js' } })
  expect(probe.renditions.map(({ kind }) => kind)).toEqual(['audio', 'video', 'video', 'video'])
  const asked = media.requests.filter((request) => request.url.includes('read-by-hls'))
  expect(asked.filter((request) => /chunk|init/.test(request.url))).toEqual([])
  expect(asked.length).toBeGreaterThan(1)
  // By hls.js itself: the network marks what it has not marked, and does not know what is asked for.
  for (const { cmcd } of asked) expect(cmcd).toMatch(/me\.doai-synthetic="test".*\bot=m/)
  expect(probe.durationSeconds).toBeCloseTo((await read(url)).durationSeconds ?? 0, 1)
  const dash = media.video('dash-by-hls', undefined, 'manifest.mpd')
  await expect(readBy(dash)).rejects.toThrow(/no EXTM3U delimiter \(hls\.js plays HLS and nothing else\)/)
})

test('a setting that the player does not have is refused by its name', async () => {
  const url = media.video('settings')
  const readWith = (player: PlayerChoice) =>
    reader.read({ id: 'v', url }, { player, origins: [], signal: AbortSignal.timeout(120_000) })
  const known = {
    streaming: { bufferingGoal: 20 },
    drm: { servers: { 'org.w3.clearkey': 'https://keys.example.com' } },
  }
  await expect(readWith({ name: 'shaka', config: known })).resolves.toMatchObject({ format: 'hls' })
  const misspelt = { streaming: { bufferingGaol: 20 } }
  await expect(readWith({ name: 'shaka', config: misspelt })).rejects.toThrow(
    /shaka v5\.\S+ has no setting streaming\.bufferingGaol/,
  )
  await expect(readWith({ name: 'hls.js', config: { maxBufferLength: 10 } })).resolves.toMatchObject({ format: 'hls' })
  await expect(readWith({ name: 'hls.js', config: { maxBuffer: 10 } })).rejects.toThrow(
    /hls\.js 1\.\S+ has no setting maxBuffer$/,
  )
})

test('a progressive file, an HTML page, nothing, and no answer', async () => {
  const file = await read(media.video('file', undefined, 'progressive.mp4'))
  expect(file).toMatchObject({
    ...{ format: 'progressive', live: false, durationSeconds: expect.any(Number), peakKbps: null },
    renditions: [{ kind: 'video', width: expect.any(Number), height: expect.any(Number) }],
  })
  const page = '<!doctype html><html>Sign in</html>'
  await expect(read(videoOf('page', page, 'text/html'))).rejects.toThrow('it is an HTML page')
  await expect(read(media.video('none', undefined, 'nothing.m3u8'))).rejects.toThrow(/nothing\.m3u8: HTTP 404/)
  const silent = media.video('silent', () => true)
  await expect(read(silent, AbortSignal.timeout(1000))).rejects.toThrow(/timeout/)
})

test('what is no stream is said to be none, and nothing of it is quoted', async () => {
  const SECRET = 'hunter2-of-somebody'
  const texts = [SECRET, `#EXTM3U ${SECRET}`, `<MPD>${SECRET}</MPD>`, `<MPD><${SECRET}></MPD>`, `{"token":"${SECRET}"}`]
  for (const [at, text] of texts.entries()) {
    for (const type of ['text/plain', 'application/json', 'application/dash+xml']) {
      const name = `secret-${at}-${type.replace(/\W/g, '-')}`
      const message = await read(videoOf(name, text, type)).then(
        () => 'it was read',
        (error: Error) => error.message,
      )
      expect(message).not.toBe('it was read')
      for (let from = 0; from + 4 <= SECRET.length; from++) expect(message).not.toContain(SECRET.slice(from, from + 4))
    }
  }
})

test('what answers with an error for a moment is read when it is over', async () => {
  let failures = 3
  const url = media.video('busy', (_request, response) => {
    if (failures-- <= 0) return false
    response.writeHead(503, { 'access-control-allow-origin': '*' }).end()
    return true
  })
  expect(await read(url)).toMatchObject({ format: 'hls' })
})

/** Each takes a player to a limit of its process, or through all of its work, in another way: seconds of processor time. */
const SHORT = [
  'an entry without a length',
  'an entry repeated up to a far time',
  'numbers of a hundred million digits',
  'sixty comments',
  'a variable of variables of variables',
  'renditions by the thousand',
  'a segment number past the safe integers',
]
const poisons = Object.entries(POISONS).filter(([name]) => inject('long') || SHORT.includes(name))

test('poisoned manifests end nothing of ours, and another stream is read beside them', async () => {
  let ticks = 0
  const ticking = setInterval(() => {
    ticks += 1
  }, 5)
  const poisoned = poisons.map(async ([name, text], at) => {
    const outcome = await read(videoOf(`poison-${at}`, text)).then(
      ({ renditions }) => `${renditions.length} renditions`,
      (error: Error) => error.message,
    )
    return [name, outcome] as const
  })
  const begun = performance.now()
  expect(await read(media.video('beside'))).toMatchObject({ format: 'hls' })
  const outcomes = await Promise.all(poisoned)
  expect(outcomes.length).toBeGreaterThanOrEqual(SHORT.length)
  clearInterval(ticking)
  console.log(outcomes.map((one) => one.join(': ').slice(0, 200)).join('\n'))
  const readable = outcomes.filter(([, outcome]) => /renditions$/.test(outcome)).map(([name]) => name)
  // Players count them as numbers of any size are counted, and ask for the same segment again and again.
  expect(readable).toEqual(['a segment number past the safe integers'])
  expect(ticks).toBeGreaterThan((performance.now() - begun) / 100)
})
