//! What a restore wrote into a bucket, to be looked for in the bucket's listing at its end.
//!
//! A store can lose an object after it said that it took it ([`in_flight`](super::in_flight) knows a case). A restore is not
//! complete before the store lists what it took.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Keys that were written, eight bytes each.
#[derive(Debug, Default)]
pub(super) struct Written {
    hashes: HashSet<u64>,
    /// What all the keys begin with; `None` before the first.
    prefix: Option<String>,
}

impl Written {
    /// Notes a key.
    pub(super) fn note(&mut self, key: &str) {
        self.hashes.insert(hash(key.as_bytes()));
        let shared = match &self.prefix {
            None => key,
            Some(prefix) => shared_beginning(prefix, key),
        };
        if self.prefix.as_ref().is_none_or(|prefix| prefix.len() > shared.len()) {
            self.prefix = Some(shared.to_owned());
        }
    }

    /// What all the keys begin with: only such keys need be listed. None where nothing was written.
    pub(super) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.hashes.len()
    }

    /// A key is listed, and need not be looked for any more.
    pub(super) fn is_listed(&mut self, key: &[u8]) {
        self.hashes.remove(&hash(key));
    }
}

fn shared_beginning<'a>(left: &str, right: &'a str) -> &'a str {
    let same = left.chars().zip(right.chars()).take_while(|(left, right)| left == right);
    &right[..same.map(|(letter, _)| letter.len_utf8()).sum()]
}

/// The same in one process.
fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_left_and_only_what_begins_as_all_of_it_needs_to_be_listed() {
        let mut written = Written::default();
        assert_eq!((written.prefix(), written.count()), (None, 0));
        written.note("photos/größe/1");
        assert_eq!(written.prefix(), Some("photos/größe/1"));
        for key in ["photos/größe/2", "photos/grün", "photos/größe/1"] {
            written.note(key);
        }
        // ö and ü have their first byte in common.
        assert_eq!((written.prefix(), written.count()), (Some("photos/gr"), 3));
        for key in ["photos/größe/1", "photos/grün", "photos/größe"] {
            written.is_listed(key.as_bytes());
        }
        assert_eq!(written.count(), 1);
        written.note("x");
        assert_eq!(written.prefix(), Some(""));
    }
}
