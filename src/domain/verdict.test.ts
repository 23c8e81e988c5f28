import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addFindings, addPlayed, type Finding, type Findings, MOST_FINDINGS, NO_FINDINGS } from './findings.ts'
import { conclude, conclusionText, failuresOf } from './verdict.ts'
import type { End } from './workload.ts'

const place = { cycle: fc.nat({ max: 9 }), batch: fc.nat({ max: 9 }), reason: fc.string() }
const finding: fc.Arbitrary<Finding> = fc.oneof(
  fc.record({ kind: fc.constant('videoNotListed' as const), videoIndex: fc.nat({ max: 9 }), reason: fc.string() }),
  fc.record({ kind: fc.constantFrom('gate' as const, 'threshold' as const), ...place }),
)
const end: fc.Arbitrary<End> = fc.oneof(
  fc.constant({ status: 'completed' as const }),
  fc.record({ status: fc.constantFrom('cancelled' as const, 'error' as const), reason: fc.string() }),
)
const run = fc.record({
  found: fc.array(finding, { maxLength: 12 }),
  failed: fc.nat({ max: 3 }),
  played: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
  end,
})

function findingsOf(found: readonly Finding[], played: readonly boolean[]): Findings {
  const findings = addFindings(NO_FINDINGS, found)
  return played.reduce((sum, did, videoIndex) => addPlayed(sum, videoIndex, did ? 2 : 0), findings)
}

test('the verdict is failed, else incomplete, else passed, by one rule over everything that happened', () => {
  fc.assert(
    fc.property(run, (given) => {
      const findings = findingsOf(given.found, given.played)
      const { verdict, reasons } = conclude(
        { findings, failed: given.failed, videoCount: given.played.length },
        given.end,
      )
      const failed = given.failed > 0 || given.found.length > 0
      const incomplete = given.end.status !== 'completed' || given.played.includes(false)
      expect(verdict).toBe(failed ? 'failed' : incomplete ? 'incomplete' : 'passed')
      expect(reasons.length > 0).toBe(verdict !== 'passed')
    }),
  )
})

test('the counts count all of it, and the reasons are the first of it: what is kept is bounded', () => {
  fc.assert(
    fc.property(run, ({ found, played, failed }) => {
      const findings = findingsOf(found, played)
      const counted = findings.videosNotListed + findings.gateFailures + findings.thresholdTrips
      expect(counted).toBe(found.length)
      expect(findings.videosPlayed).toBe(played.filter(Boolean).length)
      expect(findings.first).toEqual(found.slice(0, MOST_FINDINGS))
      expect(failuresOf({ findings, failed }).length).toBe(Math.min(found.length, MOST_FINDINGS) + (failed > 0 ? 1 : 0))
    }),
  )
  const long = { kind: 'videoNotListed' as const, videoIndex: 0, reason: '😀'.repeat(600) }
  expect([...(addFindings(NO_FINDINGS, [long]).first[0]?.reason ?? '')]).toHaveLength(500)
})

test('what makes a run failed is never taken back by what comes later', () => {
  fc.assert(
    fc.property(run, finding, ({ found, played, failed, end: last }, more) => {
      const before = findingsOf(found, played)
      fc.pre(failuresOf({ findings: before, failed }).length > 0)
      const after = addFindings(before, [more])
      expect(conclude({ findings: after, failed: failed + 1, videoCount: played.length }, last).verdict).toBe('failed')
    }),
  )
})

test('a video is counted once, however many of its batches a device played in', () => {
  const twice = addPlayed(addPlayed(addPlayed(NO_FINDINGS, 0, 3), 0, 1), 1, 0)
  expect(twice).toMatchObject({ videosPlayed: 1, lastPlayed: 0 })
})

test('an end whose reason was found already is told once', () => {
  const reason = 'http://localhost/none.m3u8 cannot be read: it answered 404'
  const findings = addFindings(NO_FINDINGS, [{ kind: 'videoNotListed', videoIndex: 0, reason }])
  const conclusion = conclude({ findings, failed: 0, videoCount: 1 }, { status: 'error', reason })
  expect(conclusionText(conclusion)).toBe(
    `Verdict: failed: Video 1 could not be listed: ${reason}. 1 video was played by no device.`,
  )
  const cancelled = conclude(
    { findings: NO_FINDINGS, failed: 0, videoCount: 1 },
    { status: 'cancelled', reason: 'By me' },
  )
  expect(conclusionText(cancelled)).toBe('Verdict: incomplete: Cancelled: By me. 1 video was played by no device.')
})
