import { createHash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { AGENT_INSTANCE_HEADER, AGENT_PROTOCOL, agentCalls } from '../../src/protocol/agent-calls.ts'
import { allCalls } from '../../src/protocol/all-calls.ts'
import { enrolDevices, linkWith, type TestLink, tradedLink } from '../support/agent-call.ts'
import { type Fault, type MediaServer, startMediaServer } from '../support/media-server.ts'
import { createOf, startAnotherController, startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let media: MediaServer
let agent: TestLink
beforeAll(async () => {
  media = await startMediaServer()
  system = await startTestSystem({})
  agent = await tradedLink(system.client, system.url, 'WS01')
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
})

type Holder = 'nobody' | 'viewer' | 'operator' | 'admin' | 'agent' | 'enrolment'

/** Who may make which call: the whole table, written out. */
const MAY: Record<string, readonly Holder[]> = {
  ...of(
    ['viewer', 'operator', 'admin'],
    [
      'getVideos getVideo getOrigins getWorkloads getWorkload getWorkloadStatus getWorkloadBatches getWorkloadCommands',
      'getWorkloadResults getResultScreenshot getWorkloadLogs getWorkloadStats whyWorkload getWorkstations getDevices getDeviceGroups',
      'getDevice getDeviceSessions getCommandAttempts getResult signIn getSignIn signOut',
      'whyDevice getWorkloadReport getWorkloadGates getWorkloadHistory createPlan getSchedules',
    ],
  ),
  ...of(
    ['operator', 'admin'],
    [
      'createVideo probeVideo createOrigin verifyOrigin createWorkload startWorkload pauseWorkload resumeWorkload',
      'cancelWorkload retryWorkload drainDevice releaseDevice removeDevice createSchedule',
      'removeSchedule',
    ],
  ),
  ...of(['admin'], ['createToken getTokens revokeToken getAudit removeWorkstation']),
  ...of(['agent'], ['agentEnrol agentLease agentStart agentHeartbeat agentReport agentLeave']),
  ...of(['enrolment'], ['agentTrade']),
}

function of(holders: readonly Holder[], names: string[]): Record<string, readonly Holder[]> {
  return Object.fromEntries(names.flatMap((line) => line.split(' ')).map((name) => [name, holders]))
}

async function tokenOf(holder: Holder): Promise<string> {
  if (holder === 'nobody') return 'doai_nobody'
  if (holder === 'agent') return agent.secret
  if (holder === 'enrolment') return (await system.client.createToken({ role: 'agent', workstation: 'WS01' })).token
  return (await system.client.createToken({ role: holder })).token
}

/** What a call is refused with that nobody could carry out: it comes after the question who asks. */
const NOTHING = '01890000-0000-7000-8000-000000000000'

async function ask(name: string, token: string): Promise<number> {
  const call = allCalls[name]
  if (!call) throw new Error(`there is no call ${name}`)
  const path = call.path.replace('{workstation}', 'WS01').replace('{id}', NOTHING)
  const response = await fetch(`${system.url}/api/v1${path}`, {
    method: call.method.toUpperCase(),
    headers: {
      authorization: `Bearer ${token}`,
      [AGENT_PROTOCOL.header]: String(AGENT_PROTOCOL.current),
      [AGENT_INSTANCE_HEADER]: agent.instance,
    },
    ...(call.method === 'post' ? { body: '{"nonsense":true}' } : {}),
  })
  await response.body?.cancel()
  return response.status
}

test('the table names every call there is', () => {
  expect(Object.keys(MAY).sort()).toEqual(Object.keys(allCalls).sort())
})

async function wronglyAnswered(holder: Holder): Promise<string[]> {
  const token = await tokenOf(holder)
  const wrong: string[] = []
  for (const [name, holders] of Object.entries(MAY)) {
    const status = await ask(name, token)
    // One token that fails many times in a row is told to wait in the end.
    const refused = holder === 'nobody' ? [401, 429] : [403]
    const asMeant = holders.includes(holder) ? status !== 401 && status !== 403 : refused.includes(status)
    if (!asMeant) wrong.push(`${name}: ${status}`)
  }
  return wrong
}

test.each(['viewer', 'operator', 'admin', 'agent', 'enrolment'] as const)(
  'role × route: what %s may call, and what not',
  async (holder) => {
    expect(await wronglyAnswered(holder)).toEqual([])
  },
)

test('what was refused is logged, and so is what was done; no secret is in either', async () => {
  const { items } = await system.client.getAudit({ limit: 1000 })
  const of403 = items.find(({ status, role }) => status === 403 && role === 'viewer')
  expect(of403).toMatchObject({ detail: 'The role viewer may not do this.', address: '127.0.0.1' })
  expect(items.find(({ action, status }) => action === 'createToken' && status === 201)).toMatchObject({
    tokenName: expect.stringContaining('first start on '),
    role: 'admin',
    target: '/api/v1/tokens',
  })
  const { rows } = await system.database.pool.query(
    `SELECT (SELECT string_agg(t::text, '') FROM tokens t) || (SELECT string_agg(a::text, '') FROM audit_log a)
       || coalesce((SELECT string_agg(l::text, '') FROM workload_logs l), '')
       || coalesce((SELECT string_agg(e::text, '') FROM workload_events e), '') AS all`,
  )
  for (const secret of [system.adminToken, agent.secret]) {
    expect(rows[0].all).toContain(createHash('sha256').update(secret).digest('hex'))
    expect(rows[0].all).not.toContain(secret)
  }
})

test('what a signed url carries is told to nobody: not in logs, events, results or reasons', async () => {
  await enrolDevices(agent, 1)
  const html: Fault = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    return true
  }
  const url = `${media.video('signed', html)}?Signature=s3cr3t`
  const { id } = await createOf(system.client, [url], { targetDevices: ['WS01-S01'] })
  await system.client.startWorkload(id)
  const ended = await system.ended(id)
  expect(ended).toMatchObject({ status: 'error', reason: expect.stringContaining('signed/master.m3u8') })
  const { rows } = await system.database.pool.query(
    `SELECT string_agg(t, '') AS all FROM (SELECT l::text AS t FROM workload_logs l
       UNION ALL SELECT e::text FROM workload_events e UNION ALL SELECT r::text FROM results r
       UNION ALL SELECT a::text FROM audit_log a UNION ALL SELECT w.reason FROM workloads w) t`,
  )
  expect(rows[0].all).toContain('signed/master.m3u8')
  expect(rows[0].all).not.toContain('s3cr3t')
})

test('a one-time token is good once, for the credential that it was traded for; a new one takes its place', async () => {
  const { token } = await system.client.createToken({ role: 'agent', workstation: 'WS05' })
  const trade = (secret: string) => {
    const credentialSha256 = createHash('sha256').update(secret).digest('hex')
    return linkWith(system.url, 'WS05', token, uuidv7()).call(agentCalls.trade, { body: { credentialSha256 } })
  }
  await trade('first')
  // Its answer was lost: it is asked again.
  await trade('first')
  await expect(trade('second')).rejects.toMatchObject({ status: 403, message: expect.stringContaining('already') })
  const first = { link: linkWith(system.url, 'WS05', 'first', uuidv7()), secret: 'first', instance: '' }
  await enrolDevices(first, 1)
  const next = await tradedLink(system.client, system.url, 'WS05')
  await expect(enrolDevices(first, 1)).rejects.toMatchObject({ status: 401, message: 'This token was revoked.' })
  await enrolDevices(next, 1)
  const { items } = await system.client.getTokens()
  const ofIt = items.filter(({ workstation }) => workstation === 'WS05').map(({ role, state }) => `${role} ${state}`)
  expect(ofIt.sort()).toEqual(['agent revoked', 'agent valid', 'enrolment used', 'enrolment used'])
})

test('a credential whose first trade its agent never heard of comes again with a new token; repeats at once are one', async () => {
  const { token: first } = await system.client.createToken({ role: 'agent', workstation: 'WS08' })
  const { token: second } = await system.client.createToken({ role: 'agent', workstation: 'WS08' })
  const credentialSha256 = createHash('sha256').update('kept').digest('hex')
  const trade = (token: string) =>
    linkWith(system.url, 'WS08', token, uuidv7()).call(agentCalls.trade, { body: { credentialSha256 } })
  await Promise.all([trade(first), trade(first), trade(first)])
  await trade(second)
  await enrolDevices({ link: linkWith(system.url, 'WS08', 'kept', uuidv7()), secret: 'kept', instance: '' }, 1)
  // Two tokens traded at once for two secrets: one credential is left.
  const tokens = await Promise.all([1, 2].map(() => system.client.createToken({ role: 'agent', workstation: 'WS08' })))
  await Promise.all(
    tokens.map(({ token }, at) => {
      const sha256 = createHash('sha256').update(`at once ${at}`).digest('hex')
      const link = linkWith(system.url, 'WS08', token, uuidv7())
      return link.call(agentCalls.trade, { body: { credentialSha256: sha256 } })
    }),
  )
  const { items } = await system.client.getTokens()
  const valid = items.filter((one) => one.workstation === 'WS08' && one.role === 'agent' && one.state === 'valid')
  expect(valid).toHaveLength(1)
})

test('another workstation’s agent, an expired and a revoked token, a forged fence: refused, logged, nothing changed', async () => {
  const [device = ''] = await enrolDevices(agent, 1)
  const { id } = await createOf(system.client, [media.video('fence')], { targetDevices: ['WS01-S01'] })
  await system.client.startWorkload(id)
  const leased = await agent.link.call(agentCalls.lease, { body: { freeDevices: [device], waitSeconds: 10 } })
  const token = leased.commands[0]?.token ?? ''
  expect(token).not.toBe('')
  const before = async () => {
    const tables = ['command_history', 'command_attempts', 'results', 'devices', 'batches']
    const rows = await Promise.all(tables.map((t) => system.database.pool.query(`SELECT * FROM ${t} ORDER BY 1, 2, 3`)))
    return rows.map((all) => all.rows)
  }
  const untouched = await before()

  const other = await tradedLink(system.client, system.url, 'WS06')
  const asOther = linkWith(system.url, 'WS01', other.secret, other.instance)
  for (const call of [agentCalls.start, agentCalls.heartbeat, agentCalls.report, agentCalls.leave]) {
    await expect(asOther.call(call as never, { body: {} as never })).rejects.toMatchObject({
      status: expect.any(Number),
    })
  }
  await expect(asOther.call(agentCalls.start, { body: { tokens: [token] } })).rejects.toMatchObject({ status: 403 })
  const expiresAt = new Date(Date.now() + 200).toISOString()
  const expiring = await system.client.createToken({ role: 'operator', expiresAt })
  const revoked = await system.client.createToken({ role: 'operator' })
  await system.client.revokeToken(revoked.id)
  await new Promise((done) => setTimeout(done, Date.parse(expiresAt) - Date.now() + 50))
  for (const [bad, message] of [
    [expiring.token, 'This token has expired.'],
    [revoked.token, 'This token was revoked.'],
  ] as const) {
    const client = createClient({ url: system.url, token: bad })
    await expect(client.cancelWorkload(id)).rejects.toMatchObject({ status: 401, message })
  }
  await enrolDevices(other, 1)
  const untouchedSince = await before()
  expect(await other.link.call(agentCalls.start, { body: { tokens: [token, uuidv7()] } })).toEqual({ tokens: [] })
  expect(await other.link.call(agentCalls.heartbeat, { body: { held: [token] } })).toEqual({ stop: [token] })
  const stale = linkWith(system.url, 'WS01', agent.secret, uuidv7())
  await expect(stale.call(agentCalls.start, { body: { tokens: [token] } })).resolves.toEqual({ tokens: [] })
  await expect(stale.call(agentCalls.heartbeat, { body: { held: [token] } })).rejects.toMatchObject({ status: 409 })
  await expect(stale.call(agentCalls.lease, { body: { freeDevices: [device], waitSeconds: 0 } })).rejects.toMatchObject(
    { status: 409 },
  )
  expect(await before()).toEqual(untouchedSince)
  expect(untouchedSince.slice(0, 3)).toEqual(untouched.slice(0, 3))
  const { items } = await system.client.getAudit({ limit: 1000 })
  const details = items.map(({ detail }) => detail)
  expect(details).toContain('This token is for WS06, not for WS01.')
  expect(details).toContain('This token has expired.')
  expect(details).toContain('This token was revoked.')
  expect(details).toContain("2 fencing tokens are none of WS06's: ignored.")
  await system.client.cancelWorkload(id)
})

test('an agent that is too old, or newer than its controller, is told what to update', async () => {
  const call = (protocol: string | null) =>
    fetch(`${system.url}/api/v1/agents/WS01/heartbeat`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${agent.secret}`,
        [AGENT_INSTANCE_HEADER]: agent.instance,
        ...(protocol === null ? {} : { [AGENT_PROTOCOL.header]: protocol }),
      },
      body: '{"held":[]}',
    })
  const { current, oldest } = AGENT_PROTOCOL
  const old = await call(null)
  expect([old.status, ((await old.json()) as { detail: string }).detail]).toEqual([
    426,
    `This agent speaks protocol 1, and this controller ${oldest} to ${current}: update doai on WS01.`,
  ])
  const newer = await call(String(current + 1))
  expect([newer.status, ((await newer.json()) as { detail: string }).detail]).toEqual([
    426,
    `This agent speaks protocol ${current + 1}, and this controller ${oldest} to ${current}: update the controller.`,
  ])
})

test('role × route: nobody may call anything', async () => {
  expect(await wronglyAnswered('nobody')).toEqual([])
})

const statusOf = async (url: string, token: string) => {
  const response = await fetch(`${url}/api/v1/devices`, { headers: { authorization: `Bearer ${token}` } })
  await response.body?.cancel()
  return { status: response.status, retryAfter: response.headers.get('retry-after') }
}

/** How each of so many requests with one token was answered, all sent at once. */
const burst = (url: string, token: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => statusOf(url, token)))

test('a token that failed often waits for seconds, however often it is sent at once; no other token does', async () => {
  const { token: revoked, id } = await system.client.createToken({ role: 'operator' })
  await system.client.revokeToken(id)
  await burst(system.url, revoked, 400)
  const waits: string[] = []
  await expect
    .poll(async () => {
      const answered = await burst(system.url, revoked, 30)
      waits.push(...answered.flatMap(({ retryAfter }) => retryAfter ?? []))
      return waits.length
    })
    .toBeGreaterThan(0)
  expect([...new Set(waits)].filter((seconds) => Number(seconds) > 2)).toEqual([])
  const { token: good } = await system.client.createToken({ role: 'viewer' })
  expect(await statusOf(system.url, good)).toEqual({ status: 200, retryAfter: null })
  // Whoever asks at the pace that it is told is told what is the matter.
  await expect.poll(async () => (await statusOf(system.url, revoked)).status, { interval: 2500 }).toBe(401)
})

test('a restarted controller, which knows no token yet, admits a good one in the middle of guesses', async () => {
  await using other = await startAnotherController(system)
  const guesses = Array.from({ length: 400 }, (_, at) => `doai_guess${at}`)
  const guessing = Promise.all(guesses.map((token) => statusOf(other.url, token)))
  const { token: good } = await system.client.createToken({ role: 'viewer' })
  expect((await statusOf(other.url, good)).status).toBe(200)
  expect(new Set((await guessing).map(({ status }) => status))).toEqual(new Set([401]))
  expect((await statusOf(other.url, system.adminToken)).status).toBe(200)
})

test('a token that failed often is good at once when it becomes good', async () => {
  const { token } = await system.client.createToken({ role: 'agent', workstation: 'WS07' })
  await burst(system.url, 'to-be-traded', 50)
  const credentialSha256 = createHash('sha256').update('to-be-traded').digest('hex')
  await linkWith(system.url, 'WS07', token, uuidv7()).call(agentCalls.trade, { body: { credentialSha256 } })
  const link = { link: linkWith(system.url, 'WS07', 'to-be-traded', uuidv7()), secret: '', instance: '' }
  await expect.poll(() => enrolDevices(link, 1).catch((error: Error) => error.message)).toHaveLength(1)
})
