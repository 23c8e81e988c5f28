import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Result } from '../../client/index.ts'
import { useWords } from '../preferences.tsx'
import { figureOf } from '../ui/format.ts'
import { Wide } from '../ui/wide.tsx'

const PAGE = 100

/** Sessions, a row each, a part of them at a time. */
export function SessionTable({ results, videos }: { results: readonly Result[]; videos: ReadonlyMap<string, string> }) {
  const words = useWords()
  const [shown, setShown] = useState(PAGE)
  const { metrics } = words.results
  return (
    <>
      <Wide>
        <table className="table">
          <thead>
            <tr>
              <th>{words.workload.command.device}</th>
              <th>{words.workload.command.video}</th>
              <th>{words.workload.command.cycle}</th>
              <th className="number">{metrics.startupMs}</th>
              <th className="number">{metrics.rebufferRatio}</th>
              <th className="number">{metrics.bitrateAvgKbps}</th>
              <th className="number">{metrics.watchPercent}</th>
              <th>{words.workload.command.failure}</th>
            </tr>
          </thead>
          <tbody>
            {results.slice(0, shown).map((result) => (
              <tr key={result.id}>
                <td>
                  <Link to="/sessions/$id" params={{ id: result.id }}>
                    {result.device}
                  </Link>
                </td>
                <td>{videos.get(result.videoId)}</td>
                <td>
                  {result.cycle} {result.batchGroup}
                </td>
                <td className="number">{figureOf('startupMs', result.startupMs, words)}</td>
                <td className="number">{figureOf('rebufferRatio', result.rebufferRatio, words)}</td>
                <td className="number">{figureOf('bitrateAvgKbps', result.bitrateAvgKbps, words)}</td>
                <td className="number">{figureOf('watchPercent', result.watchPercent, words)}</td>
                <td>
                  {result.failure && <span className="badge bad">{result.failure}</span>}
                  {result.unreliable && <span className="badge warn">{words.results.unreliable}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
      {shown < results.length && (
        <button type="button" className="button" onClick={() => setShown(shown + PAGE)}>
          {words.common.more}
        </button>
      )}
    </>
  )
}
