import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, inject, test } from 'vitest'
import { type Client, createClient } from '../../src/client/index.ts'
import { createTestDatabase } from '../support/database.ts'
import { type Fault, type MediaServer, startMediaServer } from '../support/media-server.ts'
import { type DoaiProcess, startDoai } from '../support/process.ts'
import { createOf } from '../support/system.ts'
import { disposableFolder } from '../support/temporary-folder.ts'
import type { Health } from './health-watcher.ts'
import { brokenAnswers, type Mutated, mutatedManifests } from './poisoned-media.ts'

const long = inject('long')
const MANIFESTS = long ? 2000 : 24
const ANSWERS = long ? 500 : 15
const DEVICES = long ? 16 : 6
/** The promise is a second; a run that shares its machine with others asks only that the answer comes. */
const ANSWER_MS = long ? 1000 : 10_000

type Lab = { client: Client; processes: DoaiProcess[]; url: string; media: MediaServer }
type Played = { name: string; status: string; message: string; failures: string[] }

test('mutated manifests and broken answers: controller and agent go on, and answer', async () => {
  await using stack = new AsyncDisposableStack()
  const lab = await startLab(stack)
  const cases = [...poisonedVideos(lab.media), ...brokenVideos(lab.media)]
  const watch = watchHealth(lab.url)
  // Devices that play what is well, beside the others, all the while.
  const well = playOn(lab, 'WS01-S01', 'well', lab.media.video('well'))
  const played = await onDevices(lab, cases)
  const beside = await well
  const { slowestMs, asked } = await watch.stop()
  const failed = played.filter(({ status }) => status === 'error')
  console.log(
    `${MANIFESTS} manifests and ${ANSWERS} answers: ${failed.length} refused when listed, ` +
      `${played.filter(({ failures }) => failures.length > 0).length} failed on the device; ` +
      `slowest of ${asked} answers of /healthz: ${Math.round(slowestMs)} ms`,
  )
  expect(beside).toMatchObject({ status: 'completed', failures: [] })
  expect(played).toHaveLength(MANIFESTS + ANSWERS)
  // A lease that was lost, or a command that nobody took, would be an agent that did not answer.
  const due = ['content', 'refused', 'unsupported', 'timeout']
  const odd = played.filter(({ status, message, name, failures }) => {
    const isNamed = status === 'completed' || (status === 'error' && message.includes(`/${name}/`))
    return !isNamed || failures.some((failure) => !due.includes(failure))
  })
  expect(odd).toEqual([])
  expect(slowestMs).toBeLessThan(ANSWER_MS)
  for (const { child } of lab.processes) expect([child.exitCode, child.signalCode]).toEqual([null, null])
})

async function startLab(stack: AsyncDisposableStack): Promise<Lab> {
  const folder = stack.use(await disposableFolder('doai-poison-'))
  const database = stack.use(await createTestDatabase())
  const media = stack.use(await startMediaServer())
  const data = join(folder.path, 'controller')
  const serve = ['serve', '--port', '0', '--data', data]
  const controller = stack.use(startDoai(serve, { DATABASE_URL: database.url }))
  const [, url = ''] = await controller.says(/listening on (\S+)/)
  const client = createClient({ url, token: (await readFile(join(data, 'admin-token'), 'utf8')).trim() })
  const { token } = await client.createToken({ role: 'agent', workstation: 'WS01' })
  const args = ['agent', '--workstation', 'WS01', '--driver', `headless:${DEVICES}`, '--controller', url]
  const agent = stack.use(startDoai([...args, '--data', join(folder.path, 'agent')], { DOAI_AGENT_TOKEN: token }))
  await agent.says(/is enrolled/)
  return { client, processes: [controller, agent], url, media }
}

/** Every other one is well for the first who asks, the controller, and poisoned for the agent. */
function poisonedVideos(media: MediaServer) {
  return mutatedManifests(MANIFESTS, 20_261_127).map(({ manifest, files }: Mutated, at) => {
    const name = `mutated-${at}`
    let first: string | undefined
    const fault: Fault = (request, response) => {
      first ??= request.session
      const text = files[request.name]
      if (text === undefined || (at % 2 === 1 && request.session === first)) return false
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(text)
      return true
    }
    return { name, url: media.video(name, fault, manifest) }
  })
}

/** Manifests, playlists and segments, in turn. */
function brokenVideos(media: MediaServer) {
  const answers = Object.entries(brokenAnswers(long ? 40_000 : 2000))
  const targets = [/\.m3u8$/, /^media_/, /^chunk/]
  return Array.from({ length: ANSWERS }, (_, at) => {
    const name = `broken-${at}`
    const answer = answers[at % answers.length]?.[1]
    const target = targets[Math.floor(at / answers.length) % targets.length]
    const fault: Fault = (request, response) => {
      if (!answer || !target?.test(request.name)) return false
      answer(response)
      return true
    }
    return { name, url: media.video(name, fault) }
  })
}

/** All devices but the first take one video after another. */
async function onDevices(lab: Lab, cases: { name: string; url: string }[]): Promise<Played[]> {
  const left = [...cases]
  const played: Played[] = []
  const device = async (labName: string) => {
    for (let next = left.shift(); next; next = left.shift())
      played.push(await playOn(lab, labName, next.name, next.url))
  }
  const names = Array.from({ length: DEVICES - 1 }, (_, at) => `WS01-S${String(at + 2).padStart(2, '0')}`)
  await Promise.all(names.map(device))
  return played
}

async function playOn({ client }: Lab, labName: string, name: string, url: string): Promise<Played> {
  const seconds = name === 'well' ? 20 : 1
  const { id } = await createOf(client, [url], {
    name,
    targetDevices: [labName],
    watchConfig: { watchDurationMin: seconds, watchDurationMax: seconds },
    batchConfig: { maxRetries: 0, commandTimeoutSeconds: 60 },
  })
  await client.startWorkload(id)
  for (;;) {
    const { status } = await client.getWorkload(id)
    if (['completed', 'error', 'cancelled', 'paused'].includes(status)) {
      const { items } = await client.getWorkloadCommands(id)
      const failures = items.flatMap(({ failure }) => (failure === null ? [] : [failure]))
      const logs = await client.getWorkloadLogs(id, { level: 'error' })
      return { name, status, failures, message: logs.items.map((entry) => entry.message).join(' ') }
    }
    await delay(100)
  }
}

function watchHealth(url: string) {
  const watcher = new Worker(new URL('./health-watcher.ts', import.meta.url), { workerData: url })
  const { promise, resolve, reject } = Promise.withResolvers<Health>()
  watcher.once('message', resolve)
  watcher.once('error', reject)
  promise.catch(() => {})
  return {
    stop() {
      watcher.postMessage('stop')
      return promise
    },
  }
}
