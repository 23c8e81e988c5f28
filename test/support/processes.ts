import { readdir, readFile } from 'node:fs/promises'

/** The processes below this one whose command line holds all of these words. Linux. */
export async function descendants(...words: string[]): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = new Map<number, number>()
  const lines = new Map<number, string>()
  for (const pid of pids) {
    const [stat, line] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    ])
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    lines.set(pid, line.replaceAll('\0', ' '))
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent === process.pid || (parent !== undefined && parent > 1 && isBelow(parent))
  }
  return pids.filter((pid) => isBelow(pid) && words.every((word) => lines.get(pid)?.includes(word)))
}
