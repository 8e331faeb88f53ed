//! What the server answers to a question. Numbers stay the text that they came as.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// An answer, or a piece of one.
#[derive(Deserialize)]
pub(super) struct Answered {
    #[serde(default)]
    results: Vec<OneResult>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct OneResult {
    #[serde(default)]
    series: Vec<Series>,
    error: Option<String>,
    /// Whether more of it comes.
    #[serde(default)]
    partial: bool,
}

/// Points with the same tags.
#[derive(Deserialize)]
pub(super) struct Series {
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    pub(super) values: Vec<Vec<Box<RawValue>>>,
}

impl Series {
    /// What a row has in a column, as it came.
    pub(super) fn raw<'a>(&self, row: &'a [Box<RawValue>], column: &str) -> Option<&'a str> {
        let at = self.columns.iter().position(|name| name == column)?;
        row.get(at).map(|value| value.get())
    }

    /// The text that a row has in a column.
    pub(super) fn text(&self, row: &[Box<RawValue>], column: &str) -> Option<String> {
        serde_json::from_str(self.raw(row, column)?).ok()
    }
}

impl Answered {
    /// From an answer; nothing where it is none.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// Its series, or the server's error.
    pub(super) fn into_series(self) -> Result<Vec<Series>, String> {
        let errors = self.error.into_iter().chain(self.results.iter().filter_map(|result| result.error.clone()));
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(self.results.into_iter().flat_map(|result| result.series).collect()),
        }
    }

    pub(super) fn is_partial(&self) -> bool {
        self.results.iter().any(|result| result.partial)
    }
}
