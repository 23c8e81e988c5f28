import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useMemo } from 'react'
import type { Result } from '../../client/index.ts'
import { allPages, client } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { FIGURES, type Figure, figureOf } from '../ui/format.ts'
import { Busy, Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'
import { useVideos } from '../videos.ts'
import { Findings } from './findings.tsx'
import { BYS, type By, binsOf, figureIn, isWithin, keyOf, quantileOf, type Sample, samplesOf } from './samples.ts'
import { SessionTable } from './session-table.tsx'

/** More than this are not read into a browser. */
const MOST = 20_000
/** As many as there is room for, where each is wide enough to be hit. */
const BINS = 12
/** More lines than this are not told apart by eye. */
const LINES = 8

const Ecdf = lazy(() => import('./ecdf.tsx'))

/** What is chosen, as the address has it. */
export type ResultSearch = {
  figure?: Figure | undefined
  by?: By | undefined
  key?: string | undefined
  from?: number | undefined
  to?: number | undefined
  against?: string | undefined
}

/** How its figures are distributed, and the sessions behind any part of that. */
export function ResultsTab() {
  const words = useWords()
  const { id } = useParams({ from: '/workloads/$id' })
  const query = useQuery({
    queryKey: ['results', id],
    queryFn: () =>
      allPages((cursor) => client.getWorkloadResults(id, { limit: 1000, ...(cursor ? { cursor } : {}) }), MOST),
  })
  return (
    <>
      <Read query={query}>
        {({ items, whole }) =>
          items.length === 0 ? (
            <Empty title={words.results.empty} />
          ) : (
            <>
              {!whole && <p className="problem">{words.results.partial(items.length)}</p>}
              <Distributions results={items} />
            </>
          )
        }
      </Read>
      <Findings id={id} />
    </>
  )
}

function useNames() {
  const { data: videos = [] } = useVideos()
  const { data: devices = [] } = useQuery({
    queryKey: ['devices'],
    queryFn: async () => (await client.getDevices()).items,
  })
  return useMemo(
    () => ({
      video: new Map(videos.map(({ id, title }) => [id, title])),
      model: new Map(devices.map(({ id, model }) => [id, model])),
    }),
    [videos, devices],
  )
}

function Distributions({ results }: { results: readonly Result[] }) {
  const words = useWords()
  const names = useNames()
  const navigate = useNavigate({ from: '/workloads/$id/results' })
  const search = useSearch({ from: '/workloads/$id/results' })
  const { figure = 'startupMs', by = 'group', key, from, to } = search
  // Distributions are of the counted sessions, as every statistic is; the table below them has all.
  const samples = useMemo(
    () =>
      samplesOf(
        results.filter(({ counted }) => counted),
        figure,
        by,
        names,
      ),
    [results, figure, by, names],
  )
  const chosen = results.filter((result) => {
    if (key !== undefined && keyOf(result, by, names) !== key) return false
    return from === undefined || to === undefined || isWithin(figureIn(result, figure), { from, to }, true)
  })
  const unreliable = results.filter((result) => result.counted && result.unreliable).length
  const choose = (part: ResultSearch) => void navigate({ search: (old) => ({ ...old, ...part }), resetScroll: false })
  return (
    <section className="panel">
      <div className="filters">
        <label>
          {words.results.metric}
          <select
            value={figure}
            onChange={(event) =>
              choose({ figure: FIGURES.find((one) => one === event.target.value), from: undefined, to: undefined })
            }
          >
            {FIGURES.map((one) => (
              <option key={one} value={one}>
                {words.results.metrics[one]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.results.by}
          <select
            value={by}
            onChange={(event) =>
              choose({
                by: BYS.find((one) => one === event.target.value),
                key: undefined,
                from: undefined,
                to: undefined,
              })
            }
          >
            {BYS.map((one) => (
              <option key={one} value={one}>
                {words.results.bys[one]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <h2>{words.results.plot}</h2>
      <Suspense fallback={<Busy />}>
        <Ecdf samples={samples.slice(0, LINES)} figure={figure} />
      </Suspense>
      {unreliable > 0 && <p className="problem">{words.results.leftOut(unreliable)}</p>}
      <SampleTable samples={samples} figure={figure} search={search} />
      <h2 id="sessions">
        {words.results.shown}: {words.common.sessions(chosen.length)}
      </h2>
      {(key !== undefined || from !== undefined) && (
        <p>
          {key}
          {from !== undefined &&
            to !== undefined &&
            ` ${figureOf(figure, from, words)} – ${figureOf(figure, to, words)}`}{' '}
          <button
            type="button"
            className="button small"
            onClick={() => choose({ key: undefined, from: undefined, to: undefined })}
          >
            {words.results.all}
          </button>
        </p>
      )}
      <SessionTable results={chosen} videos={names.video} />
    </section>
  )
}

function SampleTable({
  samples,
  figure,
  search,
}: {
  samples: readonly Sample[]
  figure: Figure
  search: ResultSearch
}) {
  const words = useWords()
  const text = words.results
  const bins = binsOf(samples, BINS)
  return (
    <Wide>
      <table className="table">
        <thead>
          <tr>
            <th>{text.key}</th>
            <th>{text.spread}</th>
            <th className="number">{text.p50}</th>
            <th className="number">{text.p95}</th>
            <th className="number">{text.most}</th>
            <th className="number">{text.count}</th>
            <th className="number">{text.failed}</th>
          </tr>
        </thead>
        <tbody>
          {samples.map((sample) => (
            <tr key={sample.key}>
              <td>
                <Link
                  from="/workloads/$id/results"
                  to="."
                  search={{ ...search, key: sample.key, from: undefined, to: undefined }}
                  hash="sessions"
                >
                  {sample.key || text.bys.all}
                </Link>
              </td>
              <td>
                <Bars sample={sample} figure={figure} bins={bins} search={search} />
              </td>
              <td className="number">{figureOf(figure, quantileOf(sample.values, 0.5), words)}</td>
              <td className="number">{figureOf(figure, quantileOf(sample.values, 0.95), words)}</td>
              <td className="number">{figureOf(figure, sample.values.at(-1), words)}</td>
              <td className="number">{sample.results.length}</td>
              <td className={sample.failed > 0 ? 'number tone-bad' : 'number'}>{sample.failed}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

type Bin = { from: number; to: number }

/** A histogram, each bar of which leads to its sessions. */
function Bars({
  sample,
  figure,
  bins,
  search,
}: {
  sample: Sample
  figure: Figure
  bins: readonly Bin[]
  search: ResultSearch
}) {
  const words = useWords()
  const counts = bins.map(
    (bin, at) => sample.values.filter((value) => isWithin(value, bin, at === bins.length - 1)).length,
  )
  const most = Math.max(1, ...counts)
  return (
    <div className="bars">
      {bins.map((bin, at) => {
        const count = counts[at] ?? 0
        if (count === 0) return <span key={bin.from} className="bar none" />
        const label = words.results.bar(count, figureOf(figure, bin.from, words), figureOf(figure, bin.to, words))
        return (
          <Link
            key={bin.from}
            className="bar"
            from="/workloads/$id/results"
            to="."
            search={{ ...search, key: sample.key, from: bin.from, to: bin.to }}
            hash="sessions"
            aria-label={label}
            title={label}
          >
            <span style={{ height: `${Math.max(8, (count / most) * 100)}%` }} />
          </Link>
        )
      })}
    </div>
  )
}
