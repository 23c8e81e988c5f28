import { expect, test } from 'vitest'
import { calls } from '../protocol/calls.ts'
import { Controllers } from './controllers.ts'
import { ApiError, request } from './request.ts'

const URLS = ['http://a', 'http://b']
const WORKLOAD = '00000000-0000-7000-8000-000000000001'

/** Controllers of which the first takes what it is asked and breaks off; who was asked is told. */
function controllersOf(first: () => Response): { controllers: Controllers; asked: string[] } {
  const asked: string[] = []
  const fetch = async (url: URL | RequestInfo) => {
    const { host } = new URL(String(url))
    asked.push(host)
    return host === 'a' ? first() : Response.json({ items: [], nextCursor: null })
  }
  return { controllers: new Controllers({ url: URLS, token: 't', fetch }), asked }
}

const away = () => new Response('away', { status: 502 })

test('a read is asked of the next controller where one is away', async () => {
  const { controllers, asked } = controllersOf(away)
  expect(await request(controllers, calls.getVideos, {})).toEqual({ items: [], nextCursor: null })
  expect(asked).toEqual(['a', 'b'])
})

test('what may have been done, and may not be done twice, is asked of no other controller', async () => {
  const { controllers, asked } = controllersOf(away)
  const given = { params: { id: WORKLOAD }, body: {} }
  await expect(request(controllers, calls.retryWorkload, given)).rejects.toThrow('502')
  expect(asked).toEqual(['a'])
})

test('what cannot have reached anyone is asked of the next controller, whatever it is', async () => {
  const { controllers, asked } = controllersOf(() => {
    throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })
  })
  // The test server's answer does not fit this call; only the controllers that were asked matter.
  await request(controllers, calls.retryWorkload, { params: { id: WORKLOAD }, body: {} }).catch(() => {})
  expect(asked).toEqual(['a', 'b'])
})

test('a controller that says nothing for a while is asked again, though the other one is not there', async () => {
  const asked: string[] = []
  const fetch = async (url: URL | RequestInfo, init?: RequestInit) => {
    const { host } = new URL(String(url))
    asked.push(host)
    if (host === 'b') throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })
    if (asked.length > 1) return Response.json({ items: [], nextCursor: null })
    return new Promise<Response>((_, fail) => {
      init?.signal?.addEventListener('abort', () => fail(init.signal?.reason))
    })
  }
  const controllers = new Controllers({ url: URLS, token: 't', fetch })
  expect(await request(controllers, calls.getVideos, {})).toEqual({ items: [], nextCursor: null })
  expect(asked[0]).toBe('a')
  expect(asked.filter((host) => host === 'b')).not.toEqual([])
})

test.each([
  [400, true],
  [403, true],
  [408, false],
  [409, true],
  [429, false],
  [500, false],
  [503, false],
])('an answer of %i is final: %s', (status, final) => {
  expect(new ApiError(status, null, '').final).toBe(final)
})
