-- The whole first schema. Times are timestamptz; durations say their unit in the name.
-- Rows that are updated in place on the hot path leave room on their pages (fillfactor), and no index names a
-- column that leasing changes, so that those updates stay heap-only.

CREATE TABLE videos (
  id uuid PRIMARY KEY,
  url text NOT NULL UNIQUE,
  title text NOT NULL,
  duration_seconds double precision CHECK (duration_seconds > 0),
  completed_count bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL
);

CREATE TABLE origins (
  id uuid PRIMARY KEY,
  origin text NOT NULL,
  path_prefix text NOT NULL DEFAULT '',
  allow_private boolean NOT NULL DEFAULT false,
  cmcd_mode text NOT NULL DEFAULT 'query' CHECK (cmcd_mode IN ('query', 'header')),
  token text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'verified', 'failed', 'unreachable')),
  reason text,
  unreachable_count int NOT NULL DEFAULT 0,
  checked_at timestamptz,
  created_at timestamptz NOT NULL,
  UNIQUE (origin, path_prefix)
);

CREATE TABLE workstations (
  id text PRIMARY KEY CHECK (id ~ '^[A-Z][A-Z0-9]{0,15}$'),
  agent_version text,
  last_seen_at timestamptz,
  created_at timestamptz NOT NULL
);

CREATE TABLE devices (
  id uuid PRIMARY KEY,
  workstation_id text NOT NULL REFERENCES workstations,
  slot text NOT NULL CHECK (slot ~ '^S[0-9]{2,4}$'),
  driver text NOT NULL,
  model text NOT NULL DEFAULT '',
  os text NOT NULL DEFAULT '',
  labels jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL CHECK (
    status IN ('available', 'busy', 'offline', 'draining', 'cooling', 'quarantined', 'missing')
  ),
  status_reason text,
  -- When its last session ended: what waits for a device is not undelivered while another workload has it.
  released_at timestamptz,
  created_at timestamptz NOT NULL,
  -- What it plays or is about to: one row, so one session at a time, across all workloads. The view leases shows it.
  lease_token uuid,
  lease_command_id uuid,
  lease_workload_id uuid,
  lease_accept_by timestamptz,
  lease_started_at timestamptz,
  lease_run_seconds int,
  lease_expires_at timestamptz,
  lease_stop_reason text,
  UNIQUE (workstation_id, slot),
  CHECK ((lease_token IS NULL) = (lease_command_id IS NULL)),
  CHECK ((lease_token IS NULL) = (lease_expires_at IS NULL))
) WITH (fillfactor = 50);

CREATE VIEW leases AS
  SELECT id AS device_id, workstation_id, lease_token AS token, lease_command_id AS command_id,
    lease_workload_id AS workload_id, lease_accept_by AS accept_by, lease_started_at AS started_at,
    lease_run_seconds AS run_seconds, lease_expires_at AS expires_at, lease_stop_reason AS stop_reason
  FROM devices WHERE lease_token IS NOT NULL;

CREATE TABLE workloads (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  -- What was asked for, defaults filled in.
  config jsonb NOT NULL,
  video_ids uuid[] NOT NULL,
  -- The lifecycle's state as domain/workload.ts defines it; the columns below repeat what queries look for.
  state jsonb NOT NULL,
  status text NOT NULL,
  requested text CHECK (requested IN ('pause', 'cancel')),
  paused_by text,
  reason text,
  cycle int NOT NULL DEFAULT 0,
  batch int,
  -- Whether commands of (cycle, batch) may be leased.
  batch_open boolean NOT NULL DEFAULT false,
  wake_at timestamptz,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX workloads_by_age ON workloads (created_at DESC, id DESC);
CREATE INDEX workloads_active ON workloads (status) WHERE finished_at IS NULL;

CREATE TABLE batches (
  workload_id uuid NOT NULL REFERENCES workloads,
  cycle int NOT NULL,
  batch int NOT NULL,
  batch_group text NOT NULL,
  video_id uuid NOT NULL REFERENCES videos,
  total int NOT NULL,
  succeeded int NOT NULL DEFAULT 0,
  failed int NOT NULL DEFAULT 0,
  failed_counted int NOT NULL DEFAULT 0,
  skipped int NOT NULL DEFAULT 0,
  cancelled int NOT NULL DEFAULT 0,
  last_settled_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (workload_id, cycle, batch)
) WITH (fillfactor = 50);

CREATE TABLE command_history (
  id uuid PRIMARY KEY,
  workload_id uuid NOT NULL,
  video_id uuid NOT NULL,
  -- No foreign keys: history stays when a device or workstation is removed.
  device_id uuid NOT NULL,
  workstation_id text NOT NULL,
  cycle int NOT NULL,
  batch int NOT NULL,
  batch_group text NOT NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (
    status IN ('queued', 'leased', 'playing', 'retrying', 'succeeded', 'failed', 'skipped', 'cancelled')
  ),
  attempts int NOT NULL DEFAULT 0,
  retries int NOT NULL DEFAULT 0,
  infrastructure_retries int NOT NULL DEFAULT 0,
  failure text,
  reason text,
  -- The session's plan: planned seconds and interactions, drawn once, reused by every attempt.
  plan jsonb NOT NULL,
  ready_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  leased_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  result_id uuid,
  FOREIGN KEY (workload_id, cycle, batch) REFERENCES batches,
  UNIQUE (workload_id, cycle, device_id)
) WITH (fillfactor = 45);
-- Ids ascend with time, so this is also by age.
CREATE INDEX command_history_by_workload ON command_history (workload_id, id);
CREATE INDEX command_history_open ON command_history (workload_id, cycle, batch, workstation_id)
  WHERE finished_at IS NULL;

CREATE TABLE command_attempts (
  -- The fencing token.
  id uuid PRIMARY KEY,
  -- Written in the very statement that changes its command: no foreign key is asked to find it again.
  command_id uuid NOT NULL,
  attempt int NOT NULL,
  device_id uuid NOT NULL,
  leased_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  failure text,
  permanent boolean NOT NULL DEFAULT false,
  message text,
  -- Its agent's report is in.
  reported boolean NOT NULL DEFAULT false,
  -- A report that came when its command was final or leased again.
  late boolean NOT NULL DEFAULT false,
  UNIQUE (command_id, attempt)
) WITH (fillfactor = 50);

CREATE TABLE results (
  id uuid PRIMARY KEY,
  -- Written in the transaction that holds its command's row: no foreign key is asked to find it again.
  command_id uuid NOT NULL,
  attempt int NOT NULL,
  session_id uuid NOT NULL,
  device_id uuid NOT NULL,
  video_id uuid NOT NULL,
  watch_time double precision NOT NULL,
  watch_percent double precision NOT NULL CHECK (watch_percent BETWEEN 0 AND 100),
  error_message text,
  failure text,
  end_reason text NOT NULL,
  startup_ms double precision,
  playing_ms double precision NOT NULL,
  paused_ms double precision NOT NULL,
  seeking_ms double precision NOT NULL,
  rebuffer_count int NOT NULL,
  rebuffer_ms double precision NOT NULL,
  rebuffer_ratio double precision NOT NULL GENERATED ALWAYS AS (
    CASE WHEN playing_ms + rebuffer_ms > 0 THEN rebuffer_ms / (playing_ms + rebuffer_ms) ELSE 0 END
  ) STORED,
  bitrate_avg_kbps double precision,
  bitrate_top_kbps double precision,
  switch_count int NOT NULL,
  throughput_kbps double precision,
  dropped_frames int,
  decoded_frames int,
  bytes_downloaded bigint NOT NULL,
  errors_fatal int NOT NULL,
  errors_nonfatal int NOT NULL,
  error_codes text[] NOT NULL DEFAULT '{}',
  loop_delay_p99_ms double precision,
  timeline jsonb NOT NULL,
  -- For a command that failed without any report; a late report of the same attempt may still come as evidence.
  by_engine boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  UNIQUE (command_id, attempt, by_engine)
);

CREATE TABLE workload_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Readers go no further than the oldest transaction still open, so that no id appears behind them.
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  workload_id uuid REFERENCES workloads,
  at timestamptz NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL
);
CREATE INDEX workload_events_by_workload ON workload_events (workload_id, id);
CREATE INDEX workload_events_by_xact ON workload_events (xact, id);

CREATE TABLE workload_logs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workload_id uuid NOT NULL REFERENCES workloads,
  at timestamptz NOT NULL,
  level text NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
  message text NOT NULL
);
CREATE INDEX workload_logs_by_workload ON workload_logs (workload_id, id DESC);

CREATE TABLE tokens (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'agent')),
  workstation_id text,
  sha256 text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  CHECK ((role = 'agent') = (workstation_id IS NOT NULL))
);

CREATE TABLE idempotency_keys (
  key text PRIMARY KEY,
  request_sha256 text NOT NULL,
  workload_id uuid NOT NULL REFERENCES workloads,
  created_at timestamptz NOT NULL
);

-- One row: when leases were last looked over. A gap in it is a gap in service.
CREATE TABLE service (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  swept_at timestamptz NOT NULL
);
INSERT INTO service (swept_at) VALUES (clock_timestamp());
