import { enrol, heartbeat, sessionsToStop, startSessions } from '../../engine/agents.ts'
import type { Engine } from '../../engine/engine.ts'
import { leaseCommands } from '../../engine/lease.ts'
import { playableOrigins } from '../../engine/origins.ts'
import { takeReports } from '../../engine/report.ts'
import type { Principal } from '../../engine/tokens.ts'
import { agentCalls } from '../../protocol/agent-calls.ts'
import type { Mount } from '../app.ts'
import type { CommandWaiters } from '../command-waiters.ts'
import { ProblemError } from '../problem.ts'

const HEARTBEAT_SECONDS = 5

/** What agents say. Each may speak for its own workstation alone. */
export function agentRoutes(engine: Engine, waiters: CommandWaiters, mount: Mount): void {
  mount(agentCalls.enrol, async ({ params, body, principal }) => {
    const workstation = own(principal, params.workstation)
    return { devices: await enrol(engine, { workstation, ...body }), heartbeatSeconds: HEARTBEAT_SECONDS }
  })
  mount(agentCalls.lease, async ({ params, body, principal, signal }) => {
    const workstation = own(principal, params.workstation)
    const found = await waiters.wait(workstation, body.waitSeconds * 1000, signal, async () => ({
      ...(await leaseCommands(engine, workstation, body.freeDevices)),
      stop: await sessionsToStop(engine, workstation, body.held),
    }))
    const { commands, stop } = found ?? { commands: [], stop: [] }
    return { commands, stop, origins: commands.length === 0 ? [] : await playableOrigins(engine) }
  })
  mount(agentCalls.start, async ({ params, body, principal }) => {
    return { tokens: await startSessions(engine, own(principal, params.workstation), body.tokens) }
  })
  mount(agentCalls.heartbeat, ({ params, body, principal }) => {
    return heartbeat(engine, { workstation: own(principal, params.workstation), held: body.held })
  })
  mount(agentCalls.report, async ({ params, body, principal }) => {
    const workstation = own(principal, params.workstation)
    const receipts = await takeReports(engine, workstation, body.reports)
    return { receipts: Object.fromEntries(receipts) }
  })
}

function own(principal: Principal, workstation: string): string {
  if (principal.workstation === workstation) return workstation
  throw new ProblemError(403, `This token is for ${principal.workstation}, not for ${workstation}.`)
}
