import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { v4 as uuidv4 } from 'uuid'

/** Another live agent has this folder. */
class HomeBusyError extends Error {
  override name = 'HomeBusyError'

  constructor(directory: string, pid: number) {
    super(`Another agent (process ${pid}) is running on ${directory}: stop it first, or give this one --data.`)
  }
}

/** Numbered upwards: the one with the highest number says who has the folder. Versions before had one without a number. */
const HOLDER = /^agent\.pid(?:\.(\d{1,9}))?$/

/**
 * An agent's folder, for one process at a time: it holds its credential and its journal.
 *
 * A holder that died is never removed before there is one after it: of all that find it dead, one alone can make the
 * file of the next number, and whoever comes late finds that.
 *
 * @throws HomeBusyError
 */
export async function openHome(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const own = `${process.pid} ${await startOf(process.pid)}\n`
  for (;;) {
    const last = await lastHolder(directory)
    if (last !== null && (await lives(last.pid, last.text))) throw new HomeBusyError(directory, last.pid)
    const number = (last?.number ?? 0) + 1
    const file = fileOf(directory, number)
    if (!(await makeWhole(directory, file, own))) continue
    // One that was made meanwhile by somebody who saw more.
    if ((await lastHolder(directory))?.number !== number) {
      await rm(file, { force: true })
      continue
    }
    await removeBefore(directory, number)
    return {
      // Where that fails the file says that its process has it, and it is free when that ends.
      [Symbol.asyncDispose]: () => replaceWhole(directory, file, FREE).catch(() => {}),
    }
  }
}

/** Of a folder that nobody has any more. */
const FREE = '\n'

type Holder = { number: number; pid: number; text: string }

async function lastHolder(directory: string): Promise<Holder | null> {
  const numbers = await numbersIn(directory)
  if (numbers.length === 0) return null
  const number = Math.max(...numbers)
  const text = await readFile(fileOf(directory, number), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  // One of a higher number took its place.
  return text === null ? lastHolder(directory) : { number, pid: Number(text.split(' ')[0]), text }
}

async function numbersIn(directory: string): Promise<number[]> {
  return (await readdir(directory)).flatMap((name) => {
    const found = HOLDER.exec(name)
    return found === null ? [] : [Number(found[1] ?? 0)]
  })
}

function fileOf(directory: string, number: number): string {
  return join(directory, number === 0 ? 'agent.pid' : `agent.pid.${number}`)
}

/** Makes a file with all that is in it at once; false where there is one. */
async function makeWhole(directory: string, file: string, text: string): Promise<boolean> {
  const beside = join(directory, `.${uuidv4()}`)
  try {
    await writeFile(beside, text, { mode: 0o600, flag: 'wx' })
    await link(beside, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(beside, { force: true })
  }
}

async function replaceWhole(directory: string, file: string, text: string): Promise<void> {
  const beside = join(directory, `.${uuidv4()}`)
  await writeFile(beside, text, { mode: 0o600, flag: 'wx' })
  await rename(beside, file)
}

async function removeBefore(directory: string, number: number): Promise<void> {
  for (const one of await numbersIn(directory)) if (one < number) await rm(fileOf(directory, one), { force: true })
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
