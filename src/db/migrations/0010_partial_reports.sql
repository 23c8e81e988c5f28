-- Reports that were taken in part, as they came: the evidence for what their results lack.
CREATE TABLE partial_reports (
  -- Written in the transaction that writes its result: no foreign key is asked to find it again.
  result_id uuid PRIMARY KEY,
  workload_id uuid NOT NULL,
  untaken text NOT NULL,
  raw text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX partial_reports_by_workload ON partial_reports (workload_id);
