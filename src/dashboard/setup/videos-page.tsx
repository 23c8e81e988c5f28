import { useState } from 'react'
import type { Video } from '../../client/index.ts'
import { client } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { Notice, useAction } from '../ui/action.tsx'
import { clockOf, decimals } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'
import { useVideos } from '../videos.ts'
import { Field } from '../workloads/fields.tsx'
import { AddForm } from './add-form.tsx'

/** The catalogue. */
export function VideosPage() {
  const words = useWords()
  const { may } = useAccess()
  const query = useVideos()
  return (
    <>
      <Heading title={words.videos.title} />
      {may('operator') && <AddVideo />}
      <Read query={query}>
        {(videos) =>
          videos.length === 0 ? (
            <Empty title={words.videos.empty} how={words.videos.emptyHow} />
          ) : (
            <ul className="cards">
              {videos.map((video) => (
                <VideoCard key={video.id} video={video} />
              ))}
            </ul>
          )
        }
      </Read>
    </>
  )
}

function AddVideo() {
  const words = useWords()
  const text = words.videos
  const [url, setUrl] = useState('')
  const [title, setTitle] = useState('')
  const add = async () => {
    await client.createVideo({ url, ...(title === '' ? {} : { title }) })
    setUrl('')
    setTitle('')
  }
  return (
    <AddForm title={text.add} button={text.add} onSubmit={add}>
      <Field path="url" label={text.url} value={url} onValue={setUrl} />
      <Field path="title" label={text.name} hint={text.optional} value={title} onValue={setTitle} />
    </AddForm>
  )
}

type Probe = Awaited<ReturnType<typeof client.probeVideo>>

function VideoCard({ video }: { video: Video }) {
  const words = useWords()
  const text = words.videos
  const { may } = useAccess()
  const [probe, setProbe] = useState<Probe | null>(null)
  const { run, busy, problem } = useAction()
  const look = () => run(async () => setProbe(await client.probeVideo(video.id)))
  return (
    <li className="panel">
      <h2>{video.title}</h2>
      <p className="wrap quiet">{video.url}</p>
      <p>
        {video.durationSeconds !== null && `${text.duration} ${clockOf(video.durationSeconds * 1000)} · `}
        {text.played} {video.completedCount.toLocaleString(words.locale)}
      </p>
      {may('operator') && (
        <div className="actions">
          <button type="button" className="button" aria-disabled={busy} onClick={() => void look()}>
            {busy ? words.common.loading : text.probe}
          </button>
          <Notice problem={problem} />
        </div>
      )}
      {probe && <ProbeTable probe={probe} />}
    </li>
  )
}

function ProbeTable({ probe }: { probe: Probe }) {
  const words = useWords()
  const text = words.videos
  return (
    <Wide>
      <p>
        {text.format} {probe.format.toUpperCase()}
        {probe.live && ` · ${text.live}`}
        {probe.durationSeconds !== null && ` · ${clockOf(probe.durationSeconds * 1000)}`}
        {probe.protection.length > 0 && ` · ${probe.protection.join(', ')}`}
      </p>
      <table className="table">
        <thead>
          <tr>
            <th>{text.renditions}</th>
            <th className="number">{text.size}</th>
            <th className="number">{text.bandwidth}</th>
            <th>{text.codecs}</th>
          </tr>
        </thead>
        <tbody>
          {probe.renditions.map(({ kind, width, height, bandwidth, codecs }) => (
            <tr key={`${kind} ${bandwidth} ${width} ${codecs}`}>
              <td>{text.kinds[kind]}</td>
              <td className="number">
                {height === null ? '' : width === null ? `${height}p` : `${width} × ${height}`}
              </td>
              <td className="number">{bandwidth > 0 ? `${decimals(bandwidth / 1000, 0, words)} kbit/s` : ''}</td>
              <td>{codecs}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}
