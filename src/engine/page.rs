//! Parts of lists, and what every list call checks.

use crate::domain::Invalid;

/// Which part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many rows, 1 to 1000.
    pub max_results: Option<i64>,
    /// The token of the page before.
    pub next_token: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Ask again with it for more.
    pub next_token: Option<String>,
}

impl<T> Page<T> {
    /// A page of nothing, and the last one.
    pub fn empty() -> Self {
        Self { items: Vec::new(), next_token: None }
    }

    /// The same page with other rows.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_token: self.next_token }
    }
}

/// Refuses a value of a filter that is none of those that the API knows.
pub(crate) fn check_one_of(field: &str, value: Option<&str>, known: &[&str]) -> Result<(), Invalid> {
    match value {
        Some(value) if !known.contains(&value) => {
            Err(Invalid::value(field, format_args!("{value:?} is not one of {}", known.join(", "))))
        }
        _ => Ok(()),
    }
}
