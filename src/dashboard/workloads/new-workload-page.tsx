import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useDeferredValue, useEffect, useState } from 'react'
import { client, problemOf, queries } from '../api.ts'
import { useRacks } from '../live.ts'
import { usePreferences } from '../preferences.tsx'
import { Heading } from '../ui/shell.tsx'
import { useVideos } from '../videos.ts'
import {
  BATCH_FIELDS,
  type BatchField,
  type Draft,
  emptyDraft,
  fieldOf,
  scheduleOf,
  WATCH_FIELDS,
  type WatchField,
  workloadOf,
} from './draft.ts'
import { CheckList, Field, type Problems, ProblemsContext, SelectField } from './fields.tsx'
import { ForecastPanel, useForecast } from './forecast-panel.tsx'
import { GateFields } from './gate-fields.tsx'
import { LimitFields } from './limit-fields.tsx'
import { WhenFields } from './when-fields.tsx'

/** A form that shows the night as it is filled in. */
export function NewWorkloadPage() {
  const { words } = usePreferences()
  const text = words.form
  const navigate = useNavigate()
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(''))
  const [refused, setRefused] = useState<{ draft: Draft; problems: Problems; message: string } | null>(null)
  const [busy, setBusy] = useState(false)
  const settled = useSettled(useDeferredValue(draft))
  const forecast = useForecast(settled)
  const asked = refused?.draft === draft ? refused.problems : {}
  // Beside a field that was not filled in yet, nothing is said before somebody asks to create it.
  const problems = { ...forecast.problems, ...asked }
  const shown = refused ? problems : withoutEmpty(problems, draft)
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part })
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    try {
      const id = await create(draft)
      void queries.invalidateQueries()
      await (id === null ? navigate({ to: '/schedules' }) : navigate({ to: '/workloads/$id', params: { id } }))
    } catch (error) {
      const { message, errors } = problemOf(error)
      const problems = Object.fromEntries(errors.map(({ path, message }) => [fieldOf(path), message]))
      setRefused({ draft, problems, message: errors.length > 0 ? text.wrong(errors.length) : message })
      setTimeout(() => document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), 0)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Heading title={text.title} />
      <ProblemsContext value={shown}>
        <form className="with-aside" onSubmit={submit} noValidate>
          <div>
            <Basics draft={draft} change={change} />
            <Pace draft={draft} change={change} />
            <WhenFields draft={draft} change={change} />
            <LimitFields limits={draft.limits} onLimits={(limits) => change({ limits })} />
            <GateFields gates={draft.gates} onGates={(gates) => change({ gates })} />
          </div>
          <ForecastPanel forecast={forecast} empty={draft.videoIds.length === 0} />
          <div className="actions">
            <button type="submit" className="button primary" aria-disabled={busy}>
              {text.submit}
            </button>
            <p className="problem" role="alert">
              {refused?.draft === draft ? refused.message : ''}
            </p>
          </div>
        </form>
      </ProblemsContext>
    </>
  )
}

/** Gives the workload's id, or null where a schedule will create it. @throws ApiError */
async function create(draft: Draft): Promise<string | null> {
  const { how } = draft.start
  if (how === 'schedule') {
    await client.createSchedule(scheduleOf(draft) as never)
    return null
  }
  const { id } = await client.createWorkload(workloadOf(draft) as never)
  if (how === 'now') await client.startWorkload(id)
  return id
}

type Part = { draft: Draft; change: (part: Partial<Draft>) => void }

function Basics({ draft, change }: Part) {
  const { words } = usePreferences()
  const text = words.form
  const { data: videos = [], isSuccess } = useVideos()
  const racks = useRacks()
  return (
    <section className="panel">
      <Field path="name" label={text.name} value={draft.name} onValue={(name) => change({ name })} />
      <CheckList
        path="videoIds"
        label={text.videos}
        hint={text.videosHint}
        options={videos.map(({ id, title }) => ({ value: id, label: title }))}
        chosen={draft.videoIds}
        onChosen={(videoIds) => change({ videoIds })}
        numbered
      />
      {isSuccess && videos.length === 0 && (
        <p>
          {text.noVideos} <Link to="/videos">{text.addVideo}</Link>
        </p>
      )}
      <CheckList
        path="targetWorkstations"
        label={text.targets}
        hint={text.targetsHint}
        options={racks.map(({ workstation }) => ({ value: workstation, label: workstation }))}
        chosen={draft.targetWorkstations}
        onChosen={(targetWorkstations) => change({ targetWorkstations })}
      />
      <Field
        path="targetLabels"
        label={text.labels}
        hint={text.labelsHint}
        value={draft.targetLabels}
        onValue={(targetLabels) => change({ targetLabels })}
      />
    </section>
  )
}

function Pace({ draft, change }: Part) {
  const { words } = usePreferences()
  const text = words.form
  const batch = (names: readonly BatchField[]) =>
    names.map((name) => (
      <Field
        key={name}
        path={`batchConfig.${name}`}
        label={text[name]}
        value={draft.batchConfig[name]}
        placeholder={draft.preset === '' ? BATCH_FIELDS[name] : ''}
        numeric
        onValue={(value) => change({ batchConfig: { ...draft.batchConfig, [name]: value } })}
      />
    ))
  const watch = (names: readonly WatchField[]) =>
    names.map((name) => (
      <Field
        key={name}
        path={`watchConfig.${name}`}
        label={text[name]}
        value={draft.watchConfig[name]}
        placeholder={WATCH_FIELDS[name]}
        numeric
        onValue={(value) => change({ watchConfig: { ...draft.watchConfig, [name]: value } })}
      />
    ))
  return (
    <>
      <section className="panel">
        <h2>{text.pace}</h2>
        <div className="fields">
          <SelectField
            path="preset"
            label={text.preset}
            value={draft.preset}
            options={Object.entries(text.presets).map(([key, label]) => [key === 'none' ? '' : key, label])}
            onValue={(preset) => change({ preset })}
          />
          {batch(['batchSizePercent', 'batchIntervalSeconds', 'cycleIntervalSeconds'])}
        </div>
        <h2>{text.watch}</h2>
        <div className="fields">
          {watch(['watchDurationMin', 'watchDurationMax'])}
          <SelectField
            path="watchConfig.player.name"
            label={text.player}
            value={draft.player}
            options={Object.entries(text.players)}
            onValue={(player) => change({ player })}
          />
          <Field
            path="watchConfig.seed"
            label={text.seed}
            hint={text.seedHint}
            value={draft.seed}
            onValue={(seed) => change({ seed })}
          />
        </div>
        <details>
          <summary>{text.interactions}</summary>
          <div className="fields">
            {watch(['pauseProbability', 'seekProbability', 'qualitySwitchProbability', 'backgroundProbability'])}
          </div>
        </details>
      </section>
      <section className="panel">
        <h2>{text.failing}</h2>
        <div className="fields">
          {batch([
            'maxRetries',
            'retryDelaySeconds',
            'commandTimeoutSeconds',
            'failureThresholdPercent',
            'workloadFailureThresholdPercent',
          ])}
          <SelectField
            path="onVideoError"
            label={text.onVideoError}
            value={draft.onVideoError}
            options={Object.entries(text.onVideoErrors)}
            onValue={(value) => change({ onVideoError: value === 'skip' ? 'skip' : 'fail' })}
          />
        </div>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.alternateGroups}
            onChange={(event) => change({ alternateGroups: event.target.checked })}
          />
          {text.alternateGroups}
        </label>
      </section>
    </>
  )
}

function withoutEmpty(problems: Problems, draft: Draft): Problems {
  const empty = { name: draft.name === '', videoIds: draft.videoIds.length === 0 } as Record<string, boolean>
  return Object.fromEntries(Object.entries(problems).filter(([path]) => !empty[path]))
}

/** Typing is over when it has rested for so long; ms. */
const SETTLED_MS = 350

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
