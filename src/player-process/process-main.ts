import { startWatchdog } from '../guarded-worker/start-watchdog.ts'
import { provedAddresses } from '../origins/proof.ts'
import { testUserAgent } from '../origins/user-agent.ts'
import type { FromHost, ToHost } from './messages.ts'
import { PlayerHost } from './player-host.ts'
import { MEMORY_MB, SPIN_MS } from './start-process.ts'

const version = process.argv[2] ?? ''
const say = (message: FromHost) => process.send?.(message, () => {})
const host = new PlayerHost({ userAgent: testUserAgent(version), addresses: provedAddresses(version), say })
/** Different errors of page scripts that one process reports. A script may throw the same one in each of its timers. */
const MOST_ERRORS = 20
const reported = new Set<string>()
// What a page's script throws ends no page.
const erred = (error: unknown) => {
  const message = String((error as Error)?.stack ?? error).slice(0, 2000)
  if (reported.has(message) || reported.size >= MOST_ERRORS) return
  reported.add(message)
  say({ kind: 'erred', message })
}
process.on('uncaughtException', erred)
process.on('unhandledRejection', erred)
const BEAT_MS = 500
// A beat is a task of the watchdog's: one that lasts has a player that does not come to rest.
const watched = startWatchdog({ memoryMb: MEMORY_MB, cpuMs: SPIN_MS })
const beat = () => {
  Atomics.store(watched, 0, (Atomics.load(watched, 0) % 1_000_000) + 1)
  Atomics.notify(watched, 0)
}
beat()
setInterval(beat, BEAT_MS)
process.on('message', (message: ToHost) => host.take(message))
process.on('disconnect', () => process.exit())
// A terminal's Ctrl-C reaches it too, while its agent may still be draining.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
