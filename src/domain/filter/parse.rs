//! Reads filters.

use super::literal::{self, Literal};
use super::tokens::{Letter, Token, sign, tokens};
use super::{Comparison, Fields, Filter, FilterError, MOST_BYTES, MOST_TERMS, Rule, Term, Test};
use crate::domain::Time;
use crate::domain::value::Unit;

/// What becomes of a term of which there is only a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// It is still typed.
    LeftOut,
    /// More of it was meant: every row would pass.
    Refused,
}

/// The terms that can be read, and what is wrong with the first one that cannot.
pub(super) fn parse(text: &str, fields: &Fields, now: Time, begun: Begun) -> (Filter, Option<FilterError>) {
    let whole = |rule| Some(FilterError { term: String::new(), rule });
    if text.len() > MOST_BYTES {
        return (Filter::default(), whole(Rule::TooLong));
    }
    let tokens = tokens(text);
    if tokens.len() > MOST_TERMS {
        return (Filter::default(), whole(Rule::TooMany));
    }
    let (mut terms, mut error) = (Vec::new(), None);
    for token in tokens {
        let written = &text[token.start..token.end];
        match term(&token, fields, now) {
            Ok(Some((negated, test))) => terms.push(Term { text: written.to_owned(), negated, test }),
            Ok(None) if begun == Begun::Refused && !token.chars.is_empty() && error.is_none() => {
                error = Some(FilterError { term: written.to_owned(), rule: Rule::NoText });
            }
            Ok(None) => {}
            Err(rule) if error.is_none() => error = Some(FilterError { term: written.to_owned(), rule }),
            Err(_) => {}
        }
    }
    (Filter { terms }, error)
}

/// The condition of a term, and whether it is turned round; none where nothing stands behind its sign yet.
fn term(token: &Token, fields: &Fields, now: Time) -> Result<Option<(bool, Test)>, Rule> {
    let unquoted = |letter: &Letter, char: char| !letter.quoted && letter.char == char;
    let negations = token.chars.iter().take_while(|letter| unquoted(letter, '!')).count();
    let negated = negations % 2 == 1;
    let letters = &token.chars[negations..];
    if letters.is_empty() {
        return Ok(None);
    }
    if unquoted(&letters[0], '~') {
        let fuzzy: Vec<char> = letters[1..].iter().flat_map(|letter| letter.char.to_lowercase()).collect();
        return Ok((!fuzzy.is_empty()).then_some((negated, Test::Fuzzy(fuzzy))));
    }
    let Some(found) = sign(letters) else {
        return Ok(Some((negated, Test::Text(Token::text(letters).to_lowercase()))));
    };
    let (name, after) = (Token::text(&letters[..found.before]), &letters[found.before + found.sign.len()..]);
    let field = fields.find(&name).ok_or_else(|| Rule::no_field(&name, fields))?;
    let is = match found.sign {
        ":" => Comparison::Holds,
        "<" => Comparison::Under,
        "<=" => Comparison::UpTo,
        ">" => Comparison::Over,
        ">=" => Comparison::From,
        _ => Comparison::Equals,
    };
    let of = &fields.all()[field];
    if is.orders() && of.unit == Unit::None {
        return Err(Rule::NotOrdered { name: of.name.clone(), sign: found.sign });
    }
    let behind = token.chars.len() - after.len();
    let any: Vec<Literal> = values(after, token, behind)
        .into_iter()
        .map(|value| literal::read(&value, of, is, now))
        .collect::<Result<_, _>>()?;
    if any.is_empty() {
        return Err(Rule::NoValue { name, example: literal::example(of) });
    }
    Ok(Some((negated != (found.sign == "!="), Test::Field { field, is, any })))
}

/// The values behind a sign, which commas divide. One that is empty is none yet, unless quotes say that it is.
fn values(letters: &[Letter], token: &Token, behind: usize) -> Vec<String> {
    let mut values = Vec::new();
    let mut from = 0;
    for part in letters.split(|letter| letter.char == ',' && !letter.quoted) {
        let is_quoted = token.quotes.iter().any(|quote| *quote == behind + from) && part.is_empty();
        if !part.is_empty() || is_quoted {
            values.push(Token::text(part));
        }
        from += part.len() + 1;
    }
    values
}
