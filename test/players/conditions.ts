import type { ServerResponse } from 'node:http'
import type { Fault, MediaServer } from '../support/media-server.ts'

/** What a video may be like, whoever plays it. */
export type Condition =
  | 'hls'
  | 'dash'
  | 'progressive'
  | 'stalling'
  | 'missing'
  | 'failing'
  | 'garbled'
  | 'unanswered'
  | 'outside'
  | 'undecodable'
  | 'hostile'

/** Text that no shell, markup, url or SQL may take for anything else, and that is to arrive as it is. */
export const HOSTILE = `한국어 🎬 '; touch pwned; "$(touch pwned)" \`touch pwned\` && <img src=x onerror=alert(1)> %0a |\n../--$\{IFS}`

/** Nobody is there: an address for documentation (RFC 5737). */
const OUTSIDE = 'http://192.0.2.1'

/** The urls of every condition, served for real. The media of `stalling` waits at its third segment for `goOn()`. */
export function serveConditions(media: MediaServer, goOn: () => Promise<void>): Record<Condition, string> {
  const begins = (text: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'access-control-allow-origin': '*' }).end(text)
    return true
  }
  const ends = (status: number) => (response: ServerResponse) => {
    response.writeHead(status, { 'access-control-allow-origin': '*' }).end()
    return true
  }
  const manifest =
    (answer: (response: ServerResponse) => boolean): Fault =>
    ({ name }, response) =>
      name === 'master.m3u8' && answer(response)
  return {
    hls: media.video('hls'),
    dash: media.video('dash', undefined, 'manifest.mpd'),
    progressive: media.video('progressive', undefined, 'progressive.mp4'),
    stalling: media.video('stalling', heldAt('00003', goOn)),
    missing: media.video('missing', ({ name }, response) => /00002\.m4s/.test(name) && ends(404)(response)),
    failing: media.video('failing', manifest(ends(500))),
    garbled: media.video('garbled', manifest(begins('<html>not a manifest</html>'))),
    unanswered: media.video(
      'unanswered',
      manifest(() => true),
    ),
    outside: media.video('outside', manifest(begins(OUTSIDE_MANIFEST))),
    undecodable: media.video('undecodable', manifest(begins(UNDECODABLE_MANIFEST))),
    hostile: `${media.video('hostile')}?title=${encodeURIComponent(HOSTILE)}&q=';touch%20pwned;$(touch%20pwned)`,
  }
}

/** A segment of video, in whatever rendition, is answered when `goOn()` resolves: a player may give up one and ask for another. */
function heldAt(segment: string, goOn: () => Promise<void>): Fault {
  return async ({ name }) => {
    if (name.startsWith('chunk-stream') && !name.includes('stream3') && name.includes(segment)) await goOn()
    return false
  }
}

const OUTSIDE_MANIFEST = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=125867,RESOLUTION=426x240,CODECS="avc1.4d4015"
${OUTSIDE}/media_0.m3u8
`

const UNDECODABLE_MANIFEST = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=125867,RESOLUTION=426x240,CODECS="hvc1.1.6.L93.B0,ac-4.02.01.01"
media_0.m3u8
`
