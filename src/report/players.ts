import type { PlayedBy } from '../protocol/report.ts'

/** Such as `shaka 5.2.12 (0f3a9c1d2b4e)`. */
export function playersText(players: readonly PlayedBy[]): string {
  return players.map(({ player, version, digest }) => `${player} ${version} (${digest})`).join(', ')
}

/** Whether what played one workload played the other too, with the same settings. */
export function areSamePlayers(one: readonly PlayedBy[], other: readonly PlayedBy[]): boolean {
  const digests = (players: readonly PlayedBy[]) => [...new Set(players.map(({ digest }) => digest))].sort().join()
  return digests(one) === digests(other)
}
