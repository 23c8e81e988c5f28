import type { Pool, PoolClient } from 'pg'
import { THERMAL_GATE, type ThermalGate } from '../domain/device.ts'

/** How long things may take before they count as lost; seconds. */
export type Terms = {
  /** From lease to start. */
  acceptSeconds: number
  /** A lease's life without a heartbeat. */
  leaseSeconds: number
  /** From a batch's opening, or from when its device was last free to play, until a command that nobody leases is undelivered. */
  deliverSeconds: number
  /** Counted as `deliverSeconds`: how long a command of an open batch waits for a device that is offline by its agent's word, or cooling. */
  awaySeconds: number
  /** How long past its own time-out a command is left to its agent before the engine ends it. */
  overrunSeconds: number
  /** Without a heartbeat a workstation's devices are offline. */
  offlineSeconds: number
  /** No sweep for so long is a gap in service: every live lease then gets one full term. */
  gapSeconds: number
  thermalGate: ThermalGate
}

export const TERMS: Terms = {
  acceptSeconds: 15,
  leaseSeconds: 30,
  deliverSeconds: 30,
  awaySeconds: 180,
  overrunSeconds: 10,
  offlineSeconds: 20,
  gapSeconds: 5,
  thermalGate: THERMAL_GATE,
}

/** What every transaction of the engine is handed. */
export type Engine = {
  pool: Pool
  /** Null takes the database's clock; tests hand in theirs. */
  now(): Date | null
  terms: Terms
}

/** An open transaction. */
export type Tx = PoolClient

export const CHANNELS = {
  workload: 'doai_workload',
  commands: 'doai_commands',
  events: 'doai_events',
  access: 'doai_access',
  origins: 'doai_origins',
} as const

/** Wakes whoever listens, when the transaction commits. Payloads over PostgreSQL's 8,000 bytes become `*`. */
export async function notify(tx: Tx, channel: string, payload: string): Promise<void> {
  await tx.query('SELECT pg_notify($1, $2)', [channel, payload.length > 7000 ? '*' : payload])
}

/** Wakes many at once. */
export async function notifyAll(tx: Tx, notices: readonly (readonly [channel: string, payload: string])[]) {
  await tx.query('SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS n (channel, payload)', [
    notices.map(([channel]) => channel),
    notices.map(([, payload]) => payload),
  ])
}

/** The transaction's own idea of now. */
export async function readNow(engine: Engine, tx: Tx): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>('SELECT coalesce($1::timestamptz, clock_timestamp()) AS now', [
    engine.now(),
  ])
  const now = rows[0]?.now
  if (!now) throw new Error('The database told no time.')
  return now
}
