import { expect, test } from 'vitest'
import { failedUnplayed } from '../domain/playback-result.ts'
import type { Journal } from './journal.ts'
import type { Link } from './link.ts'
import { Reporter } from './reporter.ts'

const REPORT = failedUnplayed('00000000-0000-7000-8000-000000000001', 'player', 'A test.')

/** A reporter whose controller takes all at once, and whose journal writes when it is told to. */
function lab(signal = new AbortController().signal) {
  const written: (() => void)[] = []
  const sent: string[] = []
  const link = {
    persist: async (_: unknown, { body }: { body: { reports: { token: string }[] } }) => {
      for (const { token } of body.reports) sent.push(token)
      return { receipts: Object.fromEntries(body.reports.map(({ token }) => [token, 'counted'])) }
    },
  } as unknown as Link
  const journal = { reported: () => new Promise<void>((done) => written.push(done)) } as unknown as Journal
  const reporter = new Reporter({ link, journal, signal, onError() {}, onRefused() {} })
  return { reporter, written, sent }
}

const turn = () => new Promise<void>((done) => setImmediate(done))

// The journal writes what ended and what was reported together: both promises resolve in one turn.
test.each(Array.from({ length: 20 }, (_, at) => at))(
  'a report that is added %i microtasks after the one before it is kept is sent too',
  async (microtasks) => {
    const { reporter, written, sent } = lab()
    reporter.add('first', REPORT)
    await turn()
    written.shift()?.()
    for (let at = 0; at < microtasks; at++) await null
    reporter.add('second', REPORT)
    await turn()
    for (const done of written.splice(0)) done()
    await reporter.flushed()
    expect(sent).toEqual(['first', 'second'])
    expect(reporter.waiting).toEqual([])
  },
)

test('a report that is added when nothing is sent any more is left to the journal, and nothing hangs', async () => {
  const { reporter, sent } = lab(AbortSignal.abort())
  reporter.add('late', REPORT)
  await reporter.flushed()
  expect(reporter.waiting).toEqual(['late'])
  expect(sent).toEqual([])
})
