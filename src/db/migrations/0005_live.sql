-- What plays on a workstation's devices now, as its agent last said with its heartbeat, by lease token. It is written
-- in the row that a heartbeat changes anyway, and lost without harm.
ALTER TABLE workstations ADD COLUMN playback jsonb NOT NULL DEFAULT '{}';
