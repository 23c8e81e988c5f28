import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Another live agent has this folder. */
class HomeBusyError extends Error {
  override name = 'HomeBusyError'

  constructor(directory: string, pid: number) {
    super(`Another agent (process ${pid}) is running on ${directory}: stop it first, or give this one --data.`)
  }
}

/**
 * An agent's folder, for one process at a time: it holds its credential and its journal.
 *
 * @throws HomeBusyError
 */
export async function openHome(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'agent.pid')
  const own = `${process.pid} ${await startOf(process.pid)}\n`
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = await open(file, 'wx', 0o600)
      await handle.writeFile(own)
      await handle.close()
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error
      const held = await readFile(file, 'utf8').catch(() => '')
      const pid = Number(held.split(' ')[0])
      if (held !== own && (await lives(pid, held))) throw new HomeBusyError(directory, pid)
      await rm(file, { force: true })
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      await rm(file, { force: true })
    },
  }
}

/** Whether the very process that wrote this still lives: a number is given to another one after a while. */
async function lives(pid: number, held: string): Promise<boolean> {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return held === `${pid} ${await startOf(pid)}\n`
}

/** When a process began, as Linux counts it; the same for all where that cannot be told. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}
