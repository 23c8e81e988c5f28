import { ADAPTATION_SETS, HLS, inits, MASTER, movedSegment, SEGMENT_SECONDS } from './long-stream.ts'

/** How much of it can be sought: so many segments. */
const WINDOW = 8
const SEGMENT_MS = SEGMENT_SECONDS * 1000

export type LiveAnswer = { type: string; body: string | Buffer }

/** A live stream of pictures and sound at 240p, of segments of 2.002 s, as a packager offers it: HLS and DASH. */
export class LiveStream {
  readonly #startMs: number
  /** When the packager stops: no new segment from then on, and no word of it. */
  stopMs = Number.POSITIVE_INFINITY
  /** Whether it says so when it stops. */
  says = false

  /** @param startMs since the Unix epoch, like all times here. */
  constructor(startMs: number) {
    this.#startMs = startMs
  }

  /** What a url's last part answers at a time; null for what is not there. */
  answer(name: string, nowMs: number): LiveAnswer | null {
    const ended = this.says && nowMs >= this.stopMs
    const whole = Math.floor((Math.min(nowMs, this.stopMs) - this.#startMs) / SEGMENT_MS)
    if (name === 'manifest.mpd') return { type: 'application/dash+xml', body: this.#mpd(nowMs) }
    if (name === 'master.m3u8') return { ...HLS, body: MASTER }
    const playlist = /^([03])\.m3u8$/.exec(name)
    if (playlist) return { ...HLS, body: this.#playlist(playlist[1] ?? '', whole, ended) }
    const init = inits[name.replace('init-', '')]
    if (init !== undefined) return { type: 'video/mp4', body: init }
    const [, stream = '', number = 0] = /^([03])-(\d+)$/.exec(name) ?? []
    const isThere = Number(number) > whole - WINDOW - 2 && Number(number) >= 1 && Number(number) <= whole
    return stream !== '' && isThere ? { type: 'video/mp4', body: movedSegment(stream, Number(number)) } : null
  }

  #playlist(stream: string, whole: number, ended: boolean): string {
    const first = Math.max(1, whole - WINDOW + 1)
    const numbers = Array.from({ length: whole - first + 1 }, (_, at) => first + at)
    const date = new Date(this.#startMs + (first - 1) * SEGMENT_MS).toISOString()
    return [
      `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${first}`,
      `#EXT-X-MAP:URI="init-${stream}"`,
      `#EXT-X-PROGRAM-DATE-TIME:${date}`,
      ...numbers.map((number) => `#EXTINF:${SEGMENT_SECONDS},\n${stream}-${number}`),
      ...(ended ? ['#EXT-X-ENDLIST'] : []),
      '',
    ].join('\n')
  }

  #mpd(nowMs: number): string {
    return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" minBufferTime="PT4S"
availabilityStartTime="${new Date(this.#startMs).toISOString()}" publishTime="${new Date(nowMs).toISOString()}"
minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT${(WINDOW * SEGMENT_SECONDS).toFixed(3)}S">
<Period id="1" start="PT0S">${ADAPTATION_SETS}</Period></MPD>`
  }
}
