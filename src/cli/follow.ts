import type { Client, Workload, WorkloadStatus } from '../client/index.ts'
import { plain } from '../report/shown-text.ts'
import type { Context } from './context.ts'
import { paint } from './terminal.ts'

const BAR = 24
const TICK_MS = 500

/** `isOver` says where to stop besides its end. */
type FollowOptions = { quiet?: boolean; isOver?: (workload: Workload) => boolean }

/** Watches a workload to its end, live on a terminal and a line per change elsewhere. */
export async function follow(
  context: Context,
  client: Client,
  id: string,
  { quiet = false, isOver = () => false }: FollowOptions = {},
): Promise<Workload> {
  const view = quiet ? silent : context.terminal ? liveView(context) : lineView(context)
  let last: WorkloadStatus | null = null
  // Waits are counted down between the changes.
  const ticking = setInterval(() => last && view.show(last), TICK_MS)
  try {
    for await (const status of client.watchWorkload(id, { signal: context.signal })) {
      last = status
      view.show(status)
      if (isOver(status.workload)) break
    }
  } finally {
    clearInterval(ticking)
    view.end()
  }
  if (last === null) throw new Error('The workload told nothing.')
  return last.workload
}

type View = { show: (status: WorkloadStatus) => void; end: () => void }
const silent: View = { show: () => {}, end: () => {} }

function liveView(context: Context): View {
  const { show, end } = context.live()
  return { show: (status) => show(frame(context, status)), end }
}

function lineView(context: Context): View {
  let before = ''
  const show = (status: WorkloadStatus) => {
    const { text, key } = line(status)
    if (key !== before) context.out(text)
    before = key
  }
  return { show, end: () => {} }
}

function frame(context: Context, status: WorkloadStatus): string {
  const { workload, liveState } = status
  const lines = [
    `${paint(context, 'bold', plain(workload.name))}  ${barOf(context, workload)}  ${progressOf(workload)}`,
  ]
  lines.push(`  ${stateOf(status)}`)
  if (liveState?.currentBatch) {
    const { playing, done, failed, skipped, waiting } = liveState.devices
    const dots =
      paint(context, 'green', '●'.repeat(Math.min(80, done))) +
      paint(context, 'cyan', '◐'.repeat(Math.min(80, playing))) +
      paint(context, 'red', '✕'.repeat(Math.min(80, failed))) +
      paint(context, 'dim', '–'.repeat(Math.min(80, skipped))) +
      paint(context, 'dim', '○'.repeat(Math.min(80, waiting)))
    lines.push(`  ${dots}`)
  }
  return lines.join('\n')
}

function line(status: WorkloadStatus): { text: string; key: string } {
  const { workload, liveState } = status
  const counts = liveState?.currentBatch ? `, ${countsOf(liveState.devices)}` : ''
  const text = `${new Date().toISOString().slice(11, 19)}  ${stateOf(status)}${counts}`
  const key = [
    workload.status,
    workload.requested,
    liveState?.cycle,
    liveState?.currentBatch,
    counts,
    liveState?.waitEndsAt,
  ]
  return { text, key: key.join(' ') }
}

function countsOf({ playing, done, failed, skipped, waiting }: NonNullable<WorkloadStatus['liveState']>['devices']) {
  const parts = [
    [playing, 'playing'],
    [done, 'done'],
    [failed, 'failed'],
    [skipped, 'skipped'],
    [waiting, 'waiting'],
  ] as const
  return parts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(', ')
}

function stateOf({ workload, liveState }: WorkloadStatus): string {
  const asked = workload.requested === null ? '' : `, ${workload.requested} asked for`
  const why = workload.reason === null ? '' : `: ${plain(workload.reason)}`
  if (liveState === null) return `${workload.status}${asked}${why}`
  const video = `video ${liveState.currentVideoIndex + 1} of ${workload.videoIds.length}`
  const left =
    liveState.waitEndsAt === null
      ? null
      : Math.max(0, Math.ceil((Date.parse(liveState.waitEndsAt) - Date.now()) / 1000))
  if (workload.status === 'waiting') return `${video} done, the next in ${left} s${asked}`
  if (workload.status !== 'executing') return `${video}: ${workload.status}${asked}`
  const batch = `batch ${liveState.currentBatchGroup} (${liveState.currentBatch} of ${liveState.batchCount})`
  return left === null ? `${video}, ${batch}${asked}` : `${video}, ${batch} in ${left} s${asked}`
}

/** Played, failed, and neither, each in its colour and of its share. */
function barOf(context: Context, workload: Workload): string {
  const { totalTasks, completedTasks, failedTasks, skippedTasks, cancelledTasks } = workload
  let settled = 0
  const upTo = (count: number) => {
    const before = totalTasks === 0 ? 0 : Math.round((settled / totalTasks) * BAR)
    settled += count
    return (totalTasks === 0 ? 0 : Math.round((settled / totalTasks) * BAR)) - before
  }
  const parts = [
    paint(context, 'green', '█'.repeat(upTo(completedTasks))),
    paint(context, 'red', '█'.repeat(upTo(failedTasks))),
    paint(context, 'dim', '█'.repeat(upTo(skippedTasks + cancelledTasks))),
  ]
  return parts.join('') + paint(context, 'dim', '░'.repeat(upTo(totalTasks - settled)))
}

/** Such as `3 of 16 played, 13 failed`: what is settled without having played is not called played. */
export function progressOf(workload: Workload): string {
  const { totalTasks, completedTasks, failedTasks, skippedTasks, cancelledTasks } = workload
  const others = [
    [failedTasks, 'failed'],
    [skippedTasks, 'skipped'],
    [cancelledTasks, 'cancelled'],
  ] as const
  const told = others.flatMap(([count, word]) => (count > 0 ? [`, ${count} ${word}`] : []))
  return `${completedTasks} of ${totalTasks} played${told.join('')}`
}
