import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { BUNDLED_STREAM } from '../../src/bin/page-files.ts'

export const SEGMENT_SECONDS = 2.002
const SEGMENTS = 300

/**
 * So many of the ladder's segments again and again, from its second on, each moved to its time: their sound lasts 3 ms longer
 * than their pictures, so that there is no gap between two rounds.
 */
const ROUND = 4
const FIRST = 2
const timescales: Record<string, number> = { '0': 30_000, '3': 44_100 }
const segments = new Map<string, Buffer>()
for (const stream of [0, 3]) {
  for (let at = 0; at < ROUND; at++) {
    const name = `chunk-stream${stream}-${String(FIRST + at).padStart(5, '0')}.m4s`
    segments.set(`${stream} ${at}`, await readFile(join(BUNDLED_STREAM, name)))
  }
}
export const inits: Record<string, Buffer> = {
  '0': await readFile(join(BUNDLED_STREAM, 'init-stream0.m4s')),
  '3': await readFile(join(BUNDLED_STREAM, 'init-stream3.m4s')),
}
const set = (id: number, type: string, codecs: string, more: string) =>
  `<AdaptationSet mimeType="${type}"><SegmentTemplate timescale="30000" duration="60060" initialization="init-$RepresentationID$"
media="$RepresentationID$-$Number$"/><Representation id="${id}" bandwidth="90000" codecs="${codecs}" ${more}/></AdaptationSet>`
/** Of its pictures and its sound, as an MPD has them. */
export const ADAPTATION_SETS = `${set(0, 'video/mp4', 'avc1.4d4015', 'width="426" height="240"')}
${set(3, 'audio/mp4', 'mp4a.40.2', '')}`
const MPD = `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" minBufferTime="PT4S"
mediaPresentationDuration="PT${SEGMENTS * SEGMENT_SECONDS}S"><Period>${ADAPTATION_SETS}</Period></MPD>`

export const MASTER = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,URI="3.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=90000,CODECS="avc1.4d4015,mp4a.40.2",RESOLUTION=426x240,AUDIO="sound"
0.m3u8
`
const playlist = (stream: number) => `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:3
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init-${stream}"
${Array.from({ length: SEGMENTS }, (_, at) => `#EXTINF:${SEGMENT_SECONDS},\n${stream}-${at + 1}`).join('\n')}
#EXT-X-ENDLIST
`
export const HLS = { type: 'application/vnd.apple.mpegurl' }
/** Manifests and playlists, by their names. */
const TEXTS: Record<string, { type: string; text: string }> = {
  'manifest.mpd': { type: 'application/dash+xml', text: MPD },
  'master.m3u8': { ...HLS, text: MASTER },
  '0.m3u8': { ...HLS, text: playlist(0) },
  '3.m3u8': { ...HLS, text: playlist(3) },
}

/** Serves a stream of ten minutes at 240p on loopback, DASH and HLS with pictures and sound; gives its address. */
export async function serveLongStream(): Promise<Disposable & { url: string }> {
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '', 'http://localhost').pathname.slice(1)
    response.setHeader('access-control-allow-origin', '*')
    const manifest = TEXTS[name]
    if (manifest !== undefined) return response.writeHead(200, { 'content-type': manifest.type }).end(manifest.text)
    const init = inits[name.replace('init-', '')]
    if (init !== undefined) return response.end(init)
    const [stream = '', number = 0] = name.split('-')
    response.end(movedSegment(stream, Number(number)))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A fragment with its decode time (`tfdt`) moved to where it is the one of a number, from 1. */
export function movedSegment(stream: string, number: number): Buffer {
  const [round, at] = [Math.floor((number - 1) / ROUND), (number - 1) % ROUND]
  const body = Buffer.from(segments.get(`${stream} ${at}`) ?? Buffer.alloc(0))
  const by =
    Math.round(round * ROUND * SEGMENT_SECONDS * (timescales[stream] ?? 1)) - decodeTime(segments.get(`${stream} 0`))
  const time = timeOf(body)
  if (time?.bits === 64) body.writeBigUInt64BE(BigInt(time.value + by), time.at)
  else if (time) body.writeUInt32BE(time.value + by, time.at)
  return body
}

function decodeTime(body: Buffer | undefined): number {
  return (body && timeOf(body)?.value) ?? 0
}

function timeOf(body: Buffer): { at: number; bits: 32 | 64; value: number } | null {
  const tfdt = body.indexOf('tfdt')
  if (tfdt < 0) return null
  const at = tfdt + 8
  return body[tfdt + 4] === 1
    ? { at, bits: 64, value: Number(body.readBigUInt64BE(at)) }
    : { at, bits: 32, value: body.readUInt32BE(at) }
}
