import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Controllers } from '../../src/client/controllers.ts'
import { watchWorkload } from '../../src/client/watch.ts'
import { exampleWorkload } from '../../src/report/example.test-data.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const { id } = exampleWorkload()

/** A controller whose event stream is open and tells nothing, and which counts how often it is asked for a status. */
function silentController(statusAt: (asked: number) => object) {
  let asked = 0
  const answer = (url: URL | RequestInfo) => {
    if (!String(url).includes('/events')) return Response.json(statusAt(asked++))
    let timer: NodeJS.Timeout | undefined
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        timer = setInterval(() => controller.enqueue(new TextEncoder().encode(': nothing new\n\n')), 1000)
      },
      cancel: () => clearInterval(timer),
    })
    return new Response(stream)
  }
  const controllers = new Controllers({ url: 'http://localhost', token: '', fetch: async (url) => answer(url) })
  return { controllers, asked: () => asked }
}

const standing = (over: Parameters<typeof exampleWorkload>[0]) => ({
  workload: exampleWorkload({ status: 'executing', finishedAt: null, ...over }),
  isRunning: false,
  liveState: null,
})

test('an end that no event tells of is seen within five seconds; what has not changed is not told again', async () => {
  const { controllers, asked } = silentController((at) => standing(at < 3 ? {} : { status: 'completed' }))
  const seen: string[] = []
  const watching = (async () => {
    for await (const { workload } of watchWorkload(controllers, id)) seen.push(workload.status)
  })()
  await vi.waitFor(() => expect(asked()).toBeGreaterThan(1))
  const before = asked()
  await vi.advanceTimersByTimeAsync(5200 * (4 - before))
  await watching
  expect(asked()).toBe(4)
  expect(seen.at(0)).toBe('executing')
  expect(seen.at(-1)).toBe('completed')
  expect(seen.filter((status) => status === 'completed')).toHaveLength(1)
})

test('what watches while no event comes ends when it is called off', async () => {
  const { controllers } = silentController(() => standing({}))
  const calledOff = new AbortController()
  const watching = (async () => {
    for await (const _ of watchWorkload(controllers, id, { signal: calledOff.signal }));
  })()
  watching.catch(() => {})
  await vi.advanceTimersByTimeAsync(1000)
  calledOff.abort(new Error('called off'))
  await expect(watching).rejects.toThrow('called off')
})
