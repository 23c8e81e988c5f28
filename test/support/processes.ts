import { readdir, readFile } from 'node:fs/promises'

/** Every process with its parent. Linux. */
export async function parents(): Promise<Map<number, number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  return new Map(await Promise.all(pids.map(async (pid) => [pid, Number((await statOf(pid))[1])] as const)))
}

/** What follows a process's name in its `stat`: its state, its parent, …; nothing where it has gone. */
export async function statOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Whether a process is `root` or below it. */
export function descends(pid: number, root: number, of: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = of.get(at)) if (at === root) return true
  return false
}

/** The processes below this one whose command line holds all of these words. */
export async function descendants(...words: string[]): Promise<number[]> {
  const all = await parents()
  const below = [...all.keys()].filter((pid) => pid !== process.pid && descends(pid, process.pid, all))
  const lines = await Promise.all(below.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return below.filter((_, at) => words.every((word) => lines[at]?.includes(word)))
}
