//! What is wrong with a filter, in words that name the term, the rule and what can be written.

use super::{Field, Fields};
use std::fmt;

/// A term that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The term as it was written; empty where it is about all of the filter.
    pub term: String,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// A rule of the language, with what was written and what can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A name stands before a sign of comparison that no field has.
    NoField {
        /// The name.
        name: String,
        /// The field that was meant, as far as it can be told.
        nearest: Option<String>,
        /// All fields.
        fields: String,
    },
    /// Nothing stands behind the sign.
    NoValue {
        /// The field.
        name: String,
        /// What can stand there.
        example: String,
    },
    /// Nothing stands behind the sign that turns a term round or makes it fuzzy.
    NoText,
    /// The field can have no such value.
    NoChoice {
        /// The field.
        name: String,
        /// The value.
        value: String,
        /// The one that was meant, as far as it can be told.
        nearest: Option<String>,
        /// All that it can have.
        choices: String,
    },
    /// A text is neither larger nor smaller than another one.
    NotOrdered {
        /// The field.
        name: String,
        /// The sign.
        sign: &'static str,
    },
    /// A value is not what the field counts.
    NotA {
        /// The value.
        value: String,
        /// What the field counts.
        what: &'static str,
        /// How that is written.
        example: String,
    },
    /// The filter has too many bytes.
    TooLong,
    /// The filter has too many terms.
    TooMany,
}

impl Rule {
    pub(super) fn no_field(name: &str, fields: &Fields) -> Self {
        let names = fields.names();
        let near = nearest(name, names.iter().copied()).map(str::to_owned);
        Self::NoField { name: name.to_owned(), nearest: near, fields: names.join(", ") }
    }

    pub(super) fn no_choice(value: &str, of: &Field, choices: String) -> Self {
        let near = nearest(value, of.choices.iter().map(String::as_str)).map(str::to_lowercase);
        Self::NoChoice { name: of.name.clone(), value: value.to_owned(), nearest: near, choices }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.term.is_empty() {
            write!(f, "{}: ", self.term)?;
        }
        let meant = |near: Option<&str>| near.map_or_else(String::new, |near| format!(" ({near}?)"));
        match &self.rule {
            Rule::NoField { name, nearest, fields } => {
                let meant = meant(nearest.as_deref());
                write!(f, "no field is called {name}{meant}. Fields: {fields}. In double quotes it is text")
            }
            Rule::NoValue { name, example } => write!(f, "{name} is compared with {example}"),
            Rule::NoText => f.write_str("a text is missing, and without it every row would pass"),
            Rule::NoChoice { name, value, nearest, choices } => {
                write!(f, "no {name} is {value}{}. There are: {choices}", meant(nearest.as_deref()))
            }
            Rule::NotOrdered { name, sign } => write!(
                f,
                "{sign} compares numbers, sizes, spans and moments, and {name} is a text: write {name}:TEXT or {name}=TEXT"
            ),
            Rule::NotA { value, what, example } => write!(f, "{value:?} is no {what}; write {example}"),
            Rule::TooLong => write!(f, "a filter has at most {} bytes", super::MOST_BYTES),
            Rule::TooMany => write!(f, "a filter has at most {} terms", super::MOST_TERMS),
        }
    }
}

impl std::error::Error for FilterError {}

/// Longer words are not compared letter by letter.
const LONGEST_WORD: usize = 40;

/// What is told of the name that was most likely meant, behind what was written: ` (near?)`; nothing where none is near.
pub fn meant<'n>(written: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    nearest(written, names).map_or_else(String::new, |near| format!(" ({near}?)"))
}

/// The name that was most likely meant: one that begins so, or that a few letters make of what was written.
pub(super) fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    let written: Vec<char> = written.chars().flat_map(char::to_lowercase).take(LONGEST_WORD).collect();
    let distance = |name: &str| {
        let name: Vec<char> = name.chars().flat_map(char::to_lowercase).take(LONGEST_WORD).collect();
        if name.starts_with(&written) { 0 } else { letters_apart(&written, &name) }
    };
    let most = (written.len() / 3).max(1);
    let near = names.map(|name| (distance(name), name)).filter(|(apart, _)| *apart <= most);
    near.min_by_key(|(apart, _)| *apart).map(|(_, name)| name)
}

/// How many letters must be put in, taken out, replaced or swapped with the next one.
fn letters_apart(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(from != to);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or_default()
}
