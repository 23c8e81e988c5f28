-- Nights that are seen before they run: gates, windows, profiles, limits, chains, schedules.

-- What one device needs at the video's top rendition, as its manifest said last.
ALTER TABLE videos ADD COLUMN peak_kbps double precision CHECK (peak_kbps > 0);

UPDATE workloads SET
  config = config || '{"timeProfiles": null, "window": null, "maxConcurrent": [], "maxMbps": [], "gates": [],
    "alternateGroups": false}',
  state = state || jsonb_build_object(
    'pace', jsonb_build_object(
      'batchSizePercent', state -> 'rules' -> 'batchSizePercent',
      'batchIntervalSeconds', state -> 'rules' -> 'batchIntervalSeconds',
      'cycleIntervalSeconds', state -> 'rules' -> 'cycleIntervalSeconds'),
    'rules', state -> 'rules' || '{"timeProfiles": null, "fixedPace": {}, "window": null, "limits": [], "gates": [],
      "alternateGroups": false}');

ALTER TABLE workloads
  -- The workload whose end it waits for, and which ends will do.
  ADD COLUMN after_id uuid REFERENCES workloads,
  ADD COLUMN after_on text CHECK (after_on IN ('success', 'end')),
  -- When it starts by itself, while it is pending; null where somebody starts it.
  ADD COLUMN starts_at timestamptz,
  ADD COLUMN schedule_id uuid,
  -- What its night is expected to be like, by the nights before it: its plan is made with it.
  ADD COLUMN expected jsonb,
  ADD CHECK ((after_id IS NULL) = (after_on IS NULL));
CREATE INDEX workloads_to_start ON workloads (starts_at) WHERE status = 'pending' AND starts_at IS NOT NULL;
CREATE INDEX workloads_by_schedule ON workloads (schedule_id, id DESC) WHERE schedule_id IS NOT NULL;

-- Each gate as it was decided after a batch.
CREATE TABLE gate_verdicts (
  workload_id uuid NOT NULL REFERENCES workloads,
  cycle int NOT NULL,
  batch int NOT NULL,
  -- Its place in the workload's gates, from 0.
  gate int NOT NULL,
  metric text NOT NULL,
  rule text NOT NULL,
  sample int NOT NULL,
  value double precision,
  verdict text NOT NULL CHECK (verdict IN ('pass', 'fail', 'inconclusive')),
  action text NOT NULL CHECK (action IN ('none', 'warn', 'pause', 'cancel')),
  at timestamptz NOT NULL,
  PRIMARY KEY (workload_id, cycle, batch, gate),
  FOREIGN KEY (workload_id, cycle, batch) REFERENCES batches
);

CREATE TABLE schedules (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  cron text NOT NULL,
  time_zone text NOT NULL,
  jitter_seconds int NOT NULL DEFAULT 0 CHECK (jitter_seconds BETWEEN 0 AND 3600),
  overlap text NOT NULL DEFAULT 'skip' CHECK (overlap IN ('skip', 'queue')),
  -- The workload that each firing creates, as it was asked for.
  workload jsonb NOT NULL,
  -- The next firing that its cron names, and when it starts: later by the jitter.
  next_at timestamptz,
  next_starts_at timestamptz,
  last_at timestamptz,
  -- What became of the last firing, in a sentence.
  last_note text,
  created_at timestamptz NOT NULL
);
CREATE INDEX schedules_due ON schedules (next_starts_at) WHERE next_starts_at IS NOT NULL;
