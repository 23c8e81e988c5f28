import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { Link } from '../src/agent/link.ts'
import type { Client } from '../src/client/index.ts'
import { agentCalls } from '../src/protocol/agent-calls.ts'

/** A workstation's credential, as its agent would get it. */
export async function tradedToken(client: Client, url: string, workstation: string): Promise<string> {
  const { token } = await client.createToken({ role: 'agent', workstation })
  const secret = randomBytes(32).toString('base64url')
  const credentialSha256 = createHash('sha256').update(secret).digest('hex')
  await linkOf(url, workstation, token).call(agentCalls.trade, { body: { credentialSha256 } })
  return secret
}

/** A workstation's way to its controller. */
export async function linkFor(client: Client, url: string, workstation: string): Promise<Link> {
  return linkOf(url, workstation, await tradedToken(client, url, workstation))
}

function linkOf(url: string, workstation: string, token: string): Link {
  const onError = (error: unknown) => console.error(error)
  return new Link({ workstation, instance: uuidv7(), connection: { url, token }, onError })
}
