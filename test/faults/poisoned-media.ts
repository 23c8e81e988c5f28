import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { POISONS } from '../support/poisons.ts'

const LADDER = join(import.meta.dirname, '../../media/ladder')
const file = (name: string) => readFileSync(join(LADDER, name), 'utf8')
const WELL = { master: file('master.m3u8'), playlist: file('media_0.m3u8'), mpd: file('manifest.mpd') }

/** Files of a video that are not the ladder's, by name. */
export type Mutated = { manifest: 'master.m3u8' | 'manifest.mpd'; files: Record<string, string> }

const EXTREME = ['0', '-1', '1', '00', '1e18', '9007199254740993', '4294967296', '99999999999999999999', 'NaN', '']
const PIECES = [
  '#EXT-X-SKIP:SKIPPED-SEGMENTS=60000000\n',
  '#EXT-X-DEFINE:NAME="v",VALUE="{$v}{$v}"\n',
  '#EXT-X-MAP:URI="init-stream0.m4s"\n',
  '#EXT-X-DISCONTINUITY-SEQUENCE:4294967295\n',
  '#EXTINF:0.0000001,\nchunk-stream0-00001.m4s\n',
  '<BaseURL>a/</BaseURL>',
  '<S t="0" d="1" r="-1"/>',
  '<S d="0" r="100000000"/>',
  '$Number%0100000000d$',
  '<!-- -->',
  '<!DOCTYPE x [<!ENTITY a "b">]>',
  '&a;',
  '"',
  '<',
  '\u0000',
]

const change: fc.Arbitrary<(text: string) => string> = fc.oneof(
  // A number becomes another one.
  fc.tuple(fc.nat(), fc.constantFrom(...EXTREME)).map(([at, value]) => (text: string) => {
    const numbers = [...text.matchAll(/\d+/g)]
    const one = numbers[at % Math.max(1, numbers.length)]
    return one ? text.slice(0, one.index) + value + text.slice(one.index + one[0].length) : text
  }),
  fc.tuple(fc.nat(), fc.constantFrom(...PIECES), fc.constantFrom(1, 60, 5000)).map(([at, piece, times]) => {
    return (text: string) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + piece.repeat(times) + text.slice(place)
    }
  }),
  fc.tuple(fc.nat(), fc.nat(200)).map(([at, length]) => (text: string) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + text.slice(place + length)
  }),
  // A line again and again.
  fc.tuple(fc.nat(), fc.constantFrom(2, 100, 20_000)).map(([at, times]) => (text: string) => {
    const lines = text.split('\n')
    const line = at % lines.length
    return lines.toSpliced(line, 1, ...Array(times).fill(lines[line])).join('\n')
  }),
)
const changes = fc.array(change, { minLength: 1, maxLength: 4 })
const changed = (text: string) => changes.map((all) => all.reduce((before, one) => one(before), text))

const poisons = Object.values(POISONS).map((text): Mutated => {
  const isPlaylist = text.startsWith('#EXTM3U') && !text.includes('#EXT-X-STREAM-INF')
  const manifest = text.startsWith('#') ? 'master.m3u8' : 'manifest.mpd'
  return { manifest, files: isPlaylist ? { 'media_0.m3u8': text } : { [manifest]: text } }
})

/** The same `count` mutated manifests and playlists for the same seed; one in fifty is a known poison. */
export function mutatedManifests(count: number, seed: number): Mutated[] {
  const one: fc.Arbitrary<Mutated> = fc.oneof(
    {
      weight: 16,
      arbitrary: changed(WELL.master).map(
        (text): Mutated => ({ manifest: 'master.m3u8', files: { 'master.m3u8': text } }),
      ),
    },
    {
      weight: 16,
      arbitrary: changed(WELL.mpd).map(
        (text): Mutated => ({ manifest: 'manifest.mpd', files: { 'manifest.mpd': text } }),
      ),
    },
    {
      weight: 17,
      arbitrary: changed(WELL.playlist).map(
        (text): Mutated => ({ manifest: 'master.m3u8', files: { 'media_0.m3u8': text } }),
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(...poisons) },
  )
  return fc.sample(one, { numRuns: count, seed })
}

/** Ways in which a server answers what no client asked for. `patience` is how long the slow ones go on, ms. */
export function brokenAnswers(patience: number): Record<string, (response: ServerResponse) => void> {
  const bomb = gzipSync(Buffer.alloc(50_000_000, '#EXTINF:1,\na\n'), { level: 9 })
  const raw = (text: string) => (response: ServerResponse) => void response.socket?.end(text)
  return {
    'cut short': (response) => {
      response.writeHead(200, { 'content-length': '5000' })
      response.write('#EXTM3U\n')
      setTimeout(() => response.destroy(), 50)
    },
    endless: (response) => {
      response.writeHead(200)
      const line = '#EXTINF:2,\nchunk-stream0-00001.m4s\n'.repeat(1000)
      const more = () => {
        while (!response.destroyed && response.write(line));
        if (!response.destroyed) response.once('drain', more)
      }
      response.write(WELL.playlist.slice(0, 100))
      more()
    },
    slow: (response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('#'), 100)
      setTimeout(() => response.end(), patience)
      response.once('close', () => clearInterval(drip))
    },
    silent: (response) => void setTimeout(() => response.destroy(), patience),
    'longer than it said': raw(`HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n${WELL.master}`),
    'two lengths': raw(`HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 900\r\n\r\n${WELL.master}`),
    'a chunk of nonsense': raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n#EXTM3U\r\n'),
    'not HTTP': raw('\u0000\u0001 nothing of the kind \r\n\r\n'),
    'a compressed bomb': (response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(bomb)
    },
    'closed at once': (response) => void response.destroy(),
    'a redirect to itself': (response) => response.writeHead(302, { location: response.req.url ?? '/' }).end(),
    'a redirect to no url': (response) => response.writeHead(302, { location: 'http://[' }).end(),
    'a redirect elsewhere': (response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
    'a page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sign in'),
    'a film': (response) => response.writeHead(200, { 'content-type': 'video/mp4' }).end(Buffer.alloc(100_000)),
    'bytes of all kinds': (response) =>
      response.writeHead(200).end(Buffer.from(Array.from({ length: 4096 }, (_, n) => n % 256))),
    nothing: (response) => response.writeHead(200).end(),
    'no content': (response) => response.writeHead(204).end(),
    'huge headers': (response) => response.writeHead(200, { 'x-huge': 'x'.repeat(100_000) }).end(WELL.master),
    'a failure': (response) => response.writeHead(500).end('x'.repeat(200_000)),
    'a number that is no status': raw('HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n'),
  }
}
