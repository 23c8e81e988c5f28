import { readdir, readFile } from 'node:fs/promises'

/** CPU seconds so far and resident memory in MB, of a process with all that it started, as Linux counts them. */
export type Usage = { cpuSeconds: number; megabytes: number }

const TICKS_PER_SECOND = 100

/** Memory that several processes share counts once: proportional set size. */
export async function usageOf(root: number): Promise<Usage> {
  const parents = new Map<number, number>()
  const ticks = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    parents.set(Number(name), Number(fields[1]))
    // Of the process, and of its children that have ended.
    ticks.set(Number(name), Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]))
  }
  const own = [...parents.keys()].filter((pid) => descends(pid, root, parents))
  const cpuSeconds = own.reduce((sum, pid) => sum + (ticks.get(pid) ?? 0), 0) / TICKS_PER_SECOND
  const memory = await Promise.all(own.map(proportionalMegabytes))
  return { cpuSeconds, megabytes: memory.reduce((sum, one) => sum + one, 0) }
}

function descends(pid: number, root: number, parents: Map<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = parents.get(at)) if (at === root) return true
  return false
}

async function proportionalMegabytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(text.match(/^Pss: +(\d+) kB/m)?.[1] ?? 0) / 1024
}
