import { v7 as uuidv7 } from 'uuid'
import { z } from 'zod'
import { fraction, mendedText, text, textLike, uuid } from '../domain/fields.ts'
import { LABEL_KEY, LABEL_VALUE } from '../domain/label-expression.ts'
import { DEFAULT_PLAYER, PlayerChoice } from '../domain/player-choice.ts'
import { type Call, MOST_BODY_BYTES } from './call.ts'
import { WorkstationId } from './identifiers.ts'
import { Playback } from './live.ts'
import { type TakenReport, takeInPart } from './partial-report.ts'
import { PlayableOrigin, SessionPlan } from './session.ts'
import { Report } from './session-report.ts'

/** What these messages are, as a number: an agent sends it with each, and is refused where it is too old or too new. */
export const AGENT_PROTOCOL = { current: 6, oldest: 2, header: 'doai-agent-protocol' } as const
/** Which process speaks: a UUID that an agent makes at its start and sends with each call. */
export const AGENT_INSTANCE_HEADER = 'doai-agent-instance'

const None = z.object({})
const Workstation = z.object({ workstation: WorkstationId })
const LeasedCommand = z.object({
  token: z.uuid(),
  commandId: z.uuid(),
  attempt: z.int().min(1),
  deviceId: z.uuid(),
  labName: z.string(),
  workload: z.object({ id: z.uuid(), name: z.string() }),
  video: z.object({ id: z.uuid(), url: z.string(), title: z.string() }),
  plan: SessionPlan,
  /** Controllers before protocol 5 do not say it. */
  player: PlayerChoice.default(DEFAULT_PLAYER),
  timeoutSeconds: z.number(),
})
export type LeasedCommand = z.infer<typeof LeasedCommand>

/** A valid report is taken whole, an invalid one in part. */
const AnyReport = z.union([
  Report.transform((report): TakenReport => ({ report, untaken: [], raw: null })),
  z.unknown().transform((raw): TakenReport => takeInPart(raw, uuidv7)),
])

function agentCall<B extends z.ZodType, A extends z.ZodType>(path: string, summary: string, body: B, answer: A) {
  const whole = `/agents/{workstation}${path}`
  const fixed = {
    method: 'post',
    role: 'agent',
    status: 200,
    params: Workstation,
    query: None,
    repeatable: true,
    mostBodyBytes: MOST_BODY_BYTES,
  } as const
  return { ...fixed, path: whole, summary, body, answer } satisfies Call
}

const OwnHealth = z.object({
  /** Why it cannot be reached; null where it can. */
  offline: mendedText(500).nullable(),
  temperatureC: fraction(-100, 300).nullable(),
  batteryPercent: z.int().min(0).max(100).nullable(),
})
const Health = OwnHealth.extend({ deviceId: uuid })
export type Health = z.infer<typeof Health>

const EnrolledDevice = z.object({
  slot: textLike(/^S\d{2,4}$/, 5),
  driver: text(40).min(1),
  model: mendedText(200),
  os: mendedText(200),
  labels: z.record(textLike(LABEL_KEY, 63), textLike(LABEL_VALUE, 200)),
  /** So that a device that cannot be reached is never taken for one that can. */
  health: OwnHealth.optional(),
})

/** How many devices of a driver a workstation carries at once, as measured when its agent started. */
const Capacity = z.object({
  driver: text(40).min(1),
  sessions: z.int().min(1).max(1_000_000),
  cpuMsPerSecond: fraction(0, 1_000_000),
})

const EnrolledDevices = z
  .array(EnrolledDevice)
  .min(1)
  .max(1000)
  .refine((devices) => new Set(devices.map(({ slot }) => slot)).size === devices.length, 'names a slot twice')

/** What a workstation's agent says to any controller. */
export const agentCalls = {
  trade: {
    ...agentCall(
      '/credential',
      'Trade a one-time token for a credential, whose hash the agent brings; it may be asked again',
      z.strictObject({ credentialSha256: textLike(/^[0-9a-f]{64}$/, 64) }),
      z.object({}),
    ),
    role: 'enrolment',
  },
  enrol: agentCall(
    '/enrol',
    'Register a workstation and its devices',
    z.strictObject({
      agentVersion: mendedText(40),
      devices: EnrolledDevices,
      /** What was measured so far; agents before protocol 6 say nothing. */
      capacities: z.array(Capacity).max(20).default([]),
      /** The players that it has. */
      players: z.array(text(40)).max(20).default([DEFAULT_PLAYER.name]),
    }),
    z.object({ devices: z.array(z.object({ id: z.uuid(), slot: z.string() })), heartbeatSeconds: z.number() }),
  ),
  lease: agentCall(
    '/lease',
    'Take commands for free devices; waits until there are some',
    z.strictObject({
      freeDevices: z.array(uuid).max(1000),
      /** The players that it has: a command for another one is not leased to it. */
      players: z.array(text(40)).max(20).default([DEFAULT_PLAYER.name]),
      /** Sessions that play and were not told to stop: those that are to stop are answered at once. */
      held: z.array(uuid).max(1000).default([]),
      /** The digest of the origins that it was told last: where they are others now, it is answered at once. */
      origins: text(64).optional(),
      waitSeconds: fraction(0, 30),
      /** While it waits, something is sent so often, so that a controller that is gone is noticed. */
      aliveSeconds: fraction(0.2, 30).optional(),
    }),
    z.object({
      commands: z.array(LeasedCommand),
      /** All that may be reached now, with commands and where the agent knew others; else empty. */
      origins: z.array(PlayableOrigin),
      /** Whether `origins` is to be taken. */
      originsChanged: z.boolean(),
      stop: z.array(z.uuid()),
    }),
  ),
  start: agentCall(
    '/start',
    'Sessions began; those not answered are to stop',
    z.strictObject({ tokens: z.array(uuid).max(1000) }),
    z.object({ tokens: z.array(z.uuid()) }),
  ),
  heartbeat: agentCall(
    '/heartbeat',
    'Renew leases, tell what changed of the devices’ health; learn which sessions are to stop',
    z.strictObject({
      held: z.array(uuid).max(1000),
      health: z.array(Health).max(1000).default([]),
      /** What plays now, by fencing token. */
      playback: z.record(uuid, Playback).default({}),
    }),
    z.object({ stop: z.array(z.uuid()) }),
  ),
  report: {
    ...agentCall(
      '/report',
      'Sessions ended; a report may be repeated',
      z.strictObject({ reports: z.array(z.object({ token: uuid, report: AnyReport })).max(1000) }),
      z.object({ receipts: z.record(z.string(), z.enum(['counted', 'evidence', 'repeated', 'unknown'])) }),
    ),
    mostBodyBytes: 16 * MOST_BODY_BYTES,
  },
  leave: agentCall(
    '/leave',
    'The agent ends: its devices are offline at once',
    z.strictObject({}).prefault({}),
    z.object({}),
  ),
} as const
