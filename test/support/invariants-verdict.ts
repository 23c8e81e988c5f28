import type { Invariant } from './invariants.ts'

const LOGGED = (kinds: string) => `EXISTS (SELECT FROM jsonb_array_elements(w.state #> '{findings,first}') AS f (found)
  WHERE f.found ->> 'kind' IN (${kinds}))`
const FAILED = `(EXISTS (SELECT FROM command_history c WHERE c.workload_id = w.id AND c.status = 'failed')
  OR EXISTS (SELECT FROM gate_verdicts g WHERE g.workload_id = w.id AND g.verdict = 'fail')
  OR ${LOGGED(`'videoNotListed', 'threshold', 'gate'`)})`
const NOT_PLAYED = `EXISTS (SELECT FROM unnest(w.video_ids) AS v (id) WHERE NOT EXISTS (
  SELECT FROM command_history c WHERE c.workload_id = w.id AND c.video_id = v.id AND c.status = 'succeeded'))`

/** What a verdict must be, asked of the commands, the gates and the findings. */
export const VERDICT_INVARIANTS: readonly Invariant[] = [
  {
    name: 'a workload has a verdict, with its reasons, exactly when it has ended, and the state has the same one',
    broken: `SELECT w.id || ' ' || w.status || ' ' || coalesce(w.verdict, 'none') FROM workloads w
      WHERE (w.verdict IS NULL) <> (w.finished_at IS NULL) OR (w.verdict IS NULL) <> (w.verdict_reasons IS NULL)
        OR w.verdict IS DISTINCT FROM w.state #>> '{phase,verdict}'
        OR (w.verdict = 'passed') <> (w.verdict_reasons = '[]')`,
  },
  {
    name: 'it is failed exactly where a command or gate failed, a video was not listed or a threshold was passed',
    broken: `SELECT w.id || ' ' || w.verdict FROM workloads w
      WHERE w.finished_at IS NOT NULL AND (w.verdict = 'failed') <> ${FAILED}`,
  },
  {
    name: 'it is passed exactly where it is completed, nothing failed and some device played each video',
    broken: `SELECT w.id || ' ' || w.verdict FROM workloads w WHERE w.finished_at IS NOT NULL
      AND (w.verdict = 'passed') <> (w.status = 'completed' AND NOT ${FAILED} AND NOT ${NOT_PLAYED})`,
  },
  {
    name: 'the findings of a gate are those that were judged, and the videos played those that a device played',
    broken: `SELECT w.id || ' ' || (w.state -> 'findings') FROM workloads w
      WHERE (w.state #>> '{findings,gateFailures}')::int
          <> (SELECT count(*) FROM gate_verdicts g WHERE g.workload_id = w.id AND g.verdict = 'fail')
        OR (w.finished_at IS NOT NULL AND (w.state #>> '{findings,videosPlayed}')::int
          <> (SELECT count(DISTINCT c.cycle) FROM command_history c WHERE c.workload_id = w.id AND c.status = 'succeeded'))`,
  },
]
