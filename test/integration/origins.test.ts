import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { advance } from '../../src/engine/advance.ts'
import { addOrigin, type CheckOrigin, playableOrigins, recheckOrigin, verifyOrigin } from '../../src/engine/origins.ts'
import { startWorkload } from '../../src/engine/starts.ts'
import type { Proof } from '../../src/origins/proof.ts'
import { createTestLab, type TestLab } from '../support/lab.ts'

const { signal } = new AbortController()
let lab: TestLab
beforeEach(async () => {
  lab = await createTestLab({ WS01: 2 })
})
afterEach(() => lab[Symbol.asyncDispose]())

const found = (state: Proof['state']): CheckOrigin => {
  return async () => ({ state, reason: state === 'verified' ? null : 'the token is not there' })
}
const asked = (origin: string, pathPrefix = '', allowPrivate = false) =>
  ({ origin, pathPrefix, allowPrivate, cmcdMode: 'query' }) as const

async function verified(...of: Parameters<typeof asked>): Promise<string> {
  const { id } = await addOrigin(lab.engine, asked(...of))
  expect((await verifyOrigin(lab.engine, found('verified'), id, signal))?.state).toBe('verified')
  return id
}

/** A workload that plays the video of this url. */
async function playing(url: string): Promise<string> {
  const videoId = uuidv7()
  await lab.database.pool.query(
    `INSERT INTO videos (id, url, title, duration_seconds, created_at) VALUES ($1, $2, 'A video', 60, $3)`,
    [videoId, url, lab.engine.now()],
  )
  const id = await lab.workload({ videoIds: [videoId] })
  await startWorkload(lab.engine, id, 'start')
  const { rows } = await lab.database.pool.query('SELECT state FROM workloads WHERE id = $1', [id])
  const video = { since: rows[0].state.phase.since, ok: true, durationSeconds: 60, peakKbps: null } as const
  await advance(lab.engine, id, { kind: 'listed', video })
  return id
}

async function statusOf(id: string): Promise<[string, string | null]> {
  const { rows } = await lab.database.pool.query('SELECT status, paused_by FROM workloads WHERE id = $1', [id])
  return [rows[0].status, rows[0].paused_by]
}

const PAUSED = ['paused', 'origin']
const PLAYS = ['executing', null]

test.each([
  ['http://media.example.com', '', 'http://media.example.com:80/a.m3u8'],
  ['https://media.example.com', '', 'https://media.example.com:443/a.m3u8'],
  ['https://media.example.com', '', 'HTTPS://MEDIA.example.COM/a.m3u8'],
  ['https://media.example.com', '/team', 'https://media.example.com/team?token=1'],
  ['https://media.example.com', '/team', 'https://media.example.com/x/../team/a.m3u8#t=3'],
  ['https://media.example.com', '/team', 'https://media.example.com/%74eam/../team/a.m3u8'],
])('%s%s that lost its proof pauses what plays %s', async (origin, prefix, url) => {
  const id = await verified(origin, prefix)
  const workload = await playing(url)
  await verifyOrigin(lab.engine, found('failed'), id, signal)
  expect(await statusOf(workload)).toEqual(PAUSED)
})

test('what another origin still allows plays on, and so does what never was of this one', async () => {
  await verified('https://media.example.com')
  const path = await verified('https://media.example.com', '/team')
  const both = await playing('https://media.example.com/team/a.m3u8')
  const other = await playing('https://media.example.com/teams/a.m3u8')
  await verifyOrigin(lab.engine, found('failed'), path, signal)
  expect([await statusOf(both), await statusOf(other)]).toEqual([PLAYS, PLAYS])
})

test('a proof that is gone and the pause are one transaction: a crash between them is impossible', async () => {
  const id = await verified('https://media.example.com')
  const workload = await playing('https://media.example.com/a.m3u8')
  const { pool } = lab.database
  await pool.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`)
  await pool.query(
    `CREATE TRIGGER refuse BEFORE UPDATE ON workloads FOR EACH ROW WHEN (NEW.status = 'paused') EXECUTE FUNCTION refuse()`,
  )
  await expect(verifyOrigin(lab.engine, found('failed'), id, signal)).rejects.toThrow('no')
  expect(await playableOrigins(pool)).toHaveLength(1)
  await pool.query('DROP TRIGGER refuse ON workloads')
  lab.pass(3601)
  await recheckOrigin(lab.engine, found('failed'), signal)
  expect(await statusOf(workload)).toEqual(PAUSED)
  expect(await playableOrigins(pool)).toEqual([])
})

test('private addresses that are allowed later need a new proof; until then nothing of it is played', async () => {
  const id = await verified('https://media.example.com')
  const workload = await playing('https://media.example.com/a.m3u8')
  const again = await addOrigin(lab.engine, asked('https://media.example.com', '', true))
  expect(again).toMatchObject({ id, state: 'pending', allowPrivate: true })
  expect(await statusOf(workload)).toEqual(PAUSED)
  expect(await playableOrigins(lab.database.pool)).toEqual([])
  await verifyOrigin(lab.engine, found('verified'), id, signal)
  // Less is allowed at once, and the same again changes nothing.
  expect((await addOrigin(lab.engine, asked('https://media.example.com', '', true))).state).toBe('verified')
  expect((await addOrigin(lab.engine, asked('https://media.example.com'))).state).toBe('verified')
  expect(await playableOrigins(lab.database.pool)).toMatchObject([{ allowPrivate: false }])
})
