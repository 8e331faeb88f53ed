//! How names of any bytes are written as text, and paths made of them.
//!
//! A file name is bytes. In every text that leaves the repository (lists of items, items to restore, failures) a byte that
//! is not part of UTF-8 is written `\xNN` and a backslash `\\`; everything else stays as it is. [`escape`] and [`unescape`]
//! are the only place where that is done, so what a listing shows is what a restore accepts.

use std::fmt;
use std::path::Path;

use std::os::unix::ffi::OsStrExt;

/// A text that no name is written as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidItemPath {
    /// A backslash is followed by something else than `\` or `xNN`.
    #[error("{0:?}: a backslash must be followed by another one, or by x and two hexadecimal digits")]
    Escape(String),
    /// A component that no file can have as its name.
    #[error("{0:?}: {1:?} cannot be the name of an item")]
    Component(String, String),
}

/// The text of a name.
pub fn escape(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' {
                text.push('\\');
            }
            text.push(character);
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// The name that a text stands for: the reverse of [`escape`].
pub fn unescape(text: &str) -> Result<Vec<u8>, InvalidItemPath> {
    let invalid = || InvalidItemPath::Escape(text.to_owned());
    let mut name = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'\\' {
            name.push(byte);
            rest = after;
            continue;
        }
        match after {
            [b'\\', after @ ..] => {
                name.push(b'\\');
                rest = after;
            }
            [b'x', high, low, after @ ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(invalid);
                name.push((digit(*high)? * 16 + digit(*low)?) as u8);
                rest = after;
            }
            _ => return Err(invalid()),
        }
    }
    Ok(name)
}

/// A path of names of any bytes, from some root: no component is empty, `.` or `..`, or holds a slash or a zero byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemPath {
    components: Vec<Vec<u8>>,
}

impl ItemPath {
    /// The root itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads the text form. A leading, a trailing and doubled slashes say nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidItemPath> {
        let mut components = Vec::new();
        for part in text.split('/').filter(|part| !part.is_empty()) {
            let component = unescape(part)?;
            if !is_name(&component) {
                return Err(InvalidItemPath::Component(text.to_owned(), part.to_owned()));
            }
            components.push(component);
        }
        Ok(Self { components })
    }

    /// The path of a file system's path, absolute or not, as restic writes it into a snapshot: the components below `/`.
    pub fn from_path(path: &Path) -> Result<Self, InvalidItemPath> {
        Self::from_bytes(path.as_os_str().as_bytes())
    }

    /// The path of raw bytes with slashes between the names.
    pub fn from_bytes(path: &[u8]) -> Result<Self, InvalidItemPath> {
        let mut components = Vec::new();
        for component in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            if !is_name(component) {
                return Err(InvalidItemPath::Component(escape(path), escape(component)));
            }
            components.push(component.to_vec());
        }
        Ok(Self { components })
    }

    /// The path of these names, from the root down.
    pub fn of_names(names: impl Iterator<Item = Vec<u8>>) -> Self {
        Self { components: names.collect() }
    }

    /// The names on the way, from the root down.
    pub fn components(&self) -> &[Vec<u8>] {
        &self.components
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.components.is_empty()
    }

    /// The path of an item in this folder.
    pub fn join(&self, name: &[u8]) -> Self {
        let mut components = self.components.clone();
        components.push(name.to_vec());
        Self { components }
    }
}

impl fmt::Display for ItemPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.components.is_empty() {
            return formatter.write_str("/");
        }
        for component in &self.components {
            write!(formatter, "/{}", escape(component))?;
        }
        Ok(())
    }
}

/// Whether a file system can hold a file of this name, in the folder where it is asked to.
pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/') && !name.contains(&0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_are_written_as_they_are() {
        for name in ["notes.txt", "übung", "a b", "line\nbreak", "\u{202e}gpj.exe"] {
            assert_eq!(escape(name.as_bytes()), name);
        }
    }

    #[test]
    fn bytes_outside_of_utf8_and_backslashes_are_escaped() {
        assert_eq!(escape(b"caf\xe9"), "caf\\xe9");
        assert_eq!(escape(b"a\\b"), "a\\\\b");
        assert_eq!(escape(b"\\xff"), "\\\\xff");
        assert_eq!(escape(b"\xff"), "\\xff");
    }

    #[test]
    fn half_an_escape_is_refused() {
        for text in ["\\", "a\\b", "\\x", "\\x4", "\\xg0", "tail\\"] {
            assert!(unescape(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn components_that_would_leave_the_folder_are_refused() {
        for text in ["..", "a/../b", "./a", "a\\x2fb", "a\\x00b", "\\x2e\\x2e"] {
            assert!(ItemPath::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn slashes_at_the_ends_say_nothing() {
        let path = ItemPath::parse("//photos/2024//").unwrap();
        assert_eq!(path.components(), [b"photos".to_vec(), b"2024".to_vec()]);
        assert_eq!(path.to_string(), "/photos/2024");
        assert!(ItemPath::parse("/").unwrap().is_root());
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(unescape(&escape(&name)).unwrap(), name);
        }

        #[test]
        fn different_names_have_different_texts(a in proptest::collection::vec(any::<u8>(), 0..8), b in proptest::collection::vec(any::<u8>(), 0..8)) {
            prop_assert_eq!(a == b, escape(&a) == escape(&b));
        }

        #[test]
        fn every_path_comes_back(names in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..12), 0..5)) {
            prop_assume!(names.iter().all(|name| is_name(name)));
            let path = names.iter().fold(ItemPath::root(), |path, name| path.join(name));
            prop_assert_eq!(ItemPath::parse(&path.to_string()).unwrap(), path);
        }
    }
}
