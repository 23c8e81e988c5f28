import { expect, test } from 'vitest'
import { markOf } from '../origins/cmcd.ts'
import { type GuardedRequest, RefusedError, TransferError } from '../origins/guarded-fetch.ts'
import { pageNetwork } from './page-network.ts'

const URL_ASKED = 'https://media.example.com/a.m3u8'
const mark = markOf([], { sessionId: 's', contentId: 'v' })

function networkThat(answer: (request: GuardedRequest) => Promise<{ status: number; pieces: string[] }>) {
  const asked: GuardedRequest[] = []
  const refused: string[] = []
  const fetch = async (request: GuardedRequest) => {
    asked.push(request)
    const { status, pieces } = await answer(request)
    const body = (async function* () {
      for (const piece of pieces) yield new TextEncoder().encode(piece)
    })()
    return { url: `${request.url}?moved`, status, headers: { 'content-type': 'text/plain' }, body }
  }
  const dispose = { [Symbol.asyncDispose]: async () => {} }
  const network = pageNetwork({ fetch: Object.assign(fetch, dispose), mark, onRefused: (why) => refused.push(why) })
  return { network, asked, refused }
}

test('an answer is the page’s, with the url that it came from; one without a body has none', async () => {
  const { network } = networkThat(async () => ({ status: 206, pieces: ['a', 'b'] }))
  const response = await network(new Request(URL_ASKED, { headers: { range: 'bytes=0-1' } }))
  expect([response.status, response.url, await response.text()]).toEqual([206, `${URL_ASKED}?moved`, 'ab'])
  const bodiless = networkThat(async () => ({ status: 204, pieces: [] }))
  expect((await bodiless.network(new Request(URL_ASKED))).body).toBeNull()
})

test('each hop is marked that the page has not marked itself', async () => {
  const { network, asked } = networkThat(async () => ({ status: 200, pieces: [] }))
  const own = mark(URL_ASKED).url
  await network(new Request(own, { method: 'HEAD' }))
  const [request] = asked
  expect(request?.method).toBe('HEAD')
  expect(request?.mark?.(own).url).toBe(own)
  expect(request?.mark?.(`${URL_ASKED}?hop`).url).toContain('doai-synthetic')
})

test('what goes wrong is what a browser says: a refusal is told besides, and an abort stays one', async () => {
  const leaving = networkThat(() => Promise.reject(new RefusedError('it is outside')))
  await expect(leaving.network(new Request(URL_ASKED))).rejects.toThrow(TypeError)
  expect(leaving.refused).toEqual(['it is outside'])
  const broken = networkThat(() => Promise.reject(new TransferError('it broke')))
  await expect(broken.network(new Request(URL_ASKED))).rejects.toThrow(TypeError)
  expect(broken.refused).toEqual([])
  const stop = new AbortController()
  stop.abort()
  const stopped = networkThat(() => Promise.reject(new TransferError('it was stopped')))
  await expect(stopped.network(new Request(URL_ASKED, { signal: stop.signal }))).rejects.toThrow(/abort/)
  await expect(broken.network(new Request(URL_ASKED, { method: 'POST', body: 'a' }))).rejects.toThrow(/not carried/)
})
