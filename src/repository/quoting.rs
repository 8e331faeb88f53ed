//! Names of any bytes within JSON: restic writes them as Go quotes strings, without the quotes.

use std::borrow::Cow;

/// Appends `name` to `out`, quoted as Go's `strconv.Quote` does but without the quotes around it.
pub fn quote(name: &[u8], out: &mut Vec<u8>) {
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            quote_character(character, out);
        }
        for byte in chunk.invalid() {
            push_escaped(out, 'x', u32::from(*byte), 2);
        }
    }
}

fn quote_character(character: char, out: &mut Vec<u8>) {
    let short = match character {
        '"' | '\\' => Some(character as u8),
        '\x07' => Some(b'a'),
        '\x08' => Some(b'b'),
        '\x0c' => Some(b'f'),
        '\n' => Some(b'n'),
        '\r' => Some(b'r'),
        '\t' => Some(b't'),
        '\x0b' => Some(b'v'),
        _ => None,
    };
    if let Some(letter) = short {
        out.extend_from_slice(&[b'\\', letter]);
    } else if is_printable(character) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        match u32::from(character) {
            code @ 0..0x80 => push_escaped(out, 'x', code, 2),
            code @ 0x80..0x1_0000 => push_escaped(out, 'u', code, 4),
            code => push_escaped(out, 'U', code, 8),
        }
    }
}

fn push_escaped(out: &mut Vec<u8>, letter: char, code: u32, digits: usize) {
    out.extend_from_slice(format!("\\{letter}{code:0digits$x}").as_bytes());
}

/// Go's `IsPrint`, near enough: any difference is only in the spelling, since both spellings are read alike.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return (' '..='~').contains(&character);
    }
    !character.is_control()
        && !character.is_whitespace()
        && !matches!(u32::from(character),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff0..=0xfffb
            | 0xe000..=0xf8ff | 0xe_0000..=0xe_007f | 0xf_0000..=0x10_ffff)
        && u32::from(character) & 0xfffe != 0xfffe
}

/// The bytes that a quoted name stands for. One that is not quoted properly stands for itself, as restic reads it.
pub fn unquote(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('\\') {
        return Cow::Borrowed(text.as_bytes());
    }
    unquote_escapes(text.as_bytes()).map_or(Cow::Borrowed(text.as_bytes()), Cow::Owned)
}

fn unquote_escapes(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    while let Some((&first, rest)) = text.split_first() {
        if first != b'\\' {
            out.push(first);
            text = rest;
            continue;
        }
        let (&letter, rest) = rest.split_first()?;
        let (plain, digits, radix) = match letter {
            b'a' => (7, 0, 0),
            b'b' => (8, 0, 0),
            b'f' => (12, 0, 0),
            b'n' => (b'\n', 0, 0),
            b'r' => (b'\r', 0, 0),
            b't' => (b'\t', 0, 0),
            b'v' => (11, 0, 0),
            b'\\' | b'"' => (letter, 0, 0),
            b'x' => (0, 2, 16),
            b'u' => (0, 4, 16),
            b'U' => (0, 8, 16),
            b'0'..=b'7' => (0, 3, 8),
            _ => return None,
        };
        if digits == 0 {
            out.push(plain);
            text = rest;
            continue;
        }
        let source = if radix == 8 { &text[1..] } else { rest };
        let (number, rest) = source.split_at_checked(digits)?;
        let number = std::str::from_utf8(number).ok()?;
        let code = u32::from_str_radix(number, radix).ok().filter(|_| !number.starts_with('+'))?;
        if matches!(letter, b'u' | b'U') {
            out.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            out.push(u8::try_from(code).ok()?);
        }
        text = rest;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(name: &[u8]) -> String {
        let mut out = Vec::new();
        quote(name, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_are_quoted_as_restic_does() {
        // What restic 0.14 wrote for these names.
        for (name, text) in [
            (&b"na\xff\"me\x1b"[..], r#"na\xff\"me\x1b"#),
            ("utf8é\u{200b}\u{ad}".as_bytes(), r"utf8é\u200b\u00ad"),
            (b"plain name.txt", "plain name.txt"),
            (b"tab\tline\nback\\slash", r"tab\tline\nback\\slash"),
            (b"\x7f\x00", r"\x7f\x00"),
            ("日本🦀".as_bytes(), "日本🦀"),
        ] {
            assert_eq!(quoted(name), text);
            assert_eq!(unquote(text), name);
        }
    }

    #[test]
    fn other_escapes_of_go_are_understood_and_nonsense_stands_for_itself() {
        assert_eq!(&*unquote(r"\101\U0001f980\a"), "A\u{1f980}\x07".as_bytes());
        for nonsense in [r"\", r"\q", r"\x4", r"\xzz", r"\ud800", r"\777", r"\x+1"] {
            assert_eq!(&*unquote(nonsense), nonsense.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn names_of_any_bytes_survive(name in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = quoted(&name);
            prop_assert_eq!(&*unquote(&text), &name[..]);
        }

        #[test]
        fn names_of_any_characters_survive(name in "\\PC{0,20}|.{0,20}") {
            let text = quoted(name.as_bytes());
            prop_assert_eq!(&*unquote(&text), name.as_bytes());
        }
    }
}
