import { isDeepStrictEqual } from 'node:util'
import { settleAttempt } from '../domain/settle.ts'
import { step } from '../domain/step.ts'
import type { Effect, Workload } from '../domain/workload.ts'
import { workloadBeforeStart } from '../domain/workload-config.ts'
import { type History, type RecordedSettlements, type RecordedStep, stepsOf, writtenSteps } from './history.ts'

/** Where today's rules do not do what was recorded. */
type Difference = { at: string; what: string; recorded: unknown; replayed: unknown }

export type HistoryCheck = { steps: number; settlements: number; differences: Difference[] }

/**
 * Asks the rules of this version again what they were asked in a recorded night: every step and every settlement. Each
 * is asked with what was recorded before it, so that one difference is not many.
 */
export function checkHistory(history: History): HistoryCheck {
  const steps = stepsOf(history)
  const written = writtenSteps(history)
  const settled = history.events.filter((event) => event.type === 'commands.settled')
  const settlements = settled.flatMap((event) => event.data.commands.map((command) => ({ at: event.at, command })))
  const told = settlements.filter(({ command }) => command.end !== undefined)
  return {
    steps: steps.length,
    settlements: told.length,
    differences: [
      ...steps.flatMap((step, at) => stepDifferences(before(steps, at), step, written[at] ?? step)),
      ...told.flatMap(({ at, command }) => settlementDifferences(history, at, command)),
    ],
  }
}

/** A workload that was created and not yet started. */
function before(steps: readonly RecordedStep[], at: number): Workload {
  const previous = steps[at - 1]?.data.after
  if (previous !== undefined) return previous
  return workloadBeforeStart((steps[0] as RecordedStep).data.after.rules)
}

/** @param written as its version wrote it: what that did not know yet is not compared. */
function stepDifferences(
  workload: Workload,
  { at, data: { facts } }: RecordedStep,
  written: RecordedStep,
): Difference[] {
  const stepped = step(workload, facts, Date.parse(at))
  const { data } = written
  return [
    ...difference(at, 'the workload', data.after, stepped.workload),
    ...difference(at, 'what is to be done', decided(data.effects), decided(stepped.effects)),
  ]
}

type Settled = RecordedSettlements['data']['commands'][number]

function settlementDifferences(history: History, at: string, command: Settled): Difference[] {
  const { end, use, cancelling = false, retryAt = null, status } = command
  if (end === undefined || use === undefined) return []
  const settlement = settleAttempt(end, use, history.workload.config.batchConfig, cancelling, Date.parse(at))
  const replayed = { status: settlement.status, retryAt: settlement.status === 'retrying' ? settlement.retryAt : null }
  return difference(at, `command ${command.id}`, { status, retryAt }, replayed)
}

function difference(at: string, what: string, recorded: unknown, replayed: unknown): Difference[] {
  const a = plain(recorded)
  const b = asFarAs(a, plain(replayed))
  return isDeepStrictEqual(a, b) ? [] : [{ at, what, recorded: a, replayed: b }]
}

/** Of a value, the fields that another has. */
function asFarAs(known: unknown, value: unknown): unknown {
  if (Array.isArray(known) && Array.isArray(value)) return value.map((one, at) => asFarAs(known[at], one))
  if (!isRecord(known) || !isRecord(value)) return value
  const fields = Object.entries(value).filter(([field]) => field in known)
  return Object.fromEntries(fields.map(([field, one]) => [field, asFarAs(known[field], one)]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Words are no decision: a later version may say better why. */
const WORDS = new Set(['reason', 'message'])

function decided(effects: readonly Effect[]): readonly Effect[] {
  return effects.filter(({ kind }) => kind !== 'log')
}

/** As JSON keeps it, but for the words. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, one: unknown) => (WORDS.has(key) ? undefined : one)))
}
