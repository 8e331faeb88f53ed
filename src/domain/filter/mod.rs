//! The filter language of every list, on the screen and on the command line: `state:failed age<2h account:prod !text ~fuzzy`.
//!
//! A filter is terms with spaces between them, and a row must pass each.
//!
//! | term | passes rows |
//! | --- | --- |
//! | `text`, `"two words"` | that hold the text anywhere, whatever the case |
//! | `~txt` | with a word that has these characters in this order |
//! | `state:failed` | of which the field holds the text; of numbers, sizes, spans and moments: reads the same |
//! | `state=failed` | of which the field is exactly that |
//! | `size>1GiB`, `age<=2h`, `created>=2026-11-23` | of which the field is larger or smaller; `<` `<=` `>` `>=` |
//! | `state:failed,expired` | that pass with one of the values |
//! | `state!=failed`, `!TERM` | that do not pass without the `!` |
//! | `plan=""` | of which the field tells nothing |
//!
//! Which fields there are, what they count, and which values some are limited to is told by whoever has the rows, as
//! [`Fields`]. `age` is how far away the field `created` is, where there is none the first moment that they tell of. `arn:…`, `https://…` and all that has no word of
//! letters before a sign of comparison is text; a double quote makes text of anything.

mod complete;
mod error;
mod literal;
mod parse;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod tokens;

pub use complete::{Candidates, Typing, quoted};
pub use error::{FilterError, Rule, meant};

use crate::domain::Time;
use crate::domain::value::{Unit, Value};
use literal::Literal;
use parse::Begun;
use std::borrow::Cow;
use tokens::Token;

/// The terms of a filter as they are written, whether they can be read or not.
pub fn terms(text: &str) -> Vec<&str> {
    tokens::tokens(text).iter().map(|token| &text[token.start..token.end]).collect()
}

/// What a term says without its quotes.
pub fn unquoted(term: &str) -> String {
    tokens::tokens(term).iter().map(|token| Token::text(&token.chars)).collect::<Vec<_>>().join(" ")
}

/// No filter has more bytes.
const MOST_BYTES: usize = 4096;
/// No filter has more terms.
const MOST_TERMS: usize = 64;

/// Something that is told of each row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What it is called in a filter.
    pub name: String,
    /// What its values count.
    pub unit: Unit,
    /// The only values that it can have; where it is empty, any.
    pub choices: Vec<String>,
}

impl Field {
    /// The field of what stands under a title: `LAST RUN` is `last-run`.
    pub fn titled(title: &str, unit: Unit, choices: &[&str]) -> Self {
        let name = title.chars().map(|c| if c.is_whitespace() { '-' } else { c });
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        Self { name: name.flat_map(char::to_lowercase).collect(), unit, choices }
    }
}

/// The fields of a list, in its own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

/// How far away a row's creation is, where no field of a list has this name.
const AGE: &str = "age";

impl Fields {
    /// These fields; of two with one name the first one counts.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self(fields.into_iter().collect())
    }

    /// Lets a field that is limited to some values have these too, which a row has.
    pub fn allow(&mut self, field: usize, values: impl IntoIterator<Item = String>) {
        if let Some(of) = self.0.get_mut(field).filter(|of| !of.choices.is_empty()) {
            for value in values {
                if !of.choices.iter().any(|choice| choice.eq_ignore_ascii_case(&value)) {
                    of.choices.push(value);
                }
            }
        }
    }

    /// All of them, by their places.
    pub fn all(&self) -> &[Field] {
        &self.0
    }

    /// The place of the field that a name means.
    pub fn find(&self, name: &str) -> Option<usize> {
        let named = self.0.iter().position(|field| field.name.eq_ignore_ascii_case(name));
        named.or_else(|| {
            let moments = || self.0.iter().enumerate().filter(|(_, field)| field.unit == Unit::Moment);
            let created = || moments().find(|(_, field)| field.name == "created").or_else(|| moments().next());
            name.eq_ignore_ascii_case(AGE).then(created).flatten().map(|(place, _)| place)
        })
    }

    /// The names that there are, `age` with them.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.find(AGE).map(|_| AGE).into_iter().chain(self.0.iter().map(|field| field.name.as_str())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// A row, as far as a filter looks at it.
pub trait Told {
    /// Appends the words that text is looked for in.
    fn words(&self, words: &mut String);
    /// Whether a value that the field has in this row passes; it may have more than one, such as a name and an id.
    fn any(&self, field: usize, passes: &mut dyn FnMut(&Value<'_>) -> bool) -> bool;
}

/// A filter that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    /// As it was written.
    text: String,
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// The words hold this, in lower case.
    Text(String),
    /// A word has these characters in this order.
    Fuzzy(Vec<char>),
    /// A field compares so with one of these.
    Field { field: usize, is: Comparison, any: Vec<Literal> },
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Holds,
    Equals,
    Under,
    UpTo,
    Over,
    From,
}

impl Comparison {
    /// Whether it asks which of two is larger.
    fn orders(self) -> bool {
        !matches!(self, Self::Holds | Self::Equals)
    }
}

impl Filter {
    /// Reads a filter. `now` is the moment at which days without a year are read.
    pub fn parse(text: &str, fields: &Fields, now: Time) -> Result<Self, FilterError> {
        match parse::parse(text, fields, now, Begun::Refused) {
            (filter, None) => Ok(filter),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads the terms that can be read, as one does while a filter is typed, and says what is wrong with the first other one.
    pub fn parse_some(text: &str, fields: &Fields, now: Time) -> (Self, Option<FilterError>) {
        parse::parse(text, fields, now, Begun::LeftOut)
    }

    /// Whether it lets every row pass.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether one of its terms is about a field.
    pub fn asks_for(&self, field: usize) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Field { field: of, .. } if of == field))
    }

    /// The texts that a field is compared with.
    pub fn texts_of(&self, field: usize) -> impl Iterator<Item = &str> {
        let literals = self.terms.iter().filter_map(move |term| match &term.test {
            Test::Field { field: of, any, .. } if *of == field => Some(any),
            _ => None,
        });
        literals
            .flatten()
            .filter_map(|literal| if let Literal::Text(text) = literal { Some(text.as_str()) } else { None })
    }

    /// Whether a row passes at `now`.
    pub fn passes(&self, row: &dyn Told, now: Time) -> bool {
        let mut words = None;
        self.terms.iter().all(|term| term.passes(row, &mut words, now))
    }

    /// Its terms, as they were written.
    pub fn terms(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().map(|term| term.text.as_str())
    }

    /// The terms as they were written, with single spaces between them.
    pub fn text(&self) -> String {
        self.terms().collect::<Vec<_>>().join(" ")
    }

    /// Adds one to the count of each term that a row passes by itself.
    pub fn count(&self, row: &dyn Told, now: Time, counts: &mut Vec<usize>) {
        counts.resize(self.terms.len(), 0);
        let mut words = None;
        for (count, term) in counts.iter_mut().zip(&self.terms) {
            *count += usize::from(term.passes(row, &mut words, now));
        }
    }
}

impl Term {
    /// `words` are those of the row in lower case, once a term has asked for them.
    fn passes(&self, row: &dyn Told, words: &mut Option<String>, now: Time) -> bool {
        let mut lower = || {
            let mut told = String::new();
            row.words(&mut told);
            told.to_lowercase()
        };
        let passes = match &self.test {
            Test::Text(text) => words.get_or_insert_with(&mut lower).contains(text.as_str()),
            Test::Fuzzy(letters) => {
                let words = words.get_or_insert_with(&mut lower);
                words.split(|c: char| c.is_whitespace() || c == ':' || c == '/').any(|word| has_in_order(word, letters))
            }
            Test::Field { field, is, any } => {
                row.any(*field, &mut |value| any.iter().any(|literal| literal.compares(*is, value, now)))
            }
        };
        passes != self.negated
    }
}

/// Whether a word has all the letters in their order.
fn has_in_order(word: &str, letters: &[char]) -> bool {
    let mut rest = word.chars();
    letters.iter().all(|letter| rest.any(|c| c == *letter))
}

/// The texts that stand for a value; none where it tells nothing.
fn texts<'v>(value: &'v Value<'_>) -> impl Iterator<Item = Cow<'v, str>> {
    let (first, second): (Option<Cow<'v, str>>, _) = match value {
        Value::Nothing => (None, None),
        Value::Text(text) => (Some(Cow::Borrowed(text.as_ref())).filter(|text| !text.is_empty()), None),
        Value::Number(number) => (Some(number.to_string().into()), None),
        Value::Fraction(number) => (Some(number.to_string().into()), None),
        Value::Flag(flag) => {
            let (word, other) = if *flag { ("yes", "true") } else { ("no", "false") };
            (Some(word.into()), Some(other.into()))
        }
        Value::Time(time) => (Some(time.format("%Y-%m-%d %H:%M:%S").to_string().into()), None),
    };
    first.into_iter().chain(second)
}
