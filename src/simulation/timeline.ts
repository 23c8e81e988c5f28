import type { PlanShape } from '../domain/batch-plan.ts'
import type { Verdict } from '../domain/findings.ts'
import type { Pace, Phase, Workload } from '../domain/workload.ts'
import type { ForecastInput, ForecastVideo } from './forecast-lab.ts'
import type { Happening } from './simulation.ts'

/** A batch on the virtual clock. Times in ms since the epoch; null where it did not come to that. */
export type ForecastBatch = {
  batch: number
  group: string
  devices: number
  startsAt: number | null
  endsAt: number | null
  skipped: number
  retries: number
  failed: number
}

export type ForecastCycle = {
  cycle: number
  title: string
  listedAt: number
  pace: Pace
  /** What forces so many batches. */
  shapedBy: PlanShape[]
  batches: ForecastBatch[]
}

/** A time in which nothing is begun, and why; `until` is null where it goes on only when somebody says so. */
export type ForecastPause = { at: number; until: number | null; by: string; reason: string }

/** A night as it will be scheduled, if all goes as assumed. Times in ms since the epoch. */
export type Forecast = {
  startsAt: number
  /** When it is completed, or when it stops for somebody to look. */
  endsAt: number
  /** How it ends: `completed`, or `paused`, `cancelled` or `error` with the reason. */
  status: string
  /** Null where it does not end by itself. */
  verdict: Verdict | null
  reason: string | null
  cycles: ForecastCycle[]
  pauses: ForecastPause[]
  plays: number
  retries: number
  failed: number
  /** Hours of devices playing, all attempts. */
  deviceHours: number
  peakSessions: number
  /** Of all devices that play at once, at their videos' top renditions; null where one's is not known. */
  peakMbps: number | null
  /** Gates that failed at least once, by their place. */
  failedGates: number[]
  workstations: { workstation: string; devices: number; peakSessions: number; peakMbps: number | null }[]
}

/** What a timeline needs to know of a night besides what happens. */
type TimelineInput = Pick<ForecastInput, 'workload' | 'devices' | 'startsAt'> & {
  videos: readonly Pick<ForecastVideo, 'title' | 'peakKbps'>[]
}

type Peak = { devices: number; sessions: number; kbps: number; peakSessions: number; peakKbps: number }

/** What a night on the virtual clock comes to, gathered as it happens. */
export class Timeline {
  readonly #input: TimelineInput
  readonly #cycles: ForecastCycle[] = []
  readonly #pauses: ForecastPause[] = []
  readonly #workstationOf = new Map<string, Peak>()
  readonly #workstations = new Map<string, Peak>()
  readonly #all: Peak = noPeak()
  readonly #beganAt = new Map<string, number>()
  #kbpsKnown = true
  #playedMs = 0
  #plays = 0
  #retries = 0
  #failed = 0
  #at: number
  #pace: Pace
  readonly #failedGates = new Set<number>()

  constructor(input: TimelineInput) {
    this.#input = input
    this.#at = input.startsAt
    this.#pace = input.workload.pace
    for (const { id, workstation } of input.devices) {
      const peak = this.#workstations.get(workstation) ?? noPeak()
      peak.devices += 1
      this.#workstations.set(workstation, peak)
      this.#workstationOf.set(id, peak)
    }
  }

  take(happening: Happening): void {
    this.#at = happening.at
    switch (happening.kind) {
      case 'began':
        this.#begin(happening)
        break
      case 'ended':
        this.#end(happening)
        break
      case 'settled':
        this.#settle(happening)
        break
      case 'effect':
        this.#effect(happening)
        break
      case 'status':
        this.#status(happening)
        break
    }
  }

  end({ phase }: Workload): Forecast {
    const mbps = ({ peakKbps }: Peak) => (this.#kbpsKnown ? peakKbps / 1000 : null)
    return {
      startsAt: this.#input.startsAt,
      endsAt: this.#at,
      status: phase.status,
      verdict: 'verdict' in phase ? phase.verdict : null,
      reason: 'reason' in phase ? phase.reason : null,
      cycles: this.#cycles,
      pauses: this.#pauses,
      plays: this.#plays,
      retries: this.#retries,
      failed: this.#failed,
      deviceHours: this.#playedMs / 3_600_000,
      peakSessions: this.#all.peakSessions,
      peakMbps: mbps(this.#all),
      failedGates: [...this.#failedGates].sort((a, b) => a - b),
      workstations: [...this.#workstations]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([workstation, peak]) => {
          return { workstation, devices: peak.devices, peakSessions: peak.peakSessions, peakMbps: mbps(peak) }
        }),
    }
  }

  #begin({ at, cycle, batch, deviceId, attempt }: Happening & { kind: 'began' }): void {
    this.#beganAt.set(deviceId, at)
    this.#count(cycle, deviceId, 1)
    if (attempt === 1) this.#plays += 1
    else {
      this.#retries += 1
      const found = this.#batch(cycle, batch)
      if (found) found.retries += 1
    }
  }

  #end({ at, cycle, deviceId }: Happening & { kind: 'ended' }): void {
    this.#playedMs += at - (this.#beganAt.get(deviceId) ?? at)
    this.#count(cycle, deviceId, -1)
  }

  #count(cycle: number, deviceId: string, change: 1 | -1): void {
    const kbps = this.#input.videos[cycle - 1]?.peakKbps ?? null
    if (kbps === null) this.#kbpsKnown = false
    for (const peak of [this.#all, this.#workstationOf.get(deviceId)]) {
      if (peak === undefined) continue
      peak.sessions += change
      peak.kbps += change * (kbps ?? 0)
      peak.peakSessions = Math.max(peak.peakSessions, peak.sessions)
      peak.peakKbps = Math.max(peak.peakKbps, peak.kbps)
    }
  }

  #settle({ cycle, batch, status }: Happening & { kind: 'settled' }): void {
    const found = this.#batch(cycle, batch)
    if (status === 'failed') this.#failed += 1
    if (status === 'failed' && found) found.failed += 1
    if (status === 'skipped' && found) found.skipped += 1
  }

  #effect({ at, effect }: Happening & { kind: 'effect' }): void {
    if (effect.kind === 'planCycle') {
      const { cycle, shapedBy } = effect
      this.#cycles.push({
        cycle,
        title: this.#input.videos[cycle - 1]?.title ?? '',
        listedAt: at,
        pace: this.#pace,
        shapedBy,
        batches: effect.batches.map(({ batch, group, deviceIds }) => {
          const none = { startsAt: null, endsAt: null, skipped: 0, retries: 0, failed: 0 }
          return { batch, group, devices: deviceIds.length, ...none }
        }),
      })
    }
    if (effect.kind === 'judge') {
      for (const { gate, verdict } of effect.verdicts) if (verdict === 'fail') this.#failedGates.add(gate)
    }
    if (effect.kind !== 'openBatch' && effect.kind !== 'endBatch') return
    const found = this.#batch(effect.cycle, effect.batch)
    if (found && effect.kind === 'openBatch') found.startsAt ??= at
    if (found && effect.kind === 'endBatch') found.endsAt = at
  }

  #status({ at, workload }: Happening & { kind: 'status' }): void {
    const { phase, pace } = workload
    const open = this.#pauses.at(-1)
    if (open && open.until === null) open.until = at
    if (phase.status === 'paused') this.#pauses.push(pauseOf(at, phase))
    this.#pace = pace
  }

  #batch(cycle: number, batch: number): ForecastBatch | undefined {
    const last = this.#cycles.at(-1)
    const found = last?.cycle === cycle ? last : this.#cycles.find((one) => one.cycle === cycle)
    return found?.batches[batch - 1]
  }
}

function pauseOf(at: number, { by, reason }: Phase & { status: 'paused' }): ForecastPause {
  return { at, until: null, by, reason }
}

function noPeak(): Peak {
  return { devices: 0, sessions: 0, kbps: 0, peakSessions: 0, peakKbps: 0 }
}
