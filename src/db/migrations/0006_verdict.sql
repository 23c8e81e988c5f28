-- What a run says of the streams, beside the state that it ended in.

ALTER TABLE workloads
  ADD COLUMN verdict text CHECK (verdict IN ('passed', 'failed', 'incomplete')),
  ADD COLUMN verdict_reasons jsonb;

-- What earlier versions did not keep in the state, from the steps that they recorded: what `findingsAfter` in
-- src/simulation/history-findings.ts makes of the same steps.
WITH steps AS (
  SELECT workload_id, id, data, coalesce(lag((data -> 'after' ->> 'videoIndex')::int) OVER before, 0) AS video_index,
    (data #>> '{after,tally,completed}')::int
      - coalesce(lag((data #>> '{after,tally,completed}')::int) OVER before, 0) AS gained
  FROM workload_events WHERE type = 'workload.step'
  WINDOW before AS (PARTITION BY workload_id ORDER BY id)
), played AS (
  SELECT workload_id, count(DISTINCT video_index)::int AS videos, max(video_index) AS last
  FROM steps WHERE gained > 0 GROUP BY workload_id
), logged AS (
  SELECT s.workload_id, s.id, l.place, s.video_index, l.effect ->> 'message' AS message,
    jsonb_typeof(s.data #> '{facts,listing}') IS NOT DISTINCT FROM 'object' AS listing,
    (SELECT e.effect FROM jsonb_array_elements(s.data -> 'effects') AS e (effect) WHERE e.effect ->> 'kind' = 'endBatch')
      AS ended
  FROM steps s, jsonb_array_elements(s.data -> 'effects') WITH ORDINALITY AS l (effect, place)
  WHERE l.effect ->> 'kind' = 'log' AND l.effect ->> 'level' IN ('warn', 'error')
), known AS (
  SELECT *, CASE
      WHEN listing THEN 'videoNotListed'
      WHEN ended IS NOT NULL AND message LIKE 'The gate “%” failed: %' THEN 'gate'
      WHEN ended IS NOT NULL AND message ~ '^\d+ of \d+ devices .* failed, more than the threshold of ' THEN 'threshold'
    END AS kind, row_number() OVER (PARTITION BY workload_id ORDER BY id, place) AS nth
  FROM logged
), found AS (
  SELECT workload_id, count(*) FILTER (WHERE kind = 'videoNotListed') AS not_listed,
    count(*) FILTER (WHERE kind = 'gate') AS gates, count(*) FILTER (WHERE kind = 'threshold') AS thresholds,
    jsonb_agg(jsonb_build_object('kind', kind, 'reason', left(message, 500))
      || CASE WHEN kind = 'videoNotListed' THEN jsonb_build_object('videoIndex', video_index)
           ELSE jsonb_build_object('cycle', ended -> 'cycle', 'batch', ended -> 'batch') END
      ORDER BY id, place) AS findings
  FROM known WHERE kind IS NOT NULL GROUP BY workload_id
)
UPDATE workloads w SET state = w.state || jsonb_build_object(
    'judged', w.state -> 'judged' || jsonb_build_object('devices',
      (w.state #>> '{judged,succeeded}')::int + (w.state #>> '{judged,failed}')::int),
    'findings', jsonb_build_object(
      'videosNotListed', coalesce(f.not_listed, 0),
      'gateFailures', coalesce(f.gates, 0),
      'thresholdTrips', coalesce(f.thresholds, 0),
      'videosPlayed', coalesce(p.videos, 0),
      'lastPlayed', coalesce(p.last, -1),
      'first', coalesce(jsonb_path_query_array(f.findings, '$[0 to 4]'), '[]')))
FROM workloads every LEFT JOIN found f ON f.workload_id = every.id LEFT JOIN played p ON p.workload_id = every.id
WHERE w.id = every.id;

-- The verdicts of those that ended, by the rule of src/domain/verdict.ts.
WITH reasons AS (
  SELECT id, CASE WHEN (state #>> '{tally,failed}')::int > 0
      THEN jsonb_build_array(jsonb_build_object('kind', 'commandsFailed', 'count', state #> '{tally,failed}'))
      ELSE '[]' END || (state #> '{findings,first}') AS failures,
    CASE WHEN status <> 'completed' AND NOT jsonb_path_exists(state, '$.findings.first[*] ? (@.reason == $reason)',
        jsonb_build_object('reason', left(reason, 500)))
      THEN jsonb_build_array(jsonb_build_object('kind', status, 'reason', coalesce(reason, ''))) ELSE '[]' END
      || CASE WHEN (state #>> '{rules,videoCount}')::int > (state #>> '{findings,videosPlayed}')::int
      THEN jsonb_build_array(jsonb_build_object('kind', 'videosNotPlayed', 'count',
        (state #>> '{rules,videoCount}')::int - (state #>> '{findings,videosPlayed}')::int)) ELSE '[]' END AS missing
  FROM workloads WHERE finished_at IS NOT NULL
), verdicts AS (
  SELECT id, failures || missing AS reasons, CASE WHEN failures <> '[]' THEN 'failed'
      WHEN missing <> '[]' THEN 'incomplete' ELSE 'passed' END AS verdict
  FROM reasons
)
UPDATE workloads w SET verdict = v.verdict, verdict_reasons = v.reasons, state = jsonb_set(state, '{phase}',
    state -> 'phase' || jsonb_build_object('verdict', v.verdict, 'reasons', v.reasons))
FROM verdicts v WHERE v.id = w.id;

ALTER TABLE workloads
  ADD CHECK ((verdict IS NULL) = (finished_at IS NULL)),
  ADD CHECK ((verdict IS NULL) = (verdict_reasons IS NULL));
