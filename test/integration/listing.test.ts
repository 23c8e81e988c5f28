import { afterAll, expect, test } from 'vitest'
import { planBatches } from '../../src/domain/batch-plan.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { advance } from '../../src/engine/advance.ts'
import { isPassing, MAX_TRIES, recordFault } from '../../src/engine/faults.ts'
import type { ListVideo } from '../../src/engine/listing.ts'
import { Listings, type PlanElsewhere } from '../../src/engine/listings.ts'
import type { Probe } from '../../src/engine/probe.ts'
import { readWorkload } from '../../src/engine/read.ts'
import { startWorkload } from '../../src/engine/starts.ts'
import { dueWorkloads } from '../../src/engine/sweep.ts'
import { whyWorkload } from '../../src/engine/why-workload.ts'
import { createTestLab } from '../support/lab.ts'

const lab = await createTestLab({ WS01: 4 })
const { engine } = lab
const stopped = new AbortController()
afterAll(async () => {
  stopped.abort()
  await lab[Symbol.asyncDispose]()
})

const planHere: PlanElsewhere = async (devices, limits) => planBatches(devices, limits)
const reading = (listVideo: ListVideo, planElsewhere = planHere) =>
  new Listings({ engine, listVideo, planElsewhere, signal: stopped.signal })

function probe(durationSeconds: number | null, peakKbps: number | null = 400): Probe {
  const player = { name: 'shaka', version: '5' }
  return { format: 'hls', live: false, durationSeconds, peakKbps, renditions: [], periods: 1, protection: [], player }
}

async function listing(over: Parameters<typeof lab.workload>[0] = {}): Promise<string> {
  const id = await lab.workload(over)
  await startWorkload(engine, id, 'start')
  return id
}

async function logsOf(id: string): Promise<string[]> {
  const { rows } = await engine.pool.query<{ text: string }>(
    `SELECT level || ' ' || message AS text FROM workload_logs WHERE workload_id = $1 ORDER BY id`,
    [id],
  )
  return rows.map(({ text }) => text)
}

const stateOf = async (id: string) => (await readWorkload(engine.pool, id))?.status

test.for([23.84, 0.001, 29.97, 86_399.999, 1e12, 1e308, 24, 0, null, Number.NaN, Number.POSITIVE_INFINITY])(
  'a video of %s s is listed, whatever its top rendition needs',
  async (duration) => {
    for (const peak of [126.796, 400, 1e12, 1e-3, 0, null, Number.POSITIVE_INFINITY]) {
      const id = await listing()
      await reading(async () => ({ ok: true, probe: probe(duration, peak) })).list(id)
      expect(await stateOf(id), `${duration} s, ${peak} kbit/s`).toBe('executing')
      await advance(engine, id, { kind: 'request', request: { kind: 'cancel', reason: 'Done with it.' } })
    }
  },
)

test('a reading that throws is logged, said, tried again with growing pauses, and ends in error with its cause', async () => {
  const id = await listing()
  let tries = 0
  const listings = reading(async () => {
    tries += 1
    throw new Error('the disk is full')
  })
  for (let n = 1; n <= MAX_TRIES; n++) {
    await expect(listings.list(id)).rejects.toThrow('the disk is full')
    // Not at once again.
    await listings.list(id)
    expect(tries).toBe(n)
    expect(await whyWorkload(engine, id)).toMatch(/Error: the disk is full.*tr(y|ied)/)
    lab.pass(31)
  }
  await listings.list(id)
  expect(tries).toBe(MAX_TRIES)
  expect(await readWorkload(engine.pool, id)).toMatchObject({
    status: 'error',
    reason: expect.stringContaining('the disk is full'),
  })
  const logs = await logsOf(id)
  expect(logs.filter((text) => text.startsWith('warn'))).toHaveLength(MAX_TRIES)
  expect(logs.at(-1)).toMatch(/^error .*not read in 5 tries.*the disk is full/)
})

test('a video that ends each process that reads it is not read for ever', async () => {
  const id = await listing()
  let tries = 0
  const { promise: never } = Promise.withResolvers<never>()
  for (let n = 1; n <= MAX_TRIES; n++) {
    // A process of its own, which never comes back.
    void reading(() => {
      tries += 1
      return never
    }).list(id)
    await expect.poll(() => tries).toBe(n)
    lab.pass(4)
  }
  await reading(async () => {
    throw new Error('not asked')
  }).list(id)
  expect(await readWorkload(engine.pool, id)).toMatchObject({
    status: 'error',
    reason: expect.stringContaining('whichever process read it ended'),
  })
})

test('videos that hang keep no other from being listed, and a paused one is read on by nobody', async () => {
  const stops: AbortSignal[] = []
  const { promise: never } = Promise.withResolvers<never>()
  const ids = await Promise.all(Array.from({ length: 60 }, () => listing()))
  const healthy = await listing()
  let reads = 0
  const listings = reading((_, __, signal) => {
    reads += 1
    if (reads > ids.length) return Promise.resolve({ ok: true, probe: probe(23.84) })
    stops.push(signal)
    return never
  })
  for (const id of ids) void listings.list(id)
  await expect.poll(() => reads).toBe(ids.length)
  await listings.list(healthy)
  expect(await stateOf(healthy)).toBe('executing')
  const [first = ''] = ids
  await advance(engine, first, {
    kind: 'request',
    request: { kind: 'pause', mode: 'drain', by: 'operator', reason: 'Paused.' },
  })
  await expect.poll(() => stops.filter(({ aborted }) => aborted).length, { timeout: 10_000 }).toBe(1)
  // Resumed, it is read anew though the first reading still hangs.
  await startWorkload(engine, first, 'resume')
  await listings.list(first)
  expect(await stateOf(first)).toBe('executing')
  for (const id of [...ids, healthy]) {
    await advance(engine, id, { kind: 'request', request: { kind: 'cancel', reason: 'Done with it.' } })
  }
})

test('a plan under limits is made outside of the transaction, of the devices that it was made for', async () => {
  await engine.pool.query(`UPDATE devices SET labels = '{"ap": "1"}'`)
  const settings = WorkloadSettings.parse({ maxConcurrent: { label: 'ap', per: 1 } })
  const id = await listing(settings)
  let planned = 0
  const listings = reading(
    async () => ({ ok: true, probe: probe(23.84) }),
    async (devices, limits) => {
      planned += 1
      const { rows } = await engine.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'`,
      )
      expect(rows[0]?.n).toBe(0)
      return planBatches(devices, limits)
    },
  )
  await listings.list(id)
  expect(planned).toBe(1)
  const { rows } = await engine.pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM batches WHERE workload_id = $1',
    [id],
  )
  expect(rows[0]?.n).toBe(4)
  await advance(engine, id, { kind: 'request', request: { kind: 'cancel', reason: 'Done with it.' } })
  await engine.pool.query(`UPDATE devices SET labels = '{}'`)
})

test('a step that throws again and again ends its workload in error with its cause, and nobody else’s', async () => {
  const id = await listing()
  const other = await listing()
  await engine.pool.query(`
    CREATE FUNCTION refuse_batch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'no batch for %', NEW.workload_id;
    END $$`)
  await engine.pool.query(
    `CREATE TRIGGER refuse_batch BEFORE UPDATE OF started_at ON batches FOR EACH ROW
     WHEN (NEW.workload_id = '${id}') EXECUTE FUNCTION refuse_batch()`,
  )
  const video = { ok: true, durationSeconds: 23.84, peakKbps: 400 } as const
  for (const one of [id, other]) {
    const { rows } = await engine.pool.query<{ since: number }>(
      `SELECT (state #>> '{phase,since}')::float8 AS since FROM workloads WHERE id = $1`,
      [one],
    )
    const since = rows[0]?.since ?? 0
    await advance(engine, one, { kind: 'listed', video: { since, ...video } }).catch((error) =>
      recordFault(engine, one, error, 'uncounted'),
    )
  }
  expect(await stateOf(other)).toBe('executing')
  // The listing was undone with the batch that could not open: it is told by its listing.
  const listings = reading(async () => ({ ok: true, probe: probe(23.84) }))
  for (let n = 0; n < MAX_TRIES && (await stateOf(id)) === 'listing'; n++) {
    lab.pass(31)
    await listings.list(id).catch(() => {})
  }
  lab.pass(31)
  expect(await dueWorkloads(engine)).not.toContain(id)
  expect(await readWorkload(engine.pool, id)).toMatchObject({
    status: 'error',
    reason: expect.stringContaining(`no batch for ${id}`),
  })
  await engine.pool.query('DROP TRIGGER refuse_batch ON batches')
  await advance(engine, other, { kind: 'request', request: { kind: 'cancel', reason: 'Done with it.' } })
})

test('what a database says of its own state is no fault of a workload', () => {
  for (const code of ['08006', '40P01', '53300', '57P01', '55P03', 'ECONNRESET']) {
    expect(isPassing(Object.assign(new Error('x'), { code })), code).toBe(true)
  }
  for (const code of ['22P02', '57014', '25P03', '23505', undefined]) {
    expect(isPassing(Object.assign(new Error('x'), { code })), String(code)).toBe(false)
  }
})
