import { type PlayerFailure, shown, statusFailure } from './player-adapter.ts'

/** What hls.js says of an error (`ErrorData`), as far as it is read here. */
export type HlsError = {
  type: string
  details: string
  fatal: boolean
  reason?: string | undefined
  url?: string | undefined
  error?: Error | undefined
  response?: { code?: number | undefined; url?: string | undefined } | undefined
  frag?: { url?: string | undefined } | undefined
}

/** Details that tell of a stall or of a step over a gap, which the timeline has: nothing failed. */
const STALLS = ['bufferStalledError', 'bufferSeekOverHole', 'bufferNudgeOnStall', 'fragGap']

/** Details whose text tells what the stream's own bytes are. */
const UNREADABLE = ['fragParsingError', 'fragDecryptError', 'bufferAppendNoProgress']
const UNPLAYABLE = ['manifestIncompatibleCodecsError', 'bufferAddCodecError', 'bufferIncompatibleCodecsError']
const NO_PLAYLIST = ['manifestParsingError', 'levelParsingError', 'levelEmptyError']

export function tellsOfStall({ details }: HlsError): boolean {
  return STALLS.includes(details)
}

/** Which failure of the taxonomy an error of hls.js is. */
export function hlsFailure(error: HlsError): PlayerFailure {
  const { type, details, response } = error
  const at = shown(error.url ?? error.frag?.url ?? response?.url ?? '')
  const why = error.reason ?? error.error?.message
  const said = `hls.js ${details}${why ? `: ${withoutQueries(why)}` : ''}`
  const status = response?.code ?? 0
  if (status >= 400) {
    return statusFailure(at, status)
  }
  if (/TimeOut|Timeout/.test(details)) {
    return { kind: 'content', permanent: false, code: 'timeout', message: `${at}: no whole answer in time` }
  }
  if (NO_PLAYLIST.includes(details)) {
    const message = details === 'manifestParsingError' ? `${said} (hls.js plays HLS and nothing else)` : said
    return { kind: 'content', permanent: true, code: 'manifest', message }
  }
  if (type === 'keySystemError') return { kind: 'unsupported', permanent: true, code: 'drm', message: said }
  if (UNPLAYABLE.includes(details)) {
    const message = 'this device decodes none of its renditions'
    return { kind: 'unsupported', permanent: true, code: 'codec', message }
  }
  if (UNREADABLE.includes(details)) return { kind: 'content', permanent: false, code: 'container', message: said }
  if (type === 'networkError') {
    return { kind: 'content', permanent: false, code: 'transfer', message: `${at}: no whole answer` }
  }
  return { kind: 'player', permanent: false, code: `hls_${details}`, message: said }
}

function withoutQueries(text: string): string {
  return text.replace(/\?\S*/g, '').slice(0, 300)
}
