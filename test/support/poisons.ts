/** Small manifests that ended or held up a process that read them, by what is poisonous in them. */

const MEDIA_PLAYLIST = '#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:6\n'
const END = '#EXT-X-ENDLIST\n'

/** An MPD of one adaptation set that holds `inner`, and one representation. */
function mpd(inner: string, duration = 'PT60S'): string {
  return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="${duration}"><Period><AdaptationSet mimeType="video/mp4">${inner}<Representation id="v" bandwidth="1000000"/></AdaptationSet></Period></MPD>`
}

function timeline(entries: string, timescale = 1): string {
  return `<SegmentTemplate timescale="${timescale}" media="s$Number$.m4s" initialization="i.mp4"><SegmentTimeline>${entries}</SegmentTimeline></SegmentTemplate>`
}

const addresses = '<BaseURL>a/</BaseURL>'.repeat(60)

/** Refused by what is written in them, before anything is made of it; `says` is in the message. */
export const REFUSED: Record<string, { text: string; says: string }> = {
  'an entry of 100 ns, repeated to the end': {
    text: mpd(timeline('<S t="0" d="1" r="-1"/>', 10_000_000)),
    says: 'about',
  },
  'an entry that lasts nothing': { text: mpd(timeline('<S t="0" d="0" r="100000000"/>')), says: 'lasts nothing' },
  'an entry without a length': { text: mpd(timeline('<S t="0" r="100000000"/>')), says: 'lasts nothing' },
  'an entry repeated up to a far time': {
    text: mpd(timeline('<S t="0" d="1" r="-1"/><S t="1e18" d="1"/>')),
    says: 'about',
  },
  'numbers of a hundred million digits': {
    text: mpd('<SegmentTemplate timescale="1" duration="2" media="s$Number%0100000000d$.m4s"/>'),
    says: 'digits',
  },
  'addresses that multiply': {
    text: mpd(addresses).replace('<Period>', `${addresses}<Period>${addresses}`),
    says: 'addresses',
  },
  'sixty comments': { text: `${'<!-- c -->\n'.repeat(60)}<html></html>`, says: 'it is other XML' },
  'comments without end': { text: `${'<!-- c -->'.repeat(100_000)}<!--`, says: 'it is other XML' },
  'sixty million segments left out': {
    text: `${MEDIA_PLAYLIST}#EXT-X-SKIP:SKIPPED-SEGMENTS=60000000\n#EXTINF:6,\na.ts\n${END}`,
    says: 'delta update',
  },
  'more segments than ten days have': {
    text: `${MEDIA_PLAYLIST}${'#EXTINF:1,\na\n'.repeat(432_001)}${END}`,
    says: 'segments',
  },
  'a variable of variables of variables': {
    text: `${MEDIA_PLAYLIST}#EXT-X-DEFINE:NAME="a",VALUE="${'x'.repeat(1000)}"\n${[...'bcdefgh']
      .map((name, at) => `#EXT-X-DEFINE:NAME="${name}",VALUE="${`{$${'abcdefg'[at]}}`.repeat(100)}"\n`)
      .join('')}#EXTINF:6,\n{$h}\n${END}`,
    says: 'Invalid string length',
  },
  'renditions by the thousand': {
    text: `#EXTM3U\n${'#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1"\na.m3u8\n'.repeat(2000)}`,
    says: 'renditions',
  },
}

/** Ended by a limit of the process that reads them, `reason` says by which. */
export const ENDED: Record<string, { text: string; url?: string; reason: RegExp }> = {
  'an attribute list of one long word': {
    text: `#EXTM3U\n#EXT-X-STREAM-INF:${'A'.repeat(3_000_000)}\na.m3u8\n`,
    reason: /it took over/,
  },
  'a discontinuity sequence set again and again': {
    text: `${MEDIA_PLAYLIST}${'#EXTINF:1,\na\n'.repeat(100_000)}${'#EXT-X-DISCONTINUITY-SEQUENCE:1\n'.repeat(100_000)}${END}`,
    reason: /it took over/,
  },
  'a large variable, used by every segment': {
    text: `${MEDIA_PLAYLIST}#EXT-X-DEFINE:NAME="v",VALUE="${'x'.repeat(1_000_000)}"\n${'#EXTINF:6,\n{$v}\n'.repeat(20_000)}${END}`,
    reason: /it took over|MB of memory/,
  },
  'a long base for every segment': {
    text: `${MEDIA_PLAYLIST}${'#EXTINF:1,\na\n'.repeat(400_000)}${END}`,
    url: `http://127.0.0.1/${'y'.repeat(8000)}/x`,
    reason: /it took over|MB of memory/,
  },
  'a segment number past the safe integers': {
    text: mpd(
      timeline('<S t="0" d="2" r="200"/>').replace('timescale', 'startNumber="9007199254740990" timescale'),
      'PT400S',
    ),
    reason: /it took over|MB of memory/,
  },
}
