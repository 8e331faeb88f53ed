//! The terms of a filter as they are written, with where each lies and which characters are quoted.

/// A term as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Token {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Its characters without the quotes: where each stands, and whether it is quoted.
    pub(super) chars: Vec<Letter>,
    /// Where a quote begins among the characters, so that what is quoted may be empty.
    pub(super) quotes: Vec<usize>,
}

/// A character of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) at: usize,
    pub(super) char: char,
    pub(super) quoted: bool,
}

impl Token {
    /// The text of some of its characters.
    pub(super) fn text(letters: &[Letter]) -> String {
        letters.iter().map(|letter| letter.char).collect()
    }
}

/// The terms of a filter. Within double quotes nothing has a meaning but the quote that ends them, and two of them, which are
/// one; quotes that nobody ended yet end with the text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut token: Option<Token> = None;
    let mut quoted = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, char)) = characters.next() {
        if char.is_whitespace() && !quoted {
            tokens.extend(token.take());
            continue;
        }
        let token = token.get_or_insert_with(|| Token { start: at, ..Token::default() });
        token.end = at + char.len_utf8();
        if char != '"' {
            token.chars.push(Letter { at, char, quoted });
        } else if quoted && characters.next_if(|(_, next)| *next == '"').is_some() {
            token.chars.push(Letter { at, char, quoted });
            token.end += 1;
        } else {
            quoted = !quoted;
            if quoted {
                token.quotes.push(token.chars.len());
            }
        }
    }
    tokens.extend(token);
    tokens
}

/// A sign of comparison.
pub(super) struct Sign {
    /// How many characters stand before it.
    pub(super) before: usize,
    /// What it is.
    pub(super) sign: &'static str,
}

const SIGNS: [&str; 7] = ["!=", "<=", ">=", ":", "=", "<", ">"];
/// Fields have no shorter names, so that `C:` is text.
const SHORTEST_NAME: usize = 2;

/// The sign of comparison in a term, where a name stands before it; none where all of it is text.
pub(super) fn sign(letters: &[Letter]) -> Option<Sign> {
    let is_name = |letter: &&Letter| !letter.quoted && (letter.char.is_alphanumeric() || "-_".contains(letter.char));
    let before = letters.iter().take_while(is_name).count();
    if before < SHORTEST_NAME || !letters.first()?.char.is_alphabetic() {
        return None;
    }
    let rest = &letters[before..];
    let begins = |text: &&str| {
        let mut rest = rest.iter();
        text.chars().all(|c| rest.next().is_some_and(|letter| letter.char == c && !letter.quoted))
    };
    let sign = SIGNS.into_iter().find(begins)?;
    let is_arn = sign == ":" && Token::text(&letters[..before]).eq_ignore_ascii_case("arn");
    (!is_arn && !begins(&"://")).then_some(Sign { before, sign })
}
