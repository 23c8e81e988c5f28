import { v7 as uuidv7 } from 'uuid'
import { Agent } from '../agent/agent.ts'
import type { AgentRunOptions } from '../cli/context.ts'
import { DRIVERS } from './drivers.ts'
import { VERSION } from './version.ts'

/** Runs an agent until the signal aborts; it says what troubles it, each trouble once until it changes. */
export async function runAgent(options: AgentRunOptions, signal: AbortSignal, err: (text: string) => void) {
  await using stack = new AsyncDisposableStack()
  const devices = options.drivers.flatMap(({ name, count }) => {
    const create = DRIVERS[name]
    if (!create) throw new Error(`There is no driver ${name}.`)
    const driver = stack.use(create())
    return Array.from({ length: count }, () => ({ driver, model: name }))
  })
  let last = ''
  const agent = new Agent({
    workstation: options.workstation,
    version: VERSION,
    connection: { url: options.url, token: options.token },
    devices,
    newSessionId: uuidv7,
    signal,
    onEnrolled: () => options.onEnrolled(devices.length),
    onError: (error) => {
      const { message, cause } = error as Error
      const text = cause instanceof Error ? `${message}: ${cause.message}` : message
      if (text !== last) err(`${options.workstation}: ${text}`)
      last = text
    },
  })
  await agent.run()
}
