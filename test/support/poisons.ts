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

/** By what is poisonous in them. */
export const POISONS: Record<string, string> = {
  'an entry of 100 ns, repeated to the end': mpd(timeline('<S t="0" d="1" r="-1"/>', 10_000_000)),
  'an entry that lasts nothing': mpd(timeline('<S t="0" d="0" r="100000000"/>')),
  'an entry without a length': mpd(timeline('<S t="0" r="100000000"/>')),
  'an entry repeated up to a far time': mpd(timeline('<S t="0" d="1" r="-1"/><S t="1e18" d="1"/>')),
  'numbers of a hundred million digits': mpd(
    '<SegmentTemplate timescale="1" duration="2" media="s$Number%0100000000d$.m4s"/>',
  ),
  'addresses that multiply': mpd(addresses).replace('<Period>', `${addresses}<Period>${addresses}`),
  'sixty comments': `${'<!-- c -->\n'.repeat(60)}<html></html>`,
  'comments without end': `${'<!-- c -->'.repeat(100_000)}<!--`,
  'sixty million segments left out': `${MEDIA_PLAYLIST}#EXT-X-SKIP:SKIPPED-SEGMENTS=60000000\n#EXTINF:6,\na.ts\n${END}`,
  'more segments than ten days have': `${MEDIA_PLAYLIST}${'#EXTINF:1,\na\n'.repeat(432_001)}${END}`,
  'a variable of variables of variables': `${MEDIA_PLAYLIST}#EXT-X-DEFINE:NAME="a",VALUE="${'x'.repeat(1000)}"\n${[
    ...'bcdefgh',
  ]
    .map((name, at) => `#EXT-X-DEFINE:NAME="${name}",VALUE="${`{$${'abcdefg'[at]}}`.repeat(100)}"\n`)
    .join('')}#EXTINF:6,\n{$h}\n${END}`,
  'renditions by the thousand': `#EXTM3U\n${'#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1"\na.m3u8\n'.repeat(2000)}`,
  'an attribute list of one long word': `#EXTM3U\n#EXT-X-STREAM-INF:${'A'.repeat(3_000_000)}\na.m3u8\n`,
  'a discontinuity sequence set again and again': `${MEDIA_PLAYLIST}${'#EXTINF:1,\na\n'.repeat(100_000)}${'#EXT-X-DISCONTINUITY-SEQUENCE:1\n'.repeat(100_000)}${END}`,
  'a large variable, used by every segment': `${MEDIA_PLAYLIST}#EXT-X-DEFINE:NAME="v",VALUE="${'x'.repeat(1_000_000)}"\n${'#EXTINF:6,\n{$v}\n'.repeat(20_000)}${END}`,
  'a long base for every segment': `${MEDIA_PLAYLIST}${'#EXTINF:1,\na\n'.repeat(400_000)}${END}`,
  'a segment number past the safe integers': mpd(
    timeline('<S t="0" d="2" r="200"/>').replace('timescale', 'startNumber="9007199254740990" timescale'),
    'PT400S',
  ),
}
