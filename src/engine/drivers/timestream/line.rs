//! The line protocol: points as lines, and lines that are told from one another again.

use crate::engine::drivers::Fault;
use std::collections::BTreeMap;
use std::io::{self, BufRead};

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Integer,
    String,
    Boolean,
}

impl Kind {
    /// By the server's word for it.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "float" => Self::Float,
            "integer" => Self::Integer,
            "string" => Self::String,
            "boolean" => Self::Boolean,
            _ => return None,
        })
    }

    /// The server's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Integer => "integer",
            Self::String => "string",
            Self::Boolean => "boolean",
        }
    }
}

/// What stands before the fields of all points of a series.
pub(super) fn series(measurement: &str, tags: &BTreeMap<String, String>) -> Result<String, Fault> {
    // The server passes over blanks before a line, and takes what begins so for a comment.
    if measurement.starts_with(['#', '\t']) {
        return Err(unwritable(measurement));
    }
    let mut written = escaped(measurement, &[',', ' '])?;
    // A series without a tag has it with an empty text where another one has it.
    for (name, value) in tags.iter().filter(|(_, value)| !value.is_empty()) {
        written += &format!(",{}={}", escaped(name, &[',', ' ', '='])?, escaped(value, &[',', ' ', '='])?);
    }
    Ok(written)
}

/// A field's name.
pub(super) fn field(name: &str) -> Result<String, Fault> {
    // Among fields the server takes two backslashes as one, and passes over blanks before them.
    let is_split = [r"\,", r"\ ", r"\=", "\\\""].iter().any(|pair| name.contains(pair));
    if is_split || name.starts_with('\t') {
        return Err(unwritable(name));
    }
    escaped(name, &[',', ' ', '='])
}

/// A value as JSON has it; nothing where a point lacks the field.
pub(super) fn value(kind: Kind, json: &str) -> Option<String> {
    if json == "null" {
        return None;
    }
    Some(match kind {
        Kind::Float | Kind::Boolean => json.to_owned(),
        Kind::Integer => format!("{json}i"),
        Kind::String => {
            let text: String = serde_json::from_str(json).ok()?;
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
    })
}

/// A name with a backslash before each of some characters. One that the line protocol has no way to write is told.
fn escaped(name: &str, special: &[char]) -> Result<String, Fault> {
    if name.contains(['\n', '\r', '\0']) || name.ends_with('\\') {
        return Err(unwritable(name));
    }
    let mut written = String::with_capacity(name.len());
    for c in name.chars() {
        if special.contains(&c) {
            written.push('\\');
        }
        written.push(c);
    }
    Ok(written)
}

fn unwritable(name: &str) -> Fault {
    Fault::Failed(format!("The line protocol has no way to write {name:?}, which is a name or a tag."))
}

/// Reads the next line with its end. A text in it may have line ends of its own. Nothing at the end of all.
pub(super) fn read(from: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    loop {
        if from.read_until(b'\n', line)? == 0 {
            return if line.is_empty() { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if line.ends_with(b"\n") && !is_within_text(line) {
            return Ok(true);
        }
    }
}

/// Whether a line ends within a text. Quotes count only in the value of a field.
fn is_within_text(line: &[u8]) -> bool {
    if line.starts_with(b"#") {
        return false;
    }
    let (mut in_fields, mut in_value, mut in_text, mut is_escaped) = (false, false, false, false);
    for byte in line {
        if is_escaped {
            // Before the fields a backslash is one whatever stands before it.
            is_escaped = !in_fields && *byte == b'\\';
            continue;
        }
        match byte {
            b'\\' => is_escaped = true,
            b'"' if in_value => in_text = !in_text,
            b' ' if !in_text => (in_fields, in_value) = (true, false),
            b'=' if in_fields && !in_text => in_value = true,
            b',' if in_fields && !in_text => in_value = false,
            _ => {}
        }
    }
    in_text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_written_as_the_server_reads_them() {
        let tags = [("a b", "c,d=e f"), ("empty", ""), ("quote", "\"x\"")];
        let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(series("m, x=y", &tags).unwrap(), r#"m\,\ x=y,a\ b=c\,d\=e\ f,quote="x""#);
        assert_eq!(series("m", &BTreeMap::new()).unwrap(), "m");
        for (kind, json, expected) in [
            (Kind::Float, "1", Some("1")),
            (Kind::Float, "1.5e+300", Some("1.5e+300")),
            (Kind::Integer, "-9223372036854775808", Some("-9223372036854775808i")),
            (Kind::Boolean, "true", Some("true")),
            (Kind::String, r#""a \"b\" \\ \n\u00fc""#, Some("\"a \\\"b\\\" \\\\ \nü\"")),
            (Kind::String, r#""""#, Some("\"\"")),
            (Kind::String, "null", None),
        ] {
            assert_eq!(value(kind, json).as_deref(), expected);
        }
        assert_eq!(field(r"a\b #c").unwrap(), r"a\b\ #c");
    }

    #[test]
    fn names_that_would_not_come_back_are_told() {
        for name in ["a\\", "a\nb", "a\rb", "a\0", "#a", "\ta"] {
            let fault = series(name, &BTreeMap::new()).unwrap_err().to_string();
            assert!(fault.contains(&format!("{name:?}")), "{fault}");
        }
        for name in ["a\\", "a\nb", "a\rb", "\0a", "\ta", r"a\=b", r"a\ b", r"a\,b", "a\\\"b"] {
            assert!(field(name).is_err(), "{name:?}");
        }
        let tag = |value: &str| series("m", &[("t".to_owned(), value.to_owned())].into());
        assert_eq!(tag("#\t\\ x").unwrap(), "m,t=#\t\\\\ x");
        assert!(tag("a\r").is_err());
    }

    #[test]
    fn lines_are_told_apart_whatever_is_in_their_texts() {
        let lines: [&[u8]; 7] = [
            b"# \"a comment\n",
            b"m,t=\"x v=\"one\ntwo\\\"\nthree\",w=1i 5\n",
            b"m v=\"\\\\\" 5\n",
            b"m a\"b=1,c=\"x=,\" 6\n",
            b"m\\ \\,,t\\==\"\\ y v=true 7\n",
            b"m v=\"\n\n\"\n",
            b"m,t=a\\\\ b=\"c v=1 8\n",
        ];
        let all = lines.concat();
        let (mut from, mut line, mut read_lines) = (all.as_slice(), Vec::new(), Vec::new());
        while read(&mut from, &mut line).unwrap() {
            read_lines.push(line.clone());
        }
        assert_eq!(read_lines, lines);
        for cut in [&b"m v=1"[..], b"m v=\"x\n"] {
            assert!(read(&mut { cut }, &mut line).is_err());
        }
    }
}
