import type pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { createPool, transaction } from '../src/db/pool.ts'
import { type Contestant, eachWorkstation, names, POOL, warm } from './contestant.ts'
import { sessionReport } from './report.ts'

/**
 * The same durable work in the leanest SQL that we can write: a device plays one session at a time, attempts are
 * fenced and kept, each result has its figures in columns and its timeline, and the batch is counted. No retries,
 * requests, events or logs.
 */
export const sqlDispatch: Contestant = {
  name: 'hand-written SQL',
  async prepare(databaseUrl, size) {
    const pool = createPool(databaseUrl, { max: POOL })
    await pool.query(SCHEMA)
    const devices = names(size).flatMap((workstation) => {
      return Array.from({ length: size.devices }, () => ({ id: uuidv7(), workstation }))
    })
    await pool.query(
      'INSERT INTO device (id, workstation) SELECT id, workstation FROM jsonb_to_recordset($1::jsonb) AS d (id uuid, workstation text)',
      [JSON.stringify(devices)],
    )
    let runs = 0
    await warm(() => pool.query('SELECT pg_sleep(0.1)'))
    return {
      async work() {
        await transaction(pool, (tx) => insertCommands(tx, devices))
        await eachWorkstation(size, async (workstation) => {
          const tokens = await transaction(pool, (tx) => lease(tx, workstation, size.devices))
          await transaction(pool, (tx) => start(tx, workstation, tokens))
          await transaction(pool, (tx) => complete(tx, tokens))
        })
        const { rows } = await pool.query<{ done: number }>('SELECT done FROM batch')
        runs += 1
        if (rows[0]?.done !== runs * devices.length) throw new Error(`only ${rows[0]?.done} were done`)
      },
      [Symbol.asyncDispose]: () => pool.end(),
    }
  },
}

/** A result as every contestant but ours stores it: the same figures, each in its column. */
export const RESULT_TABLE = `
  CREATE TABLE result (id uuid PRIMARY KEY, command uuid NOT NULL, attempt int NOT NULL,
    "sessionId" uuid, "watchTime" float8, "watchPercent" float8, "endReason" text, "startupMs" float8,
    "playingMs" float8, "pausedMs" float8, "seekingMs" float8, "rebufferCount" int, "rebufferMs" float8,
    "bitrateAvgKbps" float8, "bitrateTopKbps" float8, "switchCount" int, "throughputKbps" float8, "droppedFrames" int,
    "decodedFrames" int, "bytesDownloaded" bigint, "errorsFatal" int, "errorsNonfatal" int, "errorCodes" text[],
    "loopDelayP99Ms" float8, timeline jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (command, attempt));`

const SCHEMA = `
  CREATE TABLE batch (id int PRIMARY KEY, done int NOT NULL DEFAULT 0);
  INSERT INTO batch (id) VALUES (1);
  CREATE TABLE device (id uuid PRIMARY KEY, workstation text NOT NULL, token uuid, started_at timestamptz,
    expires_at timestamptz) WITH (fillfactor = 50);
  CREATE INDEX ON device (workstation);
  CREATE TABLE command (id uuid PRIMARY KEY, batch int NOT NULL REFERENCES batch, workstation text NOT NULL,
    device uuid NOT NULL REFERENCES device, plan jsonb NOT NULL, status text NOT NULL DEFAULT 'queued',
    attempts int NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now(), leased_at timestamptz,
    started_at timestamptz, finished_at timestamptz, result uuid) WITH (fillfactor = 70);
  CREATE INDEX ON command (batch, workstation) WHERE finished_at IS NULL;
  CREATE TABLE attempt (token uuid PRIMARY KEY, command uuid NOT NULL REFERENCES command, attempt int NOT NULL,
    leased_at timestamptz NOT NULL, started_at timestamptz, ended_at timestamptz, failure text) WITH (fillfactor = 70);
  ${RESULT_TABLE}
  ALTER TABLE result ADD FOREIGN KEY (command) REFERENCES command;`

async function insertCommands(tx: pg.PoolClient, devices: { id: string; workstation: string }[]): Promise<void> {
  const plan = JSON.stringify({ plannedSeconds: 30, interactions: [] })
  await tx.query(
    `INSERT INTO command (id, batch, workstation, device, plan)
     SELECT id, 1, workstation, device, $4 FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS c (id, workstation, device)`,
    [devices.map(() => uuidv7()), devices.map(({ workstation }) => workstation), devices.map(({ id }) => id), plan],
  )
}

async function lease(tx: pg.PoolClient, workstation: string, count: number): Promise<string[]> {
  const { rows } = await tx.query<{ token: string }>(
    `WITH due AS (
       SELECT c.id, gen_random_uuid() AS token FROM command c JOIN device d ON d.id = c.device AND d.token IS NULL
       WHERE batch = 1 AND c.workstation = $1 AND finished_at IS NULL AND status = 'queued'
       LIMIT $2 FOR UPDATE OF c SKIP LOCKED
     ), leased AS (
       UPDATE command c SET status = 'leased', attempts = attempts + 1, leased_at = now() FROM due WHERE c.id = due.id
       RETURNING c.id, c.device, c.attempts, c.plan, token
     ), attempted AS (
       INSERT INTO attempt (token, command, attempt, leased_at) SELECT token, id, attempts, now() FROM leased
     ), reserved AS (
       UPDATE device d SET token = leased.token, expires_at = now() + interval '30 s' FROM leased
       WHERE d.id = leased.device
     )
     SELECT token, id, device, plan FROM leased`,
    [workstation, count],
  )
  return rows.map(({ token }) => token)
}

async function start(tx: pg.PoolClient, workstation: string, tokens: string[]): Promise<void> {
  await tx.query(
    `WITH started AS (
       UPDATE device SET started_at = now(), expires_at = now() + interval '30 s'
       WHERE workstation = $1 AND token = ANY ($2) RETURNING id
     )
     UPDATE command c SET status = 'playing', started_at = now() FROM started
     WHERE c.device = started.id AND c.batch = 1 AND c.workstation = $1 AND c.finished_at IS NULL`,
    [workstation, tokens],
  )
}

async function complete(tx: pg.PoolClient, tokens: string[]): Promise<void> {
  const reports = tokens.map((token) => {
    const { figures, ...report } = sessionReport(uuidv7())
    return { token, id: uuidv7(), ...report, ...figures }
  })
  await tx.query(
    `WITH report AS MATERIALIZED (
       SELECT r.*, x.token, a.command AS of, a.attempt AS n
       FROM jsonb_array_elements($1::jsonb) AS e, jsonb_populate_record(NULL::result, e) AS r,
         jsonb_to_record(e) AS x (token uuid), attempt a WHERE a.token = x.token
     ), done AS (
       UPDATE command c SET status = 'succeeded', finished_at = now(), result = r.id FROM report r
       WHERE c.id = r.of AND c.finished_at IS NULL RETURNING c.id, c.device
     ), ended AS (
       UPDATE attempt a SET started_at = now(), ended_at = now() FROM report r WHERE a.token = r.token
     ), freed AS (
       UPDATE device d SET token = NULL, started_at = NULL, expires_at = NULL FROM done WHERE d.id = done.device
     ), kept AS (
       INSERT INTO result SELECT id, of, n, "sessionId", "watchTime", "watchPercent", "endReason", "startupMs",
         "playingMs", "pausedMs", "seekingMs", "rebufferCount", "rebufferMs", "bitrateAvgKbps", "bitrateTopKbps",
         "switchCount", "throughputKbps", "droppedFrames", "decodedFrames", "bytesDownloaded", "errorsFatal",
         "errorsNonfatal", "errorCodes", "loopDelayP99Ms", timeline, now() FROM report
     )
     UPDATE batch SET done = done + (SELECT count(*) FROM done) WHERE id = 1`,
    [JSON.stringify(reports)],
  )
}
