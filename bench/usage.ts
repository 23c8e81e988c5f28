import { readFile } from 'node:fs/promises'
import { descends, parents, statOf } from '../test/support/processes.ts'

/** CPU seconds so far and resident memory in MB, of a process with all that it started, as Linux counts them. */
export type Usage = { cpuSeconds: number; megabytes: number }

const TICKS_PER_SECOND = 100

/** Memory that several processes share counts once: proportional set size. */
export async function usageOf(root: number): Promise<Usage> {
  const all = await parents()
  const own = [...all.keys()].filter((pid) => descends(pid, root, all))
  // Of the process, and of its children that have ended.
  const ticks = await Promise.all(
    own.map(async (pid) => (await statOf(pid)).slice(11, 15).reduce((sum, field) => sum + Number(field), 0)),
  )
  const cpuSeconds = ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND
  const memory = await Promise.all(own.map(proportionalMegabytes))
  return { cpuSeconds, megabytes: memory.reduce((sum, one) => sum + one, 0) }
}

async function proportionalMegabytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(text.match(/^Pss: +(\d+) kB/m)?.[1] ?? 0) / 1024
}
