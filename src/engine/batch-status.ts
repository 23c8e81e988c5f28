/**
 * What a batch `b` of a workload `w` is: `planned`, `playing`, `paused` in the middle of it, `ended`, or `cancelled`. Only
 * the open batch of a workload that executes is playing, also while a pause or cancel lets its sessions end.
 */
export const BATCH_STATUS = `CASE
    WHEN w.batch_open AND w.cycle = b.cycle AND w.batch = b.batch AND b.ended_at IS NULL THEN 'playing'
    WHEN b.cancelled > 0 OR (w.finished_at IS NOT NULL AND b.ended_at IS NULL) THEN 'cancelled'
    WHEN b.ended_at IS NOT NULL OR b.succeeded + b.failed + b.skipped = b.total THEN 'ended'
    WHEN b.started_at IS NULL THEN 'planned'
    ELSE 'paused'
  END`
