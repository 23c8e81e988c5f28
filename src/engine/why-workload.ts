import { DEFAULT_PLAYER } from '../domain/player-choice.ts'
import { conclusionText } from '../domain/verdict.ts'
import type { Tally } from '../domain/workload.ts'
import type { Engine } from './engine.ts'
import { MAX_TRIES } from './faults.ts'
import { targetsOf } from './targets.ts'
import type { WorkloadRow } from './workload-row.ts'

type WhyRow = WorkloadRow & {
  seconds: number | null
  retry_seconds: number | null
  group: string | null
  after_name: string | null
  behind: boolean
}

/** What a workload is doing or waiting for: one sentence, from the records. Null where there is no such workload. */
export async function whyWorkload(engine: Engine, id: string): Promise<string | null> {
  const { rows } = await engine.pool.query<WhyRow>(
    `SELECT w.*, extract(epoch FROM w.wake_at - coalesce($2::timestamptz, clock_timestamp()))::float8 AS seconds,
       extract(epoch FROM w.retry_at - coalesce($2::timestamptz, clock_timestamp()))::float8 AS retry_seconds,
       b.batch_group AS group, a.name AS after_name, q.id IS NOT NULL AND q.finished_at IS NULL AS behind
     FROM workloads w LEFT JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
       LEFT JOIN workloads a ON a.id = w.after_id
       LEFT JOIN workloads q ON q.id = w.queued_behind_id
     WHERE w.id = $1`,
    [id, engine.now()],
  )
  const row = rows[0]
  if (!row) return null
  return `“${row.name}” ${await predicate(engine, row, Math.max(0, Math.ceil(row.seconds ?? 0)))}${faultOf(row)}`
}

/** What keeps it from going on, where that failed. */
function faultOf({ fault, tries, retry_seconds: seconds }: WhyRow): string {
  if (fault === null) return ''
  const next =
    seconds !== null && seconds > 0 ? `it is tried again in ${Math.ceil(seconds)} s` : 'it is tried again now'
  return ` That failed ${tries} of ${MAX_TRIES} times (${fault}); ${next}.`
}

async function predicate(engine: Engine, row: WhyRow, seconds: number): Promise<string> {
  const { phase, videoIndex, tally } = row.state
  const video = `video ${videoIndex + 1} of ${row.video_ids.length}`
  switch (phase.status) {
    case 'pending': {
      const { devices } = await targetsOf(engine.pool, row, 0)
      const ends = [row.behind ? 'the run of its schedule before it' : null, row.after_name && `“${row.after_name}”`]
      const waitsFor = ends.filter((end) => end !== null).join(' and of ')
      if (waitsFor !== '') return `waits for the end of ${waitsFor}.`
      if (devices.length === 0) return 'has not been started, and targets no device that is registered.'
      return `has not been started; it would play on ${count(devices.length, 'device')}.`
    }
    case 'listing':
      return `is reading ${video} and proving its origin.`
    case 'executing':
      if (phase.cycle.at.kind === 'resting') {
        return `rests ${seconds} s before batch ${row.group} of ${video}.`
      }
      return `${phase.ending === null ? 'plays' : `is being ${phase.ending.kind === 'cancel' ? 'cancelled' : 'paused'}; it plays`} batch ${row.group} of ${video}: ${await batch(engine, row)}.`
    case 'recording':
      return `is settling ${video}.`
    case 'waiting':
      return `waits ${seconds} s before video ${videoIndex + 2} of ${row.video_ids.length}.`
    case 'paused':
      if (phase.by === 'window') return `is paused by its window: ${phase.reason}`
      return `is paused by ${byWhom(phase.by)}: ${phase.reason} \`doai workload resume ${row.id}\` goes on with it.`
    case 'completed':
    case 'cancelled':
    case 'error':
      return `ended as ${phase.status}: ${outcome(tally)}. ${conclusionText(phase)}`
  }
}

function outcome({ completed, failed, skipped, cancelled }: Tally): string {
  return `${completed} played, ${failed} failed, ${skipped} skipped, ${cancelled} cancelled`
}

function byWhom(by: string): string {
  return by === 'operator' ? 'an operator' : `its ${by}`
}

type BatchNow = {
  playing: number
  leased: number
  retrying: number
  retryIn: number | null
  busy: number
  silent: number
  cooling: number
  free: number
  /** Waiting for a workstation whose agent does not have the workload's player, and which workstations. */
  unplayable: number
  lacking: string[] | null
}

/** What the commands of the open batch are waiting for. */
async function batch(engine: Engine, row: WorkloadRow): Promise<string> {
  const { name: player } = row.config.watchConfig.player ?? DEFAULT_PLAYER
  const { rows } = await engine.pool.query<BatchNow>(
    // One time for all rows: it decides which of them are due.
    `WITH clock AS MATERIALIZED (SELECT coalesce($4::timestamptz, clock_timestamp()) AS now)
     SELECT (count(*) FILTER (WHERE c.status = 'playing'))::int AS playing,
       (count(*) FILTER (WHERE c.status = 'leased'))::int AS leased,
       (count(*) FILTER (WHERE waits AND c.ready_at > now))::int AS retrying,
       extract(epoch FROM min(c.ready_at) FILTER (WHERE waits AND c.ready_at > now) - now)::float8 AS "retryIn",
       (count(*) FILTER (WHERE waits AND c.ready_at <= now AND d.status = 'busy'))::int AS busy,
       (count(*) FILTER (WHERE waits AND c.ready_at <= now AND d.status = 'offline'))::int AS silent,
       (count(*) FILTER (WHERE waits AND c.ready_at <= now AND d.status = 'cooling'))::int AS cooling,
       (count(*) FILTER (WHERE waits AND c.ready_at <= now AND d.status = 'available' AND has))::int AS free,
       (count(*) FILTER (WHERE waits AND c.ready_at <= now AND d.status = 'available' AND NOT has))::int AS unplayable,
       array_agg(DISTINCT w.id ORDER BY w.id) FILTER (WHERE waits AND NOT has) AS lacking
     FROM command_history c LEFT JOIN devices d ON d.id = c.device_id LEFT JOIN workstations w ON w.id = d.workstation_id
       CROSS JOIN clock
       CROSS JOIN LATERAL (
         SELECT c.status IN ('queued', 'retrying') AS waits, coalesce($5 = ANY (w.players), true) AS has
       ) t
     WHERE c.workload_id = $1 AND c.cycle = $2 AND c.batch = $3 AND c.finished_at IS NULL GROUP BY now`,
    [row.id, row.cycle, row.batch, engine.now(), player],
  )
  const now = rows[0]
  if (!now) return 'it is about to end'
  const parts = [
    [now.playing, `${count(now.playing, 'device')} playing`],
    [now.leased, `${now.leased} about to begin`],
    [now.retrying, `${now.retrying} to be tried again, the next in ${Math.ceil(now.retryIn ?? 0)} s`],
    [now.busy, `${now.busy} waiting for a device that plays for another workload`],
    [now.silent, `${now.silent} waiting for a device that is offline`],
    [now.cooling, `${now.cooling} waiting for a device that cools`],
    [now.free, `${now.free} waiting for an agent to ask`],
    [
      now.unplayable,
      `${now.unplayable} waiting for ${player}, which agents do not have: update doai on ${now.lacking?.join(', ')}`,
    ],
  ] as const
  return parts.flatMap(([n, text]) => (n > 0 ? [text] : [])).join(', ') || 'it is about to end'
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
