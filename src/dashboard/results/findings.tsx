import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { WorkloadReport } from '../../client/index.ts'
import { client } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { decimals, FIGURES, type Figure, figureOf, momentOf } from '../ui/format.ts'
import { Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'

type Comparison = NonNullable<WorkloadReport['comparison']>

/** What the report says: gates, where figures lie, and what changed since another workload. */
export function Findings({ id }: { id: string }) {
  const words = useWords()
  const { against } = useSearch({ from: '/workloads/$id/results' })
  const query = useQuery({
    queryKey: ['report', id, against ?? ''],
    queryFn: () => client.getWorkloadReport(id, against ? { against } : {}),
  })
  return (
    <>
      <section className="panel">
        <h2>{words.results.compare}</h2>
        <Against id={id} />
        <Read query={query}>{({ comparison }) => (comparison ? <Changes comparison={comparison} /> : null)}</Read>
      </section>
      <Read query={query}>
        {(report) => (
          <>
            {report.gates.length > 0 && <Gates gates={report.gates} />}
            <section className="panel">
              <h2>{words.results.findings}</h2>
              <ul>
                {report.attributions.map(({ metric, finding }) => (
                  <li key={metric}>
                    {isFigure(metric) ? words.results.metrics[metric] : metric}: {finding}
                  </li>
                ))}
              </ul>
            </section>
          </>
        )}
      </Read>
    </>
  )
}

function Against({ id }: { id: string }) {
  const words = useWords()
  const { against = '' } = useSearch({ from: '/workloads/$id/results' })
  const navigate = useNavigate({ from: '/workloads/$id/results' })
  const { data = [] } = useQuery({
    queryKey: ['workloads', 'to-compare'],
    queryFn: async () => (await client.getWorkloads({ limit: 100 })).items,
  })
  return (
    <label className="check">
      <span className="quiet">{words.results.before}</span>
      <select
        value={against}
        onChange={(event) => {
          const { value } = event.target
          void navigate({ search: (old) => ({ ...old, against: value || undefined }), resetScroll: false })
        }}
      >
        <option value="">{words.results.compareNone}</option>
        {data
          .filter((one) => one.id !== id)
          .map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}, {momentOf(one.createdAt, words)}
            </option>
          ))}
      </select>
    </label>
  )
}

function isFigure(metric: string): metric is Figure {
  return (FIGURES as readonly string[]).includes(metric)
}

function Changes({ comparison }: { comparison: Comparison }) {
  const words = useWords()
  const text = words.results
  const { failures, metrics } = comparison
  const shown = (metric: string, value: number | null) => {
    if (value === null) return words.common.unknown
    return isFigure(metric) ? figureOf(metric, value, words) : decimals(value, 2, words)
  }
  const verdict = (standsOut: boolean, worse: boolean | null) =>
    !standsOut ? text.noise : worse === null ? text.standsOut : worse ? text.worse : text.better
  return (
    <Wide>
      <table className="table">
        <thead>
          <tr>
            <th>{text.metric}</th>
            <th className="number">{`${text.before}: ${text.p50} / ${text.p95}`}</th>
            <th className="number">{`${text.after}: ${text.p50} / ${text.p95}`}</th>
            <th className="number">{text.shift}</th>
            <th>{text.change}</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>{text.failures}</td>
            <td className="number">{words.common.of(failures.before.failed, failures.before.judged)}</td>
            <td className="number">{words.common.of(failures.after.failed, failures.after.judged)}</td>
            <td />
            <td>{failures.standsOut ? text.standsOut : text.noise}</td>
          </tr>
          {metrics.map(({ metric, before, after, shift, standsOut, worse }) => (
            <tr key={metric}>
              <td>{isFigure(metric) ? text.metrics[metric] : metric}</td>
              <td className="number">{`${shown(metric, before.p50)} / ${shown(metric, before.p95)}`}</td>
              <td className="number">{`${shown(metric, after.p50)} / ${shown(metric, after.p95)}`}</td>
              <td className="number">
                {shift &&
                  `${shown(metric, shift.estimate)} (${shown(metric, shift.low)} … ${shown(metric, shift.high)})`}
              </td>
              <td className={standsOut && worse ? 'tone-bad' : standsOut && worse === false ? 'tone-good' : ''}>
                {verdict(standsOut, worse)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

function Gates({ gates }: { gates: WorkloadReport['gates'] }) {
  const words = useWords()
  return (
    <section className="panel">
      <h2>{words.results.gates}</h2>
      <ul className="plain">
        {gates.map((gate) => (
          <li key={`${gate.cycle} ${gate.batchNumber} ${gate.gate}`}>
            <span className={`badge ${gate.verdict === 'fail' ? 'bad' : gate.verdict === 'pass' ? 'good' : 'warn'}`}>
              {words.results.verdicts[gate.verdict]}
            </span>{' '}
            {gate.cycle} {gate.batchGroup}: {gate.rule}, {gate.value === null ? '–' : Number(gate.value.toPrecision(4))}{' '}
            ({words.common.sessions(gate.sample)}
            {gate.unreliable > 0 && `, ${words.results.unreliableCount(gate.unreliable)}`})
          </li>
        ))}
      </ul>
    </section>
  )
}
