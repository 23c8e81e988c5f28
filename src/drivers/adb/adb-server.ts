import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { AdbServerClient } from '@yume-chan/adb'
import { within } from '../within.ts'
import { AdbConnector } from './connector.ts'

const run = promisify(execFile)

/** The port of an adb server that nobody said otherwise of. */
const PORT = 5037
const START_MS = 20_000
const ANSWER_MS = 5000

/** What to do where there is no adb. */
export const INSTALL_ADB = 'install adb (Debian: apt-get install adb), or set DOAI_ADB to its executable'

/** The adb server of this machine, which owns its phones; it is the user's own, and is started where it does not run. */
export class AdbServer {
  readonly port: number
  readonly #executable: string

  /** @param env `ANDROID_ADB_SERVER_PORT` as adb itself reads it, and `DOAI_ADB` for its executable. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.port = Number(env.ANDROID_ADB_SERVER_PORT) || PORT
    this.#executable = env.DOAI_ADB || 'adb'
  }

  /** A client of its own: the library's keeps what it observed. */
  client(): AdbServerClient {
    return new AdbServerClient(new AdbConnector(this.port))
  }

  /** Of the executable's release, such as `29.0.6-debian`. @throws Error where there is none. */
  async executableVersion(): Promise<string> {
    const { stdout } = await this.#run(['version'])
    return stdout.match(/^Version (\S+)/m)?.[1] ?? stdout.split('\n')[0] ?? ''
  }

  /** Its version. @throws where none answers. */
  version(): Promise<number> {
    return inTime(this.client().getVersion(), ANSWER_MS, 'The adb server')
  }

  /** Starts it where none answers. @throws Error that says what to do where it does not start. */
  async start(): Promise<void> {
    const answers = await this.version().catch(() => null)
    if (answers !== null) return
    await this.#run(['-P', String(this.port), 'start-server'])
  }

  async #run(args: string[]): Promise<{ stdout: string }> {
    try {
      return await run(this.#executable, args, { timeout: START_MS })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new Error(code === 'ENOENT' ? `There is no adb here: ${INSTALL_ADB}.` : `adb ${args.join(' ')}: ${message}`)
    }
  }
}

/** @throws Error where it takes longer. */
export async function inTime<T>(promise: Promise<T>, ms: number, who: string): Promise<T> {
  const answer = await within(promise, ms)
  if (answer === 'late') throw new Error(`${who} did not answer within ${ms / 1000} s.`)
  return answer
}
