-- Players with a screen: what it showed when a session failed.
CREATE TABLE screenshots (
  result_id uuid PRIMARY KEY REFERENCES results ON DELETE CASCADE,
  workload_id uuid NOT NULL,
  jpeg bytea NOT NULL
);
CREATE INDEX screenshots_by_workload ON screenshots (workload_id);

-- What played: a slot may hold another device the next night.
ALTER TABLE results ADD COLUMN driver text;
UPDATE results r SET driver = d.driver FROM devices d WHERE d.id = r.device_id;

-- When a device went offline lately: one that does so again and again is quarantined.
ALTER TABLE devices ADD COLUMN went_offline_at timestamptz[] NOT NULL DEFAULT '{}';
