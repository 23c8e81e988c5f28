import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { startProcess } from '../support/process.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

const ADDRESSES = ['10.77.0.3', '10.77.0.4']
const inNamespace = (...command: string[]) => [
  ...['-rn', 'sh', '-c'],
  `ip link set lo up && ${ADDRESSES.map((one) => `ip addr add ${one}/32 dev lo`).join(' && ')} && exec "$0" "$@"`,
  ...command,
]
const allowed = await startProcess('unshare', inNamespace('true')).ended.catch(() => ({ code: 1 }))
const browser = await findBrowser(process.env)
const adb = await new AdbServer(process.env).executableVersion().catch(() => null)

const EXPECTED = {
  inside: 'planned',
  'by its manifest in DASH': 'planned',
  'redirected out': 'refused',
  'redirected to loopback': 'refused',
  'segments moved out': 'refused',
  'private and not allowed': 'refused',
  'moved within': 'planned',
  'with a fragment': 'planned',
  'marked by headers': 'planned',
  'marked by headers, moved within': 'planned',
  'its proof is gone': 'refused',
  'the proof of the origin of its segments is gone': 'refused',
  'its name moves': 'refused',
  'its name moves to where its proof is too': 'planned',
}
const OF_BROWSERS = {
  progressive: 'planned',
  'progressive, moved within, with a fragment': 'planned',
  // A page of a phone could not put headers on what its browser asks for, and no page does.
  'progressive, to be marked by headers': 'unsupported',
}

/** What a phone's page is held to: it resolves names and follows redirects itself. */
const OF_PHONES = {
  inside: 'planned',
  'by its manifest in DASH': 'planned',
  'with a fragment': 'planned',
  'marked by headers': 'planned',
  'its proof is gone': 'refused',
}
let adbEnded = false

for (const [name, expected, possible, schemes] of [
  ['headless', EXPECTED, allowed.code === 0, ['http', 'https']],
  ['chromium', { ...EXPECTED, ...OF_BROWSERS }, allowed.code === 0 && browser !== null, ['http', 'https']],
  ['adb', OF_PHONES, allowed.code === 0 && browser !== null && adb !== null, ['http']],
] as const)
  test.skipIf(!possible)(
    `${name} is held to an origin’s verified path and proved addresses, each hop marked, over ${schemes.join(' and ')}; nothing else is even asked`,
    { retry: { count: 2, condition: () => adbEnded } },
    async () => {
      await using folder = await disposableFolder('doai-origins-')
      const names = `IP:${ADDRESSES.join(',IP:')},DNS:*.media.test`
      const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=media.test']
      const files = ['-keyout', 'key.pem', '-out', 'cert.pem']
      await promisify(execFile)('openssl', [...make, '-addext', `subjectAltName=${names}`, ...files], {
        cwd: folder.path,
      })
      const script = join(import.meta.dirname, '../support/origin-cases.ts')
      const command = inNamespace(process.execPath, script, name, browser ?? '', folder.path)
      const env = { NODE_EXTRA_CA_CERTS: join(folder.path, 'cert.pem') }
      const { out, err } = await startProcess('unshare', command, env).ended
      adbEnded = err.includes('The adb server ended by itself')
      const all = schemes.flatMap((scheme) =>
        Object.entries(expected).map(([what, ending]) => [`${scheme}, ${what}`, ending] as const),
      )
      expect(JSON.parse(out.trim() || JSON.stringify(err)), err).toEqual({
        cases: Object.fromEntries(all),
        forbidden: [],
        unmarked: [],
      })
    },
  )
