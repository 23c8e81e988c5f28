-- Schedules that each stand alone and say why they did not fire; starts that wait for all that they should.

ALTER TABLE schedules
  -- How much later than its time a firing still starts something.
  ADD COLUMN catch_up_seconds int NOT NULL DEFAULT 3600 CHECK (catch_up_seconds BETWEEN 60 AND 604800),
  ADD COLUMN when_paused text NOT NULL DEFAULT 'skip' CHECK (when_paused IN ('skip', 'cancel_and_start')),
  ADD COLUMN last_outcome text
    CHECK (last_outcome IN ('started', 'queued', 'skipped', 'missed', 'refused', 'failed')),
  -- Looks in a row that failed; when it is looked at again after one.
  ADD COLUMN failed_looks int NOT NULL DEFAULT 0,
  ADD COLUMN look_again_at timestamptz;

ALTER TABLE workloads
  -- The run of its own schedule whose end it waits for, besides the workload that it follows.
  ADD COLUMN queued_behind_id uuid REFERENCES workloads,
  -- How much later than its time it still starts by itself; null where it does not matter.
  ADD COLUMN catch_up_seconds int;
