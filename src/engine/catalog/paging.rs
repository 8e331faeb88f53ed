//! Pages of a list by keyset: a token names the last row that was given, so that pages hold every row exactly once
//! however the table grows in between.

use crate::domain::{Invalid, Time};
use crate::engine::catalog::values::millis;
use crate::engine::error::{Error, Result};
use crate::engine::page::{Page, PageRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What AWS allows as `MaxResults`; also what a page holds when the caller does not say.
const MAX_RESULTS: i64 = 1000;

/// The version of the digest below: tokens of another one are refused, as those of another request are.
const DIGEST_VERSION: u32 = 2;

/// What a token belongs to: the list and what it was asked for, as JSON. It holds no SQL and no Rust, so that a token
/// survives an update of the program.
#[derive(Debug, Default)]
pub(in crate::engine) struct Digest {
    list: String,
    asked: Vec<serde_json::Value>,
}

impl Digest {
    pub(in crate::engine) fn of(list: &str) -> Self {
        Self { list: list.to_owned(), asked: Vec::new() }
    }

    /// Something that the caller asked for, or null where it could have and did not.
    pub(in crate::engine) fn add(&mut self, value: &impl Serialize) {
        self.asked.push(serde_json::to_value(value).unwrap_or_default());
    }

    pub(in crate::engine) fn finish(self) -> String {
        let text = serde_json::json!([DIGEST_VERSION, self.list, self.asked]).to_string();
        hex::encode(&Sha256::digest(text)[..8])
    }
}

/// A place in a list that is ordered by a number and a text.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Position {
    pub(in crate::engine) number: i64,
    pub(in crate::engine) text: String,
}

impl Position {
    pub(in crate::engine) fn read(token: &str, list: &str) -> Result<Self> {
        match <[Value; 2]>::try_from(read_token(token, list, 2)?) {
            Ok([Value::Integer(number), Value::Text(text)]) => Ok(Self { number, text }),
            _ => Err(bad_token()),
        }
    }

    pub(in crate::engine) fn write(self, list: String) -> Result<String> {
        write_token(list, vec![Part::Integer(self.number), Part::Text(self.text)])
    }
}

/// A list: where its rows come from, which of them, and in which order.
pub struct Listing {
    columns: &'static str,
    from: String,
    key: &'static [&'static str],
    descending: bool,
    conditions: Vec<String>,
    parameters: Vec<Value>,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
struct Token {
    /// A digest of the list and its filters: a token goes only with the request that it came from.
    list: String,
    after: Vec<Part>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Part {
    Integer(i64),
    Text(String),
}

impl Listing {
    /// Rows of `from`, ordered by the columns of `key`, which together are unique.
    pub fn new(columns: &'static str, from: impl Into<String>, key: &'static [&'static str]) -> Self {
        let from = from.into();
        let digest = Digest::of(&from);
        Self { columns, from, key, descending: false, conditions: Vec::new(), parameters: Vec::new(), digest }
    }

    /// What its tokens know it by, where that is not the name of its table.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.digest.list);
        self
    }

    /// The newest first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Only rows for which `condition` holds; it has one `?` for `value`.
    pub fn filter(&mut self, condition: &str, value: impl Into<Value>) {
        self.filter_option(condition, Some(value));
    }

    /// The same, where the caller gave a value.
    pub fn filter_option<V: Into<Value>>(&mut self, condition: &str, value: Option<V>) {
        let value = value.map(Into::into);
        self.digest.add(&value.as_ref().map(json));
        if let Some(value) = value {
            self.conditions.push(condition.to_owned());
            self.parameters.push(value);
        }
    }

    /// The same for a time.
    pub fn filter_time(&mut self, condition: &str, value: Option<Time>) {
        self.filter_option(condition, value.map(millis));
    }

    /// Only rows for which `condition` holds; it has a `?` for each of `values`.
    pub fn filter_values(&mut self, condition: String, values: impl IntoIterator<Item = String>) {
        let values: Vec<String> = values.into_iter().collect();
        self.digest.add(&values);
        self.conditions.push(condition);
        self.parameters.extend(values.into_iter().map(Value::Text));
    }

    /// Only rows for which `condition` holds; it has no parameter.
    pub fn require(&mut self, condition: &str) {
        self.digest.add(&condition);
        self.conditions.push(condition.to_owned());
    }

    /// One page.
    pub fn page<T>(
        mut self,
        connection: &Connection,
        request: &PageRequest,
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Page<T>> {
        let limit = page_size(request)?;
        let list = std::mem::take(&mut self.digest).finish();
        if let Some(token) = &request.next_token {
            let after = read_token(token, &list, self.key.len())?;
            let (keys, marks) = (self.key.join(", "), vec!["?"; self.key.len()].join(", "));
            let operator = if self.descending { '<' } else { '>' };
            self.conditions.push(format!("({keys}) {operator} ({marks})"));
            self.parameters.extend(after);
        }
        let mut statement = connection.prepare_cached(&self.sql(limit))?;
        let width = statement.column_count();
        let mut rows = statement.query(params_from_iter(&self.parameters))?;
        let (mut items, mut last) = (Vec::new(), None);
        while let Some(row) = rows.next()? {
            if items.len() == limit {
                return Ok(Page { items, next_token: last.map(|after| write_token(list, after)).transpose()? });
            }
            items.push(map(row)?);
            last = Some(key_of(row, width - self.key.len(), width)?);
        }
        Ok(Page { items, next_token: None })
    }

    fn sql(&self, limit: usize) -> String {
        let keys = self.key.join(", ");
        let direction = if self.descending { " DESC" } else { "" };
        let order = self.key.iter().map(|key| format!("{key}{direction}")).collect::<Vec<_>>().join(", ");
        let conditions = if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        };
        format!("SELECT {}, {keys} FROM {}{conditions} ORDER BY {order} LIMIT {}", self.columns, self.from, limit + 1)
    }
}

/// A value of SQLite as JSON has it.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Blob(bytes) => hex::encode(bytes).into(),
    }
}

/// How many rows a page holds.
pub fn page_size(request: &PageRequest) -> Result<usize> {
    match request.max_results {
        None => Ok(MAX_RESULTS as usize),
        Some(number) if (1..=MAX_RESULTS).contains(&number) => Ok(number as usize),
        Some(number) => {
            Err(Invalid::value("MaxResults", format_args!("{number} is not between 1 and {MAX_RESULTS}")).into())
        }
    }
}

/// One page of a list that is made in memory; the token is the position.
pub fn page_of<T>(items: Vec<T>, list: &str, request: &PageRequest) -> Result<Page<T>> {
    let limit = page_size(request)?;
    let start = match &request.next_token {
        None => 0,
        Some(token) => match read_token(token, list, 1)?.first() {
            Some(Value::Integer(position)) => usize::try_from(*position).map_err(|_| bad_token())?,
            _ => return Err(bad_token()),
        },
    };
    let total = items.len();
    let items: Vec<T> = items.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(items.len());
    let next_token =
        if end < total { Some(write_token(list.to_owned(), vec![Part::Integer(end as i64)])?) } else { None };
    Ok(Page { items, next_token })
}

fn key_of(row: &Row<'_>, from: usize, to: usize) -> Result<Vec<Part>> {
    (from..to)
        .map(|index| match row.get_ref(index)? {
            ValueRef::Integer(number) => Ok(Part::Integer(number)),
            ValueRef::Text(text) => Ok(Part::Text(String::from_utf8_lossy(text).into_owned())),
            other => Err(Error::Internal(format!("a list is ordered by a column of type {}", other.data_type()))),
        })
        .collect()
}

fn write_token(list: String, after: Vec<Part>) -> Result<String> {
    let token = serde_json::to_vec(&Token { list, after }).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(token))
}

fn read_token(text: &str, list: &str, width: usize) -> Result<Vec<Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad_token())?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|_| bad_token())?;
    if token.list != list || token.after.len() != width {
        return Err(bad_token());
    }
    let value = |part| match part {
        Part::Integer(number) => Value::Integer(number),
        Part::Text(text) => Value::Text(text),
    };
    Ok(token.after.into_iter().map(value).collect())
}

fn bad_token() -> Error {
    Invalid::value("NextToken", "it did not come from a call with these parameters").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE n (a INTEGER, b TEXT, PRIMARY KEY (a, b)) STRICT").unwrap();
        for a in 0..7 {
            for b in ["x", "y", "z"] {
                connection.execute("INSERT INTO n VALUES (?1, ?2)", (a, b)).unwrap();
            }
        }
        connection
    }

    fn list(connection: &Connection, odd: bool, request: &PageRequest) -> Result<Page<(i64, String)>> {
        let mut listing = Listing::new("a, b", "n", &["a", "b"]).descending();
        if odd {
            listing.filter("a % 2 = ?", 1);
        }
        listing.page(connection, request, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    #[test]
    fn walking_the_pages_gives_every_row_exactly_once_even_while_rows_are_added() {
        let connection = numbers();
        let (mut seen, mut next_token) = (Vec::new(), None);
        loop {
            let request = PageRequest { max_results: Some(4), next_token };
            let page = list(&connection, false, &request).unwrap();
            assert!(page.items.len() <= 4);
            seen.extend(page.items);
            connection.execute("INSERT INTO n VALUES (?1, 'new')", [100 + seen.len() as i64]).unwrap();
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
        let mut expected: Vec<_> = (0..7).flat_map(|a| ["x", "y", "z"].map(|b| (a, b.to_owned()))).collect();
        expected.reverse();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_last_page_that_is_exactly_full_has_no_token() {
        let connection = numbers();
        let page = list(&connection, false, &PageRequest { max_results: Some(21), next_token: None }).unwrap();
        assert_eq!((page.items.len(), page.next_token), (21, None));
    }

    #[test]
    fn a_token_of_another_request_or_a_made_up_one_is_refused_by_name() {
        let connection = numbers();
        let page = list(&connection, true, &PageRequest { max_results: Some(2), next_token: None }).unwrap();
        for token in [page.next_token.unwrap(), "made up".to_owned(), String::new(), "e30".to_owned()] {
            let request = PageRequest { max_results: None, next_token: Some(token) };
            let error = list(&connection, false, &request).unwrap_err();
            assert!(error.to_string().starts_with("Invalid NextToken"), "{error}");
        }
    }

    #[test]
    fn a_token_knows_the_list_and_what_was_asked_and_nothing_of_how_it_is_read() {
        let digest = |listing: Listing| listing.digest.finish();
        let list = |columns: &'static str, condition: &str| {
            let mut listing = Listing::new(columns, "n", &["a", "b"]);
            listing.filter_option("a = ?", None::<i64>);
            listing.filter(condition, "x".to_owned());
            listing
        };
        // Frozen: a token that was given out by an earlier build must still be taken.
        assert_eq!(digest(list("a", "b = ?")), "fcefbaa39c8a138b");
        assert_eq!(digest(list("a, b", "+b = ?")), "fcefbaa39c8a138b", "the SQL may change");
        let mut other = Listing::new("a", "n", &["a", "b"]);
        other.filter("a = ?", 1);
        other.filter("b = ?", "x".to_owned());
        assert_ne!(digest(other), "fcefbaa39c8a138b");
        let mut swapped = Listing::new("a", "n", &["a", "b"]);
        swapped.filter("a = ?", "x".to_owned());
        swapped.filter_option("b = ?", None::<String>);
        assert_ne!(digest(swapped), "fcefbaa39c8a138b", "the same value of another filter");
    }

    #[test]
    fn max_results_lies_between_1_and_1000() {
        for (number, fine) in [(0, false), (1, true), (1000, true), (1001, false), (-1, false)] {
            let request = PageRequest { max_results: Some(number), next_token: None };
            assert_eq!(list(&numbers(), false, &request).is_ok(), fine, "{number}");
        }
    }

    #[test]
    fn a_list_in_memory_pages_as_well() {
        let first = page_of(vec![1, 2, 3], "l", &PageRequest { max_results: Some(2), next_token: None }).unwrap();
        assert_eq!(first.items, [1, 2]);
        let next = PageRequest { max_results: Some(2), next_token: first.next_token };
        let second = page_of(vec![1, 2, 3], "l", &next).unwrap();
        assert_eq!((second.items, second.next_token), (vec![3], None));
    }
}
