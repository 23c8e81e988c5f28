import { forkGuarded, LastWords } from '../guarded-worker/guarded-child.ts'
import type { FromHost, HostLink, StartHost } from './messages.ts'

/** JavaScript heap of a process, MB: a hundred sessions take half of it. */
export const MEMORY_MB = 512
/** Processor time that a player may take without coming to rest, ms. */
export const SPIN_MS = 10_000

/**
 * Starts a process that plays sessions. A process and not a thread: a thread that runs out of memory in one large
 * allocation takes its whole process along (docs/adr/0039).
 */
export function processStarter(version: string): StartHost {
  return (hear, onEnd): HostLink => {
    // From a clone it is TypeScript, from the package what that was compiled to.
    const file = import.meta.url.endsWith('.ts') ? './process-main.ts' : './process-main.js'
    const child = forkGuarded(new URL(file, import.meta.url), [version], MEMORY_MB)
    const lastWords = new LastWords(child)
    child.on('message', (message: FromHost) => hear(message))
    let told = false
    const ended = (how: string) => {
      const limit = lastWords.limit
      const explained = {
        memory: `needed more than ${MEMORY_MB} MB of memory`,
        time: `did not come to rest in ${SPIN_MS / 1000} s of work`,
      }
      if (!told) onEnd({ byLimit: limit !== null, how: limit === null ? how : explained[limit] })
      told = true
    }
    child.once('close', (code, signal) => ended(`ended with ${signal ?? code}`))
    child.once('error', (error) => ended(`did not start: ${error.message}`))
    return {
      // Where it cannot be sent the process is gone, and its end settles what waits for it.
      send: (message) => void child.send(message, () => {}),
      kill: () => void child.kill('SIGKILL'),
    }
  }
}
