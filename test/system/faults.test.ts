import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fault, type MediaServer, startMediaServer } from '../support/media-server.ts'
import { startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let media: MediaServer
beforeAll(async () => {
  media = await startMediaServer()
  system = await startTestSystem({ WS01: 2, WS02: 2, WS03: 2, WS04: 2, WS05: 2, WS06: 2 })
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
})

/** A fault on one segment, of the first session that asks for it alone: the other device of the batch is well. */
function firstSession(fault: Fault): Fault {
  let first: string | undefined
  return (request, response) => {
    if (!/^chunk-stream\d-00001/.test(request.name)) return false
    first ??= request.session
    return request.session === first && fault(request, response)
  }
}

async function commandsOf(id: string) {
  const { items } = await system.client.getWorkloadCommands(id)
  return items
    .map(({ status, failure, attempts }) => ({ status, failure, attempts }))
    .sort((a, b) => (a.status < b.status ? -1 : 1))
}

/** Each on a workstation of its own, at once. */
describe('a stream', { concurrent: true }, () => {
  test('a stream that is well: both devices play, HLS and DASH, and every request says that it is a test', async () => {
    const urls = [media.video('hls'), media.video('dash', undefined, 'manifest.mpd')]
    for (const url of urls) {
      const done = await system.play([url], { targetWorkstations: ['WS01'] })
      expect(done).toMatchObject({ status: 'completed', completedTasks: 2, totalTasks: 2 })
      const { items } = await system.client.getWorkloadResults(done.id, { timeline: true })
      for (const result of items) {
        expect(result).toMatchObject({ rebufferCount: 0, errorMessage: null, endReason: 'planned', watchPercent: 100 })
        expect(result.bytesDownloaded).toBeGreaterThan(50_000)
        expect(result.timeline?.map((entry) => entry.state).filter(Boolean)).toEqual(['starting', 'playing', 'quit'])
        const own = media.requests.filter((request) => request.session === result.sessionId)
        expect(own.length).toBeGreaterThan(3)
        for (const { cmcd, userAgent } of own) {
          expect(cmcd).toContain('me.doai-synthetic="test"')
          expect(userAgent).toBe('DoAiWorkload/0.1.0 (+playback-test)')
        }
      }
    }
  })

  test('a segment that is 404 is a content failure, not retried, and the batch goes on', async () => {
    const gone = firstSession((_, response) => {
      response.writeHead(404).end()
      return true
    })
    const done = await system.play([media.video('gone', gone)], { targetWorkstations: ['WS06'] })
    expect(done).toMatchObject({ status: 'completed', completedTasks: 1, failedTasks: 1 })
    expect(await commandsOf(done.id)).toEqual([
      { status: 'failed', failure: 'content', attempts: 1 },
      { status: 'succeeded', failure: null, attempts: 1 },
    ])
  })

  test('a segment that is 503 twice and then well: the command is tried again and succeeds', async () => {
    let left = 2
    const busy: Fault = ({ name }, response) => {
      if (name !== 'chunk-stream3-00001.m4s' || left-- <= 0) return false
      response.writeHead(503).end()
      return true
    }
    const url = media.video('busy', busy)
    const config = { batchSizePercent: 50 }
    const done = await system.play([url], { targetWorkstations: ['WS02'], batchConfig: config })
    expect(done).toMatchObject({ status: 'completed', completedTasks: 2 })
    const { rows } = await system.database.pool.query(
      `SELECT a.attempt, a.failure, a.permanent FROM command_attempts a JOIN command_history c ON c.id = a.command_id
     WHERE c.workload_id = $1 ORDER BY c.id, a.attempt`,
      [done.id],
    )
    expect(rows).toEqual([
      { attempt: 1, failure: 'content', permanent: false },
      { attempt: 2, failure: null, permanent: false },
      { attempt: 1, failure: null, permanent: false },
    ])
  })

  test('a redirect to an unverified host is refused, not retried, and nothing is sent there', async () => {
    const other = await startMediaServer()
    const { port } = new URL(other.url)
    const away = firstSession(({ name }, response) => {
      response.writeHead(302, { location: `http://media.example.com:${port}/x/${name}` }).end()
      return true
    })
    const done = await system.play([media.video('away', away)], { targetWorkstations: ['WS03'] })
    expect(await commandsOf(done.id)).toEqual([
      { status: 'failed', failure: 'refused', attempts: 1 },
      { status: 'succeeded', failure: null, attempts: 1 },
    ])
    const failed = (await system.client.getWorkloadResults(done.id)).items.find((result) => result.failure !== null)
    expect(failed?.errorMessage).toContain('media.example.com')
    expect(other.requests).toEqual([])
    await other[Symbol.asyncDispose]()
  })

  test('a server that hangs is a time-out, retried as often as was said, and the batch goes on', async () => {
    let hung = 0
    const hang: Fault = ({ name }) => {
      if (!/^chunk-stream\d-00001/.test(name)) return false
      hung += 1
      return true
    }
    const url = media.video('hang', hang)
    const batchConfig = { maxRetries: 1, commandTimeoutSeconds: 10 }
    const done = await system.play([url], { targetWorkstations: ['WS04'], batchConfig })
    expect(done).toMatchObject({ status: 'completed', failedTasks: 2, completedTasks: 0 })
    expect(await commandsOf(done.id)).toEqual([
      { status: 'failed', failure: 'timeout', attempts: 2 },
      { status: 'failed', failure: 'timeout', attempts: 2 },
    ])
    expect(hung).toBeGreaterThanOrEqual(4)
  })

  test('an unverified origin, found at listing, is the workload’s error and names the origin', async () => {
    const done = await system.play(['https://media.example.com/a/master.m3u8'])
    expect(done).toMatchObject({ status: 'error', completedTasks: 0 })
    expect(done.reason).toContain('https://media.example.com is not a verified origin')
    expect((await system.client.getWorkloadCommands(done.id)).items).toEqual([])
  })

  const page: Fault = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><html>Sign in</html>')
    return true
  }

  test('a manifest that is HTML is the workload’s error, or a skipped video where the workload says so', async () => {
    const html = media.video('html', page)
    const failed = await system.play([html], { targetWorkstations: ['WS05'] })
    expect(failed).toMatchObject({ status: 'error' })
    expect(failed.reason).toContain('it is an HTML page')
    const skipped = await system.play([html, media.video('after-html')], {
      targetWorkstations: ['WS05'],
      onVideoError: 'skip',
    })
    expect(skipped).toMatchObject({ status: 'completed', completedTasks: 2, skippedTasks: 2, totalTasks: 4 })
  })
})

test('the same seed draws the same watch times and interactions, and another seed others', async () => {
  const url = media.video('seeded')
  const watch = (seed: string) => ({
    watchDurationMin: 1,
    watchDurationMax: 20,
    pauseProbability: 0.5,
    seekProbability: 0.5,
    qualitySwitchProbability: 0.5,
    seed,
  })
  const plansOf = async (seed: string) => {
    const { id } = await system.client.createWorkload({
      name: seed,
      videoIds: [(await system.client.createVideo({ url })).id],
      batchConfig: { batchSizePercent: 100 },
      watchConfig: watch(seed),
    })
    await system.client.startWorkload(id)
    for await (const { workload } of system.client.watchWorkload(id)) if (workload.totalTasks > 0) break
    await system.client.cancelWorkload(id)
    await system.ended(id)
    const { items } = await system.client.getWorkloadCommands(id)
    expect(items).toHaveLength(12)
    return items.map(({ device, plan }) => ({ device, plan }))
  }
  const first = await plansOf('tonight')
  expect(await plansOf('tonight')).toEqual(first)
  expect(await plansOf('tomorrow')).not.toEqual(first)
})

test('two workloads that want the same devices: none plays two at once, and both finish', async () => {
  const urls = [media.video('one'), media.video('two')]
  const ends = await Promise.all(urls.map((url) => system.play([url], { targetWorkstations: ['WS01'] })))
  for (const end of ends) expect(end).toMatchObject({ status: 'completed', completedTasks: 2 })
  // An attempt that was called off before it began has no beginning, and played nothing.
  const { rows } = await system.database.pool.query(
    `SELECT
       (SELECT count(*)::int FROM command_attempts a JOIN command_attempts b ON a.device_id = b.device_id AND a.id < b.id
        WHERE a.started_at IS NOT NULL AND b.started_at IS NOT NULL
          AND tstzrange(a.started_at, a.ended_at) && tstzrange(b.started_at, b.ended_at)) AS overlaps,
       (SELECT count(*)::int FROM command_attempts a JOIN results r USING (command_id, attempt)
        WHERE a.started_at IS NULL AND r.playing_ms > 0) AS "playedUnbegun",
       (SELECT count(*)::int FROM command_attempts WHERE started_at IS NOT NULL) > 20 AS compared`,
  )
  expect(rows).toEqual([{ overlaps: 0, playedUnbegun: 0, compared: true }])
})
