-- What a workload's next move has cost so far. All of it is cleared by the step that it leads to.
ALTER TABLE workloads
  -- How often it was begun since the last step. Counted before it is done: what ends its process is counted too.
  ADD COLUMN tries int NOT NULL DEFAULT 0,
  -- What went wrong last.
  ADD COLUMN fault text,
  -- It is not tried again before.
  ADD COLUMN retry_at timestamptz,
  -- The controller that reads its next video now, and until when that counts unless it is renewed.
  ADD COLUMN listing_by uuid,
  ADD COLUMN listing_until timestamptz;

-- A device that is removed and enrolled anew has another id and the same lab name.
ALTER TABLE workload_targets ADD COLUMN workstation_id text NOT NULL DEFAULT '', ADD COLUMN slot text NOT NULL DEFAULT '';
UPDATE workload_targets t SET workstation_id = c.workstation_id, slot = c.device_slot
FROM workloads w JOIN command_history c ON c.workload_id = w.parent_id
WHERE t.workload_id = w.id AND c.device_id = t.device_id AND c.video_id = t.video_id;
