import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { Link } from '../src/agent/link.ts'
import type { Client } from '../src/client/index.ts'
import { agentCalls } from '../src/protocol/agent-calls.ts'

/** A workstation's way to its controller, with a credential, as its agent would have it. */
export async function credentialFor(client: Client, url: string, workstation: string): Promise<Link> {
  const { token } = await client.createToken({ role: 'agent', workstation })
  const secret = randomBytes(32).toString('base64url')
  const onError = (error: unknown) => console.error(error)
  const linkOf = (token: string) => new Link({ workstation, instance: uuidv7(), connection: { url, token }, onError })
  const credentialSha256 = createHash('sha256').update(secret).digest('hex')
  await linkOf(token).call(agentCalls.trade, { body: { credentialSha256 } })
  return linkOf(secret)
}
