import { randomInt } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { type Controller, startController } from '../../src/bin/controller.ts'
import { createClient } from '../../src/client/index.ts'
import { AGENT_INSTANCE_HEADER, AGENT_PROTOCOL, agentCalls } from '../../src/protocol/agent-calls.ts'
import { allCalls } from '../../src/protocol/all-calls.ts'
import { enrolDevices, type TestLink, tradedLink } from '../support/agent-call.ts'
import { createTestDatabase } from '../support/database.ts'
import { report } from '../support/lab.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { createOf } from '../support/system.ts'
import { disposableFolder } from '../support/temporary-folder.ts'
import { bodyText, type DrawnRequest, drawRequests, type Known } from './drawn-requests.ts'

const long = inject('long')
/** Each is one request of every call that is well, and one that is broken. */
const TURNS = long ? 200 : 5
/** The same requests each time, but for the long form: it says which they were. */
const SEED = long ? randomInt(2 ** 31) : 1

type Lab = {
  controller: Controller
  agent: TestLink
  tokens: Record<string, string>
  known: Known
  /** What the controller told of itself. */
  failures: unknown[]
  /** The same of transactions that it lost because its machine stood still. */
  stalls: unknown[]
}

test('whatever is asked, as the schemas have it or broken in one place, the controller does not fail', async () => {
  await using stack = new AsyncDisposableStack()
  const lab = await startLab(stack)
  const drawn = drawRequests(lab.known, TURNS, SEED)
  const failed: unknown[] = []
  const done = new Map<string, number>()
  const slowest: { ms: number; name: string }[] = []
  // After the first tenth everything is loaded, and what grows from there on grows with the requests.
  const memory: number[] = []
  for (const [at, request] of drawn.entries()) {
    if (at === Math.floor(drawn.length / 10) || at === drawn.length - 1) memory.push(heapMb())
    const begun = performance.now()
    const status = await send(lab, request)
    slowest.push({ ms: Math.round(performance.now() - begun), name: request.name })
    if (status >= 500) failed.push({ ...request, status, failures: lab.failures.splice(0).map(String) })
    if (status < 400) done.set(request.name, (done.get(request.name) ?? 0) + 1)
  }
  const undone = Object.keys(allCalls).filter((name) => !done.has(name))
  console.log(`${drawn.length} requests, seed ${SEED}; calls that none of them made: ${undone.join(', ') || 'none'}`)
  const answers = slowest.sort((a, b) => b.ms - a.ms)
  console.log(`answers over a second: ${answers.filter(({ ms }) => ms > 1000).length}; the longest:`)
  console.log(
    answers
      .slice(0, 5)
      .map(({ ms, name }) => `${name} ${ms} ms`)
      .join(', '),
  )
  console.log(`heap ${memory.join(' MB, then ')} MB`)
  expect(failed.map((one) => JSON.stringify(one).slice(0, 1500))).toEqual([])
  expect(lab.failures).toEqual([])
  // What is refused whole finds nothing.
  expect(undone.length).toBeLessThan(Object.keys(allCalls).length / 2)
})

/** In use, MB, after what is not needed any more was thrown away where that can be asked for (`--expose-gc`). */
function heapMb(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20)
}

/** What made a controller fail, or a stream end without a word. */
const FAILED: readonly [string, Partial<DrawnRequest>, number][] = [
  ['NUL in a path', { name: 'removeSchedule', method: 'DELETE', path: '/schedules/%00' }, 400],
  ['NUL in what a log repeats', { name: 'createVideo', body: { url: 'http://127.0.0.1:9/', 'a\0b': 1 } }, 400],
  ['NUL in a url', { name: 'createVideo', body: { url: 'http://127.0.0.1:9/\0' } }, 400],
  [
    'half a character in a name',
    { name: 'createToken', path: '/tokens', body: { role: 'viewer', name: '\ud800' } },
    400,
  ],
  ['half a character in a label', enrolment([device('S01', { ap: 'a\udc00' })]), 400],
  ['NUL in a model', enrolment([{ ...device('S01'), model: 'a\0b' }]), 200],
  ['a slot twice', enrolment([device('S01'), device('S01')]), 400],
  ['a seed of half a character', { name: 'createPlan', path: '/plans', body: { workload: {}, seed: '\ud800' } }, 400],
]

function device(slot: string, labels: Record<string, string> = {}) {
  return { slot, driver: 'test', model: '', os: '', labels }
}

function enrolment(devices: unknown[]): Partial<DrawnRequest> {
  return { name: 'agentEnrol', path: '/agents/WS01/enrol', body: { agentVersion: '0', devices } }
}

test('what once made a controller fail is refused, or mended where nobody could', async () => {
  await using stack = new AsyncDisposableStack()
  const lab = await startLab(stack)
  const ask = (request: Partial<DrawnRequest>) => {
    return send(lab, {
      name: '',
      method: 'POST',
      path: '/videos',
      query: [],
      body: undefined,
      broken: null,
      ...request,
    })
  }
  const answered = []
  for (const [what, request] of FAILED) answered.push([what, await ask(request)])
  expect(answered).toEqual(FAILED.map(([what, , status]) => [what, status]))
  // Figures whose sums and quotients are out of range, as one session or over two.
  const token = lab.known.tokens ?? []
  const most = { ...report(), watchTime: 1.7e308 }
  const figures = { ...most.figures, playingMs: 1.7e308, rebufferMs: 1.7e308, rebufferCount: 2 ** 31 - 1 }
  const least = { ...most.figures, rebufferMs: 5e-324, startupMs: 5e-324, rebufferCount: 2 ** 31 - 1 }
  const reports = [
    { token: token[2], report: { ...most, figures } },
    { token: token[3], report: { ...report(), figures: least } },
  ]
  expect(await ask({ name: 'agentReport', path: '/agents/WS01/report', body: { reports } })).toBe(200)
  const [id = ''] = lab.known['/workloads'] ?? []
  expect(await ask({ name: 'getWorkloadStats', method: 'GET', path: `/workloads/${id}/stats` })).toBe(200)
  // Numbers of an event that no event can have.
  for (const lastEventId of ['99999999999999999999-1', '1-9999999999999999999']) {
    const headers = { authorization: `Bearer ${lab.tokens.admin}`, 'last-event-id': lastEventId }
    const { status } = await fetch(`${lab.controller.url}/api/v1/events`, { headers })
    expect(status).toBe(400)
  }
  expect(lab.failures).toEqual([])
})

async function startLab(stack: AsyncDisposableStack): Promise<Lab> {
  const failures: unknown[] = []
  const stalls: unknown[] = []
  const onError = (error: unknown) => (isStall(error) ? stalls : failures).push(error)
  const folder = stack.use(await disposableFolder('doai-requests-'))
  const database = stack.use(await createTestDatabase())
  const media = stack.use(await startMediaServer())
  const at = { dataDir: folder.path, host: '127.0.0.1', port: 0, databaseUrl: database.url, version: '0.0.0', onError }
  const controller = stack.use(await startController(at))
  const client = createClient({ url: controller.url, token: controller.adminToken })
  const agent = await tradedLink(client, controller.url, 'WS01')
  const played = await playOne(controller, agent, media)
  const [enrolment, spare] = await Promise.all([
    client.createToken({ role: 'agent', workstation: 'WS02' }),
    client.createToken({ role: 'viewer' }),
  ])
  const { token: origin } = await client.createToken({ role: 'admin' })
  const known = {
    ...played,
    '/tokens': [spare.id],
    '/agents': ['WS01'],
    workstation: ['WS01'],
    targetWorkstations: ['WS01', 'WS09'],
    targetDevices: [...played['/devices'], 'WS01-S01'],
    '/nothing': ['01890000-0000-7000-8000-000000000000'],
  }
  return { controller, agent, tokens: { admin: origin, enrolment: enrolment.token }, known, failures, stalls }
}

/** A night of one video: two devices have played it, and two others hold commands of it that never begin. */
async function playOne({ url, adminToken }: Controller, agent: TestLink, media: MediaServer) {
  const client = createClient({ url, token: adminToken })
  const { signal } = new AbortController()
  const devices = await enrolDevices(agent, 4, { ap: 'west' })
  const { id } = await createOf(client, [media.video('played')], {})
  await client.startWorkload(id)
  const others = [await createOf(client, [media.video('played')]), await createOf(client, [media.video('played')])]
  const lease = async () => {
    const body = { freeDevices: devices, waitSeconds: 10 }
    const { commands } = await agent.link.persist(agentCalls.lease, { body, signal })
    return commands
  }
  const leased = []
  while (leased.length < devices.length) leased.push(...(await lease()))
  const tokens = leased.map(({ token }) => token)
  await agent.link.persist(agentCalls.start, { body: { tokens }, signal })
  const ended = tokens.slice(0, 2).map((token) => ({ token, report: report() }))
  await agent.link.persist(agentCalls.report, { body: { reports: ended }, signal })
  const results = (await client.getWorkloadResults(id)).items.map((result) => result.id)
  const commands = leased.map(({ commandId }) => commandId)
  const { items: videos } = await client.getVideos()
  const videoIds = videos.map((video) => video.id)
  return {
    '/videos': videoIds,
    '/workloads': [id, ...others.map((workload) => workload.id)],
    '/commands': commands,
    '/results': results,
    '/devices': devices,
    videoIds,
    videos: videoIds,
    workloadId: [id],
    against: [id],
    deviceId: devices,
    freeDevices: devices,
    tokens,
    token: tokens,
    held: tokens,
    playback: tokens,
  }
}

/** PostgreSQL ends a transaction that nothing is heard of for 1.5 s: on a slow machine that is no controller's fault. */
function isStall(error: unknown): boolean {
  return /connection error|Connection terminated|terminating connection/.test(String(error))
}

const MOST_STALLS = 20

/** The status of the answer to a request that whoever may sends; what a machine that stood still cut off is sent again. */
async function send(lab: Lab, request: DrawnRequest): Promise<number> {
  for (let stalled = 0; ; stalled++) {
    const before = lab.stalls.length
    const status = await sendOnce(lab, request).catch((error: Error) => {
      // A connection that its server closes while it is taken for the next request.
      if (error.message !== 'fetch failed') throw error
      lab.stalls.push(error)
      return 599
    })
    if (status < 500 || lab.stalls.length === before || stalled === MOST_STALLS) return status
  }
}

async function sendOnce(
  { controller, agent, tokens }: Lab,
  { name, method, path, query, body }: DrawnRequest,
): Promise<number> {
  const role = allCalls[name]?.role ?? 'viewer'
  const token = role === 'agent' ? agent.secret : role === 'enrolment' ? tokens.enrolment : tokens.admin
  const workstation = role === 'enrolment' ? path.replace('WS01', 'WS02') : path
  const response = await fetch(`${controller.url}/api/v1${workstation}${queryOf(query)}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      [AGENT_PROTOCOL.header]: String(AGENT_PROTOCOL.current),
      [AGENT_INSTANCE_HEADER]: agent.instance,
    },
    ...(method === 'POST' ? { body: bodyText(body) } : {}),
  })
  // An answer that breaks off is none.
  return response.text().then(
    () => response.status,
    () => 599,
  )
}

function queryOf(query: readonly [string, string][]): string {
  return query.length === 0
    ? ''
    : `?${new URLSearchParams(query.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]))}`
}
