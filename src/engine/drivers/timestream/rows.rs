//! What a server is asked, in its own language, InfluxQL.

/// A name in the server's language.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// The first of the points of a place that have a time from here on, with these fields.
pub(super) fn first_from(fields: &str, place: &str, from: i64) -> String {
    format!("SELECT {fields} FROM {place} WHERE time >= {from} ORDER BY time ASC LIMIT 1")
}

/// The points of a place from one time until before another one, series by series.
pub(super) fn between(fields: &str, place: &str, from: i64, until: Option<i64>) -> String {
    let until = until.map(|until| format!(" AND time < {until}")).unwrap_or_default();
    format!("SELECT {fields} FROM {place} WHERE time >= {from}{until} GROUP BY *")
}
