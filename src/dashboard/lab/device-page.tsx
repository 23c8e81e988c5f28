import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Device, DeviceSession } from '../../client/index.ts'
import { client, queries } from '../api.ts'
import { faceOf } from '../face.ts'
import { useDevice } from '../live.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { Notice, useAction } from '../ui/action.tsx'
import { Actions } from '../ui/actions.tsx'
import { Badge, Mark } from '../ui/badge.tsx'
import { decimals, figureOf, momentOf } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'
import { useVideoTitle } from '../videos.ts'

/** One device: how it is, what it does, why it does not play, and what it was given. */
export function DevicePage() {
  const words = useWords()
  const { name } = useParams({ from: '/devices/$name' })
  const query = useQuery({ queryKey: ['device', name], queryFn: () => client.getDevice(name) })
  return (
    <>
      <Heading title={name} />
      <Read query={query} missing={words.device.gone}>
        {(device) => <DeviceView device={device} />}
      </Read>
    </>
  )
}

function DeviceView({ device }: { device: Device }) {
  const words = useWords()
  const live = useDevice(device.id)
  const status = live?.status ?? device.status
  const command = `${live?.session?.workloadId} ${live?.session?.cycle} ${status} ${live?.statusReason}`
  // What is told live is not told whole: what it changes is read again.
  useEffect(() => {
    for (const key of ['device', 'why', 'sessions']) void queries.invalidateQueries({ queryKey: [key, device.labName] })
  }, [command, device.labName])
  const why = useQuery({ queryKey: ['why', device.labName], queryFn: () => client.whyDevice(device.id) })
  const face = faceOf(live ?? { status, session: null })
  return (
    <>
      <section className="panel">
        <p className="device-state">
          <Mark face={face} /> <strong>{words.faces[face]}</strong>
          {device.quarantinedUntil && ` · ${words.device.until(momentOf(device.quarantinedUntil, words))}`}
        </p>
        <p>
          {words.device.why}: {why.data?.why ?? words.common.loading}
        </p>
        <DeviceActions device={device} status={status} />
      </section>
      {live?.session && <Now id={device.id} />}
      <section className="panel">
        <h2>{words.device.health}</h2>
        <dl className="facts">
          <Fact name={words.device.driver} value={device.driver} />
          <Fact name={words.device.model} value={device.model} />
          <Fact name={words.device.os} value={device.os} />
          <Fact
            name={words.device.labels}
            value={Object.entries(device.labels)
              .map(([key, value]) => `${key}=${value}`)
              .join(', ')}
          />
          {device.temperatureC !== null && (
            <Fact name={words.device.temperature} value={`${decimals(device.temperatureC, 1, words)} °C`} />
          )}
          {device.batteryPercent !== null && <Fact name={words.device.battery} value={`${device.batteryPercent} %`} />}
        </dl>
      </section>
      <History device={device} />
    </>
  )
}

export function Fact({ name, value }: { name: string; value: React.ReactNode }) {
  const words = useWords()
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value === '' || value === null ? words.common.unknown : value}</dd>
    </div>
  )
}

function DeviceActions({ device, status }: { device: Device; status: string }) {
  const words = useWords()
  const { may } = useAccess()
  const { run, busy, problem } = useAction()
  if (!may('operator')) return null
  const { drain, release } = words.device
  const draining = status === 'draining'
  const act = () => run(() => (draining ? client.releaseDevice(device.id) : client.drainDevice(device.id)))
  return (
    <Actions label={`${drain}, ${release}`}>
      <button type="button" className="button" aria-disabled={busy} onClick={() => void act()}>
        {draining ? release : drain}
      </button>
      {status === 'quarantined' && (
        <button
          type="button"
          className="button"
          aria-disabled={busy}
          onClick={() => run(() => client.releaseDevice(device.id))}
        >
          {release}
        </button>
      )}
      <Notice problem={problem} />
    </Actions>
  )
}

function Now({ id }: { id: string }) {
  const words = useWords()
  const session = useDevice(id)?.session
  const title = useVideoTitle(session?.videoId ?? null)
  if (!session) return null
  const { playback } = session
  return (
    <section className="panel">
      <h2>{words.device.now}</h2>
      <dl className="facts">
        <Fact name={words.workload.command.video} value={title} />
        <Fact
          name={words.workload.group}
          value={
            <Link to="/workloads/$id" params={{ id: session.workloadId }}>
              {session.batchGroup}
            </Link>
          }
        />
        <Fact name={words.device.attempt} value={session.attempt} />
        {playback && (
          <>
            <Fact name={words.common.state} value={words.session.states_[playback.state] ?? playback.state} />
            <Fact name={words.device.position} value={`${decimals(playback.positionSeconds, 1, words)} s`} />
            <Fact name={words.device.buffer} value={`${decimals(playback.bufferSeconds, 1, words)} s`} />
            <Fact name={words.device.stalls} value={playback.rebufferCount} />
            <Fact name={words.device.bitrate} value={figureOf('bitrateAvgKbps', playback.bitrateKbps, words)} />
          </>
        )}
      </dl>
    </section>
  )
}

function History({ device }: { device: Device }) {
  const words = useWords()
  const query = useQuery({
    queryKey: ['sessions', device.labName],
    queryFn: async () => (await client.getDeviceSessions(device.id)).items,
  })
  return (
    <section className="panel">
      <h2>{words.device.history}</h2>
      <Read query={query}>
        {(sessions) =>
          sessions.length === 0 ? <Empty title={words.device.noHistory} /> : <HistoryTable sessions={sessions} />
        }
      </Read>
    </section>
  )
}

function HistoryTable({ sessions }: { sessions: readonly DeviceSession[] }) {
  const words = useWords()
  return (
    <Wide>
      <table className="table">
        <thead>
          <tr>
            <th>{words.common.when}</th>
            <th>{words.workloads.title}</th>
            <th>{words.workload.command.video}</th>
            <th>{words.common.state}</th>
            <th className="number">{words.results.metrics.startupMs}</th>
            <th className="number">{words.results.metrics.rebufferRatio}</th>
            <th>{words.workload.command.reason}</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <tr key={session.commandId}>
              <td>
                {session.resultId ? (
                  <Link to="/sessions/$id" params={{ id: session.resultId }}>
                    {momentOf(session.finishedAt ?? session.startedAt, words)}
                  </Link>
                ) : (
                  momentOf(session.finishedAt ?? session.startedAt, words)
                )}
              </td>
              <td>
                <Link to="/workloads/$id" params={{ id: session.workload.id }}>
                  {session.workload.name}
                </Link>
              </td>
              <td>{session.video.title}</td>
              <td>
                <Badge status={session.status} />
              </td>
              <td className="number">{figureOf('startupMs', session.startupMs, words)}</td>
              <td className="number">{figureOf('rebufferRatio', session.rebufferRatio, words)}</td>
              <td>{session.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}
