import type { LiveDevice } from '../client/index.ts'

/** What a device shows at a glance: each has a shape and a colour of its own. */
export const FACES = [
  'playing',
  'starting',
  'rebuffering',
  'paused',
  'seeking',
  'ending',
  'fatal',
  'available',
  'cooling',
  'draining',
  'quarantined',
  'offline',
  'missing',
] as const
export type Face = (typeof FACES)[number]

/** Of each; \ufe0e keeps what might be drawn as a picture a glyph. */
export const SHAPES: Record<Face, string> = {
  playing: '\u25b6\ufe0e',
  starting: '\u25b7\ufe0e',
  rebuffering: '\u25d0',
  paused: '\u2016',
  seeking: '\u00bb',
  ending: '\u25a0',
  fatal: '\u2715',
  available: '\u25cb',
  cooling: '\u2731',
  draining: '\u25bc',
  quarantined: '\u25c6',
  offline: '\u25ac',
  missing: '\u25cc',
}

/** What keeps a device from playing shows before what it plays: that matters more. */
export function faceOf({ status, session }: Pick<LiveDevice, 'status' | 'session'>): Face {
  if (status !== 'busy' && status !== 'available') return isFace(status) ? status : 'offline'
  if (session === null) return 'available'
  const state = session.playback?.state ?? 'starting'
  if (state === 'ended' || state === 'quit') return 'ending'
  return isFace(state) ? state : 'starting'
}

function isFace(text: string): text is Face {
  return (FACES as readonly string[]).includes(text)
}
