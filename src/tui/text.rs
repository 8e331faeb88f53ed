//! Text on its way to cells: width, elision, and names that must not do harm.

use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes; the same count that ratatui uses.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The same, as the screen counts its columns.
pub fn columns(text: &str) -> u16 {
    u16::try_from(width(text)).unwrap_or(u16::MAX)
}

/// Where a text that is too long loses its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Elide {
    /// At its end: names, messages.
    #[default]
    Right,
    /// In its middle: ARNs and ids, whose ends tell most.
    Middle,
    /// At its start: paths.
    Left,
}

/// Characters that change how their neighbours are shown, without being shown themselves.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every control, bidirectional or invisible character written out (`\x1b`, `\n`, `\u{202e}`), so that a
/// name can neither move the cursor nor pretend to be another one.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_control() && (c as u32) < 0x100 => safe.push_str(&format!("\\x{:02x}", c as u32)),
            c if c.is_control() || is_invisible(c) => safe.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// The same in ASCII: signs that have an ASCII form take it, and every other character is written out as invisible ones
/// are (`\u{fc}`), so that two names that differ are shown differently.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 8);
    for character in harmless(text).chars() {
        match character {
            '…' => plain.push_str("..."),
            '–' | '—' | '−' => plain.push('-'),
            '‘' | '’' => plain.push('\''),
            '“' | '”' => plain.push('"'),
            '→' => plain.push_str("->"),
            '×' => plain.push('x'),
            '·' => plain.push('.'),
            c if c.is_ascii() => plain.push(c),
            c => plain.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(plain)
}

/// The longest start of `text` that fits into `columns`.
fn start(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (index, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return &text[..index];
        }
    }
    text
}

/// The longest end of `text` that fits into `columns`.
fn end(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (index, character) in text.char_indices().rev() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return &text[index + character.len_utf8()..];
        }
    }
    text
}

/// The text in at most `columns`, with `mark` where something was left out.
pub fn fit<'a>(text: &'a str, columns: usize, elide: Elide, mark: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(width(mark));
    if room == 0 {
        return Cow::Owned(start(text, columns).to_owned());
    }
    Cow::Owned(match elide {
        Elide::Right => format!("{}{mark}", start(text, room).trim_end()),
        Elide::Left => format!("{mark}{}", end(text, room)),
        Elide::Middle => {
            let tail = room.div_ceil(2);
            format!("{}{mark}{}", start(text, room - tail), end(text, tail))
        }
    })
}

/// The text cut into lines of at most `columns`, at spaces where there are any. Line breaks in it are kept, and so is the
/// indentation of each of its lines, on what of it goes over too.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let text = paragraph.trim_start_matches(' ');
        let indent = &paragraph[..(paragraph.len() - text.len()).min(columns / 2)];
        let room = columns - indent.len();
        wrap_paragraph(text, room, |line| lines.push(format!("{indent}{line}")));
    }
    lines
}

/// One paragraph without indentation, line by line.
fn wrap_paragraph(text: &str, columns: usize, mut push: impl FnMut(String)) {
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        while width(&line) + width(word) > columns {
            let head = start(word, columns - width(&line));
            let head = if head.is_empty() { &word[..word.chars().next().map_or(0, char::len_utf8)] } else { head };
            line.push_str(head);
            word = &word[head.len()..];
            push(std::mem::take(&mut line));
        }
        line.push_str(word);
    }
    push(line);
}

/// `1 job`, `2 jobs`.
pub fn count(number: usize, singular: &str, plural: &str) -> String {
    format!("{} {}", crate::tui::fmt::grouped(number as u64), if number == 1 { singular } else { plural })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_keeps_both_ends() {
        let arn = "arn:aws:backup:us-east-1:123456789012:recovery-point:0a1b2c3d";
        assert_eq!(fit(arn, 24, Elide::Middle, "…"), "arn:aws:bac…int:0a1b2c3d");
        assert_eq!(fit(arn, 24, Elide::Left, "…"), "…recovery-point:0a1b2c3d");
        assert_eq!(fit("short", 24, Elide::Middle, "…"), "short");
    }

    #[test]
    fn wide_characters_never_overflow() {
        for columns in 0..12 {
            for elide in [Elide::Left, Elide::Middle, Elide::Right] {
                assert!(width(&fit("バックアップ保管庫", columns, elide, "…")) <= columns);
            }
        }
    }

    #[test]
    fn hostile_names_are_written_out() {
        assert_eq!(harmless("a\x1b]52;c;eA==\x07b"), "a\\x1b]52;c;eA==\\x07b");
        assert_eq!(harmless("two\nlines"), "two\\nlines");
        assert_eq!(harmless("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert!(matches!(harmless("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_ascii_lacks_is_written_out() {
        assert_eq!(ascii("Back up now…"), "Back up now...");
        assert_eq!(ascii("Büro 東\n"), "B\\u{fc}ro \\u{6771}\\n");
        assert!(matches!(ascii("plain ~"), Cow::Borrowed(_)));
    }

    #[test]
    fn wrapping_keeps_every_word() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(wrap("  one two", 6), ["  one", "  two"]);
    }
}
