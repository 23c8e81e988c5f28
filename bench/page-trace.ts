/** What a browser's own trace says of a page's main thread. */
export type MainThread = {
  /** Of each task over 50 ms, ms. */
  longTasks: number[]
  /** Share of the time in which it worked, by what it did, most first. */
  shares: [kind: string, share: number][]
}

export const TRACE_CATEGORIES = ['-*', 'devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata']
const LONG_TASK_MS = 50
const KINDS: Record<string, string> = {
  RunTask: 'all',
  FunctionCall: 'script',
  RunMicrotasks: 'script',
  UpdateLayoutTree: 'style',
  Layout: 'layout',
  PrePaint: 'paint',
  Paint: 'paint',
  Layerize: 'paint',
  Commit: 'commit',
  RasterTask: 'raster, on threads of its own',
}

type TraceEvent = {
  name: string
  ph: string
  pid: number
  tid: number
  ts: number
  dur?: number
  args?: { name?: string }
}

/** @param seconds that the trace lasted. */
export function mainThreadOf(trace: Buffer, seconds: number): MainThread {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: TraceEvent[] }
  const mains = traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
  const threads = new Set(mains.map(({ pid, tid }) => `${pid} ${tid}`))
  const longTasks: number[] = []
  const totals = new Map<string, number>()
  for (const { name, ph, pid, tid, dur = 0 } of traceEvents) {
    const kind = KINDS[name]
    if (kind === undefined || ph !== 'X') continue
    if (name !== 'RasterTask' && !threads.has(`${pid} ${tid}`)) continue
    totals.set(kind, (totals.get(kind) ?? 0) + dur)
    if (name === 'RunTask' && dur / 1000 > LONG_TASK_MS) longTasks.push(dur / 1000)
  }
  const shares = [...totals].map(([kind, us]): [string, number] => [kind, us / 1e6 / seconds])
  return { longTasks, shares: shares.sort(([, a], [, b]) => b - a) }
}
