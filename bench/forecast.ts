import { createHash } from 'node:crypto'
import { pendingWorkload, resolveSettings, WorkloadSettings } from '../src/domain/workload-config.ts'
import { chances } from '../src/simulation/chances.ts'
import { forecast } from '../src/simulation/forecast.ts'
import type { ForecastInput } from '../src/simulation/forecast-lab.ts'
import { median } from './statistics.ts'

/** How long a night takes to be forecast, and that the same night is forecast the same: its digest is printed. */
const RUNS = 5
const GATES = [{ metric: 'rebufferRatio', quantile: 0.95, max: 0.02, minSample: 20 }]
const NIGHTS = [
  { devices: 300, preset: 'safe', videos: 120 },
  { devices: 300, preset: 'fast', videos: 320 },
  { devices: 10_000, preset: 'safe', videos: 100 },
  { devices: 10_000, preset: 'fast', videos: 240 },
] as const

console.log(`Node ${process.version}`)
for (const { devices, preset, videos } of NIGHTS) {
  const input = nightOf(devices, preset, videos)
  const runs = Array.from({ length: devices > 1000 ? 1 : RUNS }, () => timed(() => forecast(input)))
  const made = runs[0]?.made
  if (!made) continue
  const ms = median(runs.map((run) => run.ms))
  const hours = ((made.endsAt - made.startsAt) / 3_600_000).toFixed(1)
  const digests = runs.map((run) => createHash('sha256').update(JSON.stringify(run.made)).digest('hex').slice(0, 16))
  const same = digests.filter((digest) => digest === digests[0]).length
  console.log(
    `${devices} devices, ${preset}, ${hours} h, ${made.plays} plays: ${Math.round(ms)} ms (${digests[0]} in ${same} of ${digests.length})`,
  )
}
const under = timed(() => chances(nightOf(300, 'safe', 120), 100))
console.log(`300 devices, safe, under 100 seeds: ${Math.round(under.ms)} ms`)

function nightOf(devices: number, preset: 'safe' | 'fast', videos: number): ForecastInput {
  const asked = WorkloadSettings.parse({
    preset,
    gates: GATES,
    watchConfig: { watchDurationMin: 60, watchDurationMax: 120 },
  })
  const settings = resolveSettings(asked, devices, 'bench')
  const rebuffers = Array.from({ length: 101 }, (_, at) => (at < 90 ? 0 : (at - 90) / 600))
  return {
    workload: pendingWorkload(settings, videos),
    retries: settings.batchConfig,
    watch: settings.watchConfig,
    devices: Array.from({ length: devices }, (_, at) => {
      const workstation = `WS${String(Math.floor(at / 20) + 1).padStart(3, '0')}`
      return { id: `d${at}`, workstation, slot: `S${String((at % 20) + 1).padStart(2, '0')}` }
    }),
    videos: Array.from({ length: videos }, (_, at) => {
      return { url: `http://localhost/${at}.m3u8`, title: `video ${at}`, durationSeconds: 600, peakKbps: 4000 }
    }),
    startsAt: Date.parse('2026-11-25T20:00:00Z'),
    assumptions: { failureRate: 0.02, startupMs: 900, seed: 'bench', percentiles: { rebufferRatio: rebuffers } },
  }
}

function timed<T>(work: () => T): { ms: number; made: T } {
  const begun = performance.now()
  const made = work()
  return { ms: performance.now() - begun, made }
}
