import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
const DOAI = join(ROOT, 'bin', 'doai.js')

export type Ended = { code: number | null; out: string; err: string }

/** A `doai` process of this clone, its output gathered. */
export type DoaiProcess = AsyncDisposable & {
  child: ChildProcess
  ended: Promise<Ended>
  /** Resolves with the first match in what it prints. Rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
}

export function startDoai(args: string[], env: Record<string, string> = {}, cwd = ROOT): DoaiProcess {
  return startProcess(process.execPath, [DOAI, ...args], env, cwd)
}

/** Runs it to its end. */
export function doai(args: string[], env: Record<string, string> = {}, cwd = ROOT): Promise<Ended> {
  return startDoai(args, env, cwd).ended
}

export function startProcess(
  command: string,
  args: string[],
  env: Record<string, string> = {},
  cwd = ROOT,
): DoaiProcess {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  const heard = new Set<() => void>()
  child.stdout.on('data', (piece) => {
    out += piece
    for (const listener of heard) listener()
  })
  child.stderr.on('data', (piece) => {
    err += piece
  })
  const ended = new Promise<Ended>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => done({ code, out, err }))
  })
  ended.catch(() => {})
  return {
    child,
    ended,
    says(pattern) {
      return new Promise((done, fail) => {
        const look = () => {
          const match = out.match(pattern)
          if (match) done(match)
        }
        heard.add(look)
        look()
        ended.then(({ code }) => fail(new Error(`${args.join(' ')} ended with ${code}: ${out}${err}`)), fail)
      })
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const forced = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await ended.catch(() => {})
      clearTimeout(forced)
    },
  }
}
