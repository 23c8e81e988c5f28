import { createHash } from 'node:crypto'
import type { PlayerChoice, PlayerName } from '../../domain/player-choice.ts'

/** A player's code, as its maker ships it, with its SHA-256. */
export type PlayerBuild = { code: string; sha256: string }
export type PlayerBuilds = Readonly<Record<PlayerName, PlayerBuild>>

const DIGEST_LENGTH = 12

export function playerBuild(code: string): PlayerBuild {
  return { code, sha256: createHash('sha256').update(code).digest('hex') }
}

/** Names a build with its settings: sessions of one digest were played by the same code with the same settings. */
export function playerDigest(builds: PlayerBuilds, { name, config }: PlayerChoice): string {
  const settings = JSON.stringify(config, inOrder)
  return createHash('sha256').update(`${builds[name].sha256} ${settings}`).digest('hex').slice(0, DIGEST_LENGTH)
}

/** The code alone. */
export function scriptsOf(builds: PlayerBuilds): Record<PlayerName, string> {
  return { shaka: builds.shaka.code, 'hls.js': builds['hls.js'].code }
}

/** The order of an object's keys makes no other settings. */
function inOrder(_: string, part: unknown): unknown {
  const isObject = typeof part === 'object' && part !== null && !Array.isArray(part)
  return isObject ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part
}
