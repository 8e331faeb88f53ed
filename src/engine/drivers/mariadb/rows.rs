//! What a server is asked, in its own language.

/// What a server says of itself, in one row. When its oldest system table was made is seen by whoever may read those.
pub(super) const LOOK: &str = "SELECT @@version, @@server_uid, @@hostname, @@datadir, @@innodb_page_size, \
    (SELECT COALESCE(FLOOR(MIN(UNIX_TIMESTAMP(create_time))), 0) FROM information_schema.tables \
        WHERE table_schema = 'mysql' AND engine = 'Aria')";

/// What the user may do everywhere, one right a row.
pub(super) const RIGHTS: &str = "SELECT DISTINCT privilege_type FROM information_schema.user_privileges";

/// How large InnoDB's files are, and which of them lie elsewhere than in the data directory.
pub(super) const FILES: &str = "SELECT COALESCE(SUM(file_size), 0), COALESCE(GROUP_CONCAT(CASE \
    WHEN filename LIKE '/%' AND LEFT(filename, LENGTH(@@datadir)) <> @@datadir THEN name END ORDER BY name SEPARATOR ', '), '') \
    FROM information_schema.innodb_sys_tablespaces";
