import type { Plan } from '../protocol/plan.ts'
import { count, dateTime, duration } from './figures.ts'
import type { Edition } from './section.ts'
import type { PlanWords } from './words-plan.ts'

/** What stands over a plan: when, how it ends, how much is played, its peaks, and what is expected to go wrong. */
export function planHead(plan: Plan, words: PlanWords, { zone, words: { units, status } }: Edition): string[] {
  const took = duration(Date.parse(plan.endsAt) - Date.parse(plan.startsAt), units)
  return [
    words.span(dateTime(plan.startsAt, zone), dateTime(plan.endsAt, zone), took, zone),
    words.ends(status[plan.status as keyof typeof status] ?? plan.status, plan.reason),
    `${words.sums(count(plan.devices), count(plan.plays), hours(plan.deviceHours))} ${words.expected(count(plan.retries), count(plan.failed))}`,
    words.peaks(count(plan.peakSessions), plan.peakMbps === null ? null : inTenths(plan.peakMbps)),
  ]
}

/** A number with one decimal, none where it is whole. */
/** Of few hours also the hundredths. */
function hours(value: number): string {
  return value < 10 ? value.toFixed(2) : inTenths(value)
}

export function inTenths(value: number): string {
  return count(Math.round(value * 10) / 10)
}
