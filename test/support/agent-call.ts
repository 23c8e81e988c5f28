import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { Link } from '../../src/agent/link.ts'
import type { Client } from '../../src/client/index.ts'
import { agentCalls } from '../../src/protocol/agent-calls.ts'

/** An agent's way to a controller, with the secret of its credential. */
export type TestLink = { link: Link; secret: string; instance: string }

/** Enrols as an agent would: trades a one-time token for a credential. */
export async function tradedLink(client: Client, url: string, workstation: string): Promise<TestLink> {
  const { token } = await client.createToken({ role: 'agent', workstation })
  const secret = randomBytes(32).toString('base64url')
  const credentialSha256 = createHash('sha256').update(secret).digest('hex')
  await linkWith(url, workstation, token, uuidv7()).call(agentCalls.trade, { body: { credentialSha256 } })
  const instance = uuidv7()
  return { link: linkWith(url, workstation, secret, instance), secret, instance }
}

export function linkWith(url: string, workstation: string, token: string, instance: string): Link {
  return new Link({ workstation, instance, connection: { url, token }, onError: () => {} })
}

/** Registers so many devices; gives their ids by slot. */
export async function enrolDevices(
  { link }: TestLink,
  count: number,
  labels: Record<string, string> = {},
): Promise<string[]> {
  const devices = Array.from({ length: count }, (_, at) => {
    return { slot: `S${String(at + 1).padStart(2, '0')}`, driver: 'test', model: '', os: '', labels }
  })
  const enrolled = await link.call(agentCalls.enrol, { body: { agentVersion: '0', devices } })
  return enrolled.devices.sort((a, b) => (a.slot < b.slot ? -1 : 1)).map(({ id }) => id)
}
