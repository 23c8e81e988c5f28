/** What a device claims to decode. */
export type DeviceProfile = {
  /** By kind of container, patterns of the codecs that are decoded in it. */
  containers: Readonly<Record<string, readonly RegExp[]>>
  /** Bytes that one SourceBuffer keeps of each kind of track. */
  quota: { video: number; audio: number }
}

const H264 = /^avc[13]\.[0-9a-f]{6}$/i
const AAC = /^mp4a\.(40\.(2|02|5|05|29)|67)$/i
const MP3 = /^(mp3|mp4a\.(69|6b))$/i
const FLAC = /^flac$/i
const OPUS = /^opus$/i
const VP8 = /^vp0?8(\.0)?$/i
const VORBIS = /^vorbis$/i
const VP9 = /^(vp9(\.0)?|vp09\.0[0-3]\.\d\d\.\d\d(\.\d\d){0,5})$/i
const AV1 = /^av01\.[0-2]\.\d\d[mh]\.(08|10|12)(\.\d){0,1}(\.\d{3})?(\.\d\d){0,3}(\.\d)?$/i

/**
 * As a current phone: H.264, VP9, AV1, AAC, MP3, FLAC and Opus in MP4, VP8, VP9, AV1, Opus and Vorbis in WebM; no HEVC.
 * Quotas are those of desktop Chromium.
 */
export const CURRENT_PHONE: DeviceProfile = {
  containers: {
    'video/mp4': [H264, VP9, AV1, AAC, MP3, FLAC, OPUS],
    'audio/mp4': [AAC, MP3, FLAC, OPUS],
    'video/webm': [VP8, VP9, AV1, OPUS, VORBIS],
    'audio/webm': [OPUS, VORBIS],
  },
  quota: { video: 150 * 2 ** 20, audio: 12 * 2 ** 20 },
}

const ANY = [/^./]

/** As no device: everything that somebody's player may ask for. For a stream that is read and not played. */
export const ANY_DEVICE: DeviceProfile = {
  containers: {
    ...{ 'video/mp4': ANY, 'audio/mp4': ANY, 'video/webm': ANY, 'audio/webm': ANY, 'video/mp2t': ANY },
    ...{ 'audio/aac': ANY, 'audio/mpeg': ANY, 'audio/ac3': ANY, 'audio/ec3': ANY },
  },
  quota: CURRENT_PHONE.quota,
}

/** `probably`: it names codecs, all of which are decoded. `maybe`: it names none. `''`: not decoded. */
export function support({ containers }: DeviceProfile, type: string): 'probably' | 'maybe' | '' {
  const parsed = contentTypeOf(type)
  const decoded = parsed && containers[parsed.container]
  if (!parsed || !decoded) return ''
  if (parsed.codecs === null) return 'maybe'
  return parsed.codecs.length > 0 && parsed.codecs.every((codec) => decoded.some((one) => one.test(codec)))
    ? 'probably'
    : ''
}

/** The parts of a type such as `video/mp4; codecs="avc1.64001f, mp4a.40.2"`; codecs are null where it names none. */
export function contentTypeOf(type: string): { container: string; codecs: string[] | null } | null {
  const [head = '', ...parameters] = type.split(';')
  const container = head.trim().toLowerCase()
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(container)) return null
  const codecs = parameters
    .map((one) => one.match(/^\s*codecs\s*=\s*"?([^"]*)"?\s*$/i)?.[1])
    .find((one) => one !== undefined)
  return { container, codecs: codecs === undefined ? null : codecs.split(',').map((one) => one.trim()) }
}
