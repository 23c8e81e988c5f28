import { type PlayerFailure, shown, statusFailure } from './player-adapter.ts'

/** What Shaka says of an error (`shaka.util.Error`): its numbers, and what belongs to them. */
export type ShakaError = { category: number; code: number; data: unknown[]; message?: string }

/** Shaka's error categories and codes, from its `lib/util/error.js`. */
const CATEGORY = { network: 1, media: 3, manifest: 4, drm: 6 } as const
const CODE = {
  badHttpStatus: 1001,
  timeout: 1003,
  mediaSourceThrew: 3015,
  mediaSourceFailed: 3014,
  video: 3016,
  quotaExceeded: 3017,
  unsupported: 4032,
  restrictions: 4012,
} as const

const UNDECODED: PlayerFailure = {
  kind: 'unsupported',
  permanent: true,
  code: 'codec',
  message: 'this device decodes none of its renditions',
}

/** `MediaError.MEDIA_ERR_NETWORK`: the first that Shaka says of an error of the element. */
const MEDIA_ERR_NETWORK = 2

/** Which failure of the taxonomy an error of the player is. @param name what Shaka calls the code */
export function shakaFailure({ category, code, data, message }: ShakaError, name?: string): PlayerFailure {
  const said = `Shaka ${category}.${code}${name ? ` ${name}` : message ? `: ${message}` : ''}`
  if (code === CODE.badHttpStatus) {
    const [url, status] = data as [string, number]
    return statusFailure(shown(url), status)
  }
  if (code === CODE.timeout) {
    return { kind: 'content', permanent: false, code: 'timeout', message: `${shown(data[0])}: no whole answer in time` }
  }
  if (category === CATEGORY.network) {
    return { kind: 'content', permanent: false, code: 'transfer', message: `${shown(data[0])}: no whole answer` }
  }
  if (code === CODE.unsupported || code === CODE.restrictions) return UNDECODED
  if (category === CATEGORY.drm) return { kind: 'unsupported', permanent: true, code: 'drm', message: said }
  if (category === CATEGORY.manifest) return { kind: 'content', permanent: true, code: 'manifest', message: said }
  const words = data.map(wordsOf).join(' ')
  if (/DEMUXER_ERROR_NO_SUPPORTED_STREAMS/.test(words)) return UNDECODED
  const [, container] = words.match(/UNSUPPORTED_CONTAINER: ([^\n]*)/) ?? []
  if (container !== undefined) {
    return { kind: 'unsupported', permanent: true, code: 'container', message: container }
  }
  if (code === CODE.video && data[0] === MEDIA_ERR_NETWORK) {
    return { kind: 'content', permanent: false, code: 'transfer', message: 'the file broke off' }
  }
  // Of a browser's own words: what its demuxer cannot read is the stream's doing, whatever a decoder would have done.
  const isUnread = /\bDEMUXER_ERROR|CHUNK_DEMUXER_ERROR/.test(words)
  if (category === CATEGORY.media && isUnread) {
    return { kind: 'content', permanent: false, code: 'container', message: said }
  }
  const own = [CODE.mediaSourceThrew, CODE.mediaSourceFailed, CODE.video, CODE.quotaExceeded] as number[]
  // What the browser’s decoder throws may be its own fault; what Shaka cannot read of a container is the stream’s.
  if (category === CATEGORY.media && !own.includes(code)) {
    return { kind: 'content', permanent: false, code: 'container', message: said }
  }
  return { kind: 'player', permanent: false, code: `shaka_${code}`, message: said }
}

/** Of a string, or of a MediaError. */
function wordsOf(one: unknown): string {
  return typeof one === 'object' && one !== null && 'message' in one ? String(one.message) : String(one)
}
