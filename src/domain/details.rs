//! What a driver says of a recovery point that it made. AWS has nothing like it: an engine tells it beside a point's items.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a driver says of a recovery point that it made, by names in the API's spelling, such as [`Consistency::NAME`].
pub type PointDetails = BTreeMap<String, String>;

/// How the items of a recovery point belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consistency {
    /// All of one moment, between two of the service's transactions.
    Transaction,
    /// All of one moment, as if the power had gone then.
    Crash,
    /// Each item as it was when it was read.
    None,
}

impl Consistency {
    /// What it is called among the details of a point.
    pub const NAME: &str = "Consistency";

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Crash => "crash",
            Self::None => "none",
        }
    }

    /// What the word means, for people.
    pub fn meaning(word: &str) -> Option<&'static str> {
        let all = [
            (Self::Transaction, "all of one moment, between two transactions"),
            (Self::Crash, "all of one moment, as if the power had gone then"),
            (Self::None, "each item as it was when it was read"),
        ];
        all.into_iter().find_map(|(one, meaning)| (one.as_str() == word).then_some(meaning))
    }

    /// As a detail of a point.
    pub fn detail(self) -> (String, String) {
        (Self::NAME.to_owned(), self.as_str().to_owned())
    }
}
