//! Versions, as servers and programs say them.

use std::fmt;

/// The first two numbers of a version: programs and servers that have them in common fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    pub(super) const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// The version of a text that begins with one, as `10.11.19-MariaDB`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return None };
        Some(Self { major, minor })
    }

    /// The version of MariaDB in what a program says of itself.
    pub(super) fn in_words(said: &str) -> Option<Self> {
        said.split_whitespace().find(|word| word.contains("-MariaDB")).and_then(Self::of)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_servers_and_programs_say_it() {
        let said = "mariadb-backup based on MariaDB server 10.11.19-MariaDB debian-linux-gnu (x86_64)";
        assert_eq!(Version::in_words(said), Version::of("10.11.4-MariaDB-1:10.11.4+maria~deb12-log"));
        assert_eq!(
            Version::in_words("mariadb  Ver 15.1 Distrib 10.11.19-MariaDB, for x").unwrap().to_string(),
            "10.11"
        );
        assert!(Version::of("10.5.1-MariaDB") < Version::of("10.11.1-MariaDB"));
        assert_eq!((Version::of("8"), Version::in_words("mysql 8.0.30")), (None, None));
    }
}
