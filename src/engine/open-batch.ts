/**
 * Whether commands of a workload's current batch, `(w.cycle, w.batch)`, may be given out. To be asked in the very statement
 * that joins `w.batch`: a step of the lifecycle may move a workload on to its next batch between two statements, and that
 * one is not open yet.
 */
export const BATCH_IS_OPEN = `w.status = 'executing' AND w.requested IS NULL AND w.batch_open AND w.finished_at IS NULL`
