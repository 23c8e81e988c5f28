import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Demo } from '../cli/context.ts'
import { createClient } from '../client/index.ts'
import { findBrowser } from '../drivers/chromium/find-browser.ts'
import { startController } from './controller.ts'
import { serveMedia } from './media-server.ts'
import { BUNDLED_STREAM } from './page-files.ts'
import { PACKAGE_ROOT, VERSION } from './version.ts'

const READY_MS = 180_000
const STOP_MS = 10_000

/** So many browsers go along where there is one to be had. */
const BROWSERS = 2

/** The whole system on this machine: a controller here, two agents as processes of their own, a stream on loopback. */
export async function startDemo(
  { dataDir, devices, browsers }: { dataDir: string; devices: number; browsers: boolean },
  onError: (error: unknown) => void,
): Promise<Demo> {
  await using stack = new AsyncDisposableStack()
  const media = stack.use(await serveMedia(BUNDLED_STREAM))
  const options = { dataDir, host: '127.0.0.1', port: 0, databaseUrl: null, version: VERSION, onError }
  const controller = stack.use(await startController(options))
  const client = createClient({ url: controller.url, token: controller.adminToken })
  const agents: ChildProcess[] = []
  const found = browsers && (await findBrowser(process.env)) !== null
  for (const workstation of ['WS01', 'WS02']) {
    const { token } = await client.createToken({ name: 'demo', role: 'agent', workstation })
    const home = join(dataDir, 'agents', workstation)
    const drivers = [`headless:${devices}`, ...(found && agents.length === 0 ? [`chromium:${BROWSERS}`] : [])]
    const agent = startAgent(workstation, drivers, controller.url, token, home)
    stack.defer(() => stop(agent))
    agents.push(agent)
  }
  await present(client, 2 * devices + (found ? BROWSERS : 0), agents)
  const databaseUrl = (await readFile(join(dataDir, 'database-url'), 'utf8')).trim()
  const parts = stack.move()
  return {
    client,
    streamUrl: `${media.url}/master.m3u8`,
    devices: `${2 * devices} headless players${found ? ` and ${BROWSERS} browsers` : ''}`,
    databaseUrl,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function startAgent(workstation: string, drivers: string[], url: string, token: string, home: string): ChildProcess {
  const args = ['agent', '--workstation', workstation, '--driver', ...drivers, '--controller', url, '--data', home]
  return spawn(process.execPath, [join(PACKAGE_ROOT, 'bin', 'doai.js'), ...args], {
    env: { ...process.env, DOAI_AGENT_TOKEN: token },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function present(
  client: ReturnType<typeof createClient>,
  count: number,
  agents: readonly ChildProcess[],
): Promise<void> {
  const deadline = performance.now() + READY_MS
  for (;;) {
    const { items } = await client.getDevices()
    const available = items.filter((device) => device.status === 'available').length
    if (available >= count) return
    if (agents.some((agent) => agent.exitCode !== null)) throw new Error('An agent ended before it was enrolled.')
    if (performance.now() > deadline) {
      throw new Error(`After ${READY_MS / 1000} s only ${available} of the ${count} devices are available.`)
    }
    await delay(100)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill('SIGTERM')
  const forced = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(forced)
}
