-- Of each driver that measured it, how many of its devices the workstation carries at once:
-- [{"driver": …, "sessions": …, "cpuMsPerSecond": …}].
ALTER TABLE workstations ADD COLUMN capacities jsonb NOT NULL DEFAULT '[]';
-- The players that its agent has: a command for another one is not leased to it.
ALTER TABLE workstations ADD COLUMN players text[] NOT NULL DEFAULT '{shaka}';
