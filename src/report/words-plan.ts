import type { Language } from './words.ts'

const s = (count: number) => (count === 1 ? '' : 's')

/** What is said of a plan, in English; the other languages have the same entries. */
const en = {
  title: (name: string) => `Plan: ${name}`,
  span: (from: string, to: string, took: string, zone: string) => `${from} to ${to}: ${took}; times are ${zone}.`,
  ends: (status: string, reason: string | null) => `In the end: ${status}${reason === null ? '.' : ` (${reason})`}`,
  sums: (devices: string, plays: string, hours: string) => `${devices} devices, ${plays} plays, ${hours} device-hours.`,
  peaks: (sessions: string, mbps: string | null) =>
    `At most ${sessions} sessions at once, ${mbps === null ? 'of a bitrate that is not known' : `${mbps} Mbit/s at the top renditions`}.`,
  expected: (retries: string, failed: string) => `Expected: ${retries} retries, ${failed} failed.`,
  drawn: (batches: string) => `${batches} batches over time; numbers are cycles, letters the batches’ groups.`,
  cycle: (cycle: string, title: string) => `Cycle ${cycle}: ${title}`,
  pace: (percent: number, batch: number, cycle: number) =>
    `${percent} % of a workstation at once, ${batch} s between batches, ${cycle} s to the next cycle`,
  shape: (devices: string, label: string, value: string, perBatch: string, limit: string) =>
    `${label} ${value} has ${devices} devices, of which ${perBatch} may play at once (${limit})`,
  shapedBy: (batches: number, shapes: string) => `${batches} batch${batches === 1 ? '' : 'es'}, because ${shapes}.`,
  and: ' and ',
  cyclesLeft: (count: number) => `… ${count.toLocaleString('en')} cycle${s(count)} more …`,
  andMore: (count: number) => `… and ${count.toLocaleString('en')} more`,
  batch: 'Batch',
  devices: 'Devices',
  start: 'Start',
  end: 'End',
  retries: 'Retries',
  failed: 'Failed',
  skipped: 'Skipped',
  none: 'Nothing is played.',
  pauses: 'Pauses',
  pause: (from: string, until: string | null, by: string, reason: string) =>
    `${from} to ${until ?? 'somebody resumes it'} (${by}): ${reason}`,
  workstations: 'Workstations',
  workstation: 'Workstation',
  peakSessions: 'Most sessions',
  peakMbps: 'Most Mbit/s',
  chances: (runs: string) => `Chances, of ${runs} nights`,
  completes: 'It completes',
  threshold: 'A failure threshold pauses it',
  gate: (gate: number, rule: string) => `Gate ${gate} fails: ${rule}`,
  endsAt: 'It ends (p5, p50, p95)',
  assumptions: 'Taken for granted',
  legendBatch: 'batch',
  legendRetries: 'retries expected',
  legendFailed: 'failures expected',
  legendPause: 'paused',
}
type PlanWords = typeof en

const ko: PlanWords = {
  title: (name) => `계획: ${name}`,
  span: (from, to, took, zone) => `${from}부터 ${to}까지, ${took}. 시각은 ${zone}입니다.`,
  ends: (status, reason) => `종료 상태: ${status}${reason === null ? '' : `(${reason})`}`,
  sums: (devices, plays, hours) => `기기 ${devices}대, 재생 ${plays}건, 기기 사용 ${hours}시간.`,
  peaks: (sessions, mbps) =>
    `최대 동시 세션 ${sessions}개, ${mbps === null ? '비트레이트 알 수 없음' : `최고 화질 기준 ${mbps} Mbit/s`}.`,
  expected: (retries, failed) => `예상: 재시도 ${retries}건, 실패 ${failed}건.`,
  drawn: (batches) => `시간순으로 그린 배치 ${batches}개. 숫자는 사이클, 문자는 배치 그룹입니다.`,
  cycle: (cycle, title) => `사이클 ${cycle}: ${title}`,
  pace: (percent, batch, cycle) =>
    `워크스테이션의 ${percent}%씩 동시 재생, 배치 간격 ${batch}초, 다음 사이클까지 ${cycle}초`,
  shape: (devices, label, value, perBatch, limit) =>
    `${label} ${value}에 기기 ${devices}대가 있고 동시에 ${perBatch}대까지 재생할 수 있음(${limit})`,
  shapedBy: (batches, shapes) => `배치 ${batches}개로 나눈 이유: ${shapes}.`,
  and: ', ',
  cyclesLeft: (count) => `… 사이클 ${count.toLocaleString('en')}개 생략 …`,
  andMore: (count) => `… 외 ${count.toLocaleString('en')}건`,
  batch: '배치',
  devices: '기기',
  start: '시작',
  end: '종료',
  retries: '재시도',
  failed: '실패',
  skipped: '건너뜀',
  none: '재생할 것이 없습니다.',
  pauses: '일시 정지',
  pause: (from, until, by, reason) =>
    `${from}부터 ${until === null ? '재개할 때까지' : `${until}까지`} (${by}): ${reason}`,
  workstations: '워크스테이션별 최대치',
  workstation: '워크스테이션',
  peakSessions: '최대 세션',
  peakMbps: '최대 Mbit/s',
  chances: (runs) => `확률(모의 실행 ${runs}회)`,
  completes: '완료',
  threshold: '실패 임계값으로 일시 정지',
  gate: (gate, rule) => `게이트 ${gate} 실패: ${rule}`,
  endsAt: '종료 시각 (p5, p50, p95)',
  assumptions: '전제',
  legendBatch: '배치',
  legendRetries: '재시도 예상',
  legendFailed: '실패 예상',
  legendPause: '일시 정지',
}

/** What is said of a plan, in a language. */
export function planWordsOf(language: Language): PlanWords {
  return { en, ko }[language]
}
export type { PlanWords }
