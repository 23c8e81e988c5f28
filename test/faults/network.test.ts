import { setTimeout as delay } from 'node:timers/promises'
import { inject, test } from 'vitest'
import { drawsOf } from '../../src/drivers/simulated/draw.ts'
import { type FaultyProxy, type PathFault, startFaultyProxy } from '../support/faulty-proxy.ts'
import { disposableFolder } from '../support/temporary-folder.ts'
import { expectIntact, survive } from './survival.ts'

const long = inject('long')
const FAULTS: PathFault[] = ['cut', 'silent', 'slow', 'twice', 'half', 'well']

test('agents are cut off and come back: paths that drop, delay, duplicate and half-close', async () => {
  await using folder = await disposableFolder('doai-network-')
  await using stack = new AsyncDisposableStack()
  const proxies: FaultyProxy[] = []
  const reach = async (url: string) => {
    const proxy = stack.use(await startFaultyProxy(url))
    proxies.push(proxy)
    return proxy.url
  }
  const draw = drawsOf('network')
  const size = { controllers: 2, agents: 3, devices: 3 }
  const outcome = await survive({ folder: folder.path, seed: 'network', leastSettled: 10, size, reach }, async () => {
    for (let at = 0; at < (long ? 60 : 10); at++) {
      for (const proxy of proxies) proxy.become(FAULTS[Math.floor(draw() * FAULTS.length)] ?? 'well')
      await delay(500 + 4000 * draw())
    }
    // Longer than a lease lives.
    for (const proxy of proxies) proxy.become('silent')
    await delay(33_000)
    for (const proxy of proxies) proxy.become('well')
  })
  expectIntact(outcome)
})
