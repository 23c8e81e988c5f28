import type { SessionBrief } from '../protocol/player-messages.ts'
import { Playback } from './playback.ts'
import { Reporter } from './reporter.ts'

const page = location.pathname.replace(/\/$/, '')

function show(id: string, text: string): void {
  const element = document.getElementById(id)
  if (element) element.textContent = text
}

async function main(): Promise<void> {
  const brief = (await (await fetch(`${page}/brief`)).json()) as SessionBrief
  show('workload', brief.workload)
  show('device', brief.device)
  show('title', brief.video.title || brief.video.url)
  const video = document.querySelector('video')
  if (video === null) throw new Error('This page has no video element.')
  const playback = new Playback(brief, video, () => void reporter.send())
  const stop = () => {
    if (!playback.ended) show('state', 'stopped')
    void playback.stop()
  }
  const reporter = new Reporter(
    `${page}/report`,
    (first) => {
      const report = playback.report(first)
      const { state, bufferSeconds, bitrateKbps } = report.live
      const failed = report.end?.failure ? `failed · ${report.end.failure.message}` : ''
      show(
        'state',
        failed || `${state} · ${bufferSeconds.toFixed(1)} s ahead${bitrateKbps ? ` · ${bitrateKbps} kbit/s` : ''}`,
      )
      return report
    },
    ({ stop: stopping, origins }) => {
      if (origins !== undefined) playback.restrict(origins)
      if (stopping) stop()
    },
  )
  void reporter.send()
  await playback.play()
}

void main()
