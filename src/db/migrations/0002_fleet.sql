-- Devices that live, agents that enrol, access that is logged, retries that name their parent.

-- Each thing that keeps a device from playing is a condition of its own, held by its reason: whoever sets one leaves
-- the others alone. What the device is follows from them, in this order.
ALTER TABLE devices
  ADD COLUMN missing_reason text,
  ADD COLUMN drain_reason text,
  ADD COLUMN quarantine_reason text,
  ADD COLUMN quarantined_until timestamptz,
  -- Its agent says that the device is not there.
  ADD COLUMN offline_reason text,
  -- Its workstation is not heard of.
  ADD COLUMN silent_reason text,
  ADD COLUMN cooling_reason text,
  -- Attempts in a row that ended by the device's own fault.
  ADD COLUMN device_failures int NOT NULL DEFAULT 0,
  ADD COLUMN temperature_c real,
  ADD COLUMN battery_percent int CHECK (battery_percent BETWEEN 0 AND 100),
  ADD COLUMN health_at timestamptz,
  -- When its session must have ended; it is lost or timed out after that.
  ADD COLUMN lease_ends_by timestamptz,
  ADD CHECK ((quarantine_reason IS NULL) = (quarantined_until IS NULL));
UPDATE devices SET
  missing_reason = CASE WHEN status = 'missing' THEN coalesce(status_reason, 'its agent no longer has it') END,
  drain_reason = CASE WHEN status = 'draining' THEN coalesce(status_reason, 'drained by an operator') END,
  silent_reason = CASE WHEN status = 'offline' THEN coalesce(status_reason, 'its workstation sends no heartbeat') END,
  lease_ends_by = lease_started_at + make_interval(secs => lease_run_seconds + 10);
ALTER TABLE devices DROP COLUMN status, DROP COLUMN status_reason;
ALTER TABLE devices
  ADD COLUMN status text NOT NULL GENERATED ALWAYS AS (
    CASE
      WHEN missing_reason IS NOT NULL THEN 'missing'
      WHEN drain_reason IS NOT NULL THEN 'draining'
      WHEN quarantine_reason IS NOT NULL THEN 'quarantined'
      WHEN offline_reason IS NOT NULL OR silent_reason IS NOT NULL THEN 'offline'
      WHEN cooling_reason IS NOT NULL THEN 'cooling'
      WHEN lease_token IS NOT NULL THEN 'busy'
      ELSE 'available'
    END
  ) STORED,
  ADD COLUMN status_reason text GENERATED ALWAYS AS (
    coalesce(missing_reason, drain_reason, quarantine_reason, offline_reason, silent_reason, cooling_reason)
  ) STORED;

DROP VIEW leases;
CREATE VIEW leases AS
  SELECT id AS device_id, workstation_id, lease_token AS token, lease_command_id AS command_id,
    lease_workload_id AS workload_id, lease_accept_by AS accept_by, lease_started_at AS started_at,
    lease_run_seconds AS run_seconds, lease_ends_by AS ends_by, lease_expires_at AS expires_at,
    lease_stop_reason AS stop_reason
  FROM devices WHERE lease_token IS NOT NULL;

ALTER TABLE workstations
  -- The agent process that speaks for it now; calls of one before it are refused.
  ADD COLUMN instance uuid,
  ADD COLUMN left_at timestamptz;

-- History stays readable when a device is removed.
ALTER TABLE command_history ADD COLUMN device_slot text NOT NULL DEFAULT '';
UPDATE command_history c SET device_slot = d.slot FROM devices d WHERE d.id = c.device_id;

ALTER TABLE workloads ADD COLUMN parent_id uuid REFERENCES workloads;
-- What a retry of failed commands plays: these devices, for this video.
CREATE TABLE workload_targets (
  workload_id uuid NOT NULL REFERENCES workloads,
  video_id uuid NOT NULL REFERENCES videos,
  device_id uuid NOT NULL,
  PRIMARY KEY (workload_id, video_id, device_id)
);

UPDATE workloads SET
  config = config || jsonb_build_object('targetDevices', NULL, 'targetLabels', NULL, 'batchConfig',
    config -> 'batchConfig' || '{"failureThresholdMinSample": 1, "workloadFailureThresholdPercent": null}'),
  state = state || jsonb_build_object('judged', '{"succeeded": 0, "failed": 0}'::jsonb, 'rules',
    state -> 'rules' || '{"failureThresholdMinSample": 1, "workloadFailureThresholdPercent": null}');

-- A token for an agent is a one-time one: its agent trades it for a credential of its own.
ALTER TABLE tokens DROP CONSTRAINT tokens_role_check, DROP CONSTRAINT tokens_check;
UPDATE tokens SET role = 'enrolment' WHERE role = 'agent';
ALTER TABLE tokens
  ADD CHECK (role IN ('admin', 'operator', 'viewer', 'agent', 'enrolment')),
  ADD CHECK ((role IN ('agent', 'enrolment')) = (workstation_id IS NOT NULL)),
  ADD COLUMN created_by text,
  ADD COLUMN last_used_at timestamptz,
  -- Of a one-time token: when it was traded; of a credential: what it was traded for.
  ADD COLUMN used_at timestamptz,
  ADD COLUMN enrolled_by uuid REFERENCES tokens;
CREATE INDEX tokens_by_workstation ON tokens (workstation_id) WHERE workstation_id IS NOT NULL;

-- Who did what, and who was refused. A row without a status is of a request that its controller did not live to answer.
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  token_id uuid,
  token_name text,
  role text,
  address text,
  action text NOT NULL,
  target text NOT NULL,
  status int,
  detail text
);
