import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { Agent } from '../agent/agent.ts'
import { makeCredential, readCredential, secretHash, writeCredential } from '../agent/credential.ts'
import type { AgentDevice } from '../agent/fleet.ts'
import { openHome } from '../agent/home.ts'
import { Link } from '../agent/link.ts'
import type { AgentRunOptions } from '../cli/context.ts'
import { ApiError } from '../client/request.ts'
import { ANOTHER_DATA, ownDirectory } from '../db/embedded/own-directory.ts'
import type { Driver } from '../drivers/driver.ts'
import { agentCalls } from '../protocol/agent-calls.ts'
import { DRIVERS } from './drivers.ts'
import { fetchTrusting } from './trusting-fetch.ts'
import { VERSION } from './version.ts'

export type AgentSignals = { drain: AbortSignal; stop: AbortSignal }

/** Runs an agent until it has drained or is stopped; it says what troubles it, each trouble once until it changes. */
export async function runAgent(options: AgentRunOptions, signals: AgentSignals, err: (text: string) => void) {
  await using stack = new AsyncDisposableStack()
  await ownDirectory(options.home, 0o700, ANOTHER_DATA)
  stack.use(await openHome(options.home))
  let last = ''
  const onError = (error: unknown) => {
    const { message, cause } = error as Error
    const text = cause instanceof Error ? `${message}: ${cause.message}` : message
    if (text !== last) err(`${options.workstation}: ${text}`)
    last = text
  }
  const { workstation, url } = options
  const devices = await devicesOf(options, onError, (driver) => stack.use(driver))
  const fetch = await fetchTrusting(options.caFile)
  const whole = { workstation, instance: uuidv7(), onError }
  const linkOf = (token: string) => ({ ...whole, connection: { url, token, fetch } })
  const run = (token: string) =>
    new Agent({
      ...linkOf(token),
      version: VERSION,
      devices,
      journalDirectory: join(options.home, 'journal'),
      newSessionId: uuidv7,
      ...signals,
      onEnrolled: () => options.onEnrolled(devices.length),
    }).run()
  const kept = await readCredential(options.home)
  try {
    await run(
      kept?.traded ? kept.secret : await trade(options, kept, (token) => new Link(linkOf(token)), signals.drain),
    )
  } catch (error) {
    // A credential that is good no more, and a new token to trade.
    if (!kept?.traded || options.token === null || !(error instanceof ApiError && error.status === 401)) throw error
    const retry = trade(options, null, (token) => new Link(linkOf(token)), signals.drain).catch((again: Error) => {
      throw new Error(`The credential in ${options.home}: ${error.message} DOAI_AGENT_TOKEN: ${again.message}`)
    })
    await run(await retry)
  }
}

/** Trades the one-time token for a credential of this folder; gives its secret. @throws ApiError, or without a token */
async function trade(
  { home, token, workstation }: AgentRunOptions,
  kept: Awaited<ReturnType<typeof readCredential>>,
  linkOf: (token: string) => Link,
  signal: AbortSignal,
): Promise<string> {
  if (token === null) {
    const how = `doai token create --role agent --workstation ${workstation}`
    throw new Error(`${home} holds no credential: set DOAI_AGENT_TOKEN to what \`${how}\` prints on the controller.`)
  }
  const credential = kept ?? (await makeCredential(home))
  const body = { credentialSha256: secretHash(credential) }
  await linkOf(token).persist(agentCalls.trade, { body, signal })
  await writeCredential(home, { ...credential, traded: true })
  return credential.secret
}

/** Slots are numbered through, driver by driver. */
async function devicesOf(
  options: AgentRunOptions,
  onError: (error: unknown) => void,
  own: (driver: Driver) => Driver,
): Promise<AgentDevice[]> {
  const { workstation, drivers, labels, home, startGapMs: apartMs, shapes } = options
  const devices: AgentDevice[] = []
  for (const { name, count } of drivers) {
    const create = DRIVERS[name]
    if (!create) throw new Error(`There is no driver ${name}.`)
    const slots = Array.from({ length: count }, (_, at) => `S${String(devices.length + at + 1).padStart(2, '0')}`)
    const labNames = slots.map((slot) => `${workstation}-${slot}`)
    const shapeOf = (labName: string) =>
      shapes.findLast(({ slot }) => slot === null || labName === `${workstation}-${slot}`) ?? null
    const driver = own(await create({ env: process.env, home, labNames, apartMs, shapeOf, onError }))
    for (const slot of slots) {
      const named = labels.filter((label) => label.slot === null || label.slot === slot)
      devices.push({ slot, driver, labels: Object.fromEntries(named.map(({ key, value }) => [key, value])) })
    }
  }
  return devices
}
