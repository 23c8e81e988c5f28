import { afterAttempt, type DeviceRecord, QUARANTINE } from '../domain/device.ts'
import type { Failure } from '../domain/failure.ts'
import { failedUnplayed, type SessionReport } from '../domain/playback-result.ts'
import { type Settlement, settleAttempt } from '../domain/settle.ts'
import { countInBatches } from './batch-counts.ts'
import { noteDevices } from './device-events.ts'
import type { Engine, Tx } from './engine.ts'
import { newId } from './new-id.ts'
import { keepPartialReports, type NewPartialReport, type PartialReport } from './partial-reports.ts'
import { countResult, insertResults, type NewResult } from './results.ts'

/** How an attempt ended: by its agent's report, or by the engine's own finding. */
export type AttemptEnded =
  /** `partial` where not all of the report could be taken. */
  | { token: string; kind: 'report'; report: SessionReport; partial?: PartialReport | null }
  | { token: string; kind: 'found'; failure: Failure; message: string; lease?: LeaseSeen }

/** A lease as it was when it was found to be over: one that was started or renewed since is not. */
export type LeaseSeen = { startedAt: string | null; expiresAt: string }

/** What became of a report: counted, kept as evidence, seen before, or of no attempt of this workstation. */
export type Receipt = 'counted' | 'evidence' | 'repeated' | 'unknown'

type AttemptRow = {
  now: string
  token: string
  attempt: number
  attempt_ended: boolean
  reported: boolean
  command_id: string
  status: string
  attempts: number
  retries: number
  infrastructure_retries: number
  workload_id: string
  device_id: string
  /** The result that counts for its command so far. */
  result_id: string | null
  /** How its command failed last, while it goes on. */
  last_failure: Failure | null
  /** When its session began, while it has its lease. */
  started_at: string | null
  expires_at: string | null
  /** In a row, on its device; while it has its lease. */
  device_failures: number | null
  video_id: string
  cycle: number
  batch: number
  rules: SettleRules
}

type Settled = { row: AttemptRow; ended: AttemptEnded; settlement: Settlement; resultId: string | null }

/**
 * Settles attempts in bulk: commands, attempts, leases, results, devices and the batch's counters, in a fixed number
 * of statements. A token whose command is final, or was leased again since, is evidence and counts nothing.
 *
 * @param workstationId whose tokens they must be; null for the engine's own findings.
 */
export async function settleAttempts(
  engine: Engine,
  tx: Tx,
  workstationId: string | null,
  ends: readonly AttemptEnded[],
): Promise<Map<string, Receipt>> {
  const receipts = new Map<string, Receipt>(ends.map((end) => [end.token, 'unknown']))
  const rows = ends.length === 0 ? [] : await lockAttempts(engine, tx, workstationId, [...receipts.keys()])
  if (rows[0] === undefined) return receipts
  const now = new Date(rows[0].now)
  const byToken = new Map(rows.map((row) => [row.token, row]))
  const settled: Settled[] = []
  const results: NewResult[] = []
  const partial: NewPartialReport[] = []
  for (const ended of ends) {
    const row = byToken.get(ended.token)
    if (row === undefined) continue
    const receipt = receiptOf(row, ended)
    receipts.set(ended.token, receipt)
    if (receipt === 'repeated') continue
    const one = receipt === 'counted' ? settleOne(row, ended, now) : null
    if (one !== null) settled.push(one)
    const result = resultOf(row, ended, one)
    if (result !== null) results.push(result)
    if (result !== null && ended.kind === 'report' && ended.partial) {
      const { id: resultId, workloadId, commandId, attempt } = result
      partial.push({ ...ended.partial, resultId, workloadId, commandId, attempt })
    }
    byToken.delete(ended.token)
  }
  await insertResults(tx, results, now)
  await keepPartialReports(tx, partial, now)
  await markLate(tx, ends, receipts)
  await writeSettlements(tx, settled, now)
  return receipts
}

async function lockAttempts(
  engine: Engine,
  tx: Tx,
  workstationId: string | null,
  tokens: string[],
): Promise<AttemptRow[]> {
  const rules = await lockRules(tx, tokens)
  const { rows } = await tx.query<Omit<AttemptRow, 'rules'>>({
    name: 'lock-attempts',
    text: `SELECT a.id AS token, a.attempt, a.ended_at IS NOT NULL AS attempt_ended,
       a.reported, coalesce($3::timestamptz, clock_timestamp())::text AS now,
       c.id AS command_id, c.result_id, c.failure AS last_failure, c.status, c.attempts, c.retries, c.infrastructure_retries, c.workload_id, c.device_id,
       d.lease_started_at::text AS started_at, d.lease_expires_at::text AS expires_at, d.device_failures, c.video_id, c.cycle, c.batch
     FROM command_attempts a JOIN command_history c ON c.id = a.command_id
       LEFT JOIN devices d ON d.id = c.device_id AND d.lease_token = a.id
     WHERE a.id = ANY ($1) AND ($2::text IS NULL OR c.workstation_id = $2)
     ORDER BY c.id FOR UPDATE OF c, a`,
    values: [tokens, workstationId, engine.now()],
  })
  return rows.map((row) => Object.assign(row, { rules: rules.get(row.workload_id) as SettleRules }))
}

type SettleRules = { id: string; cancelling: boolean; maxRetries: number; retryDelaySeconds: number }

/**
 * The key share keeps a cancel from passing between reading whether there is one and settling. It is taken before the
 * commands are locked, as everywhere.
 */
async function lockRules(tx: Tx, tokens: string[]): Promise<Map<string, SettleRules>> {
  const { rows } = await tx.query<SettleRules>(
    `SELECT id, (requested IS NOT DISTINCT FROM 'cancel' OR finished_at IS NOT NULL) AS cancelling,
       (config -> 'batchConfig' ->> 'maxRetries')::int AS "maxRetries",
       (config -> 'batchConfig' ->> 'retryDelaySeconds')::int AS "retryDelaySeconds"
     FROM workloads WHERE id IN (
       SELECT c.workload_id FROM command_attempts a JOIN command_history c ON c.id = a.command_id WHERE a.id = ANY ($1)
     ) ORDER BY id FOR KEY SHARE`,
    [tokens],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

function receiptOf(row: AttemptRow, ended: AttemptEnded): Receipt {
  if (ended.kind === 'found' && (row.attempt_ended || goesOn(row, ended.lease))) return 'repeated'
  if (ended.kind === 'report' && row.reported) return 'repeated'
  const final = ['succeeded', 'failed', 'skipped', 'cancelled'].includes(row.status)
  return final || row.attempts > row.attempt ? 'evidence' : 'counted'
}

function goesOn(row: AttemptRow, seen: LeaseSeen | undefined): boolean {
  return seen !== undefined && (row.started_at !== seen.startedAt || row.expires_at !== seen.expiresAt)
}

function settleOne(row: AttemptRow, ended: AttemptEnded, now: Date): Settled {
  const failure = ended.kind === 'report' ? (ended.report.failure?.kind ?? null) : ended.failure
  const permanent = ended.kind === 'report' && (ended.report.failure?.permanent ?? false)
  const use = { retries: row.retries, infrastructureRetries: row.infrastructure_retries }
  const { cancelling, ...limits } = row.rules
  const settlement = settleAttempt({ failure, permanent }, use, limits, cancelling, now.getTime())
  // A report that is in counts, however the attempts after it ended.
  const resulting = ended.kind === 'report' || (settlement.status === 'failed' && row.result_id === null)
  return { row, ended, settlement, resultId: resulting ? newId() : null }
}

/** A report always leaves a result; a command that fails without one gets a result written by the engine. */
function resultOf(row: AttemptRow, ended: AttemptEnded, settled: Settled | null): NewResult | null {
  const id = settled === null ? newId() : settled.resultId
  if (id === null || (ended.kind === 'found' && settled === null)) return null
  const base = {
    id,
    commandId: row.command_id,
    workloadId: row.workload_id,
    attempt: row.attempt,
    deviceId: row.device_id,
    videoId: row.video_id,
  }
  if (ended.kind === 'report') return { ...base, report: ended.report, byEngine: false }
  return { ...base, report: failedUnplayed(newId(), ended.failure, ended.message), byEngine: true }
}

async function markLate(tx: Tx, ends: readonly AttemptEnded[], receipts: Map<string, Receipt>): Promise<void> {
  const late = ends.flatMap(({ token }) => (receipts.get(token) === 'evidence' ? [token] : []))
  if (late.length > 0)
    await tx.query('UPDATE command_attempts SET late = true, reported = true WHERE id = ANY ($1)', [late])
}

async function writeSettlements(tx: Tx, settled: readonly Settled[], now: Date): Promise<void> {
  if (settled.length === 0) return
  await tx.query({
    name: 'settle',
    text: `WITH s AS MATERIALIZED (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS s (token uuid, command_id uuid, device_id uuid, status text,
         failure text, message text, retries int, infrastructure_retries int, ready_at float8, final boolean,
         result_id uuid, started_at timestamptz, attempt_failure text, permanent boolean, reported boolean,
         device_failures int, quarantine text, settled_by jsonb)
     ), command AS (
       UPDATE command_history c SET status = s.status, failure = s.failure, reason = s.message,
         retries = s.retries, infrastructure_retries = s.infrastructure_retries,
         ready_at = coalesce(to_timestamp(s.ready_at / 1000.0), c.ready_at),
         finished_at = CASE WHEN s.final THEN $2::timestamptz END, ${countResult('s.result_id')}
       FROM s WHERE c.id = s.command_id
       RETURNING c.workload_id, c.id, c.device_id, c.status, c.failure, s.settled_by
     ), event AS (
       INSERT INTO workload_events (workload_id, at, type, data)
       SELECT workload_id, $2, 'commands.settled', jsonb_build_object('commands',
         jsonb_agg(settled_by || jsonb_build_object('id', id, 'deviceId', device_id, 'status', status, 'failure', failure)))
       FROM command GROUP BY workload_id
     ), attempt AS (
       UPDATE command_attempts a SET started_at = coalesce(s.started_at, a.started_at), ended_at = $2, failure = s.attempt_failure,
         permanent = s.permanent, message = s.message, reported = s.reported
       FROM s WHERE a.id = s.token
     )
     UPDATE devices d SET released_at = $2, device_failures = s.device_failures,
       quarantine_reason = coalesce(s.quarantine, d.quarantine_reason),
       quarantined_until = CASE WHEN s.quarantine IS NULL THEN d.quarantined_until
         ELSE $2::timestamptz + make_interval(secs => $3) END,
       lease_token = NULL, lease_command_id = NULL, lease_workload_id = NULL, lease_accept_by = NULL,
       lease_started_at = NULL, lease_run_seconds = NULL, lease_ends_by = NULL, lease_expires_at = NULL,
       lease_stop_reason = NULL
     FROM s WHERE d.id = s.device_id AND d.lease_token = s.token`,
    values: [JSON.stringify(settled.map(changeOf)), now, QUARANTINE.seconds],
  })
  const quarantined = settled.filter((one) => recordOf(one).quarantine !== null)
  await noteDevices(
    tx,
    quarantined.map(({ row }) => row.device_id),
    now,
  )
  await countInBatches(
    tx,
    settled.map(({ row, settlement }) => ({ ...row, settlement })),
    now,
  )
}

/** What the attempt says of its device. */
function recordOf({ row, ended }: Settled): DeviceRecord {
  const failure = ended.kind === 'report' ? (ended.report.failure?.kind ?? null) : ended.failure
  return afterAttempt(row.device_failures ?? 0, failure)
}

/** What becomes of the rows; `settled_by` is what the rule was asked with, so that its answer can be had again. */
function changeOf(one: Settled) {
  const { row, ended, settlement, resultId } = one
  const { failuresInARow, quarantine } = recordOf(one)
  // An attempt that a pause broke off says nothing: the command waits as it did before it.
  const kept = settlement.status === 'queued' ? row.last_failure : null
  const failure = 'failure' in settlement ? settlement.failure : kept
  const reported = ended.kind === 'report' ? ended.report.failure : null
  const attemptFailure = ended.kind === 'report' ? (reported?.kind ?? null) : ended.failure
  const use = settlement.status === 'retrying' ? settlement.use : null
  return {
    token: row.token,
    reported: ended.kind === 'report',
    device_id: row.device_id,
    started_at: row.started_at,
    command_id: row.command_id,
    status: settlement.status,
    failure,
    attempt_failure: attemptFailure,
    permanent: reported?.permanent ?? false,
    settled_by: {
      end: { failure: attemptFailure, permanent: reported?.permanent ?? false },
      use: { retries: row.retries, infrastructureRetries: row.infrastructure_retries },
      cancelling: row.rules.cancelling,
      retryAt: settlement.status === 'retrying' ? settlement.retryAt : null,
    },
    message: ended.kind === 'report' ? (reported?.message ?? null) : ended.message,
    retries: use?.retries ?? row.retries,
    infrastructure_retries: use?.infrastructureRetries ?? row.infrastructure_retries,
    ready_at: settlement.status === 'retrying' ? settlement.retryAt : null,
    final: isFinalSettlement(settlement),
    result_id: resultId,
    device_failures: failuresInARow,
    quarantine,
  }
}

function isFinalSettlement({ status }: Settlement): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled'
}
