import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkProof, newOriginToken } from '../../src/origins/proof.ts'
import { createGuardedFetch } from '../../src/origins/undici-fetch.ts'

/**
 * Run inside a network namespace whose loopback interface has the private address given: proves an origin there, and
 * prints what a session is let do with it.
 */
const address = process.argv[2] ?? ''
const token = newOriginToken()
const server = createServer((request, response) => {
  if (request.url === `/.well-known/doai-${token}.txt`) response.end(token)
  else if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  else response.end('segment')
})
await new Promise<void>((done) => server.listen(0, address, done))
const { port } = server.address() as AddressInfo
const resolve = async () => [{ address, family: 4 }]
const signal = AbortSignal.timeout(10_000)

async function told(origin: string, allowPrivate: boolean, path: string): Promise<string> {
  const origins = [{ origin, pathPrefix: '', allowPrivate, cmcdMode: 'query' as const, token }]
  const policy = { origins, loopback: false }
  await using fetch = createGuardedFetch({ policy, userAgent: 'test', connections: 1, addresses: null, resolve })
  try {
    const { status, body } = await fetch({ url: `${origin}${path}`, mark: null, signal, maxBytes: 1000 })
    for await (const _ of body);
    return String(status)
  } catch (error) {
    return (error as Error).name
  }
}

const literal = `http://${address}:${port}`
const named = `http://media.example.com:${port}`
const proof = async (origin: string, allowPrivate: boolean) => {
  const claim = { origin, pathPrefix: '', allowPrivate, token }
  return (await checkProof(claim, { userAgent: 'test', signal, resolve, resolveTxt: async () => [] })).state
}
console.log(
  JSON.stringify({
    proofByAddress: await proof(literal, true),
    proofByName: await proof(named, true),
    proofNotAllowed: await proof(named, false),
    segmentByName: await told(named, true, '/segment'),
    segmentByAddress: await told(literal, true, '/segment'),
    segmentNotAllowed: await told(named, false, '/segment'),
    awayToLoopback: await told(named, true, '/away'),
  }),
)
server.close()
server.closeAllConnections()
