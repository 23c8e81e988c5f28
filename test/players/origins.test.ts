import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { AGAIN_WHERE_ADB_ENDS, noteAdbEnd } from '../support/android/adb-server.ts'
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
const OF_ELEMENTS = {
  ...EXPECTED,
  progressive: 'planned',
  'progressive, moved within, with a fragment': 'planned',
  'progressive, to be marked by headers': 'planned',
}
const OF_BROWSERS = {
  ...OF_ELEMENTS,
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
/** Of the short form, over HTTPS: each way that a case can end, and each kind of request. */
const SECURELY = [
  'by its manifest in DASH',
  'redirected out',
  'segments moved out',
  'marked by headers, moved within',
  'its proof is gone',
  'its name moves',
  'its name moves to where its proof is too',
  'progressive, moved within, with a fragment',
]
const securely = (expected: Record<string, string>) =>
  Object.fromEntries(Object.entries(expected).filter(([what]) => inject('long') || SECURELY.includes(what)))
const [ofElementsSecurely, ofBrowsersSecurely] = [securely(OF_ELEMENTS), securely(OF_BROWSERS)]

for (const [name, expected, possible] of [
  ['headless', { http: OF_ELEMENTS, https: ofElementsSecurely }, allowed.code === 0],
  ['chromium', { http: OF_BROWSERS, https: ofBrowsersSecurely }, allowed.code === 0 && browser !== null],
  // A phone trusts its maker's authorities.
  ['adb', { http: OF_PHONES }, allowed.code === 0 && browser !== null && adb !== null],
] as const)
  test.skipIf(!possible)(
    `${name} is held to an origin’s verified path and proved addresses, each hop marked; nothing else is even asked`,
    AGAIN_WHERE_ADB_ENDS,
    async () => {
      await using folder = await disposableFolder('doai-origins-')
      const names = `IP:${ADDRESSES.join(',IP:')},DNS:*.media.test`
      const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=media.test']
      const files = ['-keyout', 'key.pem', '-out', 'cert.pem']
      await promisify(execFile)('openssl', [...make, '-addext', `subjectAltName=${names}`, ...files], {
        cwd: folder.path,
      })
      const cases = Object.fromEntries(
        Object.entries(expected).flatMap(([scheme, endings]) =>
          Object.entries(endings).map(([what, ending]) => [`${scheme}, ${what}`, ending]),
        ),
      )
      const script = join(import.meta.dirname, '../support/origin-cases.ts')
      const played = JSON.stringify(Object.keys(cases))
      const command = inNamespace(process.execPath, script, name, browser ?? '', folder.path, played)
      const env = { NODE_EXTRA_CA_CERTS: join(folder.path, 'cert.pem') }
      const { out, err } = await startProcess('unshare', command, env).ended
      noteAdbEnd(err)
      expect(JSON.parse(out.trim() || JSON.stringify(err)), err).toEqual({ cases, forbidden: [], unmarked: [] })
    },
  )
