import type { Listed } from './field-list.tsx'

/** A workload as a form has it: text as it was typed. */
export type Draft = {
  name: string
  videoIds: readonly string[]
  targetWorkstations: readonly string[]
  targetLabels: string
  preset: string
  batchConfig: Record<BatchField, string>
  watchConfig: Record<WatchField, string>
  /** Empty for the one that plays where none is chosen. */
  player: string
  seed: string
  onVideoError: 'fail' | 'skip'
  alternateGroups: boolean
  /** Of the window, the time profiles and the schedule. */
  timeZone: string
  window: { from: string; to: string }
  profiles: { kind: 'none' | 'default' | 'own'; own: readonly ProfileDraft[] }
  limits: readonly LimitDraft[]
  gates: readonly GateDraft[]
  start: StartDraft
}

/** At once, by hand, when another workload ended, or again and again. */
export type StartDraft = {
  how: 'now' | 'hand' | 'after' | 'schedule'
  /** The id of the workload that it follows. */
  after: string
  on: 'success' | 'end'
  cron: string
  jitterSeconds: string
  overlap: 'skip' | 'queue'
  whenPaused: 'skip' | 'cancel_and_start'
  catchUpSeconds: string
}

export type ProfileDraft = Listed & Record<'from' | 'to' | PaceField, string>
type PaceField = 'batchSizePercent' | 'batchIntervalSeconds' | 'cycleIntervalSeconds'

export type LimitDraft = Listed & { kind: 'maxConcurrent' | 'maxMbps'; label: string; per: string }

export type GateDraft = Listed & {
  metric: string
  quantile: string
  bound: 'max' | 'min'
  value: string
  minSample: string
  scope: string
  action: string
}

/** With the values that hold where a field is left empty. */
export const BATCH_FIELDS = {
  batchSizePercent: '50',
  batchIntervalSeconds: '60',
  cycleIntervalSeconds: '300',
  maxRetries: '3',
  retryDelaySeconds: '30',
  commandTimeoutSeconds: '120',
  failureThresholdPercent: '',
  workloadFailureThresholdPercent: '',
} as const
export type BatchField = keyof typeof BATCH_FIELDS

export const WATCH_FIELDS = {
  watchDurationMin: '30',
  watchDurationMax: '120',
  pauseProbability: '0',
  seekProbability: '0',
  qualitySwitchProbability: '0',
  backgroundProbability: '0',
} as const
export type WatchField = keyof typeof WATCH_FIELDS

function blank<K extends string>(fields: Record<K, string>): Record<K, string> {
  return Object.fromEntries(Object.keys(fields).map((key) => [key, ''])) as Record<K, string>
}

export function emptyDraft(name: string): Draft {
  return {
    name,
    videoIds: [],
    targetWorkstations: [],
    targetLabels: '',
    preset: '',
    batchConfig: blank(BATCH_FIELDS),
    watchConfig: blank(WATCH_FIELDS),
    player: '',
    seed: '',
    onVideoError: 'fail',
    alternateGroups: false,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    window: { from: '', to: '' },
    profiles: { kind: 'none', own: [] },
    limits: [],
    gates: [],
    start: {
      how: 'now',
      after: '',
      on: 'success',
      cron: '',
      jitterSeconds: '',
      overlap: 'skip',
      whenPaused: 'skip',
      catchUpSeconds: '',
    },
  }
}

/** What was typed, as the API takes it; what is no number stays text, so that it is refused by its field. */
export function settingsOf(draft: Draft) {
  const { window, gates, seed, player, timeZone } = draft
  return {
    name: draft.name,
    ...(draft.targetWorkstations.length > 0 ? { targetWorkstations: [...draft.targetWorkstations] } : {}),
    ...(draft.targetLabels === '' ? {} : { targetLabels: draft.targetLabels }),
    preset: draft.preset === '' ? null : draft.preset,
    batchConfig: numbers(draft.batchConfig),
    watchConfig: {
      ...numbers(draft.watchConfig),
      ...(player === '' ? {} : { player: { name: player } }),
      ...(seed === '' ? {} : { seed }),
    },
    onVideoError: draft.onVideoError,
    alternateGroups: draft.alternateGroups,
    window: window.from === '' && window.to === '' ? null : { ...window, timeZone },
    timeProfiles: profilesOf(draft),
    maxConcurrent: limitsOf(draft, 'maxConcurrent'),
    maxMbps: limitsOf(draft, 'maxMbps'),
    gates: gates.map(({ metric, quantile, bound, value, minSample, scope, action }) => ({
      metric,
      scope,
      action,
      ...numbers({ quantile, [bound]: value, minSample }),
    })),
  }
}

/** The same with its videos, and with what it follows. */
export function workloadOf(draft: Draft) {
  const { how, after, on } = draft.start
  const follows = how === 'after' ? { after: { workload: after, on } } : {}
  return { ...settingsOf(draft), videoIds: [...draft.videoIds], ...follows }
}

export function scheduleOf(draft: Draft) {
  const { cron, jitterSeconds, overlap, whenPaused, catchUpSeconds } = draft.start
  const seconds = numbers({ jitterSeconds, catchUpSeconds })
  return { cron, overlap, whenPaused, timeZone: draft.timeZone, ...seconds, workload: workloadOf(draft) }
}

/** The field of the form for a field as the API names it: time zones are one, and a schedule's workload is the form's. */
export function fieldOf(path: string): string {
  const below = path.replace(/^workload\./, '')
  if (/^(?:window|timeProfiles)\.timeZone$/.test(below)) return 'timeZone'
  return below.replace(/^videos\b/, 'videoIds')
}

function profilesOf({ profiles: { kind, own }, timeZone }: Draft) {
  if (kind === 'none') return null
  const profiles = own.map(({ key, from, to, ...pace }) => ({ from, to, ...numbers(pace) }))
  return { timeZone, profiles: kind === 'default' ? kind : profiles }
}

function limitsOf({ limits }: Draft, kind: LimitDraft['kind']) {
  const ofKind = limits.filter((limit) => limit.kind === kind)
  return ofKind.map(({ label, per }) => ({ label, ...numbers({ per }) }))
}

function numbers(fields: Record<string, string>): Record<string, number | string> {
  const given = Object.entries(fields).filter(([, text]) => text.trim() !== '')
  return Object.fromEntries(given.map(([key, text]) => [key, Number.isNaN(Number(text)) ? text : Number(text)]))
}
