import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { startProcess } from '../support/process.ts'

const ADDRESS = '10.77.0.3'
const inNamespace = (...command: string[]) => [
  ...['-rn', 'sh', '-c'],
  `ip link set lo up && ip addr add ${ADDRESS}/32 dev lo && exec "$0" "$@"`,
  ...command,
]
const allowed = await startProcess('unshare', inNamespace('true')).ended.catch(() => ({ code: 1 }))
const browser = await findBrowser(process.env)

test.skipIf(allowed.code !== 0 || browser === null)(
  'a browser is held to an origin’s verified path, each hop of it, over HTTP and HTTPS; nothing else is even asked',
  async () => {
    const script = join(import.meta.dirname, '../support/browser-origins.ts')
    const { out, err } = await startProcess('unshare', inNamespace(process.execPath, script, ADDRESS, browser ?? ''))
      .ended
    const whole = (scheme: string) => ({
      [`${scheme}, inside`]: 'planned',
      [`${scheme}, redirected out`]: 'refused',
      [`${scheme}, redirected to loopback`]: 'refused',
      [`${scheme}, segments moved out`]: 'refused',
      [`${scheme}, private and not allowed`]: 'refused',
      [`${scheme}, moved within`]: 'planned',
      [`${scheme}, with a fragment`]: 'planned',
      [`${scheme}, progressive, moved within, with a fragment`]: 'planned',
      [`${scheme}, marked by headers`]: 'planned',
      [`${scheme}, marked by headers, moved within`]: 'planned',
      [`${scheme}, progressive`]: 'planned',
      // Its requests are the browser's own: no header of ours is on them.
      [`${scheme}, progressive, to be marked by headers`]: 'unsupported',
    })
    expect(JSON.parse(out.trim() || JSON.stringify(err))).toEqual({
      cases: { ...whole('http'), ...whole('https') },
      forbidden: [],
      unmarked: [],
    })
  },
)
