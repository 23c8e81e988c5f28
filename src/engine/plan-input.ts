import { conflictsOf } from '../domain/conflicts.ts'
import { contentionLimits } from '../domain/contention.ts'
import {
  pendingWorkload,
  type ResolvedSettings,
  resolveSettings,
  type WorkloadSettings,
} from '../domain/workload-config.ts'
import { readCapacities } from './capacities.ts'
import { WorkloadRefusedError } from './create.ts'
import type { Engine } from './engine.ts'
import { expectedFrom, type PastNights, readPastNights, readPercentiles } from './past-nights.ts'
import { type TargetedDevice, type Targets, targetedDevices } from './targets.ts'

type AskedVideo = { id: string } | { url: string; title?: string | undefined; durationSeconds?: number | undefined }

/** A night that is to be forecast, already checked field by field. */
export type AskedPlan = Targets & {
  settings: WorkloadSettings
  videos: readonly AskedVideo[]
  startsAt: Date | null
  /** A lab of so many devices instead of those that are registered. */
  lab: { devices: number; workstations: number } | null
  failureRate: number | null
  seed: string
}

type PlannedVideo = { url: string; title: string; durationSeconds: number | null; peakKbps: number | null }

/**
 * What a forecast is made of: the devices there are, what is known of the videos, and how the last nights went.
 *
 * @throws WorkloadRefusedError for a workload that could not be created.
 */
export async function planInput(engine: Engine, asked: AskedPlan) {
  const { pool } = engine
  const [videos, devices, now] = await Promise.all([
    readVideos(engine, asked.videos),
    asked.lab === null ? targetedDevices(pool, asked) : madeUp(asked.lab),
    pool.query<{ now: Date }>('SELECT coalesce($1::timestamptz, clock_timestamp()) AS now', [engine.now()]),
  ])
  const settings = resolveSettings(asked.settings, devices.length, asked.seed)
  const issues = [...videos.issues, ...conflictsOf(settings, { devices, videos: videos.found })]
  if (devices.length === 0) {
    const message = 'no registered device is targeted: widen the targets, or forecast for a lab of so many devices'
    issues.push({ path: 'targets', message })
  }
  if (issues.length > 0) throw new WorkloadRefusedError(issues)
  const past = await readPastNights(pool)
  const percentiles = await readPercentiles(pool, [...new Set(settings.gates.map(({ metric }) => metric))])
  const expected = expectedFrom(past)
  const failureRate = asked.failureRate ?? expected.failureRate
  const { startupMs } = expected
  const limits = { percent: settings.batchConfig.batchSizePercent, limits: contentionLimits(settings), peakKbps: null }
  return {
    input: {
      workload: pendingWorkload(settings, videos.found.length),
      retries: settings.batchConfig,
      watch: settings.watchConfig,
      videos: videos.found,
      devices,
      startsAt: (asked.startsAt ?? now.rows[0]?.now ?? new Date(0)).getTime(),
      assumptions: { failureRate, startupMs, seed: asked.seed, percentiles },
    },
    assumptions: assumed(asked, settings, videos.found, { past, failureRate, startupMs, percentiles }),
    // A lab that is made up has no machines.
    lab: asked.lab !== null ? null : { devices, limits, capacities: await readCapacities(pool) },
  }
}

async function readVideos(engine: Engine, asked: readonly AskedVideo[]) {
  const { rows } = await engine.pool.query<PlannedVideo & { id: string }>(
    `SELECT id, url, title, duration_seconds AS "durationSeconds", peak_kbps AS "peakKbps" FROM videos
     WHERE id::text = ANY ($1) OR url = ANY ($2)`,
    [asked.flatMap((one) => ('id' in one ? [one.id] : [])), asked.flatMap((one) => ('url' in one ? [one.url] : []))],
  )
  const known = new Map(rows.flatMap(({ id, ...video }) => [[id, video] as const, [video.url, video] as const]))
  const issues: { path: string; message: string }[] = []
  const found = asked.flatMap((one, at): PlannedVideo[] => {
    const video = known.get('id' in one ? one.id : one.url)
    if (video) return [video]
    if ('url' in one) {
      const { url, title = url, durationSeconds = null } = one
      return [{ url, title, durationSeconds, peakKbps: null }]
    }
    issues.push({ path: `videos.${at}`, message: `no video in the catalogue has the id ${one.id}` })
    return []
  })
  return { found, issues }
}

/** Devices of no driver in particular, spread evenly over workstations. */
function madeUp({ devices, workstations }: { devices: number; workstations: number }): TargetedDevice[] {
  return Array.from({ length: devices }, (_, at) => {
    const workstation = `WS${String((at % workstations) + 1).padStart(2, '0')}`
    const slot = `S${String(Math.floor(at / workstations) + 1).padStart(2, '0')}`
    return { id: `${workstation}-${slot}`, workstation, slot, driver: 'any', labels: {} }
  })
}

type Taken = {
  past: PastNights
  failureRate: number
  startupMs: number
  percentiles: Awaited<ReturnType<typeof readPercentiles>>
}

function assumed(
  asked: AskedPlan,
  settings: ResolvedSettings,
  videos: readonly PlannedVideo[],
  { past, failureRate, startupMs, percentiles }: Taken,
): string[] {
  const from =
    asked.failureRate !== null ? 'as asked' : past.failureRate !== null ? 'as lately' : 'no night tells it yet'
  const unread = videos.filter(({ durationSeconds }) => durationSeconds === null).length
  const silent = settings.gates.filter(({ metric }) => percentiles[metric] === undefined)
  const limited = asked.lab !== null && settings.maxConcurrent.length + settings.maxMbps.length > 0
  return [
    `${(failureRate * 100).toFixed(1)} % of attempts fail (${from}).`,
    `A device shows its first frame after ${Math.round(startupMs)} ms${past.startupMs === null ? ' (no night tells it yet)' : ''}.`,
    ...(asked.settings.watchConfig.seed === undefined
      ? ['The workload names no seed: its own night will draw other times than these.']
      : []),
    ...(unread > 0 ? [`${unread} videos were never read: they are taken to be as long as devices watch.`] : []),
    ...(silent.length > 0
      ? [`Nothing was measured yet of ${silent.map(({ metric }) => metric).join(', ')}: those gates say nothing here.`]
      : []),
    ...(limited ? ['A made-up lab has no labels: limits on them shape nothing here.'] : []),
    'No device is away, and none is busy with another workload.',
  ]
}
