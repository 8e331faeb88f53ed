//! Texts in which `*` stands for any characters, `?` for one, and `${key}` for the value of a condition key.

use super::Version;
use super::facts::{Fact, Facts, Holds};

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    One,
    Many,
    Exactly(char),
}

/// What a pattern is once its variables have their values.
enum Filled {
    Pattern(Vec<Piece>),
    /// A variable has no value: the pattern fits nothing.
    Nothing,
    Unknown,
}

/// Whether `text` is of the pattern: its wildcards stand for anything.
pub(super) fn is_like(pattern: &str, text: &str, version: Version, facts: &Facts) -> Holds {
    match filled(pattern, version, facts) {
        Filled::Pattern(pieces) => fits(&pieces, text).into(),
        Filled::Nothing => Holds::No,
        Filled::Unknown => Holds::Unknown,
    }
}

/// Whether `text` is the pattern: its wildcards stand for themselves.
pub(super) fn is_equal(pattern: &str, text: &str, ignore_case: bool, version: Version, facts: &Facts) -> Holds {
    let character = |piece: &Piece| match piece {
        Piece::One => '?',
        Piece::Many => '*',
        Piece::Exactly(character) => *character,
    };
    match filled(pattern, version, facts) {
        Filled::Pattern(pieces) if ignore_case => {
            { pieces.iter().map(character).flat_map(char::to_lowercase).eq(text.chars().flat_map(char::to_lowercase)) }
                .into()
        }
        Filled::Pattern(pieces) => pieces.iter().map(character).eq(text.chars()).into(),
        Filled::Nothing => Holds::No,
        Filled::Unknown => Holds::Unknown,
    }
}

/// Whether an ARN is of the pattern: each of its six parts for itself, so that no `*` reaches over a colon but in the last.
pub(super) fn is_like_arn(pattern: &str, text: &str, version: Version, facts: &Facts) -> Holds {
    if pattern == "*" {
        return Holds::Yes;
    }
    let (patterns, parts): (Vec<&str>, Vec<&str>) = (pattern_parts(pattern), text.splitn(6, ':').collect());
    if patterns.len() != parts.len() {
        return Holds::No;
    }
    Holds::all(patterns.iter().zip(parts).map(|(pattern, part)| is_like(pattern, part, version, facts)))
}

/// The six parts of a pattern; a colon within `${…}` parts nothing.
fn pattern_parts(pattern: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut inside) = (Vec::new(), 0, false);
    for (at, character) in pattern.char_indices() {
        match character {
            '{' if pattern[..at].ends_with('$') => inside = true,
            '}' => inside = false,
            ':' if !inside && parts.len() < 5 => {
                parts.push(&pattern[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&pattern[begin..]);
    parts
}

fn filled(pattern: &str, version: Version, facts: &Facts) -> Filled {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        if let (Version::V2012, Some((variable, behind))) = (version, variable(rest)) {
            match value(variable, facts) {
                Fact::Values(values) if values.len() == 1 => {
                    pieces.extend(values.iter().flat_map(|value| value.chars()).map(Piece::Exactly));
                }
                // A key of several values cannot stand in a text.
                Fact::Values(_) | Fact::Absent => return Filled::Nothing,
                Fact::Unknown => return Filled::Unknown,
            }
            rest = behind;
            continue;
        }
        pieces.push(match character {
            '*' => Piece::Many,
            '?' => Piece::One,
            other => Piece::Exactly(other),
        });
        rest = &rest[character.len_utf8()..];
    }
    Filled::Pattern(pieces)
}

/// The inside of the `${…}` with which a text begins, and what follows it.
fn variable(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("${")?.split_once('}')
}

/// The value of `key`, or of `key, 'otherwise'`; `*`, `?` and `$` are themselves.
fn value(variable: &str, facts: &Facts) -> Fact {
    if ["*", "?", "$"].contains(&variable) {
        return Fact::Values(vec![variable.to_owned()]);
    }
    let (key, otherwise) = match variable.split_once(',') {
        Some((key, text)) => (key.trim(), text.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''))),
        None => (variable.trim(), None),
    };
    match (facts.get(key), otherwise) {
        (Fact::Absent, Some(otherwise)) => Fact::Values(vec![otherwise.to_owned()]),
        (fact, _) => fact,
    }
}

/// The condition keys that the variables of a text name.
pub(super) fn variables(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some((name, behind)) = variable(&rest[at..]) else { break };
        let key = name.split(',').next().unwrap_or_default().trim();
        if !["*", "?", "$"].contains(&key) {
            found.push(key);
        }
        rest = behind;
    }
    found
}

/// The usual walk with one place to go back to: behind the last `*` that was met.
fn fits(pieces: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut piece, mut at) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match pieces.get(piece) {
            Some(Piece::Many) => {
                back = Some((piece + 1, at));
                piece += 1;
            }
            Some(Piece::One) => (piece, at) = (piece + 1, at + 1),
            Some(Piece::Exactly(character)) if *character == text[at] => (piece, at) = (piece + 1, at + 1),
            _ => match back {
                Some((behind, begin)) => {
                    back = Some((behind, begin + 1));
                    (piece, at) = (behind, begin + 1);
                }
                None => return false,
            },
        }
    }
    pieces[piece..].iter().all(|piece| *piece == Piece::Many)
}
