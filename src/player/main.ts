import { createPlayer } from '../players/create-player.ts'
import { shown } from '../players/player-adapter.ts'
import type { SessionBrief } from '../protocol/player-messages.ts'
import { Lateness } from './lateness.ts'
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
  const playback = new Playback({
    brief,
    video,
    createPlayer: (video, listener) => createPlayer(brief.player, video, listener),
    lateness: new Lateness(() => document.hidden),
    marksFilesByHeaders: false,
    onNews: () => void reporter.send(),
  })
  document.addEventListener('securitypolicyviolation', ({ blockedURI, disposition }) => {
    // What a player puts into the page, such as a style, is refused too; it leads nowhere.
    const leads = /^https?:/.test(blockedURI)
    if (leads && disposition === 'enforce')
      playback.refused(`${shown(blockedURI)} is or leads outside the verified origins`)
  })
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) playback.seenAgain()
  })
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
