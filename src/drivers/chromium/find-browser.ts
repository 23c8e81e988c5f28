import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Names that a Chromium or a Chrome has on a PATH, the free ones first. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/** Where they are installed on systems that put nothing on the PATH. */
const PLACES: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: [
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files\\Chromium\\Application\\chrome.exe',
  ],
}

/** What to do where there is none. */
export const INSTALL_BROWSER =
  'install Chromium or Chrome (Debian: apt-get install chromium), or set DOAI_CHROMIUM to its executable'

/**
 * The Chromium or Chrome of this machine: what DOAI_CHROMIUM names, else the first on the PATH, else where it is
 * usually installed; null where there is none.
 *
 * @throws Error where DOAI_CHROMIUM names nothing that can be run.
 */
export async function findBrowser(env: Readonly<Record<string, string | undefined>>): Promise<string | null> {
  const given = env.DOAI_CHROMIUM
  if (given) {
    if (await canRun(given)) return given
    throw new Error(`DOAI_CHROMIUM is ${given}, which cannot be run: ${INSTALL_BROWSER}.`)
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  for (const path of [...onPath, ...(PLACES[process.platform] ?? [])]) if (await canRun(path)) return path
  return null
}

/** What a browser calls itself, such as `Chromium 150.0.7829.2`. */
export async function browserVersion(executable: string): Promise<string> {
  // On Windows it opens a window instead of telling.
  if (process.platform === 'win32') return basename(executable)
  const { stdout } = await run(executable, ['--version'], { timeout: 20_000 })
  return stdout.match(/^.*?\d+(\.\d+)*/)?.[0] ?? basename(executable)
}

async function canRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
