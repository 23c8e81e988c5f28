/** One call to a media source, one of its buffers (`v` pictures, `a` sound) or the element. Times in seconds. */
export type Step =
  | ['append', 'v' | 'a', number | 'init' | 'junk']
  | ['offset', 'v' | 'a', number]
  | ['window', 'v' | 'a', number, number]
  | ['mode', 'v' | 'a', 'segments' | 'sequence']
  | ['remove', 'v' | 'a', number, number]
  | ['abort', 'v' | 'a']
  | ['drop', 'v' | 'a']
  | ['end', ('network' | 'decode')?]
  | ['duration', number]
  | ['live', number, number]
  | ['seek', number]
  | ['rate', number]
  | ['wait', number]
  | ['play' | 'pause' | 'load']

export type Script = { media: string; steps: Step[] }

/** What a script is run on: the browser's own classes, or ours. */
export type Stage = {
  video: HTMLVideoElementLike
  MediaSource: new () => MediaSourceLike
  objectUrl(source: MediaSourceLike): string
  /** Of a track (`0` is pictures, `3` sound), a segment by its number, or its initialization segment. */
  bytes(track: '0' | '3', segment: number | 'init' | 'junk'): Promise<ArrayBuffer>
  sleep(ms: number): Promise<void>
}

type Listens = { addEventListener(type: string, listener: () => void): void }
type RangesLike = { length: number; start(at: number): number; end(at: number): number }
type BufferLike = Listens & {
  readonly updating: boolean
  readonly buffered: RangesLike
  mode: 'segments' | 'sequence'
  timestampOffset: number
  appendWindowStart: number
  appendWindowEnd: number
  appendBuffer(data: ArrayBuffer): void
  remove(start: number, end: number): void
  abort(): void
}
type MediaSourceLike = Listens & {
  readonly readyState: string
  duration: number
  addSourceBuffer(type: string): BufferLike
  removeSourceBuffer(buffer: BufferLike): void
  endOfStream(error?: 'network' | 'decode'): void
  setLiveSeekableRange(start: number, end: number): void
}
type HTMLVideoElementLike = Listens & {
  src: string
  currentTime: number
  playbackRate: number
  readonly duration: number
  readonly readyState: number
  readonly paused: boolean
  readonly seeking: boolean
  readonly error: { code: number } | null
  readonly buffered: RangesLike
  readonly seekable: RangesLike
  play(): Promise<void>
  pause(): void
  load(): void
}

/**
 * Runs a script and gives what happened after each step: the events in their order, and the state that all came to. It
 * runs in a page as it stands here, so it may name nothing outside itself.
 */
export async function runScript(
  { video, MediaSource, objectUrl, bytes, sleep }: Stage,
  steps: Step[],
): Promise<string[]> {
  const SETTLED_MS = 60
  const log: string[] = []
  const buffers: Record<string, BufferLike> = {}
  let events: string[] = []
  let quiet = 0
  const listen = (name: string, target: Listens, types: string) => {
    for (const type of types.split(' ')) {
      target.addEventListener(type, () => {
        events.push(`${name}:${type}`)
        quiet = 0
      })
    }
  }
  const settle = async () => {
    for (quiet = 0; quiet < SETTLED_MS || Object.values(buffers).some(({ updating }) => updating); quiet += 20) {
      await sleep(20)
    }
  }
  listen('el', video, 'loadstart abort emptied error durationchange loadedmetadata loadeddata canplay canplaythrough')
  listen('el', video, 'play playing pause waiting seeking seeked ended ratechange resize')
  // Of what plays, as long as it plays: a browser on a busy machine begins late. Of what stands still, by the clock.
  const wait = async (ms: number) => {
    let left = ms
    for (let most = 10 * ms; left > 0 && most > 0; most -= 20) {
      const { currentTime, playbackRate } = video
      const plays = !video.paused && !video.seeking && video.readyState > 2 && playbackRate > 0
      await sleep(20)
      left -= plays ? ((video.currentTime - currentTime) / playbackRate) * 1000 : 20
    }
  }
  const source = new MediaSource()
  listen('ms', source, 'sourceopen sourceended sourceclose')
  const opened = new Promise<void>((resolve) => source.addEventListener('sourceopen', resolve))
  video.src = objectUrl(source)
  await opened
  await settle()
  const updates = 'updatestart update updateend error abort'
  const types = { v: 'video/mp4; codecs="avc1.4d401f"', a: 'audio/mp4; codecs="mp4a.40.2"' }
  for (const name of ['v', 'a'] as const) {
    if (!steps.some(([, of]) => of === name)) continue
    const buffer = source.addSourceBuffer(types[name])
    listen(name, buffer, updates)
    buffers[name] = buffer
  }
  const to = (name: 'v' | 'a') => buffers[name] as BufferLike
  const rounded = (seconds: number) => Math.round(seconds * 100) / 100
  const told = (ranges: RangesLike) =>
    Array.from({ length: ranges.length }, (_, at) => `${rounded(ranges.start(at))}-${rounded(ranges.end(at))}`).join(
      ',',
    )
  const ranges = (of: { readonly buffered: RangesLike }) => {
    try {
      return told(of.buffered)
    } catch (error) {
      return (error as Error).name
    }
  }
  const state = () => {
    const moving = !video.paused && video.readyState > 2
    return [
      `ready ${video.readyState}`,
      `source ${source.readyState} ${rounded(source.duration)}`,
      moving ? 'moving' : `at ${rounded(video.currentTime)}`,
      `of ${rounded(video.duration)}`,
      video.paused ? 'paused' : 'unpaused',
      ...(video.seeking ? ['seeking'] : []),
      ...(video.error ? [`error ${video.error.code}`] : []),
      `buffered ${told(video.buffered)}`,
      `seekable ${told(video.seekable)}`,
      ...Object.entries(buffers).map(([name, buffer]) => `${name} ${ranges(buffer)}`),
    ].join('; ')
  }
  const act = async (step: Step) => {
    switch (step[0]) {
      case 'append': {
        const data = await bytes(step[1] === 'v' ? '0' : '3', step[2])
        to(step[1]).appendBuffer(data)
        break
      }
      case 'offset':
        to(step[1]).timestampOffset = step[2]
        break
      case 'window':
        to(step[1]).appendWindowStart = 0
        to(step[1]).appendWindowEnd = step[3]
        to(step[1]).appendWindowStart = step[2]
        break
      case 'mode':
        to(step[1]).mode = step[2]
        break
      case 'remove':
        to(step[1]).remove(step[2], step[3])
        break
      case 'abort':
        to(step[1]).abort()
        break
      case 'drop':
        source.removeSourceBuffer(to(step[1]))
        break
      case 'end':
        source.endOfStream(step[1])
        break
      case 'duration':
        source.duration = step[1]
        break
      case 'live':
        source.setLiveSeekableRange(step[1], step[2])
        break
      case 'seek':
        video.currentTime = step[1]
        break
      case 'rate':
        video.playbackRate = step[1]
        break
      case 'wait':
        await wait(step[1] * 1000)
        break
      case 'play':
        video.play().then(
          () => events.push('play resolved'),
          (error: Error) => events.push(`play rejected: ${error.name}`),
        )
        break
      case 'pause':
        video.pause()
        break
      case 'load':
        video.load()
        break
    }
  }
  log.push(`open: ${events.join(' ')} | ${state()}`)
  for (const step of steps) {
    events = []
    try {
      await act(step)
    } catch (error) {
      events.push(`threw ${(error as Error).name}`)
    }
    await settle()
    log.push(`${step.join(' ')}: ${events.join(' ')} | ${state()}`)
  }
  return log
}
