-- How far behind the live edge a session of a live stream was played; null for streams on demand.
ALTER TABLE results
  ADD COLUMN live_latency_p50_ms double precision,
  ADD COLUMN live_latency_p95_ms double precision,
  ADD COLUMN live_latency_end_ms double precision,
  ADD COLUMN live_drift_ms double precision,
  ADD COLUMN live_window_seconds double precision;
