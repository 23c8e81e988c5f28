import { useQuery } from '@tanstack/react-query'
import { client, problemOf } from '../api.ts'
import { Fact } from '../lab/device-page.tsx'
import { useWords } from '../preferences.tsx'
import { clockOf, decimals, momentOf } from '../ui/format.ts'
import { type Draft, fieldOf, settingsOf } from './draft.ts'
import type { Problems } from './fields.tsx'

type Plan = Awaited<ReturnType<typeof client.createPlan>>
export type Forecast = { plan: Plan | undefined; problems: Problems; message: string | null; busy: boolean }

/** What would come of a draft, asked of the controller: it refuses by field what could not be created. */
export function useForecast(draft: Draft): Forecast {
  // A name says nothing of the night, and is asked for when it is created.
  const asked = { ...settingsOf(draft), name: draft.name || '–', videos: [...draft.videoIds] }
  const query = useQuery({
    queryKey: ['plan', JSON.stringify(asked)],
    enabled: draft.videoIds.length > 0,
    queryFn: () => client.createPlan({ workload: asked as never }),
    retry: false,
    staleTime: 60_000,
    placeholderData: (before) => before,
  })
  const { message, errors } = query.error ? problemOf(query.error) : { message: null, errors: [] }
  const problems = Object.fromEntries(errors.map(({ path, message }) => [fieldOf(path), message]))
  return {
    plan: query.error ? undefined : query.data,
    problems,
    message: errors.length > 0 ? null : message,
    busy: query.isFetching,
  }
}

/** The night before it runs, in figures and as bars along time. */
export function ForecastPanel({ forecast, empty }: { forecast: Forecast; empty: boolean }) {
  const words = useWords()
  const { plan, problems, message, busy } = forecast
  const text = words.form
  return (
    <aside className="panel forecast" aria-label={text.forecast}>
      <h2>{text.forecast}</h2>
      <div role="status" aria-busy={busy}>
        {empty && <p className="hint">{text.forecastEmpty}</p>}
        {!empty && message && <p className="problem">{message}</p>}
        {!empty && Object.keys(problems).length > 0 && <p className="hint">{text.forecastWrong}</p>}
        {!empty && plan && <PlanFigures plan={plan} />}
        {!empty && !plan && busy && <p className="hint">{text.calculating}</p>}
      </div>
      {!empty && plan && <PlanBars plan={plan} />}
    </aside>
  )
}

function PlanFigures({ plan }: { plan: Plan }) {
  const words = useWords()
  const text = words.form
  const batches = plan.cycles.flatMap((cycle) => cycle.batches)
  return (
    <>
      <dl className="facts">
        <Fact name={text.ends} value={momentOf(plan.endsAt, words)} />
        <Fact name={text.takes} value={clockOf(Date.parse(plan.endsAt) - Date.parse(plan.startsAt))} />
        <Fact name={text.plays} value={plan.plays.toLocaleString(words.locale)} />
        <Fact name={text.batches} value={batches.length.toLocaleString(words.locale)} />
        <Fact name={text.peak} value={text.peakSessions(plan.peakSessions)} />
        {plan.peakMbps !== null && <Fact name="" value={text.peakMbps(decimals(plan.peakMbps, 1, words))} />}
        {plan.retries > 0 && <Fact name={text.retries} value={plan.retries.toLocaleString(words.locale)} />}
      </dl>
      {plan.status !== 'completed' && <p className="problem">{plan.reason ?? plan.status}</p>}
    </>
  )
}

/** More cycles than this are not drawn. */
const MOST = 12

function PlanBars({ plan }: { plan: Plan }) {
  const words = useWords()
  const from = Date.parse(plan.startsAt)
  const span = Math.max(1, Date.parse(plan.endsAt) - from)
  const at = (time: string) => ((Date.parse(time) - from) / span) * 100
  return (
    <>
      <ol className="plan-bars">
        {plan.cycles.slice(0, MOST).map((cycle) => (
          <li key={cycle.cycle}>
            <span className="plan-title">
              {cycle.cycle}. {cycle.title}
            </span>
            <span className="plan-track">
              {cycle.batches.map(({ batch, group, startsAt, endsAt, devices }) =>
                startsAt === null || endsAt === null ? null : (
                  <span
                    key={batch}
                    className={batch % 2 === 0 ? 'plan-bar even' : 'plan-bar'}
                    style={{ left: `${at(startsAt)}%`, width: `${Math.max(0.5, at(endsAt) - at(startsAt))}%` }}
                    title={`${group}: ${words.common.devices(devices)}, ${momentOf(startsAt, words)}`}
                  />
                ),
              )}
            </span>
          </li>
        ))}
      </ol>
      <details>
        <summary>{words.form.assumptions}</summary>
        <ul>
          {plan.assumptions.map((assumption) => (
            <li key={assumption}>{assumption}</li>
          ))}
        </ul>
      </details>
    </>
  )
}
