import { expect, test } from 'vitest'
import { Controllers } from './controllers.ts'
import { watchEvents } from './events.ts'

const sent = (id: string) => `id: ${id}\nevent: something\ndata: {"workloadId":null,"at":"2026-01-01","data":{}}\n\n`

test('a stream that breaks off goes on at the other controller after the last event that was seen', async () => {
  const asked: [host: string, after: string | null][] = []
  const fetch = async (url: URL | RequestInfo, init?: RequestInit) => {
    const { host } = new URL(String(url))
    const after = new Headers(init?.headers).get('last-event-id')
    asked.push([host, after])
    return new Response(after === null ? sent('1-1') + sent('1-2') : sent('1-3'))
  }
  const stop = new AbortController()
  const seen: string[] = []
  for await (const { id } of watchEvents(new Controllers({ url: ['http://a', 'http://b'], token: 't', fetch }), {
    signal: stop.signal,
  })) {
    seen.push(id)
    if (id === '1-3') break
  }
  expect(seen).toEqual(['1-1', '1-2', '1-3'])
  expect(asked).toEqual([
    ['a', null],
    ['b', '1-2'],
  ])
})
