import { Link } from '@tanstack/react-router'
import { faceOf } from '../face.ts'
import { useDevice, useLiveWorkload } from '../live.ts'
import { useWords } from '../preferences.tsx'
import { Mark } from '../ui/badge.tsx'
import { decimals } from '../ui/format.ts'
import { useVideoTitle } from '../videos.ts'

/** The device that is pointed at or focused, in words. */
export function LookedAt({ id }: { id: string }) {
  const words = useWords()
  const device = useDevice(id)
  const session = device?.session ?? null
  const title = useVideoTitle(session?.videoId ?? null)
  const workload = useLiveWorkload(session?.workloadId ?? '')
  if (device === undefined) return null
  const face = faceOf(device)
  const playback = session?.playback ?? null
  return (
    <div className="looked-at">
      <p>
        <strong>{device.labName}</strong> <Mark face={face} /> {words.faces[face]}
        {device.statusReason && <span className="quiet"> · {device.statusReason}</span>}
      </p>
      {session && (
        <p>
          {workload && (
            <Link to="/workloads/$id" params={{ id: session.workloadId }}>
              {workload.workload.name}
            </Link>
          )}{' '}
          · {words.lab.group(session.batchGroup)} · {title}
          {playback && (
            <>
              {' · '}
              {words.lab.buffer(decimals(playback.bufferSeconds, 1, words))} ·{' '}
              {words.lab.stalls(playback.rebufferCount)}
              {playback.bitrateKbps !== null && ` · ${decimals(playback.bitrateKbps, 0, words)} kbit/s`}
            </>
          )}
        </p>
      )}
      <p className="hint">{words.lab.hint}</p>
    </div>
  )
}
