import { z } from 'zod'
import { amount, count, figure, fraction, mendedText } from '../domain/fields.ts'
import { PLAYER_STATES } from '../domain/playback-result.ts'

/** What a session is to do and what it says, as agents and player pages write it. */

/** What a player or a stream says. */
export const said = mendedText(2000)

const Interaction = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pause'), atMs: amount, forMs: amount }),
  z.object({ kind: z.literal('seek'), atMs: amount, toFraction: fraction(0, 1) }),
  z.object({ kind: z.literal('qualitySwitch'), atMs: amount, rank: count }),
  z.object({ kind: z.literal('background'), atMs: amount, forMs: amount }),
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

/** Agents before protocol 5 do not say them. */
const liveFigure = figure.nullable().default(null)
export const LiveFigures = z.object({
  liveLatencyP50Ms: liveFigure,
  liveLatencyP95Ms: liveFigure,
  liveLatencyEndMs: liveFigure,
  liveDriftMs: liveFigure,
  liveWindowSeconds: liveFigure,
})

export const TimelineEntry = z.discriminatedUnion('kind', [
  z.object({ atMs: amount, kind: z.literal('state'), state: z.enum(PLAYER_STATES) }),
  z.object({ atMs: amount, kind: z.literal('rendition'), bitrateKbps: figure, height: figure.nullable() }),
  z.object({
    atMs: amount,
    kind: z.literal('interaction'),
    interaction: mendedText(100),
    outcome: z.enum(['done', 'not_applicable']),
  }),
  z.object({ atMs: amount, kind: z.literal('error'), code: said, message: said, fatal: z.boolean() }),
])
