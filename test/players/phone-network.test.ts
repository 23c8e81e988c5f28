import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { AGAIN_WHERE_ADB_ENDS, noteAdbEnd } from '../support/android/adb-server.ts'
import { startProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const ADDRESS = '10.77.0.2'
/** In a path, beside what a url may hold as it is: nothing of it is run, nothing of it is mangled. */
const HOSTILE = `한국어 🎬 '; touch pwned; "$(touch pwned)" & \`id\` | $HOME (x)`
/** As who it is: PostgreSQL does not run as root. */
const identity = process.getuid?.() === 0 ? [] : ['--map-current-user', '--keep-caps']
/** Serials of phones over TCP are host names: a file of hosts of its own has whatever it takes. */
const NAMES = ['--help', '$(id)']
const HOSTS = ['localhost', ...NAMES].map((name) => `127.0.0.1 ${name}`).join('\n')
const folder = await temporaryFolder('doai-hosts-')
await writeFile(join(folder, 'hosts'), `${HOSTS}\n`)
const inNamespace = (...command: string[]) => [
  ...['-n', '-m', ...identity, 'sh', '-c'],
  `mount --bind ${folder}/hosts /etc/hosts && ip link set lo up && ip addr add ${ADDRESS}/32 dev lo && exec "$0" "$@"`,
  ...command,
]
afterAll(() => rm(folder, { recursive: true }))
const allowed = await startProcess('unshare', inNamespace('true')).ended.catch(() => ({ code: 1 }))
const browser = await findBrowser(process.env)
const adb = await new AdbServer(process.env).executableVersion().catch(() => null)

test.skipIf(allowed.code !== 0 || browser === null || adb === null)(
  'a phone, whatever it is called, loses its Wi-Fi in the middle: its own failure, tried again, the next batch unharmed',
  AGAIN_WHERE_ADB_ENDS,
  async () => {
    const script = join(import.meta.dirname, '../support/phone-network.ts')
    const command = [process.execPath, script, ADDRESS, browser ?? '', HOSTILE, ...NAMES]
    const { out, err } = await startProcess('unshare', inNamespace(...command)).ended
    noteAdbEnd(err)
    const last = out.trim().split('\n').at(-1) ?? ''
    expect(JSON.parse(last || JSON.stringify(err))).toEqual({
      origin: 'verified',
      status: 'completed',
      completed: 2,
      serials: ['$(id)', '--help'],
      why: expect.stringContaining('SERIAL has no network'),
      attempts: [
        { slot: 'S01', failure: 'device', message: 'the phone had no network' },
        { slot: 'S01', failure: null, message: null },
        { slot: 'S02', failure: null, message: null },
      ],
      violations: [],
      asked: true,
    })
  },
)
