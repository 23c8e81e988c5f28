import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Fleet, startFleet, until } from '../support/fleet.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { createOf } from '../support/system.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

const stack = new AsyncDisposableStack()
let fleet: Fleet
let media: MediaServer
let database: pg.Client
beforeAll(async () => {
  const folder = stack.use(await disposableFolder('doai-lost-'))
  media = stack.use(await startMediaServer())
  fleet = stack.use(
    await startFleet({ folder: folder.path, size: { controllers: 2, agents: 2, devices: 4 }, rests: 'as asked' }),
  )
  database = new pg.Client(fleet.postgres.url)
  await database.connect()
  stack.defer(() => database.end())
})
afterAll(() => stack.disposeAsync())

async function begin(seconds: number): Promise<string> {
  const { id } = await createOf(fleet.client, [media.video('lost')], {
    batchConfig: { batchSizePercent: 50, batchIntervalSeconds: 10, retryDelaySeconds: 1 },
    watchConfig: { watchDurationMin: seconds, watchDurationMax: seconds },
  })
  await fleet.client.startWorkload(id)
  return id
}

async function playing(id: string, count: number): Promise<void> {
  const status = async () => (await fleet.client.getWorkloadStatus(id)).liveState?.devices.playing
  await until(`${count} devices play`, async () => (await status()) === count, 120_000)
}

async function ended(id: string): Promise<void> {
  await until('it ends', async () => (await fleet.client.getWorkload(id)).status === 'completed', 120_000)
}

/** What is promised, on a machine that has nothing else to do; and on any, less than leases and polls live. */
const MOST_SECONDS = inject('long') ? 2 : 12

// The first is asked first; when it was lost, the second is.
test.each([
  ['SIGKILL', 0],
  ['SIGSTOP', 1],
] as const)('a controller that is lost by %s delays no batch, lease or report', async (signal, at) => {
  // The one that was lost before is to be back: both together are lost otherwise.
  for (const url of fleet.urls) {
    await until(`${url} answers`, async () => (await fetch(`${url}/readyz`)).ok, 120_000)
  }
  const id = await begin(3)
  await playing(id, 4)
  const resting = async () => (await fleet.client.getWorkloadStatus(id)).liveState?.waitEndsAt ?? null
  await until('batch A has ended', async () => (await resting()) !== null, 120_000)
  const due = Date.parse((await resting()) ?? '')
  await new Promise((done) => setTimeout(done, due - Date.now() - 500))
  const lost = fleet.controllers[at]
  if (signal === 'SIGKILL') await lost?.kill(15_000)
  else lost?.process.child.kill('SIGSTOP')
  try {
    await ended(id)
  } finally {
    if (signal === 'SIGSTOP') lost?.process.child.kill('SIGCONT')
  }
  const { rows } = await database.query(
    `SELECT extract(epoch FROM b.started_at - a.last_settled_at)::float8 - 10 AS opened,
         extract(epoch FROM max(c.leased_at) - b.started_at)::float8 AS leased,
         extract(epoch FROM max(c.started_at) - max(c.leased_at))::float8 AS started,
         max(extract(epoch FROM c.finished_at - c.started_at)::float8 - r.startup_ms / 1000 - 3) AS reported
       FROM batches a JOIN batches b USING (workload_id, cycle)
         JOIN command_history c ON c.workload_id = b.workload_id AND c.batch = b.batch
         JOIN results r ON r.id = c.result_id
       WHERE a.workload_id = $1 AND a.batch = 1 AND b.batch = 2 GROUP BY a.last_settled_at, b.started_at`,
    [id],
  )
  console.log(signal, JSON.stringify(rows[0]))
  for (const seconds of Object.values(rows[0] as Record<string, number>)) expect(seconds).toBeLessThan(MOST_SECONDS)
})

test('events go on across controllers: in commit order, none missed, none twice', async () => {
  const seen: string[] = []
  const stopping = new AbortController()
  const { rows: before } = await database.query('SELECT coalesce(max(id), 0) AS id FROM workload_events')
  const watch = async () => {
    for await (const event of fleet.client.watchEvents({ signal: stopping.signal })) seen.push(event.id)
  }
  const watching = watch().catch(() => {})
  await new Promise((done) => setTimeout(done, 2000))
  const id = await begin(2)
  await playing(id, 4)
  await fleet.controllers[0]?.kill(500)
  await until('the first is back', async () => (await fetch(`${fleet.urls[0]}/healthz`)).ok, 120_000)
  await fleet.controllers[1]?.kill(500)
  await ended(id)
  const own = async () => {
    const { rows } = await database.query<{ id: string }>(
      `SELECT xact || '-' || id AS id FROM workload_events WHERE workload_id = $1 AND id > $2 ORDER BY xact, id`,
      [id, before[0].id],
    )
    return rows.map((row) => row.id)
  }
  const expected = await own()
  await until('all are seen', async () => expected.every((one) => seen.includes(one)), 120_000)
  stopping.abort()
  await watching
  expect(seen.filter((one) => expected.includes(one))).toEqual(expected)
})

test('an agent that is lost is noticed within 30 s, and its attempts are settled within 60 s; the others play on', async () => {
  const id = await begin(20)
  await playing(id, 4)
  const [{ member } = { member: null }] = fleet.agents
  const killed = Date.now()
  await member?.kill(3_600_000)
  const status = async () => (await fleet.client.getDevice('WS01-S01')).status
  await until('its devices are offline', async () => (await status()) === 'offline', 30_000)
  const noticed = Date.now() - killed
  expect((await fleet.client.whyDevice('WS01-S01')).why).toMatch(
    /was playing .* and is offline: its workstation was last heard of \d+ s ago/,
  )
  const settled = async () => {
    const { rows } = await database.query(
      `SELECT count(*)::int AS n FROM command_attempts a JOIN command_history c ON c.id = a.command_id
       WHERE c.workload_id = $1 AND c.workstation_id = 'WS01' AND a.failure = 'lost'`,
      [id],
    )
    return rows[0].n === 2
  }
  await until('its attempts are settled', settled, 60_000 - (Date.now() - killed))
  console.log(`noticed after ${noticed} ms, settled after ${Date.now() - killed} ms`)
  const { items } = await fleet.client.getWorkloadCommands(id)
  const others = items.filter(({ device, batchGroup }) => device.startsWith('WS02') && batchGroup === 'A')
  expect(others.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(['succeeded 1', 'succeeded 1'])
  expect((await fleet.client.whyWorkload(id)).why).toMatch(/to be tried again|waiting for a device that is offline/)
  await fleet.client.cancelWorkload(id)
})
