/**
 * The one population of every statistic, as a condition on commands `c`: those that ended, with or without error. A command
 * that was cancelled, was skipped, or waits for another attempt may have a result of an earlier attempt. That result does
 * not say how the command ended, so no statistic counts it. docs/what-counts.md has the table.
 */
export const IS_COUNTED = `c.status IN ('succeeded', 'failed')`

/** For a FROM: the counted commands `c`, each with its result `r`. */
export const COUNTED_RESULTS = `command_history c JOIN results r ON r.id = c.result_id AND ${IS_COUNTED}`
