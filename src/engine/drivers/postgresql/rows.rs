//! What a server is asked, in its own language.

/// What a server says of itself, in one row.
pub(super) const LOOK: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
    current_setting('wal_level'), (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user), \
    (SELECT coalesce(sum(CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END), 0)::bigint \
        FROM pg_database), \
    current_setting('max_wal_senders'), current_setting('max_replication_slots'), \
    (SELECT coalesce(string_agg(spcname, ', ' ORDER BY spcname), '') FROM pg_tablespace \
        WHERE spcname NOT IN ('pg_default', 'pg_global')), pg_is_in_recovery(), \
    current_setting('block_size'), pg_size_bytes(current_setting('segment_size')), \
    coalesce(current_setting('summarize_wal', true), 'off'), regexp_replace(current_setting('data_checksums'), '[^a-z]', '', 'g'), \
    (SELECT count(*) FROM pg_replication_slots);";

/// The slots that keep no log and whose names begin with this.
pub(super) fn traces(prefix: &str) -> String {
    format!(
        "SELECT slot_name FROM pg_replication_slots \
         WHERE starts_with(slot_name::text, '{prefix}') AND NOT temporary AND restart_lsn IS NULL;"
    )
}

/// Drops all such slots.
pub(super) fn drop_traces(prefix: &str) -> String {
    format!(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots \
         WHERE starts_with(slot_name::text, '{prefix}') AND NOT active;"
    )
}

/// Makes a slot that keeps no log.
pub(super) fn leave_trace(slot: &str) -> String {
    format!("SELECT pg_create_physical_replication_slot('{slot}', false, false);")
}

/// Whether the user may know of the summaries. What may not is ended when it asks.
pub(super) const MAY_READ_SUMMARIES: &str = "SELECT has_function_privilege('pg_available_wal_summaries()', 'EXECUTE');";

/// Whether a summary of the log begins or ends just at a place. Every backup begins at one.
pub(super) fn is_summarized(lsn: &str) -> String {
    format!("SELECT count(*) FROM pg_available_wal_summaries() WHERE '{lsn}'::pg_lsn IN (start_lsn, end_lsn);")
}

/// How large each database is whose size the user may know. A name may have what ends a row.
pub(super) const SIZES: &str = "SELECT regexp_replace(datname, '[[:cntrl:]]', '?', 'g'), pg_database_size(oid) FROM pg_database \
    WHERE datallowconn AND has_database_privilege(oid, 'CONNECT') ORDER BY 1;";

/// Lets a session stay that has nothing to say. Version 13 knows no other.
pub(super) const STAY: &str = "SELECT set_config('idle_session_timeout', '0', false) \
    WHERE current_setting('server_version_num')::int >= 140000;";

/// Keeps the log from now on, by a slot of this name that is gone with the session.
pub(super) fn hold_log(slot: &str) -> String {
    format!("SELECT pg_create_physical_replication_slot('{slot}', true, true);")
}

/// Keeps the log from now on, by a slot of this name that stays until it is dropped.
pub(super) fn keep_log(slot: &str) -> String {
    format!(
        "SELECT pg_create_physical_replication_slot('{slot}', true, false) \
         WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = '{slot}');"
    )
}

/// Whether the server still has the log that a slot keeps; no row where there is no such slot.
pub(super) fn kept_log(slot: &str) -> String {
    format!("SELECT coalesce(wal_status, '') FROM pg_replication_slots WHERE slot_name = '{slot}';")
}

/// Drops a slot unless a connection holds it; such a connection is ended.
pub(super) fn release_log(slot: &str) -> String {
    format!(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{slot}' AND NOT active; \
         SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}' AND active;"
    )
}

/// The server's time, and up to where its log goes, with what is not on its disk yet: a transaction that still waits for the disk
/// has taken the time of its end already.
pub(super) const WRITTEN: &str =
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_current_wal_insert_lsn();";

/// Has the server write its log soon: of what nobody waits for, an idle one may keep the end in memory as long as it likes.
pub(super) const WRITE_LOG: &str = "SELECT txid_current() > 0;";

/// The server's time, in microseconds since 1970.
pub(super) const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;";

/// The user whom the cluster was made with, whatever it is called now.
pub(super) const FIRST_USER: &str = "SELECT rolname FROM pg_roles WHERE oid = 10;";

/// What a server that runs on a restored cluster says of it: its identity, the end of its log, whether pages have checksums, and the
/// time of the last transaction that it took from the log.
pub(super) const RESTORED: &str = "SELECT (SELECT system_identifier FROM pg_control_system()), pg_current_wal_lsn(), \
    current_setting('data_checksums'), coalesce((extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint::text, ''), \
    (SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck');";

/// Whether a server answers.
pub(super) const ANSWER: &str = "SELECT 1;";

/// Reads from tables themselves where an index would do, and then what these statements read.
pub(super) fn read_all(statements: &[&str]) -> String {
    format!("SET enable_indexonlyscan = off; {};", statements.join("; "))
}

/// The databases that take connections.
pub(super) const DATABASES: &str = "SELECT datname FROM pg_database WHERE datallowconn ORDER BY oid;";

/// The next tables behind a number, with the statements that read them to their end.
pub(super) fn next_tables(behind: u32, most: usize) -> String {
    format!(
        "SELECT c.oid, format('SELECT count(*) FROM ONLY %I.%I', n.nspname, c.relname) FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't' \
         AND c.relispopulated AND c.oid > {behind} ORDER BY c.oid LIMIT {most};"
    )
}

/// How large a segment of the log is, in bytes.
pub(super) const SEGMENT_SIZE: &str = "SELECT pg_size_bytes(current_setting('wal_segment_size'));";

/// The table of what a small shop sells.
pub(super) const SHOP: &str = "CREATE TABLE IF NOT EXISTS orders \
    (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), item text NOT NULL, price numeric NOT NULL);";

/// A few rows of it more.
pub(super) const SELL: &str = "INSERT INTO orders (item, price) \
    SELECT 'item ' || (random() * 1000)::int, (random() * 100)::numeric(8, 2) FROM generate_series(1, 20);";
