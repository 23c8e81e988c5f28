/**
 * The oldest transaction that may still write to this database, as SQL of type `xid8`: whatever older ones wrote has
 * been committed or is gone, so a reader that goes on in (transaction, key) order and stops before it never has
 * anything appear behind it. The rows' own order must be that of `pg_current_xact_id()`.
 *
 * `pg_snapshot_xmin` would be it for the whole server: a long transaction in another database of it would hold readers up.
 * A transaction that is in progress in the statement's snapshot is left out only if `pg_stat_activity`, or for a prepared
 * one `pg_prepared_xacts`, names it for another database. Both are read after the snapshot was taken; a transaction's
 * number belongs to one session and a session to one database for good, so what is left out cannot write here. What they
 * do not name is kept: one that ended in between, which holds the reader up until its next look, and one of a server
 * that hides the number, where the horizon is the whole server's as before. PostgreSQL shows `backend_xid` and the
 * database of every session to every role; only queries and addresses are hidden from other roles.
 */
export const HORIZON = `(SELECT coalesce((SELECT x FROM pg_snapshot_xip(pg_current_snapshot()) AS x
     WHERE x::xid NOT IN (
       SELECT backend_xid FROM pg_stat_activity WHERE datname <> current_database() AND backend_xid IS NOT NULL
       UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database <> current_database())
     ORDER BY x LIMIT 1), pg_snapshot_xmax(pg_current_snapshot())))`
