import { DEFAULT_PLAYER } from '../domain/player-choice.ts'
import { VirtualPageClock } from '../media-element/virtual-page-clock.ts'
import type { PageNetwork } from '../realm/page-network.ts'
import type { PlayerScripts } from './messages.ts'
import { addPlayer, createPlayerPage } from './player-page.ts'
import { briefOf, MANIFESTS } from './warm-up.ts'

export type SessionCostOptions = {
  /** Answers with the files of the bundled stream. */
  network: PageNetwork
  /** What plays it, and the players' builds. */
  script: string
  players: PlayerScripts
  userAgent: string
  /** Whether this process has something else to do: then nothing can be measured. */
  isBusy: () => boolean
}

/** Sessions of each manifest that play at once. */
const SESSIONS = 3
/** What is measured of them, from and to; s of their own clock. */
const MEASURED = { from: 4, to: 20 }

/**
 * Measures what a session costs that has started: ms of processor time of this process for each second that it plays. The
 * bundled stream is played by the default player on a clock that does not wait, without a network. The page's code was
 * compiled before. Null where the process was busy.
 */
export async function sessionCost(options: SessionCostOptions): Promise<number | null> {
  const { network, script, players, userAgent, isBusy } = options
  const clock = new VirtualPageClock()
  const page = createPlayerPage({ kind: 'play', script, clock, network, userAgent })
  addPlayer(page, DEFAULT_PLAYER.name, players[DEFAULT_PLAYER.name])
  const sessions = MANIFESTS.flatMap((manifest) =>
    Array.from({ length: SESSIONS }, () => {
      const brief = briefOf(manifest, MEASURED.to + 1)
      const video = page.realm.createVideo()
      return page.createPlayback({ brief, video, headers: {}, lateMs: () => null, onNews: () => {} })
    }),
  )
  for (const session of sessions) void session.play()
  await clock.run(MEASURED.from * 1000, isBusy)
  const before = process.cpuUsage()
  await clock.run((MEASURED.to - MEASURED.from) * 1000, isBusy)
  const { user, system } = process.cpuUsage(before)
  const isPlaying = sessions.every((session) => session.report(0).live.state === 'playing')
  for (const session of sessions) await session.stop()
  if (isBusy()) return null
  if (!isPlaying) throw new Error('The bundled stream does not play.')
  return (user + system) / 1000 / sessions.length / (MEASURED.to - MEASURED.from)
}
