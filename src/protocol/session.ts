import { z } from 'zod'
import { PLAYER_STATES } from '../domain/playback-result.ts'
import { storableText } from '../domain/storable-text.ts'

/** What a session is to do and what it says, as agents and player pages write it. */

/** A count that fits its column. */
export const count = z.int().min(0).max(2_147_483_647)
export const bytes = z.int().min(0)
/** What a player or a stream says, cut and mended where no store takes it as it is. */
export const said = z.string().transform((text) => storableText(text, 2000))
export const ms = z.number().min(0)

const Interaction = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pause'), atMs: ms, forMs: ms }),
  z.object({ kind: z.literal('seek'), atMs: ms, toFraction: z.number().min(0).max(1) }),
  z.object({ kind: z.literal('qualitySwitch'), atMs: ms, rank: count }),
  z.object({ kind: z.literal('background'), atMs: ms, forMs: ms }),
])

export const SessionPlan = z.object({ plannedSeconds: z.number(), interactions: z.array(Interaction) })

export const PlayableOrigin = z.object({
  origin: z.string(),
  pathPrefix: z.string(),
  allowPrivate: z.boolean(),
  cmcdMode: z.enum(['query', 'header']),
  /** What is served as the proof of control. */
  token: z.string(),
})

export const TimelineEntry = z.discriminatedUnion('kind', [
  z.object({ atMs: ms, kind: z.literal('state'), state: z.enum(PLAYER_STATES) }),
  z.object({ atMs: ms, kind: z.literal('rendition'), bitrateKbps: z.number(), height: z.number().nullable() }),
  z.object({
    atMs: ms,
    kind: z.literal('interaction'),
    interaction: z.string(),
    outcome: z.enum(['done', 'not_applicable']),
  }),
  z.object({ atMs: ms, kind: z.literal('error'), code: said, message: said, fatal: z.boolean() }),
])
