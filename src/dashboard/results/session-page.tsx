import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import type { SessionResult } from '../../client/index.ts'
import { client } from '../api.ts'
import { Fact } from '../lab/device-page.tsx'
import { useWords } from '../preferences.tsx'
import { clockOf, decimals, figureOf, momentOf } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Busy, Read } from '../ui/states.tsx'
import type { Words } from '../words/words-en.ts'
import { entriesOf, stretchesOf } from './timeline.ts'

const Bitrate = lazy(() => import('./bitrate.tsx'))

/** One session: what it measured, and what happened when. */
export function SessionPage() {
  const words = useWords()
  const { id } = useParams({ from: '/sessions/$id' })
  const query = useQuery({
    queryKey: ['result', id],
    queryFn: () => client.getResult(id),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const title = query.data ? `${query.data.device} · ${query.data.video.title}` : words.session.title
  return (
    <>
      <Heading title={title} />
      <Read query={query} missing={words.session.notFound}>
        {(result) => <SessionView result={result} />}
      </Read>
    </>
  )
}

function SessionView({ result }: { result: SessionResult }) {
  const words = useWords()
  const text = words.session
  const frames = result.decodedFrames
  return (
    <>
      <section className="panel">
        <p>
          <Link to="/workloads/$id" params={{ id: result.workload.id }}>
            {result.workload.name}
          </Link>{' '}
          ·{' '}
          <Link to="/devices/$name" params={{ name: result.device }}>
            {result.device}
          </Link>{' '}
          · {words.workload.command.cycle} {result.cycle} {result.batchGroup} · {momentOf(result.createdAt, words)}
        </p>
        {result.failure && (
          <p className="problem">
            <span className="badge bad">{result.failure}</span> {result.errorMessage}
          </p>
        )}
        {result.unreliable && <p className="problem">{text.unreliable}</p>}
        <h2>{text.figures}</h2>
        <dl className="facts">
          <Fact name={text.startup} value={figureOf('startupMs', result.startupMs, words)} />
          <Fact
            name={text.watched}
            value={`${decimals(result.watchTime, 1, words)} s, ${figureOf('watchPercent', result.watchPercent, words)}`}
          />
          <Fact
            name={text.stalls}
            value={`${result.rebufferCount}, ${decimals(result.rebufferMs / 1000, 1, words)} s`}
          />
          <Fact name={text.ratio} value={figureOf('rebufferRatio', result.rebufferRatio, words)} />
          <Fact
            name={words.results.metrics.bitrateAvgKbps}
            value={figureOf('bitrateAvgKbps', result.bitrateAvgKbps, words)}
          />
          {frames !== null && <Fact name={text.dropped} value={words.common.of(result.droppedFrames ?? 0, frames)} />}
          <Fact name={text.loaded} value={`${decimals(result.bytesDownloaded / 1e6, 1, words)} MB`} />
          <Fact name={text.end} value={text.ends[result.endReason] ?? result.endReason} />
          <Fact name={text.attempt} value={result.attempt} />
          {result.liveLatencyP50Ms !== null && <Fact name={text.behind} value={behindOf(result, words)} />}
          {result.liveWindowSeconds !== null && (
            <Fact name={text.window} value={`${decimals(result.liveWindowSeconds, 1, words)} s`} />
          )}
          {result.loopDelayP99Ms !== null && (
            <Fact name={text.late} value={`${decimals(result.loopDelayP99Ms, 0, words)} ms`} />
          )}
          <Fact name={words.device.driver} value={result.driver ?? words.common.unknown} />
          {result.player !== null && (
            <Fact name={text.player} value={`${result.player} ${result.playerVersion} (${result.playerDigest})`} />
          )}
        </dl>
      </section>
      <Timeline result={result} />
      {result.hasScreenshot && <Screenshot id={result.id} />}
    </>
  )
}

/** How far behind the live edge: half of the time, 95 % of it, at the end, and how much more than at the start. */
function behindOf(result: SessionResult, words: Words): string {
  const seconds = (ms: number | null) => (ms === null ? words.common.unknown : `${decimals(ms / 1000, 1, words)} s`)
  const { liveLatencyP50Ms, liveLatencyP95Ms, liveLatencyEndMs, liveDriftMs } = result
  const [p50, p95, end, drift] = [liveLatencyP50Ms, liveLatencyP95Ms, liveLatencyEndMs, liveDriftMs].map(seconds)
  return words.session.behindBy(p50 ?? '', p95 ?? '', end ?? '', drift ?? '')
}

function Timeline({ result }: { result: SessionResult }) {
  const words = useWords()
  const text = words.session
  const entries = entriesOf(result.timeline)
  const { stretches, endMs } = stretchesOf(entries)
  const stalls = stretches.filter(({ state }) => state === 'rebuffering')
  const errors = entries.filter((entry) => entry.kind === 'error')
  const interactions = entries.filter((entry) => entry.kind === 'interaction')
  const bitrates = entries.filter((entry) => entry.kind === 'rendition')
  const time = (ms: number) => `${decimals(ms / 1000, 1, words)} s`
  const said = stretches.map(({ state, fromMs, toMs }) => `${text.states_[state]} ${time(fromMs)}–${time(toMs)}`)
  return (
    <>
      <section className="panel">
        <h2>{text.states}</h2>
        <div className="states" role="img" aria-label={said.join(', ')}>
          {stretches.map(({ state, fromMs, toMs }) => (
            <span
              key={fromMs}
              className={`stretch state-${state}`}
              style={{ left: `${(fromMs / endMs) * 100}%`, width: `${((toMs - fromMs) / endMs) * 100}%` }}
              title={`${text.states_[state]}: ${time(fromMs)} – ${time(toMs)}`}
            />
          ))}
        </div>
        <p className="states-key">
          {[...new Set(stretches.map(({ state }) => state))].map((state) => (
            <span key={state}>
              <span className={`swatch state-${state}`} aria-hidden="true" /> {text.states_[state]}
            </span>
          ))}
          <span className="quiet">{clockOf(endMs)}</span>
        </p>
      </section>
      {bitrates.length > 0 && (
        <section className="panel">
          <h2>{text.bitrate}</h2>
          <Suspense fallback={<Busy />}>
            <Bitrate steps={bitrates} endMs={endMs} />
          </Suspense>
        </section>
      )}
      <section className="panel columns">
        <Happenings
          title={text.stalls}
          lines={stalls.map(({ fromMs, toMs }) => ({ atMs: fromMs, text: `${text.lasted} ${time(toMs - fromMs)}` }))}
        />
        <Happenings
          title={text.errors}
          lines={errors.map(({ atMs, code, message }) => ({ atMs, text: `${code}: ${message}` }))}
        />
        <Happenings
          title={text.interactions}
          lines={interactions.map(({ atMs, interaction, outcome }) => ({ atMs, text: `${interaction} (${outcome})` }))}
        />
      </section>
    </>
  )
}

function Happenings({ title, lines }: { title: string; lines: readonly { atMs: number; text: string }[] }) {
  const words = useWords()
  return (
    <div>
      <h2>{title}</h2>
      {lines.length === 0 ? (
        <p className="quiet">{words.session.none}</p>
      ) : (
        <ul className="plain">
          {lines.map(({ atMs, text }) => (
            <li key={`${atMs} ${text}`}>
              <time>{clockOf(atMs)}</time> {text}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Screenshot({ id }: { id: string }) {
  const words = useWords()
  const query = useQuery({ queryKey: ['screenshot', id], queryFn: () => client.getResultScreenshot(id) })
  return (
    <section className="panel">
      <h2>{words.session.screenshot}</h2>
      <Read query={query}>
        {({ jpeg }) => (
          <img className="screenshot" src={`data:image/jpeg;base64,${jpeg}`} alt={words.session.screenshot} />
        )}
      </Read>
    </section>
  )
}
