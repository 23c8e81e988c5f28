import { enrol, heartbeat, leave, sessionsToStop, startSessions } from '../../engine/agents.ts'
import type { Engine } from '../../engine/engine.ts'
import { leaseCommands } from '../../engine/lease.ts'
import { foreignTokens, takeReports } from '../../engine/report.ts'
import { type Principal, tradeToken } from '../../engine/tokens.ts'
import { AGENT_INSTANCE_HEADER, AGENT_PROTOCOL, agentCalls } from '../../protocol/agent-calls.ts'
import { untakenText } from '../../protocol/partial-report.ts'
import type { Mount } from '../app.ts'
import type { CommandWaiters } from '../command-waiters.ts'
import type { CurrentOrigins } from '../current-origins.ts'
import { keptAlive } from '../kept-alive.ts'
import { ProblemError } from '../problem.ts'

const HEARTBEAT_SECONDS = 5

/** What a handler knows of who speaks. */
type Asking = {
  principal: Principal
  params: { workstation: string }
  header: (name: string) => string | undefined
}

/** What agents say. Each may speak for its own workstation alone. */
export function agentRoutes(engine: Engine, waiters: CommandWaiters, origins: CurrentOrigins, mount: Mount): void {
  mount(agentCalls.trade, async (asked) => {
    own(asked)
    if ((await tradeToken(engine, asked.principal, asked.body.credentialSha256)) === 'traded') return {}
    throw new ProblemError(403, 'This one-time token was traded for another credential already: make a new one.')
  })
  mount(agentCalls.enrol, async (asked) => {
    const devices = await enrol(engine, { ...speaker(asked), ...asked.body })
    return { devices, heartbeatSeconds: HEARTBEAT_SECONDS }
  })
  /** Null where the agent knows them already. An agent of an earlier version says no digest, and is told with commands. */
  const changedOrigins = async (digest: string | undefined, commands: boolean) => {
    const current = await origins.read()
    const known = digest === undefined ? !commands : digest === current.digest
    return known ? null : current.origins
  }
  mount(agentCalls.lease, async (asked) => {
    const { body, signal, admitAgain } = asked
    const agent = speaker(asked)
    let looks = 0
    const found = waiters.wait(agent.workstation, body.waitSeconds * 1000, signal, async () => {
      // Meanwhile its credential may have been revoked.
      if (looks++ > 0) await admitAgain()
      const leased = await leaseCommands(engine, agent, body.freeDevices, body.players)
      const stop = await sessionsToStop(engine, agent.workstation, body.held)
      // What plays is held to the origins of now; an agent with nothing to play is told them with its next commands.
      const playing = leased.commands.length > 0 || body.held.length > 0
      return {
        ...leased,
        stop,
        origins: playing ? await changedOrigins(body.origins, leased.commands.length > 0) : null,
      }
    })
    const answer = found.then(async (leased) => {
      const { commands, stop, origins } = leased ?? { commands: [], stop: [], origins: null }
      return { commands, stop, origins: origins ?? [], originsChanged: origins !== null }
    })
    return body.aliveSeconds === undefined ? answer : keptAlive(answer, body.aliveSeconds * 1000)
  })
  mount(agentCalls.start, async (asked) => {
    const { body, refuse } = asked
    const tokens = await startSessions(engine, speaker(asked), body.tokens)
    await tell(asked.params.workstation, without(body.tokens, tokens), refuse)
    return { tokens }
  })
  mount(agentCalls.heartbeat, async (asked) => {
    const { body, refuse } = asked
    const { stop } = await heartbeat(engine, { ...speaker(asked), ...body })
    await tell(asked.params.workstation, stop, refuse)
    return { stop }
  })
  mount(agentCalls.report, async (asked) => {
    const workstation = own(asked)
    const taken = asked.body.reports.map(({ token, report: { report, untaken, raw } }) => {
      return { token, report, partial: untaken.length === 0 ? null : { untaken: untakenText(untaken), raw } }
    })
    const receipts = await takeReports(engine, workstation, taken)
    const unknown = [...receipts].flatMap(([token, receipt]) => (receipt === 'unknown' ? [token] : []))
    await tell(workstation, unknown, asked.refuse)
    return { receipts: Object.fromEntries(receipts) }
  })
  mount(agentCalls.leave, async (asked) => {
    await leave(engine, speaker(asked))
    return {}
  })

  /** Fencing tokens that were never this workstation's leave a trace. */
  async function tell(
    workstation: string,
    tokens: string[],
    refuse: (status: number, detail: string) => Promise<void>,
  ) {
    const foreign = tokens.length === 0 ? [] : await foreignTokens(engine, workstation, tokens)
    if (foreign.length > 0) await refuse(200, `${foreign.length} fencing tokens are none of ${workstation}'s: ignored.`)
  }
}

function own({ principal, params, header }: Asking): string {
  requireProtocol(header(AGENT_PROTOCOL.header), params.workstation)
  if (principal.workstation === params.workstation) return params.workstation
  throw new ProblemError(403, `This token is for ${principal.workstation}, not for ${params.workstation}.`)
}

function speaker(asked: Asking): { workstation: string; instance: string } {
  const workstation = own(asked)
  const instance = asked.header(AGENT_INSTANCE_HEADER) ?? ''
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(instance)) return { workstation, instance }
  const message = 'must be the UUID of the agent’s process'
  throw new ProblemError(400, `${AGENT_INSTANCE_HEADER} ${message}.`, [{ path: AGENT_INSTANCE_HEADER, message }])
}

/** The first agents sent no number. */
function requireProtocol(said: string | undefined, workstation: string): void {
  const { current, oldest }: { current: number; oldest: number } = AGENT_PROTOCOL
  const spoken = Number(said ?? 1)
  if (spoken >= oldest && spoken <= current) return
  const mend = spoken > current ? 'update the controller' : `update doai on ${workstation}`
  const range = oldest === current ? `${current}` : `${oldest} to ${current}`
  throw new ProblemError(426, `This agent speaks protocol ${spoken}, and this controller ${range}: ${mend}.`)
}

function without(all: readonly string[], some: readonly string[]): string[] {
  const left = new Set(all)
  for (const one of some) left.delete(one)
  return [...left]
}
