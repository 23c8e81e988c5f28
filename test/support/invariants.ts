import type { Pool } from 'pg'
import { VERDICT_INVARIANTS } from './invariants-verdict.ts'

/** What the records say is so, whatever happened; the statement gives what is not, a text each. */
export type Invariant = { name: string; broken: string }

/** A workload whose waits somebody ended by hand, or whose clock was set back, keeps no interval. */
const TIMED = `NOT EXISTS (SELECT FROM workload_events e WHERE e.workload_id = w.id
  AND e.type IN ('test.skipped-wait', 'test.clock-set-back'))`
/** The pace of time-of-day profiles is the cycle's own; without them it is the config's. */
const PACED = `w.config -> 'timeProfiles' IN ('null')`
/** Rests and delays are counted anew by whoever resumes. */
const UNPAUSED = `NOT EXISTS (SELECT FROM workload_events e WHERE e.workload_id = w.id AND e.type = 'workload.step'
  AND e.data #>> '{after,phase,status}' = 'paused')`
const seconds = (field: string) => `make_interval(secs => (w.config #>> '{batchConfig,${field}}')::float8)`
/** Of its own pace, which tests shorten. */
const rest = (field: string) => `make_interval(secs => (w.state #>> '{pace,${field}}')::float8)`
/** Instants are kept to the microsecond, and the lifecycle counts in ms. */
const ROUNDING = `interval '1 ms'`

const INVARIANTS: readonly Invariant[] = [
  {
    name: 'a result names its player with version and digest or names none, and it is the one that its workload chose',
    broken: `SELECT r.id || ' ' || concat_ws(' ', r.player, r.player_version, r.player_digest)
      FROM results r JOIN command_history c ON c.id = r.command_id JOIN workloads w ON w.id = c.workload_id
      WHERE num_nulls(r.player, r.player_version, r.player_digest) NOT IN (0, 3)
        OR r.player <> coalesce(w.config #>> '{watchConfig,player,name}', 'shaka')`,
  },
  {
    name: 'no attempt is leased before its batch was opened',
    broken: `SELECT a.id || ' leased at ' || a.leased_at || ', batch ' || b.batch_group || ' opened at ' || coalesce(b.started_at::text, 'no time')
      FROM command_attempts a JOIN command_history c ON c.id = a.command_id
      JOIN batches b USING (workload_id, cycle, batch) JOIN workloads w ON w.id = c.workload_id
      WHERE (b.started_at IS NULL OR a.leased_at < b.started_at) AND ${TIMED}`,
  },
  {
    name: 'no batch opens within the interval after the end of the one before',
    broken: `SELECT b.workload_id || ' ' || b.cycle || ' ' || b.batch_group || ': ' || (b.started_at - a.ended_at)
      FROM batches a JOIN batches b ON b.workload_id = a.workload_id AND b.cycle = a.cycle AND b.batch = a.batch + 1
      JOIN workloads w ON w.id = a.workload_id
      WHERE b.started_at IS NOT NULL AND ${TIMED} AND ${PACED}
        AND (a.ended_at IS NULL OR b.started_at < a.ended_at + ${rest('batchIntervalSeconds')} - ${ROUNDING})`,
  },
  {
    name: 'no cycle opens within the interval after the end of the one before',
    broken: `SELECT w.id || ' cycle ' || b.cycle || ': ' || (min(b.started_at) - max(a.ended_at))
      FROM workloads w JOIN batches a ON a.workload_id = w.id JOIN batches b ON b.workload_id = w.id AND b.cycle = a.cycle + 1
      WHERE ${TIMED} AND ${PACED} AND ${UNPAUSED} GROUP BY w.id, b.cycle
      HAVING min(b.started_at) < max(a.ended_at) + ${rest('cycleIntervalSeconds')} - ${ROUNDING}`,
  },
  {
    name: 'a batch that ended ended with its last command',
    broken: `SELECT workload_id || ' ' || cycle || ' ' || batch_group FROM batches
      WHERE (ended_at IS NOT NULL AND (started_at IS NULL OR ended_at <> last_settled_at
          OR succeeded + failed + skipped + cancelled <> total))
        OR (ended_at IS NULL AND started_at IS NOT NULL
          AND EXISTS (SELECT FROM workloads w WHERE w.id = workload_id AND w.finished_at IS NOT NULL))`,
  },
  {
    name: 'no more of a workstation than the percentage has a session at once',
    broken: `SELECT w.id || ' ' || s.workstation_id || ': ' || s.together || ' of ' || s.devices
      FROM workloads w, LATERAL (
        SELECT c.workstation_id, a.leased_at, min(n.devices) AS devices, count(*) AS together
        FROM command_attempts a JOIN command_history c ON c.id = a.command_id AND c.workload_id = w.id
        JOIN (SELECT p.cycle, p.workstation_id, count(*) AS devices FROM command_history p WHERE p.workload_id = w.id
          GROUP BY p.cycle, p.workstation_id) n ON n.cycle = c.cycle AND n.workstation_id = c.workstation_id
        JOIN command_history d ON d.workload_id = w.id AND d.workstation_id = c.workstation_id
        JOIN command_attempts o ON o.command_id = d.id AND o.leased_at <= a.leased_at
          AND (o.ended_at IS NULL OR o.ended_at > a.leased_at)
        GROUP BY c.workstation_id, a.id, a.leased_at
      ) s
      WHERE ${PACED} AND ${TIMED}
        AND s.together > (s.devices * (w.config #>> '{batchConfig,batchSizePercent}')::int + 99) / 100`,
  },
  {
    name: 'no device has two sessions at once',
    broken: `SELECT a.id || ' and ' || b.id FROM command_attempts a JOIN command_attempts b
        ON b.device_id = a.device_id AND b.id > a.id AND a.started_at IS NOT NULL AND b.started_at IS NOT NULL
      WHERE tstzrange(a.leased_at, greatest(a.leased_at, a.ended_at)) && tstzrange(b.leased_at, greatest(b.leased_at, b.ended_at))
        AND NOT EXISTS (SELECT FROM workload_events WHERE type = 'test.clock-set-back')`,
  },
  {
    name: 'an attempt is leased, then starts, then ends',
    broken: `SELECT a.id::text FROM command_attempts a
      WHERE (a.started_at < a.leased_at OR a.ended_at < coalesce(a.started_at, a.leased_at))
        AND NOT EXISTS (SELECT FROM workload_events WHERE type = 'test.clock-set-back')`,
  },
  {
    name: 'no command has more attempts than its budgets pay for',
    broken: `SELECT c.id || ': ' || count(*) FROM command_history c JOIN command_attempts a ON a.command_id = c.id
      JOIN workloads w ON w.id = c.workload_id WHERE a.failure IS DISTINCT FROM 'aborted'
      GROUP BY c.id, w.config HAVING count(*) > 1 + (w.config #>> '{batchConfig,maxRetries}')::int + 3`,
  },
  {
    name: 'another attempt waits for the delay',
    broken: `SELECT a.id::text FROM command_attempts a JOIN command_attempts p ON p.command_id = a.command_id AND p.attempt = a.attempt - 1
      JOIN command_history c ON c.id = a.command_id JOIN workloads w ON w.id = c.workload_id
      WHERE ${TIMED} AND ${UNPAUSED} AND p.failure <> 'aborted'
        AND a.leased_at < p.ended_at + ${seconds('retryDelaySeconds')} - ${ROUNDING}`,
  },
  {
    name: 'the counters of a batch are those of its commands',
    broken: `SELECT b.workload_id || ' ' || b.cycle || ' ' || b.batch_group FROM batches b,
        LATERAL (SELECT count(*) AS total, count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
          count(*) FILTER (WHERE status = 'failed') AS failed, count(*) FILTER (WHERE status = 'skipped') AS skipped,
          count(*) FILTER (WHERE status = 'cancelled') AS cancelled FROM command_history c
          WHERE c.workload_id = b.workload_id AND c.cycle = b.cycle AND c.batch = b.batch) c
      WHERE (b.total, b.succeeded, b.failed, b.skipped, b.cancelled)
        IS DISTINCT FROM (c.total, c.succeeded, c.failed, c.skipped, c.cancelled)`,
  },
  {
    name: 'in a final state completed + failed + skipped + cancelled = total, as the commands say',
    broken: `SELECT w.id || ' ' || (w.state -> 'tally') || ' of ' || (w.state -> 'total') FROM workloads w,
        LATERAL (SELECT count(*) FILTER (WHERE status = 'succeeded') AS succeeded, count(*) FILTER (WHERE status = 'failed') AS failed
          FROM command_history c WHERE c.workload_id = w.id) c
      WHERE w.finished_at IS NOT NULL AND ((w.state #>> '{tally,completed}')::int + (w.state #>> '{tally,failed}')::int
          + (w.state #>> '{tally,skipped}')::int + (w.state #>> '{tally,cancelled}')::int <> (w.state ->> 'total')::int
        OR ((w.state #>> '{tally,completed}')::int, (w.state #>> '{tally,failed}')::int) IS DISTINCT FROM (c.succeeded, c.failed))`,
  },
  {
    name: 'a workload that is final has no command or session that is not',
    broken: `SELECT c.id || ' ' || c.status FROM command_history c JOIN workloads w ON w.id = c.workload_id
      WHERE (w.finished_at IS NOT NULL OR c.cycle < w.cycle) AND c.finished_at IS NULL
      UNION ALL SELECT l.command_id || ' is leased' FROM leases l JOIN workloads w ON w.id = l.workload_id
      WHERE w.finished_at IS NOT NULL`,
  },
  {
    name: 'a command is finished exactly in a final state, and then has a result if it was played',
    broken: `SELECT id || ' ' || status FROM command_history
      WHERE (status IN ('succeeded', 'failed', 'skipped', 'cancelled')) <> (finished_at IS NOT NULL)
        OR (status IN ('succeeded', 'failed') AND result_id IS NULL) 
        OR (status = 'failed' AND failure IS NULL) OR (status = 'succeeded' AND failure IS NOT NULL)`,
  },
  {
    name: 'the result that counts is of the last attempt that reported in time, else the engine’s',
    broken: `SELECT c.id::text FROM command_history c LEFT JOIN results r ON r.id = c.result_id, LATERAL (
        SELECT max(a.attempt) AS attempt FROM command_attempts a WHERE a.command_id = c.id AND a.reported AND NOT a.late) last
      WHERE CASE WHEN last.attempt IS NOT NULL
        THEN r.id IS NULL OR r.by_engine OR r.attempt <> last.attempt ELSE r.id IS NOT NULL AND NOT r.by_engine END`,
  },
  {
    name: 'a gate over a batch has no session in its sample whose player was more than 100 ms late, but for the gate on that',
    broken: `SELECT g.workload_id || ' ' || g.rule || ': ' || g.sample || ' of ' || s.reliable
      FROM gate_verdicts g JOIN workloads w ON w.id = g.workload_id, LATERAL (
        SELECT count(*) FILTER (WHERE r.loop_delay_p99_ms IS NULL OR r.loop_delay_p99_ms <= 100) AS reliable
        FROM command_history c JOIN results r ON r.id = c.result_id
        WHERE c.workload_id = g.workload_id AND c.cycle = g.cycle AND c.batch = g.batch) s
      WHERE g.metric <> 'loopDelayP99Ms' AND w.state #>> ARRAY['rules', 'gates', g.gate::text, 'scope'] = 'batch'
        AND g.sample > s.reliable`,
  },
  {
    name: 'no result counts twice, and none is of another command',
    broken: `SELECT result_id::text FROM command_history WHERE result_id IS NOT NULL GROUP BY result_id HAVING count(*) > 1
      UNION ALL SELECT c.id::text FROM command_history c JOIN results r ON r.id = c.result_id WHERE r.command_id <> c.id`,
  },
  {
    name: 'a video’s count is of the devices that ended without error, once per cycle',
    broken: `SELECT v.id || ' ' || v.completed_count || ' and ' || s.least || ' to ' || s.most FROM videos v, LATERAL (
        SELECT count(*) FILTER (WHERE w.finished_at IS NOT NULL OR c.cycle < w.cycle) AS least, count(*) AS most
        FROM command_history c JOIN workloads w ON w.id = c.workload_id
        WHERE c.video_id = v.id AND c.status = 'succeeded') s
      WHERE v.completed_count NOT BETWEEN s.least AND s.most`,
  },
]

/** What a database breaks of what must always hold; a line each. */
export async function brokenInvariants(pool: Pool): Promise<string[]> {
  const found: string[] = []
  for (const { name, broken } of [...INVARIANTS, ...VERDICT_INVARIANTS]) {
    const { rows } = await pool.query<Record<string, string>>(`${broken} LIMIT 5`)
    found.push(...rows.map((row) => `${name}: ${Object.values(row)[0]}`))
  }
  return found
}
