import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { isMarked, markOf } from './cmcd.ts'
import { type GuardedFetch, RefusedError, TransferError } from './guarded-fetch.ts'
import { checkProof, newOriginToken, proofRecord } from './proof.ts'
import type { SessionPolicy } from './reach.ts'
import { createGuardedFetch } from './undici-fetch.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server: Server = createServer(handle)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  opened.push({
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function guarded(policy: Partial<SessionPolicy> = {}, addresses: string[] = []): GuardedFetch {
  const fetch = createGuardedFetch({
    policy: { origins: [], loopback: true, ...policy },
    userAgent: 'DoAiWorkload/0 (+playback-test)',
    connections: 2,
    addresses: null,
    resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  })
  opened.push({ close: () => fetch[Symbol.asyncDispose]() })
  return fetch
}

async function read(fetch: GuardedFetch, url: string, maxBytes = 1000, signal = new AbortController().signal) {
  const { body, ...rest } = await fetch({ url, mark: null, maxBytes, signal })
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return { ...rest, text: Buffer.concat(pieces).toString() }
}

test('a response with its status, headers and body; the request says what it is', async () => {
  const seen: (string | undefined)[] = []
  const url = await serve((request, response) => {
    seen.push(request.headers['user-agent'])
    response.writeHead(404, { 'content-type': 'text/plain' }).end('no')
  })
  expect(await read(guarded(), `${url}/a?b=c`)).toMatchObject({ status: 404, text: 'no', url: `${url}/a?b=c` })
  expect(seen).toEqual(['DoAiWorkload/0 (+playback-test)'])
})

test('a redirect is followed within the policy, its last hop told', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end()
    else response.end('b')
  })
  expect(await read(guarded(), `${url}/a`)).toMatchObject({ url: `${url}/b`, text: 'b' })
})

test('every hop says that it is a test, as its origin wants it said, whatever the url; a fragment is not sent', async () => {
  const seen: { url: string; marked: boolean }[] = []
  const url = await serve((request, response) => {
    const asked = new URL(request.url ?? '', 'http://localhost')
    const headers = request.headers as Record<string, string>
    seen.push({ url: asked.pathname, marked: isMarked({ url: asked.href, headers }) })
    const next = {
      '/a': '/b?CMCD=sid%3D%22theirs%22#part',
      '/b': '/c#CMCD=',
      '/c': `${url}/signed/d?Signature=a%2Bb#x`,
    }
    const to = next[asked.pathname as '/a']
    if (to) response.writeHead(302, { location: to }).end()
    else response.end(request.url)
  })
  const header = { origin: url, pathPrefix: '/signed', allowPrivate: false, cmcdMode: 'header' as const, token: '' }
  const byOrigin = markOf([header], { sessionId: 's', contentId: 'v' }, { objectType: 'm' })
  const signal = new AbortController().signal
  const answer = await guarded()({ url: `${url}/a#fragment`, mark: byOrigin, maxBytes: 1000, signal })
  const pieces: Uint8Array[] = []
  for await (const piece of answer.body) pieces.push(piece)
  expect(seen).toEqual(['/a', '/b', '/c', '/signed/d'].map((path) => ({ url: path, marked: true })))
  // A signed url arrives as it was signed.
  expect(Buffer.concat(pieces).toString()).toBe('/signed/d?Signature=a%2Bb')
  expect(answer.url).toBe(`${url}/signed/d?Signature=a%2Bb#x`)
})

test('a redirect out of the policy is refused, and nothing is sent there', async () => {
  let asked = 0
  const other = await serve((_, response) => {
    asked += 1
    response.end()
  })
  const url = await serve((request, response) => {
    const to = request.url === '/name' ? 'http://elsewhere.example/x' : other.replace('127.0.0.1', '169.254.169.254')
    response.writeHead(307, { location: to }).end()
  })
  await expect(read(guarded({}, ['93.184.216.34']), `${url}/name`)).rejects.toThrow(RefusedError)
  await expect(read(guarded(), `${url}/metadata`)).rejects.toThrow(RefusedError)
  expect(asked).toBe(0)
})

test('redirects without end are a broken transfer', async () => {
  const url = await serve((_, response) => response.writeHead(301, { location: '/again' }).end())
  await expect(read(guarded(), url)).rejects.toThrow(TransferError)
})

test.each([['127.0.0.1'], ['::1'], ['169.254.169.254'], ['10.0.0.7'], ['::ffff:127.0.0.1']])(
  'a verified name that resolves to %s is refused before a connection is made',
  async (address) => {
    let asked = 0
    const url = await serve((_, response) => {
      asked += 1
      response.end('secret')
    })
    const { port } = new URL(url)
    const origin = {
      origin: `http://rebound.example:${port}`,
      pathPrefix: '',
      allowPrivate: false,
      cmcdMode: 'query' as const,
      token: '',
    }
    const fetch = guarded({ origins: [origin], loopback: false }, ['93.184.216.34', address])
    await expect(read(fetch, `http://rebound.example:${port}/`)).rejects.toThrow(RefusedError)
    expect(asked).toBe(0)
  },
)

test("a body is cut off at the caller's cap, and a server that hangs at the caller's word", async () => {
  const url = await serve((request, response) => {
    if (request.url === '/large') response.end('x'.repeat(5000))
    else response.write('begun')
  })
  await expect(read(guarded(), `${url}/large`)).rejects.toThrow('larger than 1000 bytes')
  await expect(read(guarded(), `${url}/hang`, 1000, AbortSignal.timeout(100))).rejects.toThrow(TransferError)
})

test('a connection refused and one reset are broken transfers, told by their code', async () => {
  const url = await serve((request) => request.socket.destroy())
  await expect(read(guarded(), url)).rejects.toThrow(TransferError)
  await expect(read(guarded(), 'http://127.0.0.1:1/')).rejects.toThrow('ECONNREFUSED')
})

const noRecords = { userAgent: 'x', signal: new AbortController().signal, resolveTxt: async () => [] }

test('a proof is the token and nothing else; what was read is never told', async () => {
  const token = newOriginToken()
  expect(token).toMatch(/^[0-9a-f]{40}$/)
  const pages: Record<string, string> = {
    [`/.well-known/doai-${token}.txt`]: ` ${token}\r\n`,
    [`/not/.well-known/doai-${token}.txt`]: '<html>the secret page</html>',
    [`/long/.well-known/doai-${token}.txt`]: token + ' '.repeat(5000),
  }
  const origin = await serve((request, response) => {
    const page = pages[request.url ?? '']
    if (request.url?.startsWith('/away')) response.writeHead(302, { location: 'http://127.0.0.2:1/' }).end()
    else if (request.url?.startsWith('/busy')) response.writeHead(503).end()
    else response.writeHead(page === undefined ? 404 : 200).end(page)
  })
  const check = (pathPrefix: string) => checkProof({ origin, pathPrefix, allowPrivate: false, token }, noRecords)
  expect(await check('')).toEqual({ state: 'verified', reason: null })
  expect(await check('/none')).toMatchObject({ state: 'failed', reason: expect.stringContaining('404') })
  expect(await check('/busy')).toMatchObject({ state: 'unreachable' })
  expect(await check('/long')).toMatchObject({ state: 'failed' })
  const other = await check('/not')
  expect(other.state).toBe('failed')
  expect(other.reason).not.toContain('secret')
})

test('a DNS record proves a whole host, and no path of it', async () => {
  const token = newOriginToken()
  const claim = { origin: 'https://media.example.invalid', pathPrefix: '', allowPrivate: false, token }
  const options = {
    ...noRecords,
    resolve: async () => [],
    resolveTxt: async () => [['other'], [token.slice(0, 9), token.slice(9)]],
  }
  expect(proofRecord(claim)).toBe('_doai-verification.media.example.invalid')
  expect(await checkProof(claim, options)).toEqual({ state: 'verified', reason: null })
  expect(await checkProof({ ...claim, pathPrefix: '/team' }, options)).toMatchObject({ state: 'unreachable' })
})
