import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright-core'
import { serveMedia } from '../src/bin/media-server.ts'
import { createClient } from '../src/client/index.ts'
import { startBrowser } from '../test/support/browser.ts'
import { signIn } from '../test/support/dashboard.ts'
import { mainThreadOf, TRACE_CATEGORIES } from './page-trace.ts'
import { quantile } from './statistics.ts'

const ROOT = join(import.meta.dirname, '..')
const DEVICES = 20
const AIM_MS = 100
/** Of each minute; a trace of all of it would fill the memory that is looked at. */
const TRACED_SECONDS = 20
/** `--agents 100 --minutes 10` */
const argument = (name: string, otherwise: number) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const agents = argument('--agents', 100)
const minutes = argument('--minutes', 10)

await using stack = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'doai-dashboard-'))
await chmod(folder, 0o755)
stack.defer(() => rm(folder, { recursive: true, force: true }))
const media = stack.use(await serveMedia(join(ROOT, 'media', 'ladder')))
const serve = [join(ROOT, 'bin', 'doai.js'), 'serve', '--port', '0', '--data', join(folder, 'data')]
const url = await said(start(serve), /listening on (http:\S+)/)
const token = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim()
const client = createClient({ url, token })
const names = Array.from({ length: agents }, (_, at) => `WS${String(at + 1).padStart(3, '0')}`)
const fleet = [join(import.meta.dirname, 'fleet-agents.ts'), url, token, join(folder, 'agents'), String(DEVICES)]
await said(start([...fleet, ...names]), /enrolled/)

console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}; the browser, the controller, PostgreSQL`,
)
console.log(`and ${(agents * DEVICES).toLocaleString('en')} simulated devices on this one machine`)
const browser = stack.use(await startBrowser())
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
const page = await context.newPage()
const debug = await context.newCDPSession(page)
await loadScripts(page, debug)
await signIn(page, url, token)
await page
  .locator('[data-device]')
  .nth(agents * DEVICES - 1)
  .waitFor({ state: 'attached' })
const workloads = await playAll()
await follow()
for (const id of workloads) await client.cancelWorkload(id)

/** Compressed bytes of script that the first view takes, as the network counted them. */
async function loadScripts(page: Page, debug: CDPSession): Promise<void> {
  const scripts = new Map<string, number>()
  await debug.send('Network.enable')
  debug.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.set(requestId, 0))
  debug.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) scripts.set(requestId, encodedDataLength)
  })
  await page.addInitScript(`
    window.longTasks = []
    window.interactions = new Map()
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => entry.duration)))
      .observe({ type: 'longtask' })
    new PerformanceObserver((list) => {
      // A press is several events; the slowest is what its user waited for.
      for (const entry of list.getEntries()) {
        const { interactionId: id, name, duration, startTime, processingStart, processingEnd } = entry
        if (!id || duration <= (interactions.get(id)?.duration ?? 0)) continue
        const waited = processingStart - startTime
        const drawn = duration - (processingEnd - startTime)
        interactions.set(id, { name, duration, waited, drawn })
      }
    }).observe({ type: 'event', durationThreshold: 16 })`)
  await page.goto(url)
  await page.waitForLoadState('networkidle')
  const bytes = [...scripts.values()].reduce((sum, one) => sum + one, 0)
  console.log(`first load: ${(bytes / 1024).toFixed(0)} KB of compressed script in ${scripts.size} files`)
}

/**
 * One half of the devices begins at once and ends over a minute, then the other half, and so on: a second of a thousand
 * changes in every minute, and dozens a second after it.
 */
async function playAll(): Promise<string[]> {
  const videoIds: string[] = []
  for (let at = 0; at < 40; at++)
    videoIds.push((await client.createVideo({ url: `${media.url}/master.m3u8?${at}` })).id)
  const half = Math.ceil(names.length / 2)
  const workloads: string[] = []
  for (const targetWorkstations of [names.slice(0, half), names.slice(half)]) {
    if (workloads.length > 0) await delay(60_000)
    const { id } = await client.createWorkload({
      name: `A night of changes, half ${workloads.length + 1}`,
      videoIds,
      targetWorkstations,
      batchConfig: { batchSizePercent: 100, batchIntervalSeconds: 10, cycleIntervalSeconds: 60 },
      watchConfig: { watchDurationMin: 10, watchDurationMax: 60 },
    })
    await client.startWorkload(id)
    workloads.push(id)
  }
  return workloads
}

/** Goes through the grid and the filters as people do, and looks at what that costs, minute by minute. */
async function follow(): Promise<void> {
  const heaps: number[] = []
  await page.getByRole('gridcell').first().getByRole('link').focus()
  for (let minute = 1; minute <= minutes; minute++) {
    await page.evaluate('longTasks.length = 0; interactions.clear()')
    let changes = 0
    const counted = countChanges(() => (changes += 1))
    await browser.startTracing(page, { categories: TRACE_CATEGORIES })
    let count = await use(TRACED_SECONDS)
    const trace = mainThreadOf(await browser.stopTracing(), TRACED_SECONDS)
    count += await use(60 - TRACED_SECONDS)
    counted.abort()
    await debug.send('HeapProfiler.collectGarbage')
    const { usedSize } = await debug.send('Runtime.getHeapUsage')
    heaps.push(usedSize / 2 ** 20)
    const { tasks, interactions: slow } = (await page.evaluate(
      '({ tasks: longTasks, interactions: [...interactions.values()] })',
    )) as Timings
    const interactions = slow.map(({ duration }) => duration)
    const most = (all: number[]) => (all.length === 0 ? 0 : Math.max(...all)).toFixed(0)
    const shares = trace.shares.map(([kind, share]) => `${(100 * share).toFixed(1)} % ${kind}`)
    console.log(
      `its trace, ${TRACED_SECONDS} s: ${trace.longTasks.length} tasks over 50 ms, longest ${most(trace.longTasks)} ms; ${shares.join(', ')}`,
    )
    for (const { name, duration, waited, drawn } of slow.filter(({ duration }) => duration > AIM_MS)) {
      console.log(`${name} took ${duration} ms: waited ${waited.toFixed(0)} ms, was drawn in ${drawn.toFixed(0)} ms`)
    }
    const fast = Array.from({ length: Math.max(0, count - interactions.length) }, () => 0)
    const p98 = quantile([...interactions, ...fast], 0.98).toFixed(0)
    console.log(
      `minute ${minute}: ${changes} changes of devices were told; ${tasks.length} long tasks, longest ${most(tasks)} ms; ` +
        `${count} interactions, ${interactions.length} took 16 ms or more, p98 ${p98} ms, longest ${most(interactions)} ms; ` +
        `heap ${usedSize < 0 ? '' : (usedSize / 2 ** 20).toFixed(1)} MB`,
    )
  }
  console.log(`heap after garbage collection: ${heaps.map((mb) => mb.toFixed(1)).join(', ')} MB`)
}

/** Arrow keys and a filter, three times a second; how often. */
async function use(seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1000
  let count = 0
  for (let step = 0; performance.now() < until; step++) {
    count += step % 10 === 9 ? 2 : 1
    await page.keyboard.press(step % 3 === 0 ? 'ArrowDown' : 'ArrowRight')
    if (step % 10 === 9) await page.locator('.count').first().click()
    await delay(300)
  }
  return count
}

/** An interaction, how long it waited before it was answered to and how long it then took to be seen; ms. */
type Interaction = { name: string; duration: number; waited: number; drawn: number }
type Timings = { tasks: number[]; interactions: Interaction[] }

function countChanges(count: () => void): AbortController {
  const stopping = new AbortController()
  const watch = async () => {
    for await (const { kind, message } of client.watchLive({ signal: stopping.signal })) {
      if (kind === 'change') for (const _ of message.devices) count()
    }
  }
  watch().catch(() => {})
  return stopping
}

function start(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, DATABASE_URL: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  stack.defer(async () => {
    if (child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const forced = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await exited
    clearTimeout(forced)
  })
  return child
}

async function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = ''
  for await (const piece of child.stdout ?? []) {
    text += piece
    const match = text.match(pattern)
    if (match) {
      child.stdout?.resume()
      return match[1] ?? ''
    }
  }
  throw new Error(`it ended and said: ${text}`)
}
