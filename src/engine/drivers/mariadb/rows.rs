//! What a server is asked, in its own language.

/// What a server says of itself, in one row. When its oldest system table was made is seen by whoever may read those.
pub(super) const LOOK: &str = "SELECT @@version, @@server_uid, @@hostname, @@datadir, @@innodb_page_size, \
    (SELECT COALESCE(FLOOR(MIN(UNIX_TIMESTAMP(create_time))), 0) FROM information_schema.tables \
        WHERE table_schema = 'mysql' AND engine = 'Aria')";

/// As whom the server took the user.
pub(super) const ACCOUNT: &str = "SELECT CURRENT_USER()";

/// What the user may do, by itself and by its roles.
pub(super) const RIGHTS: &str = "SHOW GRANTS";

/// How large InnoDB's files are, and which of them lie elsewhere than in the data directory.
pub(super) const FILES: &str = "SELECT COALESCE(SUM(file_size), 0), COALESCE(GROUP_CONCAT(CASE \
    WHEN filename LIKE '/%' AND LEFT(filename, LENGTH(@@datadir)) <> @@datadir THEN name END ORDER BY name SEPARATOR ', '), '') \
    FROM information_schema.innodb_sys_tablespaces";

/// Whether a server answers.
pub(super) const ANSWER: &str = "SELECT 1";

/// The databases of a server whose rights nobody looks at.
pub(super) const DATABASES: &str = "SELECT schema_name FROM information_schema.schemata \
    WHERE schema_name NOT IN ('information_schema', 'performance_schema') ORDER BY 1";

/// Some of the tables, views and sequences of it, as the server writes their names, and whether each has rows of its own.
pub(super) fn tables(behind: usize, most: usize) -> String {
    format!(
        "SELECT CONCAT('`', REPLACE(table_schema, '`', '``'), '`.`', REPLACE(table_name, '`', '``'), '`'), \
         table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') FROM information_schema.tables \
         WHERE table_schema NOT IN ('information_schema', 'performance_schema') ORDER BY BINARY table_schema, BINARY table_name \
         LIMIT {most} OFFSET {behind}"
    )
}

/// Reads tables through, with all their indexes.
pub(super) fn check(tables: &[&str]) -> String {
    format!("CHECK TABLE {}", tables.join(", "))
}

/// Every database but the server's own, with what is in it: one table or view a row.
pub(super) const LISTED: &str = "SELECT s.schema_name, COALESCE(t.table_name, ''), COALESCE(t.table_type, ''), COALESCE(t.engine, ''), \
    COALESCE(t.data_length, 0) FROM information_schema.schemata s \
    LEFT JOIN information_schema.tables t ON BINARY t.table_schema = BINARY s.schema_name AND t.table_type <> 'TEMPORARY' \
    WHERE s.schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')";

/// The tables whose history is told by transactions and not by times, as `DATABASE.TABLE`s.
pub(super) const HISTORY_BY_TRANSACTION: &str = "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.columns \
    WHERE generation_expression = 'ROW START' AND data_type = 'bigint' ORDER BY 1";

/// The columns of single precision that are not rounded to a number of places, as `TABLE.COLUMN`s of what [`LISTED`] lists.
pub(super) const FLOATS: &str = "SELECT CONCAT(c.table_schema, '.', c.table_name, '.', c.column_name) FROM information_schema.columns c \
    WHERE c.data_type = 'float' AND c.numeric_scale IS NULL AND c.is_generated = 'NEVER' \
    AND (BINARY c.table_schema, BINARY c.table_name) IN (SELECT BINARY table_schema, BINARY table_name FROM information_schema.tables \
        WHERE table_type NOT IN ('VIEW', 'SYSTEM VIEW', 'TEMPORARY')) \
    AND c.table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1";

/// The columns that have values of their own, of each table without a history that has one of single precision which is not rounded to a
/// number of places, of a database or of one table of it: `DATABASE TABLE COLUMN KIND` and whether it is such a one, table by table.
pub(super) fn tables_with_floats(database: &str, table: Option<&str>) -> String {
    let of_table = table.map(|table| format!(" AND BINARY c.table_name = X'{}'", hex::encode(table)));
    format!(
        "SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.data_type = 'float' AND c.numeric_scale IS NULL \
         FROM information_schema.columns c WHERE BINARY c.table_schema = X'{0}'{1} AND c.is_generated = 'NEVER' \
         AND BINARY c.table_name IN (SELECT BINARY table_name FROM information_schema.tables \
         WHERE BINARY table_schema = X'{0}' AND table_type = 'BASE TABLE') \
         AND BINARY c.table_name IN (SELECT BINARY table_name FROM information_schema.columns \
         WHERE BINARY table_schema = X'{0}' AND data_type = 'float' AND numeric_scale IS NULL AND is_generated = 'NEVER') \
         ORDER BY BINARY c.table_schema, BINARY c.table_name, c.ordinal_position",
        hex::encode(database),
        of_table.unwrap_or_default()
    )
}

/// What stands around the rows of a table: a session in which they mean what they meant where they were written.
pub(super) const AROUND: (&str, &str) = (
    "SET NAMES utf8mb4;\nSET @VAULTDECK_ZONE=@@TIME_ZONE, TIME_ZONE='+00:00';\nSET @VAULTDECK_MODE=@@SQL_MODE, \
     SQL_MODE='NO_AUTO_VALUE_ON_ZERO';\nSET @VAULTDECK_KEYS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0;\nSET \
     @VAULTDECK_COMMITS=@@AUTOCOMMIT, AUTOCOMMIT=0;\n",
    "COMMIT;\nSET AUTOCOMMIT=@VAULTDECK_COMMITS;\nSET FOREIGN_KEY_CHECKS=@VAULTDECK_KEYS;\nSET SQL_MODE=@VAULTDECK_MODE;\nSET \
     TIME_ZONE=@VAULTDECK_ZONE;\n",
);

/// In which time zone times are written and read.
pub(super) const UTC: &str = "SET time_zone = '+00:00'; ";

/// A name between backticks, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// What writes the value of a column of this kind in a statement; `is_whole` says that it is not rounded to a number of places.
pub(super) fn told(column: &str, kind: &str, is_whole: bool) -> String {
    let text = match kind {
        "float" if is_whole => format!("CAST({column} AS DOUBLE)"),
        "bit" | "enum" | "set" => format!("CAST({column} AS UNSIGNED)"),
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "year" => {
            column.to_owned()
        }
        "date" | "time" | "datetime" | "timestamp" | "uuid" | "inet4" | "inet6" => format!("QUOTE({column})"),
        // Nothing has no bytes, and `0x` alone is none of the server's words.
        _ => format!("IF(LENGTH({column}) = 0, '''''', CONCAT('0x', HEX({column})))"),
    };
    // Not of what writes it: that is NULL too where it is longer than a packet, and such a row is refused.
    format!("IF({column} IS NULL, 'NULL', {text})")
}

/// What a statement begins with that makes a row.
pub(super) const STATEMENT: &str = "INSERT INTO ";

/// Asks for the statements that make the rows of a table, each in a line: `columns` as they are named, and what writes the value of each.
pub(super) fn statements((database, table): (&str, &str), columns: &[String], told: &[String]) -> String {
    let begin = format!("{STATEMENT}{} ({}) VALUES (", quoted(table), columns.join(", "));
    format!(
        "SELECT CONCAT(CONVERT(X'{}' USING utf8mb4), {}, ');') FROM {}.{};\n",
        hex::encode(begin),
        told.join(", ',', "),
        quoted(database),
        quoted(table)
    )
}

/// How a server writes its log: whether, in which format, whether encrypted, and whether it lacks what the server replicates.
pub(super) const LOG: &str = "SELECT @@global.log_bin, @@global.binlog_format, @@global.encrypt_binlog, \
    (SELECT COUNT(*) FROM information_schema.processlist WHERE command IN ('Slave_SQL', 'Slave_IO')) > 0 AND NOT @@global.log_slave_updates";

/// Where its log ends, and of which databases it is.
pub(super) const LOG_STATUS: &str = "SHOW MASTER STATUS";

/// What a server's time is, in seconds since 1970, whatever its time zone; and what a server has to be told that runs through its log.
pub(super) const STANDING: &str = "SET time_zone = '+00:00'; \
    SELECT UNIX_TIMESTAMP(NOW(6)), @@global.lower_case_table_names, @@global.default_storage_engine, @@system_time_zone";

/// How far its log goes, between two times of the server: a row with the time, the server, the log's format and the version, one for each file,
/// and a row with a time.
pub(super) const LOG_FILES: &str = "SET time_zone = '+00:00'; \
    SELECT UNIX_TIMESTAMP(NOW(6)), @@server_uid, @@global.binlog_format, VERSION(); SHOW BINARY LOGS; SELECT UNIX_TIMESTAMP(NOW(6))";

/// Whether a server answers.
pub(super) const ALIVE: &str = "SELECT 1";

/// The time zone of a server's machine.
pub(super) const ZONE: &str = "SELECT @@system_time_zone";

/// What makes a user who may do everything, for a server that runs these at its start; and what lets go of it and ends the server.
pub(super) fn user(name: &str, password: &str) -> (String, String) {
    let user = format!("`{name}`@localhost");
    let begin = format!(
        "CREATE USER {user} IDENTIFIED BY '{password}';\nGRANT ALL PRIVILEGES ON *.* TO {user} WITH GRANT OPTION;\n"
    );
    (begin, format!("DROP USER {user}; SHUTDOWN"))
}
