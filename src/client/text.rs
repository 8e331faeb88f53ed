//! Text from an API is not to be trusted on a terminal: it is made harmless here, once, where it enters the program.

use serde_json::Value;
use std::borrow::Cow;

/// Whether a character can act on a terminal or hide and reorder what is shown: C0 and C1 controls, line and paragraph
/// separators, bidirectional controls and invisible joiners of no use in names.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text without its harmful characters; line breaks and tabs become spaces.
pub fn clean(text: &str) -> String {
    if !text.chars().any(is_harmful) {
        return text.to_owned();
    }
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
            c if is_harmful(c) => None,
            c => Some(c),
        })
        .collect()
}

/// JSON whose texts and names are [`clean`].
pub fn clean_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(values) => values.into_iter().map(clean_json).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (clean(&name), clean_json(value))).collect(),
        other => other,
    }
}

/// The text with its harmful characters as `\xNN` for each byte: harmless to show and, in the paths of items, still the
/// same name when it is sent back (a backslash of the name itself is `\\` there already).
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_harmful(character) {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                escaped.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// JSON with its harmful characters as `\uNNNN`: the same document, harmless to show. Its own line breaks stay.
pub fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character != '\n' && is_harmful(character) {
            let mut buffer = [0; 2];
            for unit in character.encode_utf16(&mut buffer) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// The first names, and how many more there are.
pub fn listed(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A word for a POSIX shell: as it is where that is safe, else in single quotes; with control characters in `$'…'`.
pub fn shell_quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else if word.chars().any(is_harmful) {
        format!("$'{}'", escape(&word.replace('\\', "\\\\").replace('\'', "\\'")))
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A cell of CSV as RFC 4180 has it.
pub fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// A text as such a cell, of which a spreadsheet makes no formula, whoever chose it: one that would begin one begins with a quote.
pub fn csv_text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        csv_cell(&format!("'{text}"))
    } else {
        csv_cell(text)
    }
}

/// A text as Markdown that shows it and does nothing else, in a cell of a table.
pub fn markdown_cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, sign) in text.char_indices() {
        let is_address = || text[at..].starts_with("://") || text[..at].to_ascii_lowercase().ends_with("www");
        match sign {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '@' | '$' => {
                out.push('\\');
                out.push(sign);
            }
            // Readers make links of what looks like an address.
            ':' | '.' if is_address() => {
                out.push('\\');
                out.push(sign);
            }
            _ if sign.is_control() || sign.is_whitespace() => out.push(' '),
            _ => out.push(sign),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_makes_no_markup() {
        for (text, shown) in [
            ("plain text, 3 of 4 (x)", "plain text, 3 of 4 (x)"),
            ("a|b\nc", "a\\|b c"),
            ("<img src=x>", "\\<img src=x\\>"),
            ("[x](https://evil.example)", "\\[x\\](https\\://evil.example)"),
            ("WWW.evil.example", "WWW\\.evil.example"),
            (
                "`code` **b** _i_ ~s~ # @team &amp; $m$",
                "\\`code\\` \\*\\*b\\*\\* \\_i\\_ \\~s\\~ \\# \\@team \\&amp; \\$m\\$",
            ),
            ("\\", "\\\\"),
        ] {
            assert_eq!(markdown_cell(text), shown);
        }
    }

    #[test]
    fn text_loses_what_could_act_on_a_terminal() {
        assert_eq!(clean("plain, ünïcode 東京"), "plain, ünïcode 東京");
        assert_eq!(clean("a\u{1b}]52;c;ZXZpbA==\u{7}b"), "a]52;c;ZXZpbA==b");
        assert_eq!(clean("a\u{9b}31mb"), "a31mb");
        assert_eq!(clean("invoice\u{202e}gpj.exe\u{202c}"), "invoicegpj.exe");
        assert_eq!(clean("two\nlines\tand tab"), "two lines and tab");
    }

    #[test]
    fn item_names_are_escaped_so_that_they_can_be_sent_back() {
        assert_eq!(escape("plain.txt"), "plain.txt");
        assert_eq!(escape("two\nlines"), "two\\x0alines");
        assert_eq!(escape("\u{202e}x"), "\\xe2\\x80\\xaex");
    }

    #[test]
    fn the_first_are_named_and_the_others_counted() {
        let names = |count: usize| (0..count).map(|nth| nth.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&names(2), 3), "0, 1");
        assert_eq!(listed(&names(5), 3), "0, 1, 2 and 2 more");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(shell_quote("arn:aws:backup:us-east-1:1:x"), "arn:aws:backup:us-east-1:1:x");
        assert_eq!(shell_quote(""), "''");
        assert_eq!(shell_quote("two words"), "'two words'");
        assert_eq!(shell_quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_quote("a\nb'c\\"), r"$'a\x0ab\'c\\'");
    }

    #[test]
    fn a_shell_reads_the_quoted_word_back() {
        for word in ["", "two words", "it's $HOME `x` \"y\" \\ !", "a\nb'c\\d\te", "{\"a\": [\"b c\"]}", "東京 — ü"]
        {
            let output = std::process::Command::new("bash")
                .args(["-c", &format!("printf %s {}", shell_quote(word))])
                .output()
                .unwrap_or_else(|error| panic!("bash runs: {error}"));
            assert_eq!(String::from_utf8_lossy(&output.stdout), word);
        }
    }
}
