//! What the server answers to a question. Numbers stay the text that they came as.

use super::client::Client;
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::Coming;
use crate::repository::Control;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The largest piece of an answer: some thousand points, of which each may have large texts.
const LARGEST: usize = 256 << 20;

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

    fn is_partial(&self) -> bool {
        self.results.iter().any(|result| result.partial)
    }
}

/// An answer that comes piece by piece, a line each.
pub(super) struct Rows {
    coming: Coming,
    waiting: Vec<u8>,
    /// Whether the server said that more comes.
    wants_more: bool,
}

impl Rows {
    pub(super) fn new(coming: Coming) -> Self {
        Self { coming, waiting: Vec::new(), wants_more: true }
    }

    /// The next series, or the next points of the one before; nothing at the end.
    pub(super) fn next(&mut self, client: &Client, stop: &Control) -> Result<Option<Vec<Series>>, Fault> {
        let broken = || Fault::Failed(format!("An answer of the server {} broke off.", client.url()));
        while let Some(line) = self.line(stop)? {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let answered = Answered::read(&line).ok_or_else(broken)?;
            self.wants_more = answered.is_partial();
            return answered.into_series().map(Some).map_err(|error| client.refused(&error));
        }
        if self.wants_more { Err(broken()) } else { Ok(None) }
    }

    fn line(&mut self, stop: &Control) -> Result<Option<Vec<u8>>, Fault> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = self.waiting[looked_at..].iter().position(|byte| *byte == b'\n') {
                let rest = self.waiting.split_off(looked_at + end + 1);
                return Ok(Some(std::mem::replace(&mut self.waiting, rest)));
            }
            looked_at = self.waiting.len();
            match self.coming.next(Some(stop))? {
                Some(bytes) if self.waiting.len() + bytes.len() <= LARGEST => self.waiting.extend_from_slice(&bytes),
                Some(_) => return Err(Fault::Failed(format!("A piece of an answer has more than {LARGEST} bytes."))),
                None if self.waiting.is_empty() => return Ok(None),
                None => return Ok(Some(std::mem::take(&mut self.waiting))),
            }
        }
    }
}
