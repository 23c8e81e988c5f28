import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { exampleBatches, exampleReport, exampleWorkload, mixedWorkload } from './example.test-data.ts'
import { reportText } from './report-text.ts'

function titles(text: string): string[] {
  return text
    .split('\n\n')
    .slice(1)
    .map((section) => section.split('\n')[0] ?? '')
}

test('the verdict is the first line, and sections follow in the order of what matters', () => {
  const text = reportText(exampleReport())
  expect(text.split('\n')[0]).toBe(
    'Failed: 701 of 720 played, 14 failed, 5 skipped; 1 of 4 gate checks failed; more plays failed than before: 14 / 715 (2.0 %) after 3 / 720 (0.4 %)',
  )
  expect(titles(text)).toEqual([
    'VERDICT',
    'COMPARED WITH ANOTHER WORKLOAD',
    'FAILURES',
    'GATES',
    'WHERE DIFFERENCES BELONG',
    'BY VIDEO',
    'DISTRIBUTIONS',
    'BATCHES: PLAN AND ACTUAL',
    'NOTES',
  ])
})

const NOTHING = { distributions: [], breakdowns: [], batches: [], gates: [], attributions: [], failures: [], notes: [] }

test('a run of which one video could not be listed is failed and says why, in both languages', () => {
  const report = exampleReport({ ...NOTHING, workload: mixedWorkload(), comparison: null })
  const english = reportText(report)
  expect(english.split('\n')[0]).toBe(
    'Failed: Video 2 could not be listed: http://localhost/none.m3u8 cannot be read: it answered 404; 1 video was played by no device; 8 of 12 played, none failed, 4 skipped',
  )
  expect(english).toContain('Video 2 could not be listed (Sintel – trailer): http://localhost/none.m3u8')
  expect(english).not.toMatch(/nothing failed/i)
  const korean = reportText(report, { language: 'ko' })
  expect(korean).toMatch(/^불합격: 2번째 영상을 준비하지 못했습니다: http/)
  expect(korean).toContain('어느 기기에서도 재생되지 않은 영상 1개')
  expect(korean).not.toContain('실패가 없')
})

test('a run that was cancelled is incomplete, and its state and reason stand behind the verdict', () => {
  const reasons = [{ kind: 'cancelled', reason: 'Cancelled by an operator.' } as const]
  const over = { status: 'cancelled', reason: 'Cancelled by an operator.', failedTasks: 0, cancelledTasks: 14 } as const
  const workload = exampleWorkload({ ...over, verdict: 'incomplete', verdictReasons: reasons })
  const text = reportText(exampleReport({ ...NOTHING, workload, comparison: null }))
  expect(text).toMatch(/^Incomplete \(Cancelled: Cancelled by an operator\.\): 701 of 720 played, none failed/)
})

test('failures are told with the most first, and their devices folded', () => {
  const text = reportText(exampleReport())
  expect(text).toMatch(/^ +9 {2}content {2}WS01-S01 WS01-S02 WS01-S03 WS01-S04 … and 5 more/m)
  expect(text.indexOf('content')).toBeLessThan(text.indexOf('MEDIA_ERR_DECODE'))
})

test('batches are told against their plan', () => {
  expect(reportText(exampleReport())).toMatch(/3 {2}A +40 {2}ended {2}11-24 16:21:30 {2}11-24 16:21:37 +\+7\.5 s/)
})

test('of many batches the worst are told', () => {
  const text = reportText(exampleReport({ batches: exampleBatches(100) }))
  expect(text).toContain('… and 260 more: these are the 40 worst.')
  expect(text).toContain('11-24 16:21:30')
})

test('a workload that has not started says so, and nothing else', () => {
  const nothing = {
    distributions: [],
    breakdowns: [],
    batches: [],
    gates: [],
    attributions: [],
    failures: [],
    notes: [],
    comparison: null,
  }
  const workload = exampleWorkload({
    status: 'pending',
    verdict: null,
    verdictReasons: [],
    startedAt: null,
    finishedAt: null,
    completedTasks: 0,
    failedTasks: 0,
    skippedTasks: 0,
  })
  const text = reportText(exampleReport({ ...nothing, workload }))
  expect(text).toContain('Not started: 0 of 720 played, none failed')
  expect(text).toContain('No batches yet.')
})

test('Korean columns are aligned by the width of their characters, in the zone that is asked for', () => {
  const text = reportText(exampleReport(), { language: 'ko', zone: 'Asia/Seoul' })
  expect(text).toMatch(/^불합격: 720건 중 701건 재생, 실패 14건, 건너뜀 5건/)
  expect(text).toContain('2026-11-25 01:00:00부터')
  const rows = text.split('\n').filter((row) => /^(통과|실패|판정 불가) /.test(row))
  const actionsAt = rows
    .map((row) => row.search(/없음|경고/))
    .map((at, row) => stringWidth(rows[row]?.slice(0, at) ?? ''))
  expect(actionsAt).toHaveLength(4)
  expect(new Set(actionsAt).size).toBe(1)
})

test('what data say does not drive the terminal', () => {
  const text = reportText(
    exampleReport({
      workload: exampleWorkload({ name: '\u001b[31mred\u0007', reason: 'a\nb\u009b2J' }),
      failures: [{ failure: 'player', message: 'line\r\nline\u001b]0;title\u0007', count: 1, devices: ['\u001b[2J'] }],
    }),
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})

test('unreliable sessions are counted, named where they played, and nothing is said of them where there are none', () => {
  const text = reportText(exampleReport())
  expect(text).toContain(
    '5 of 715 sessions are unreliable: for 1 % of the time their own player was more than 100 ms late. Figures and gates leave them out.',
  )
  expect(text).toMatch(/VIDEO .*UNRELIABLE/)
  expect(text).toMatch(/VERDICT +CYCLE .*SAMPLE +UNRELIABLE/)
  expect(reportText(exampleReport(), { language: 'ko' })).toContain('세션 715개 중 5개는 신뢰할 수 없습니다')
  const report = exampleReport()
  const none = reportText({
    ...report,
    stats: { ...report.stats, unreliable: 0 },
    gates: report.gates.map((gate) => ({ ...gate, unreliable: 0 })),
    breakdowns: report.breakdowns.map(({ by, rows }) => ({ by, rows: rows.map((row) => ({ ...row, unreliable: 0 })) })),
  })
  expect(none).not.toMatch(/unreliable/i)
})
