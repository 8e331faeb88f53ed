//! What can stand where one types.

use super::tokens::{Letter, Token, sign, tokens};
use super::{AGE, Fields};
use crate::domain::value::Unit;

/// What is being typed at a place in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typing {
    /// The field whose value it is; none where it may become a field's name.
    pub field: Option<usize>,
    /// Where it begins, in bytes; it ends at the cursor.
    from: usize,
    cursor: usize,
}

/// What can stand there, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// The texts.
    pub texts: Vec<String>,
    from: usize,
    cursor: usize,
}

/// So many are offered.
const MOST: usize = 40;

impl Typing {
    /// What is typed at a place, in bytes, of a text; none before the end of a term, nor behind text that cannot become a name.
    pub fn at(text: &str, cursor: usize, fields: &Fields) -> Option<Self> {
        let before = text.get(..cursor)?;
        // Within a word what stands behind the cursor would become a part of what is put in.
        if tokens(text).iter().any(|token| (token.start..token.end).contains(&cursor)) {
            return None;
        }
        let last = tokens(before).pop().filter(|token| token.end == cursor).unwrap_or_default();
        let negations = last.chars.iter().take_while(|letter| letter.char == '!' && !letter.quoted).count();
        let letters = &last.chars[negations..];
        let Some(found) = sign(letters) else {
            let is_name = |letter: &Letter| !letter.quoted && (letter.char.is_alphanumeric() || letter.char == '-');
            let from = letters.first().map_or(cursor, |letter| letter.at);
            let may = letters.iter().all(is_name) && last.quotes.is_empty();
            return may.then_some(Self { field: None, from, cursor });
        };
        let field = fields.find(&Token::text(&letters[..found.before]))?;
        let after = &letters[found.before + found.sign.len()..];
        let comma = after.iter().rposition(|letter| letter.char == ',' && !letter.quoted);
        let from = match comma {
            Some(comma) => after[comma].at + 1,
            None => letters[found.before].at + found.sign.len(),
        };
        Some(Self { field: Some(field), from, cursor })
    }

    /// What can stand there. `values` gives the values that a field has in the rows, which is asked for where the field can
    /// have any.
    pub fn candidates(&self, text: &str, fields: &Fields, values: impl FnOnce(usize) -> Vec<String>) -> Candidates {
        let typed = text.get(self.from..self.cursor).unwrap_or_default().trim_matches('"').to_lowercase();
        let all = match self.field {
            None => names(fields),
            Some(field) => {
                let of = &fields.all()[field];
                match of.unit {
                    Unit::None if of.choices.is_empty() => values(field).iter().map(|value| quoted(value)).collect(),
                    Unit::None => of.choices.iter().map(|choice| choice.to_lowercase()).collect(),
                    Unit::Pieces => Vec::new(),
                    Unit::Bytes => owned(&["1MiB", "100MiB", "1GiB", "10GiB", "100GiB", "1TiB"]),
                    Unit::Seconds => owned(&["1m", "10m", "1h", "8h", "1d"]),
                    Unit::Moment => owned(&["1h", "2h", "8h", "1d", "7d", "30d"]),
                }
            }
        };
        let mut texts: Vec<String> = Vec::new();
        let begins = |text: &&String| text.trim_matches('"').to_lowercase().starts_with(&typed);
        let holds = |text: &&String| !begins(text) && text.to_lowercase().contains(&typed);
        texts.extend(all.iter().filter(begins).chain(all.iter().filter(holds)).take(MOST).cloned());
        Candidates { texts, from: self.from, cursor: self.cursor }
    }
}

impl Candidates {
    /// The text with one of them in the place of what was typed, and where the cursor is then, in bytes.
    pub fn put(&self, nth: usize, text: &str) -> Option<(String, usize)> {
        let (before, behind) = (text.get(..self.from)?, text.get(self.cursor..)?);
        let candidate = self.texts.get(nth)?;
        Some((format!("{before}{candidate}{behind}"), self.from + candidate.len()))
    }
}

/// The names of the fields, each with the sign that is most likely meant.
fn names(fields: &Fields) -> Vec<String> {
    let sign = |name: &str| match fields.find(name).map(|field| fields.all()[field].unit) {
        Some(Unit::Bytes | Unit::Pieces) => ">",
        Some(Unit::Seconds) if name != AGE => ">",
        Some(Unit::Seconds | Unit::Moment) => "<",
        Some(Unit::None) | None => ":",
    };
    fields.names().into_iter().map(|name| format!("{name}{}", sign(name))).collect()
}

/// A value as it is written in a filter.
pub fn quoted(value: &str) -> String {
    let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c == ',' || c == '"');
    if plain { value.to_owned() } else { format!("\"{}\"", value.replace('"', "\"\"")) }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
