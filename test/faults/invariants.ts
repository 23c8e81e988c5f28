import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { type JournalRecord, readRecords } from '../../src/agent/journal.ts'

/** What must hold after any faults; each a list of what does not, so that a failure names the cases. */
export type Findings = {
  commands: number
  attempts: number
  sessions: number
  reports: number
  /** Commands that are in no final state though their workload is, or whose counters disagree. */
  unsettled: string[]
  miscounted: string[]
  /** Results that count twice for one device, video and cycle. */
  countedTwice: string[]
  /** Reports that a controller said it has, and has not. */
  lost: string[]
  /** Sessions that an agent began and no attempt records, or that were begun twice. */
  unrecorded: string[]
  /**
   * Leases that a crash of the database undid after their agent had written them down, and before any controller let
   * it start them: nothing played, and the command was leased anew. Not a fault; counted so that it can be seen.
   */
  undone: number
  /** Two sessions at once on one device. */
  overlaps: string[]
  /** Sessions that a journal has not brought to their end. */
  unfinished: string[]
}

/** Looks at the database and at the agents' journals. */
export async function examine(databaseUrl: string, journals: readonly string[]): Promise<Findings> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    const records = await Promise.all(journals.map(readJournal))
    return { ...(await examineRows(client)), ...(await examineJournals(client, records)) }
  } finally {
    await client.end()
  }
}

async function examineRows(client: pg.Client) {
  const ids = async (sql: string) => (await client.query<{ id: string }>(sql)).rows.map(({ id }) => id)
  const count = async (table: string) => Number((await client.query(`SELECT count(*) FROM ${table}`)).rows[0].count)
  return {
    commands: await count('command_history'),
    attempts: await count('command_attempts'),
    unsettled: await ids(
      `SELECT c.id || ' ' || c.status AS id FROM command_history c JOIN workloads w ON w.id = c.workload_id
       WHERE (w.finished_at IS NOT NULL OR c.cycle < w.cycle) AND
         (c.finished_at IS NULL OR c.status NOT IN ('succeeded', 'failed', 'skipped', 'cancelled'))
       OR c.status IN ('succeeded', 'failed') AND c.result_id IS NULL
       UNION ALL
       SELECT w.id || ' ' || w.status FROM workloads w WHERE finished_at IS NULL AND status NOT IN ('pending', 'paused')`,
    ),
    miscounted: await ids(
      `SELECT b.workload_id || ' ' || b.cycle || ' ' || b.batch AS id FROM batches b,
         LATERAL (SELECT count(*) AS total, count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE status = 'failed') AS failed, count(*) FILTER (WHERE status = 'skipped') AS skipped,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled FROM command_history c
           WHERE c.workload_id = b.workload_id AND c.cycle = b.cycle AND c.batch = b.batch) c
       WHERE (b.total, b.succeeded, b.failed, b.skipped, b.cancelled)
         IS DISTINCT FROM (c.total, c.succeeded, c.failed, c.skipped, c.cancelled)
       UNION ALL
       SELECT w.id || ' tally' FROM workloads w,
         LATERAL (SELECT count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE status = 'failed') AS failed FROM command_history c WHERE c.workload_id = w.id) c
       WHERE w.finished_at IS NOT NULL AND ((w.state #>> '{tally,completed}')::int, (w.state #>> '{tally,failed}')::int)
         IS DISTINCT FROM (c.succeeded, c.failed)
       UNION ALL
       SELECT v.id || ' completed_count' FROM videos v WHERE completed_count <>
         (SELECT count(*) FROM command_history c JOIN workloads w ON w.id = c.workload_id
          WHERE c.video_id = v.id AND c.status = 'succeeded' AND w.finished_at IS NOT NULL)`,
    ),
    countedTwice: await ids(
      `SELECT c.workload_id || ' ' || c.device_id || ' ' || c.cycle AS id
       FROM command_history c JOIN results r ON r.id = c.result_id
       GROUP BY c.workload_id, c.device_id, c.video_id, c.cycle HAVING count(*) > 1
       UNION ALL SELECT result_id::text FROM command_history WHERE result_id IS NOT NULL
       GROUP BY result_id HAVING count(*) > 1
       UNION ALL SELECT command_id || ' ' || attempt FROM results WHERE NOT by_engine
       GROUP BY command_id, attempt HAVING count(*) > 1`,
    ),
  }
}

async function readJournal(directory: string): Promise<JournalRecord[]> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('journal-')).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return texts.flatMap((text) => readRecords(text).records)
}

type Session = { token: string; device: string; from: number; to: number | null }

async function examineJournals(client: pg.Client, journals: JournalRecord[][]) {
  const sessions = journals.flatMap(sessionsOf)
  const tokens = sessions.map(({ token }) => token)
  const { rows } = await client.query<{ token: string; reported: boolean }>(
    `SELECT a.id AS token, EXISTS (SELECT FROM results r
       WHERE r.command_id = a.command_id AND r.attempt = a.attempt AND NOT r.by_engine) AS reported
     FROM command_attempts a WHERE a.id = ANY ($1)`,
    [tokens],
  )
  const recorded = new Map(rows.map(({ token, reported }) => [token, reported]))
  const begun = Map.groupBy(tokens, (token) => token)
  const twice = [...begun].flatMap(([token, all]) => (all.length > 1 ? [token] : []))
  const receipts = journals.flat().filter((record) => record.kind === 'reported')
  const had = receipts.filter(({ receipt }) => ['counted', 'evidence', 'repeated'].includes(receipt))
  const done = new Set([...receipts, ...journals.flat().filter(({ kind }) => kind === 'dropped')].map(tokenOf))
  const undone = undoneOf(journals).filter((token) => !recorded.has(token))
  return {
    sessions: sessions.length,
    reports: had.length,
    undone: undone.length,
    lost: had.filter(({ token }) => recorded.get(token) !== true).map(({ token }) => token),
    unrecorded: [...twice, ...tokens.filter((token) => !recorded.has(token) && !undone.includes(token))],
    overlaps: overlapsOf(sessions),
    unfinished: tokens.filter((token) => !done.has(token)),
  }
}

/** Begun by an agent that died before it played: its successor reported it lost, and no controller knew of it. */
function undoneOf(journals: JournalRecord[][]): string[] {
  const records = journals.flat()
  const lost = new Set(
    records.flatMap((one) => (one.kind === 'ended' && one.report.failure?.kind === 'lost' ? [one.token] : [])),
  )
  const unknown = records.flatMap((one) => (one.kind === 'reported' && one.receipt === 'unknown' ? [one.token] : []))
  return unknown.filter((token) => lost.has(token))
}

function tokenOf(record: JournalRecord): string {
  return 'token' in record ? record.token : ''
}

/** A session lasts until it is said to have ended, or until its agent was started again. */
function sessionsOf(records: JournalRecord[]): Session[] {
  const sessions: Session[] = []
  const open = new Map<string, Session>()
  /** They were let begin by nobody, and did not. */
  const dropped = new Set<Session>()
  let instance = ''
  const close = (token: string, at: number) => {
    const session = open.get(token)
    if (session) session.to = at
    open.delete(token)
  }
  for (const record of records) {
    const at = Date.parse(record.at)
    if (record.kind === 'opened' && record.instance !== instance) {
      instance = record.instance
      for (const token of [...open.keys()]) close(token, at)
    }
    // Without a device it was carried over from an earlier file.
    if (record.kind === 'begun' && record.device !== '') {
      const session: Session = { token: record.token, device: record.device, from: at, to: null }
      sessions.push(session)
      open.set(record.token, session)
    }
    if (record.kind === 'ended') close(record.token, at)
    if (record.kind === 'dropped') {
      const session = open.get(record.token)
      if (session) dropped.add(session)
      close(record.token, at)
    }
  }
  return sessions.filter((session) => !dropped.has(session))
}

function overlapsOf(sessions: readonly Session[]): string[] {
  const byDevice = Map.groupBy(sessions, ({ device }) => device)
  return [...byDevice.values()].flatMap((own) => {
    const sorted = own.toSorted((a, b) => a.from - b.from)
    return sorted.flatMap((session, at) => {
      const next = sorted[at + 1]
      const over = next !== undefined && (session.to ?? Number.POSITIVE_INFINITY) > next.from
      return over ? [`${session.device}: ${session.token} and ${next.token}`] : []
    })
  })
}
