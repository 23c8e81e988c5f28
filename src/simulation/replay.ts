import type { RetryLimits } from '../domain/settle.ts'
import type { Workload } from '../domain/workload.ts'
import { type History, type RecordedPlay, stepsOf } from './history.ts'
import { ReplayLab } from './replay-lab.ts'
import { type Happening, Simulation } from './simulation.ts'
import { type Forecast, Timeline } from './timeline.ts'

/** What a night came to, and what it would have come to. */
export type Replay = {
  recorded: Forecast
  replayed: Forecast
  /** Of the replayed plays, those that the night does not tell: taken from others like them. */
  borrowed: number
  /** Requests that could not be made again at their time, in a sentence each. */
  refused: string[]
}

/**
 * Plays a recorded night again under other rules: the same devices, the same videos, each attempt as long and ending as
 * it did. What the night does not tell (an attempt that was never made) is taken from one like it.
 *
 * @param change the pending workload and retry limits of the other config, of what they were.
 */
export function replay(history: History, change: { workload: Workload; retries: RetryLimits }): Replay {
  const steps = stepsOf(history)
  const startsAt = Date.parse(steps[0]?.at ?? '')
  const input = { workload: change.workload, videos: history.videos, devices: history.devices, startsAt }
  const timeline = new Timeline(input)
  const lab = new ReplayLab(history, change.workload.rules.gates, change.retries)
  const simulation = new Simulation(change.workload, lab, startsAt, (happening) => timeline.take(happening))
  const refused: string[] = []
  for (const { at, data } of steps) {
    if (data.facts.request === null) continue
    const due = Date.parse(at)
    for (let next = simulation.next; next !== null && next <= due; next = simulation.next) simulation.advance()
    simulation.now = Math.max(simulation.now, due)
    const { workload } = simulation
    simulation.request(data.facts.request)
    if (simulation.workload === workload)
      refused.push(`${at}: ${data.facts.request.kind} a workload that is ${workload.phase.status}`)
  }
  simulation.run()
  return {
    recorded: recordedNight(history),
    replayed: timeline.end(simulation.workload),
    borrowed: lab.borrowed,
    refused,
  }
}

/** A recorded night as a timeline, so that it can be laid beside another. */
function recordedNight(history: History): Forecast {
  const steps = stepsOf(history)
  const first = steps[0]?.data.after as Workload
  const startsAt = Date.parse(steps[0]?.at ?? '')
  const timeline = new Timeline({ workload: first, videos: history.videos, devices: history.devices, startsAt })
  const happenings = [...steps.flatMap(happeningsOfStep), ...history.plays.flatMap(happeningsOfPlay)]
  for (const happening of happenings.sort((a, b) => a.at - b.at)) timeline.take(happening)
  return timeline.end(steps.at(-1)?.data.after ?? first)
}

function happeningsOfStep({ at: time, data }: ReturnType<typeof stepsOf>[number]): Happening[] {
  const at = Date.parse(time)
  return [
    { at, kind: 'status', workload: data.after },
    ...data.effects.map((effect): Happening => ({ at, kind: 'effect', effect })),
  ]
}

function happeningsOfPlay({ cycle, batch, deviceId, status, finishedAt, attempts }: RecordedPlay): Happening[] {
  const happenings = attempts.flatMap(({ attempt, startedAt, endedAt, failure }): Happening[] => {
    if (startedAt === null) return []
    const began: Happening = { at: Date.parse(startedAt), kind: 'began', cycle, batch, deviceId, attempt }
    if (endedAt === null) return [began]
    return [began, { at: Date.parse(endedAt), kind: 'ended', cycle, batch, deviceId, failure }]
  })
  const final = status === 'succeeded' || status === 'failed' || status === 'skipped' || status === 'cancelled'
  if (!final || finishedAt === null) return happenings
  return [...happenings, { at: Date.parse(finishedAt), kind: 'settled', cycle, batch, deviceId, status }]
}
