import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProcess } from '../support/process.ts'

const ADDRESS = '10.77.0.1'
const inNamespace = (command: string) => [
  '-rn',
  'sh',
  '-c',
  `ip link set lo up && ip addr add ${ADDRESS}/32 dev lo && ${command}`,
]
const allowed = await startProcess('unshare', inNamespace('true')).ended.catch(() => ({ code: 1 }))

test.skipIf(allowed.code !== 0)(
  'an origin on a private address: proved and played where it may be, refused where not, and no way back to loopback',
  async () => {
    const script = join(import.meta.dirname, '../support/verified-origin.ts')
    const { out } = await startProcess('unshare', inNamespace(`${process.execPath} ${script} ${ADDRESS}`)).ended
    expect(JSON.parse(out)).toEqual({
      proofByAddress: 'verified',
      proofByName: 'verified',
      proofNotAllowed: 'failed',
      segmentByName: '200',
      segmentByAddress: '200',
      segmentNotAllowed: 'RefusedError',
      awayToLoopback: 'RefusedError',
    })
  },
)
