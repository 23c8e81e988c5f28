import { NOT_LIVE, type PlaybackFigures, type TimelineEntry } from '../domain/playback-result.ts'

/** What went over the network in a session. `segmentMs` is the time that `segmentBytes` took, in ms. */
export type Transferred = { bytes: number; segmentBytes: number; segmentMs: number }

/**
 * The figures of a session from its timeline (in order of time), `endMs` after its start.
 * Bitrates are those that were played, weighted by the time that they played.
 */
export function measure(timeline: readonly TimelineEntry[], endMs: number, transferred: Transferred): PlaybackFigures {
  const spent = { starting: 0, playing: 0, paused: 0, seeking: 0, rebuffering: 0, ended: 0, fatal: 0, quit: 0 }
  const errors = timeline.filter((entry) => entry.kind === 'error')
  const renditions = timeline.filter((entry) => entry.kind === 'rendition').map((entry) => entry.bitrateKbps)
  // A playlist without a master declares none, which is not 0.
  const declared = renditions.length > 0 && renditions.every((kbps) => kbps > 0)
  let startupMs: number | null = null
  let rebufferCount = 0
  let bits = 0
  let state: keyof typeof spent = 'starting'
  let bitrateKbps = 0
  let sinceMs = 0
  const passUntil = (atMs: number) => {
    spent[state] += atMs - sinceMs
    if (state === 'playing') bits += bitrateKbps * (atMs - sinceMs)
    sinceMs = atMs
  }
  for (const entry of timeline) {
    passUntil(entry.atMs)
    if (entry.kind === 'rendition') bitrateKbps = entry.bitrateKbps
    if (entry.kind !== 'state') continue
    state = entry.state
    if (state === 'playing') startupMs ??= entry.atMs
    if (state === 'rebuffering') rebufferCount += 1
  }
  passUntil(Math.max(sinceMs, endMs))
  return {
    ...NOT_LIVE,
    startupMs: startupMs === null ? null : Math.round(startupMs),
    playingMs: Math.round(spent.playing),
    pausedMs: Math.round(spent.paused),
    seekingMs: Math.round(spent.seeking),
    rebufferCount,
    rebufferMs: Math.round(spent.rebuffering),
    bitrateAvgKbps: spent.playing > 0 && declared ? Math.round(bits / spent.playing) : null,
    bitrateTopKbps: declared ? Math.max(...renditions) : null,
    switchCount: Math.max(0, renditions.length - 1),
    throughputKbps:
      transferred.segmentMs > 0 ? Math.round((transferred.segmentBytes * 8) / transferred.segmentMs) : null,
    droppedFrames: null,
    decodedFrames: null,
    bytesDownloaded: transferred.bytes,
    errorsFatal: errors.filter((entry) => entry.fatal).length,
    errorsNonfatal: errors.filter((entry) => !entry.fatal).length,
    errorCodes: [...new Set(errors.map((entry) => entry.code))],
  }
}
