import { agentCalls } from './agent-calls.ts'
import type { Call } from './call.ts'
import { calls } from './calls.ts'

/** Every call of the API by its name, those of agents with `agent` before it: `pauseWorkload`, `agentLease`. */
export const allCalls: Readonly<Record<string, Call>> = { ...calls, ...prefixed('agent', agentCalls) }

const NAMES = new Map<Call, string>(Object.entries(allCalls).map(([name, call]) => [call, name]))

export function nameOf(call: Call): string {
  return NAMES.get(call) ?? `${call.method} ${call.path}`
}

function prefixed(prefix: string, group: Readonly<Record<string, Call>>): Record<string, Call> {
  return Object.fromEntries(
    Object.entries(group).map(([name, call]) => [`${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`, call]),
  )
}
