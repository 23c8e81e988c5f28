/** A workload as a form has it: text as it was typed. */
export type Draft = {
  name: string
  videoIds: readonly string[]
  targetWorkstations: readonly string[]
  targetLabels: string
  preset: string
  batchConfig: Record<BatchField, string>
  watchConfig: Record<WatchField, string>
  seed: string
  onVideoError: 'fail' | 'skip'
  alternateGroups: boolean
  window: { from: string; to: string; timeZone: string }
  gates: readonly GateDraft[]
}

export type GateDraft = {
  /** Tells it from others while the form is open. */
  key: number
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
    seed: '',
    onVideoError: 'fail',
    alternateGroups: false,
    window: { from: '', to: '', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    gates: [],
  }
}

/** What was typed, as the API takes it; what is no number stays text, so that it is refused by its field. */
export function settingsOf(draft: Draft) {
  const { window, gates, seed } = draft
  return {
    name: draft.name,
    ...(draft.targetWorkstations.length > 0 ? { targetWorkstations: [...draft.targetWorkstations] } : {}),
    ...(draft.targetLabels === '' ? {} : { targetLabels: draft.targetLabels }),
    preset: draft.preset === '' ? null : draft.preset,
    batchConfig: numbers(draft.batchConfig),
    watchConfig: { ...numbers(draft.watchConfig), ...(seed === '' ? {} : { seed }) },
    onVideoError: draft.onVideoError,
    alternateGroups: draft.alternateGroups,
    window: window.from === '' && window.to === '' ? null : window,
    gates: gates.map(({ metric, quantile, bound, value, minSample, scope, action }) => ({
      metric,
      scope,
      action,
      ...numbers({ quantile, [bound]: value, minSample }),
    })),
  }
}

function numbers(fields: Record<string, string>): Record<string, number | string> {
  const given = Object.entries(fields).filter(([, text]) => text.trim() !== '')
  return Object.fromEntries(given.map(([key, text]) => [key, Number.isNaN(Number(text)) ? text : Number(text)]))
}
