//! The names of a log's files: `mariadb-bin.000001`, and beside each, once something was seen of it, `mariadb-bin.000001.times`.

use std::fmt;

/// What the files end with that tell when what of a log was there.
const TIMES: &str = ".times";

/// The name of a file of the log. The server counts on behind 999999, with more digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogName {
    stem: String,
    digits: String,
    number: u64,
}

impl LogName {
    /// A name that a server gave to a file of its log.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (stem, digits) = name.rsplit_once('.')?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // It becomes the name of a file of this machine.
        if stem.is_empty() || !is_number || name.contains('/') || name.chars().any(char::is_control) {
            return None;
        }
        Some(Self { stem: stem.to_owned(), digits: digits.to_owned(), number: digits.parse().ok()? })
    }

    /// The file of a log that the name of any file in its folder is about.
    pub(super) fn about(name: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?;
        Self::parse(name.strip_suffix(TIMES).unwrap_or(name))
    }

    /// The name of the file that tells when what of this one was there.
    pub(super) fn times(&self) -> String {
        format!("{self}{TIMES}")
    }

    /// Its place among the files of its log; nothing where it is of another log.
    pub(super) fn number_in(&self, log: &Self) -> Option<u64> {
        (self.stem == log.stem).then_some(self.number)
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stem, self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_in_the_order_of_their_numbers_also_behind_the_last_of_six_digits() {
        let first = LogName::parse("a.b-bin.000009").unwrap();
        let number = |name: &str| LogName::about(name.as_bytes()).and_then(|name| name.number_in(&first));
        assert_eq!(number("a.b-bin.000010"), Some(10));
        assert_eq!(number("a.b-bin.999999"), Some(999_999));
        assert_eq!(number("a.b-bin.1000000"), Some(1_000_000));
        assert_eq!(number("a.b-bin.1000000.times"), Some(1_000_000));
        assert_eq!(number("other-bin.000010"), None);
        assert_eq!((first.to_string().as_str(), first.times().as_str()), ("a.b-bin.000009", "a.b-bin.000009.times"));
    }

    #[test]
    fn what_is_no_name_of_a_log_is_none() {
        for name in ["", "bin", "bin.", ".000001", "bin.00x", "bin.index", "../bin.000001", "b\nin.000001", "bin.-1"] {
            assert_eq!(LogName::parse(name), None, "{name:?}");
        }
    }
}
