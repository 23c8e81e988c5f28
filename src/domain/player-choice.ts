import { z } from 'zod'
import { jsonObject } from './fields.ts'

/** The players that a workload can play with: the same code on every driver that plays real streams. */
export const PLAYER_NAMES = ['shaka', 'hls.js'] as const
export type PlayerName = (typeof PLAYER_NAMES)[number]

/** A player, and settings of it as its own documentation names them. */
export const PlayerChoice = z.strictObject({
  name: z.enum(PLAYER_NAMES),
  config: jsonObject.default({}),
})
export type PlayerChoice = z.infer<typeof PlayerChoice>

/** What plays where a workload names no player: it plays HLS and DASH. */
export const DEFAULT_PLAYER: PlayerChoice = { name: 'shaka', config: {} }

/** The code that played a session. `digest` is of its build and its settings: two sessions of one digest ran the same. */
export type PlayerIdentity = { name: string; version: string; digest: string }
