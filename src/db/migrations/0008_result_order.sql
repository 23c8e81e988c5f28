-- Lists that are followed while they grow are in an order in which nothing appears behind a reader.

-- Results: by the transaction that made one its command's counted result. Those of before are the oldest.
ALTER TABLE command_history ADD COLUMN result_xact xid8 DEFAULT '3';
ALTER TABLE command_history ALTER COLUMN result_xact DROP DEFAULT,
  ADD CHECK (result_id IS NULL OR result_xact IS NOT NULL);
CREATE INDEX command_history_results ON command_history (workload_id, result_xact, id) WHERE result_id IS NOT NULL;

-- Commands: a cycle's are made in one transaction, after those of the cycle before it. Their ids carry the time, which a
-- clock may set back.
CREATE INDEX command_history_by_cycle ON command_history (workload_id, cycle, id);
DROP INDEX command_history_by_workload;
