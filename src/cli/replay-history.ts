import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { issuesOf } from '../protocol/issues.ts'
import { WorkloadSettings } from '../protocol/workload-settings.ts'
import { jsonText } from '../report/shown-text.ts'
import { checkHistory, type HistoryCheck } from '../simulation/check-history.ts'
import type { History } from '../simulation/history.ts'
import { replay } from '../simulation/replay.ts'
import { settingsOf, underSettings } from '../simulation/replay-settings.ts'
import { CliError, type Context, clientOf } from './context.ts'
import { print } from './print.ts'
import { readYaml } from './read-yaml.ts'
import { replayText } from './replay-text.ts'

export type ReplayFlags = { set?: string[]; check?: boolean; json?: boolean }

/**
 * Plays a recorded run again under another config, or checks that the rules give the answers that they gave, and prints
 * what came of it.
 *
 * @throws CliError for an id that names nothing, a field that a workload cannot have, and differences that a check finds.
 */
export async function replayHistory(context: Context, id: string, flags: ReplayFlags): Promise<void> {
  const history = await historyOf(context, id)
  if (history.events.every(({ type }) => type !== 'workload.step')) {
    throw new CliError('It was never started: there is nothing to replay.', 2)
  }
  if (flags.check) return check(context, flags, history)
  const settings = changed(settingsOf(history), flags.set ?? [])
  const played = replay(history, underSettings(history, settings))
  print(context, flags, played, () => replayText(history.workload.name, flags.set ?? [], played))
}

async function historyOf(context: Context, idOrFile: string): Promise<History> {
  if (/^[0-9a-f-]{36}$/i.test(idOrFile)) {
    return (await (await clientOf(context)).getWorkloadHistory(idOrFile)) as unknown as History
  }
  const text = await readFile(idOrFile, 'utf8').catch(() => {
    throw new CliError(`${idOrFile} is neither the id of a workload nor a file that can be read.`, 2)
  })
  try {
    return JSON.parse(text) as History
  } catch {
    throw new CliError(`${idOrFile} is no history: it is not JSON.`, 2)
  }
}

function check(context: Context, flags: ReplayFlags, history: History): void {
  const found = checkHistory(history)
  print(context, flags, found, checkText)
  if (found.differences.length > 0) throw new CliError('', 1)
}

function checkText({ steps, settlements, differences }: HistoryCheck): string {
  const asked = `${steps} steps and ${settlements} settlements were asked again`
  if (differences.length === 0) return `${asked}: no difference.`
  const shown = differences.slice(0, 10).map(({ at, what, recorded, replayed }) => {
    return `${at}  ${what}\n  recorded  ${jsonText(recorded)}\n  replayed  ${jsonText(replayed)}`
  })
  return `${asked}: ${differences.length} differences.\n${shown.join('\n')}`
}

/** @throws CliError for a field or a value that a workload cannot have. */
function changed(settings: z.input<typeof WorkloadSettings>, sets: readonly string[]): WorkloadSettings {
  const copy: Record<string, unknown> = structuredClone(settings)
  for (const set of sets) {
    const [, path = '', text = ''] = set.match(/^([\w.]+)=(.*)$/s) ?? []
    if (path === '' || path.split('.').includes('__proto__'))
      throw new CliError(`--set ${set}: must be such as batchConfig.batchSizePercent=25`, 2)
    const read = readYaml(text)
    if (!read.ok) throw new CliError(read.issues.map(({ message }) => `--set ${path}: ${message}`).join('\n'), 2)
    put(copy, path.split('.'), read.value)
  }
  const parsed = WorkloadSettings.safeParse(copy)
  if (parsed.success) return parsed.data
  const issues = issuesOf(parsed.error, 'workload', WorkloadSettings)
  throw new CliError(issues.map(({ path, message }) => `--set ${path}: ${message}`).join('\n'), 2)
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [field = '', ...rest] = path
  if (rest.length === 0) {
    target[field] = value
    return
  }
  const inner = Object.hasOwn(target, field) ? target[field] : undefined
  const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {}
  target[field] = next
  put(next, rest, value)
}
