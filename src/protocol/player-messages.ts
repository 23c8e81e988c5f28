import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import { amount, count, figure } from '../domain/fields.ts'
import { PLAYER_STATES } from '../domain/playback-result.ts'
import { PlayerChoice } from '../domain/player-choice.ts'
import { LiveFigures, PlayableOrigin, SessionPlan, said, TimelineEntry } from './session.ts'

const ReachableOrigins = z.array(PlayableOrigin.omit({ token: true }))

/** What the player page is told of the session that it plays. */
export const SessionBrief = z.object({
  sessionId: z.string(),
  /** Shown on the page. */
  workload: z.string(),
  device: z.string(),
  video: z.object({ id: z.string(), url: z.string(), title: z.string() }),
  plan: SessionPlan,
  player: PlayerChoice,
  origins: ReachableOrigins,
  /** Whether the device itself sends the page to the background when the plan says so. */
  background: z.boolean(),
})
export type SessionBrief = z.infer<typeof SessionBrief>

/** What went over the page's network so far; frames are null where nothing is decoded yet. */
const Counters = z.object({
  bytes: count,
  segmentBytes: count,
  segmentMs: amount,
  decodedFrames: count.nullable(),
  droppedFrames: count.nullable(),
  /** The 99th percentile of how late the page's own timers ran, ms. */
  loopDelayP99Ms: figure.nullable(),
})

/**
 * What the page says once a second and whenever something happened. It repeats what it had no answer for: entries are
 * numbered from 0, and a host takes those that it does not have.
 */
export const PageReport = z.object({
  /** Grows with each report; an older one that arrives later says nothing new of the present. */
  seq: count,
  /** Now, in ms of the page's own clock since it began to load. */
  atMs: amount,
  first: count,
  entries: z.array(TimelineEntry).max(5000),
  live: z.object({
    state: z.enum(PLAYER_STATES),
    positionSeconds: figure,
    bufferSeconds: figure,
    bitrateKbps: figure.nullable(),
    rebufferCount: count,
  }),
  counters: Counters,
  /** Of a live stream; null for one on demand. */
  liveFigures: LiveFigures.nullable(),
  /** What plays, as its own code names itself. */
  player: z.object({ name: said, version: said }),
  end: z
    .object({
      atMs: amount,
      reason: z.enum(['planned', 'ended', 'failed']),
      failure: z.object({ kind: z.enum(FAILURES), permanent: z.boolean(), code: said, message: said }).nullable(),
    })
    .nullable(),
})
export type PageReport = z.infer<typeof PageReport>
export type PageEnd = NonNullable<PageReport['end']>

/** `have` entries are with the host; `stop` says that the page is to end; `origins` are what it may reach from now on. */
export const PageAnswer = z.object({ have: count, stop: z.boolean(), origins: ReachableOrigins })
export type PageAnswer = z.infer<typeof PageAnswer>

/** Of one stream: more are nobody's ladder, and each is an object for whoever asked. */
const MOST_RENDITIONS = 1000

/** A rendition as its player would choose it. */
const ReadRendition = z.object({
  kind: z.enum(['video', 'audio']),
  bandwidth: amount,
  codecs: said.nullable(),
  width: amount.nullable(),
  height: amount.nullable(),
})
export type ReadRendition = z.infer<typeof ReadRendition>

/** What a player makes of a stream before it asks for any media. */
const StreamFacts = z.object({
  format: z.enum(['hls', 'dash', 'progressive']),
  live: z.boolean(),
  durationSeconds: amount.nullable(),
  renditions: z.array(ReadRendition).max(MOST_RENDITIONS),
  periods: count,
  /** Key systems, such as `com.widevine.alpha`; none where it is not protected. */
  protection: z.array(said).max(100),
  /** Bits per second that its best pictures and sound take together; 0 where nothing says it. */
  peakBandwidth: amount,
  player: z.object({ name: said, version: said }),
})
export type StreamFacts = z.infer<typeof StreamFacts>

/** What reading a stream came to. `message` continues "it cannot be read: …"; `passing` where another try may do. */
export const StreamRead = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), facts: StreamFacts }),
  z.object({ ok: z.literal(false), passing: z.boolean(), message: said }),
])
export type StreamRead = z.infer<typeof StreamRead>

/** A stream to be read. `sessionId` names the reading in what it asks for, as a session's id would. */
export type StreamToRead = { sessionId: string; video: { id: string; url: string }; player: PlayerChoice }

/** What a page without a screen has as `readStream`. */
export type ReadingInPage<Video> = (options: {
  stream: StreamToRead
  origins: Readonly<SessionBrief['origins']>
  video: Video
  /** Put on every request, for who carries it. */
  headers: Readonly<Record<string, string>>
  /** Resolves when a request was refused, with why. */
  refused: Promise<string>
}) => Promise<StreamRead>

/** A session that plays in a page, as whoever opened the page uses it. */
export interface PagePlayback {
  /** Begins; what goes wrong is the report's end. */
  play(): Promise<void>
  /** What is to be told, from an entry on. */
  report(first: number): Omit<PageReport, 'seq' | 'first'>
  /** What may be reached from now on. */
  restrict(origins: SessionBrief['origins']): void
  /** A request would have left the verified origins; nothing was sent there. @param why a sentence */
  refused(why: string): void
  /** Bytes of a file that the page's element asked for by itself. */
  receivedFile(bytes: number): void
  /** Ends at once, as nothing: who stops it knows why. */
  stop(): Promise<void>
}

/** What a page without a screen has as `createPlayback`. */
export type PlaybackInPage<Video> = (options: {
  brief: SessionBrief
  video: Video
  /** Put on every request, for who carries it. */
  headers: Readonly<Record<string, string>>
  /** How late the page's timers have run since the session began: the 99th percentile in ms; null before one fired. */
  lateMs: () => number | null
  /** Something is to be told at once. */
  onNews: () => void
}) => PagePlayback
