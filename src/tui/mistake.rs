//! Files of the user's own: how they are read, and the mistakes in them, each told with its place.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// What a file says that has so many bytes at most. Nothing but a regular file is opened: a pipe would never end.
pub fn read_text(path: &Path, longest: u64) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    let length = File::open(path)?.take(longest + 1).read_to_string(&mut text)?;
    if length as u64 > longest {
        return Err(io::Error::other(format!("it has more than {longest} bytes")));
    }
    Ok(text)
}

/// A mistake, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1 on.
    pub line: usize,
    /// The character in it, from 1 on.
    pub column: usize,
    /// What is wrong, and what could stand there.
    pub what: String,
}

impl Mistake {
    /// The mistake at a byte of a text.
    pub fn at(text: &str, at: usize, what: impl Into<String>) -> Self {
        let before: String = String::from_utf8_lossy(&text.as_bytes()[..at.min(text.len())]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, what: what.into() }
    }

    /// What TOML itself says of a text.
    pub fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        Self::at(text, error.span().map_or(0, |span| span.start), error.message())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_as_editors_count() {
        let text = "a = 1\nbü = 2\n";
        let at = text.find('=').unwrap();
        assert_eq!(Mistake::at(text, at, "x").to_string(), "1:3: x");
        assert_eq!(Mistake::at(text, text.rfind('=').unwrap(), "x").to_string(), "2:4: x");
        assert_eq!(Mistake::at(text, 999, "x").to_string(), "3:1: x");
        let error = toml::from_str::<toml::Table>("a = 1\nb = = 2\n").unwrap_err();
        assert!(Mistake::of_toml("a = 1\nb = = 2\n", &error).to_string().starts_with("2:5: "));
    }
}
