import { useParams } from '@tanstack/react-router'
import { useWords } from '../preferences.tsx'
import { useWorkload } from './use-workload.ts'

/** What it was created with, defaults filled in. */
export function SettingsTab() {
  const words = useWords()
  const { id } = useParams({ from: '/workloads/$id' })
  const { workload } = useWorkload(id)
  if (workload === undefined) return null
  const { targetWorkstations, targetDevices, targetLabels, preset, timeProfiles, batchConfig, watchConfig } = workload
  const { window, maxConcurrent, maxMbps, gates, alternateGroups, onVideoError, after } = workload
  const settings = {
    targetWorkstations,
    targetDevices,
    targetLabels,
    preset,
    timeProfiles,
    batchConfig,
    watchConfig,
    window,
    maxConcurrent,
    maxMbps,
    gates,
    alternateGroups,
    onVideoError,
    after,
  }
  return (
    <section className="panel">
      <h2>{words.workload.reads}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <pre className="settings" tabIndex={0}>
        {JSON.stringify(settings, null, 2)}
      </pre>
    </section>
  )
}
