//! What a server is asked, in its own language: that of PostgreSQL 8, which Redshift speaks, and every later one.

pub(super) mod model;

/// How what is noted at what a restore made begins.
pub(super) const NOTE: &str = "restored by vaultdeck, ";

/// What makes a session's answers, and what its questions mean, the same wherever it is held. What a server does not know is not set.
/// The path goes first: nothing behind it finds what a user made.
pub(super) const SETTINGS: &str = "SELECT pg_catalog.set_config('search_path', '', false);\n\
    SELECT set_config(name, CASE name WHEN 'extra_float_digits' THEN '2' \
    WHEN 'DateStyle' THEN 'ISO, YMD' WHEN 'TimeZone' THEN 'UTC' WHEN 'IntervalStyle' THEN 'postgres' \
    WHEN 'bytea_output' THEN 'hex' WHEN 'lc_monetary' THEN 'C' WHEN 'row_security' THEN 'off' \
    WHEN 'standard_conforming_strings' THEN 'on' WHEN 'client_encoding' THEN 'UTF8' \
    WHEN 'lock_timeout' THEN '60s' ELSE '0' END, false) FROM pg_settings \
    WHERE name IN ('extra_float_digits', 'DateStyle', 'TimeZone', 'IntervalStyle', 'bytea_output', 'lc_monetary', \
        'row_security', 'standard_conforming_strings', 'client_encoding', 'lock_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout');";

/// One moment for all that is asked.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;";

/// The end of it.
pub(super) const COMMIT: &str = "COMMIT;";

/// The same without having been anything.
pub(super) const ROLLBACK: &str = "ROLLBACK;";

/// The version and the encoding.
pub(super) const LOOK: &str = "SELECT version(), current_setting('server_encoding');";

/// What tells this database from every other one of its server.
pub(super) const DATABASE: &str = "SELECT oid FROM pg_database WHERE datname = current_database();";

/// Whether the server says what tells it from every other one.
pub(super) const IS_IDENTIFIED: &str = "SELECT x.oid FROM pg_proc x JOIN pg_namespace n ON n.oid = x.pronamespace \
    WHERE n.nspname = 'pg_catalog' AND x.proname = 'pg_control_system' AND has_function_privilege(x.oid, 'EXECUTE');";

/// What that is.
pub(super) const IDENTIFIER: &str = "SELECT system_identifier FROM pg_control_system();";

/// Schemas of users.
const OURS: &str = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_internal', 'pg_automv') \
    AND n.nspname NOT LIKE 'pg!_toast%' ESCAPE '!' AND n.nspname NOT LIKE 'pg!_temp%' ESCAPE '!'";

/// What belongs to no extension.
const NO_EXTENSION: &str =
    "NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = x.tableoid AND e.objid = x.oid AND e.deptype = 'e')";

/// Keeps tables from being dropped or emptied meanwhile. Redshift's word for it would keep everybody out.
pub(super) fn hold(tables: &str) -> String {
    format!("LOCK TABLE {tables} IN ACCESS SHARE MODE;")
}

/// The schemas.
pub(super) fn schemas() -> String {
    format!("SELECT n.nspname FROM pg_namespace n WHERE {OURS} ORDER BY 1;")
}

/// Schema, name and kind of tables and of what is like one, and whether the user may read it.
pub(super) fn relations() -> String {
    format!(
        "SELECT n.nspname, x.relname, x.relkind, has_table_privilege(x.oid, 'SELECT'), x.oid, \
             EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = x.oid OR i.inhparent = x.oid) \
         FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace \
         WHERE x.relkind IN ('r', 'p', 'f', 'm', 'v', 'S') AND {OURS} AND {NO_EXTENSION} ORDER BY n.nspname, x.relname;"
    )
}

/// The columns of a table: name, type, whether it must have a value, its default, how it is numbered and computed, the schema of its
/// type, its collation where it has one of its own, and the schema of that.
pub(super) fn columns(oid: u64, is_redshift: bool) -> String {
    let (more, join) = if is_redshift {
        ("'', '', tn.nspname, '', ''", "")
    } else {
        (
            "a.attidentity, a.attgenerated, tn.nspname, CASE WHEN a.attcollation <> t.typcollation THEN co.collname END, cn.nspname",
            "LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace",
        )
    };
    format!(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), {more} \
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace tn ON tn.oid = t.typnamespace {join} \
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;"
    )
}

/// What there is beside tables, views and sequences, and is not backed up: a word for it, and a name.
pub(super) fn others(is_redshift: bool) -> String {
    let functions = format!(
        "SELECT 'function', n.nspname || '.' || x.proname FROM pg_proc x JOIN pg_namespace n ON n.oid = x.pronamespace \
         WHERE {OURS} AND {NO_EXTENSION}"
    );
    if is_redshift {
        return format!("{functions} ORDER BY 1, 2;");
    }
    format!(
        "{functions} UNION ALL SELECT 'type', n.nspname || '.' || x.typname FROM pg_type x \
             JOIN pg_namespace n ON n.oid = x.typnamespace LEFT JOIN pg_class c ON c.oid = x.typrelid \
             WHERE (x.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND {OURS} AND {NO_EXTENSION} \
         UNION ALL SELECT 'exclusion constraint', x.conname::text FROM pg_constraint x WHERE x.contype = 'x' \
         UNION ALL SELECT 'rule', x.rulename::text FROM pg_rewrite x JOIN pg_class c ON c.oid = x.ev_class \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE x.rulename <> '_RETURN' AND {OURS} \
         UNION ALL SELECT 'options of the view', n.nspname || '.' || x.relname FROM pg_class x \
             JOIN pg_namespace n ON n.oid = x.relnamespace WHERE x.relkind = 'v' AND x.reloptions IS NOT NULL AND {OURS} AND {NO_EXTENSION} \
         UNION ALL SELECT 'content of', count(*) || ' large objects' FROM pg_largeobject_metadata HAVING count(*) > 0 \
         UNION ALL SELECT 'text of', count(*) || ' comments' FROM pg_description x JOIN pg_class c ON c.oid = x.objoid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE x.classoid = 'pg_class'::regclass AND {OURS} \
             AND x.description NOT LIKE '{NOTE}%' HAVING count(*) > 0 \
         UNION ALL SELECT 'trigger', x.tgname::text FROM pg_trigger x WHERE NOT x.tgisinternal \
         UNION ALL SELECT 'policy', x.polname::text FROM pg_policy x \
         UNION ALL SELECT 'extension', x.extname::text FROM pg_extension x WHERE x.extname <> 'plpgsql' ORDER BY 1, 2;"
    )
}

/// Functions that a default, a rule or an index of a table needs, which could not be made without them.
pub(super) fn needed() -> String {
    format!(
        "SELECT DISTINCT n.nspname || '.' || p.proname FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid \
         JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_class r ON r.oid = d.refclassid AND r.relname = 'pg_proc' \
         JOIN pg_class k ON k.oid = d.classid AND k.relname IN ('pg_attrdef', 'pg_constraint', 'pg_class') \
         WHERE {OURS} ORDER BY 1;"
    )
}

/// The rules of a table: name, kind, definition.
pub(super) fn constraints(oid: u64) -> String {
    format!(
        "SELECT c.conname, c.contype, pg_get_constraintdef(c.oid) FROM pg_constraint c \
         WHERE c.conrelid = {oid} AND c.contype IN ('p', 'u', 'f', 'c') ORDER BY c.contype DESC, c.conname;"
    )
}

/// The columns of a table's primary key, by their place in it.
pub(super) fn key(oid: u64) -> String {
    format!(
        "SELECT a.attname FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid \
         JOIN pg_attribute o ON o.attrelid = k.oid JOIN pg_attribute a ON a.attrelid = i.indrelid \
         WHERE i.indrelid = {oid} AND i.indisprimary AND a.attname = o.attname ORDER BY o.attnum;"
    )
}

/// The indexes of a table that no rule of it makes.
pub(super) fn indexes(oid: u64) -> String {
    format!(
        "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = {oid} \
         AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = i.indexrelid AND d.deptype = 'i') ORDER BY 1;"
    )
}

/// The definition of a view.
pub(super) fn view(oid: u64) -> String {
    format!("SELECT pg_get_viewdef({oid});")
}

/// Where a sequence stands, whether that was given out, how it goes on, how a column belongs to it, and which.
pub(super) fn sequence(name: &str, oid: u64) -> String {
    format!(
        "SELECT s.last_value, s.is_called, q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache, q.seqcycle, format_type(q.seqtypid, NULL), \
             d.deptype, n.nspname, t.relname, a.attname \
         FROM {name} s JOIN pg_sequence q ON q.seqrelid = {oid} \
         LEFT JOIN pg_depend d ON d.objid = {oid} AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') \
         LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace n ON n.oid = t.relnamespace \
         LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid;"
    )
}

/// A column as CSV writes it.
pub(super) fn text(column: &str) -> String {
    format!("CASE WHEN {column} IS NULL THEN '' ELSE '\"' || replace({column}::text, '\"', '\"\"') || '\"' END")
}

/// The same of one whose type has no text.
pub(super) fn boolean(column: &str) -> String {
    format!("CASE WHEN {column} THEN 'true' WHEN NOT {column} THEN 'false' ELSE '' END")
}

/// Where a sequence goes on; its name as a literal.
pub(super) fn set_sequence(name: &str, value: &str, is_called: bool) -> String {
    format!("SELECT setval({name}, {value}, {is_called})")
}

/// The same of the one that numbers a column.
pub(super) fn set_identity(table: &str, column: &str, value: &str, is_called: bool) -> String {
    format!("SELECT setval(pg_get_serial_sequence({table}, {column}), {value}, {is_called})")
}

/// Whether there is a database of this name, as a literal.
pub(super) fn database(name: &str) -> String {
    format!("SELECT 1 FROM pg_database WHERE datname = {name};")
}

/// Makes a database.
pub(super) fn make_database(name: &str) -> String {
    format!("CREATE DATABASE {name};")
}

/// Gives a database another name.
pub(super) fn rename_database(name: &str, new_name: &str) -> String {
    format!("ALTER DATABASE {name} RENAME TO {new_name};")
}

/// Takes a database away that this restore made.
pub(super) fn drop_database(name: &str) -> String {
    format!("DROP DATABASE {name};")
}

/// Notes at a table, a sequence or a database whose it is.
pub(super) fn note(kind: &str, name: &str, note: &str) -> String {
    format!("COMMENT ON {kind} {name} IS {note}")
}

/// What is noted at the database of this name, as a literal.
pub(super) fn note_of_database(name: &str) -> String {
    format!("SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = {name};")
}

/// Schema, name, kind and note of tables and of what is like one.
pub(super) fn notes() -> String {
    "SELECT n.nspname, x.relname, x.relkind, obj_description(x.oid, 'pg_class') \
     FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace WHERE x.relkind IN ('r', 'p', 'f', 'm', 'v', 'S');"
        .to_owned()
}

/// Takes tables away that this restore made, all at once: they refer to each other.
pub(super) fn drop_tables(names: &str) -> String {
    format!("DROP TABLE {names};")
}

/// The same of sequences, where they did not go with their tables.
pub(super) fn drop_sequences(names: &str) -> String {
    format!("DROP SEQUENCE IF EXISTS {names};")
}

/// The beginning of an insertion of rows.
pub(super) fn insert(table: &str, columns: &str, overrides: bool) -> String {
    let overriding = if overrides { " OVERRIDING SYSTEM VALUE" } else { "" };
    format!("INSERT INTO {table} ({columns}){overriding} VALUES ")
}

/// The rows of a table.
pub(super) fn rows_of(columns: &str, table: &str, order: &str) -> String {
    let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {order}") };
    format!("SELECT {columns} FROM {table}{order};")
}

/// Has the program send a text to the server, in which it finds nothing to do for itself: what the answer to a question is.
pub(super) fn carry_out(text: &str, tag: &str) -> String {
    format!("SELECT {tag}{text}{tag} \\gexec")
}
