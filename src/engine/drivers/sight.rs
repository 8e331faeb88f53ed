//! What a resource looked like at a moment of its log, as far as that is cheap to say.

use crate::domain::sizes::bytes;
use crate::domain::{PointDetails, Time};
use crate::engine::drivers::Inside;
use crate::repository::Node;
use std::collections::BTreeMap;

/// The most items that are counted: what has more is said to have more.
pub const MOST_COUNTED: usize = 100_000;

/// The details that tell how much of a log a restore runs through.
const LOG_FILES: &str = "LogFiles";
const LOG_BYTES: &str = "LogBytesAtMost";

/// The detail that lists databases.
pub const DATABASES: &str = "Databases";

/// The most databases that are listed.
const MOST_DATABASES: usize = 8;

/// A moment that is looked at.
pub struct SightCx<'a> {
    /// The base with which a restore to it begins, with the log from there on.
    pub content: &'a Inside<'a>,
    /// What the driver said of the recovery point when it was made.
    pub details: &'a PointDetails,
    /// What it said of that base; nothing of one from before that was kept.
    pub base: &'a PointDetails,
    /// The moment, which can be restored.
    pub at: Time,
    /// Whether the times at which the log was stored are the service's: those of a simulated clock tell nothing of it.
    pub are_stored_times_true: bool,
}

/// What there is to say of it. The first is of the base, the second of the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// What the resource was at the base.
    pub at_base: PointDetails,
    /// What it was then, or what it takes to make it so.
    pub then: PointDetails,
}

impl SightCx<'_> {
    /// Some of what the driver said of the base.
    pub fn of_base(&self, names: &[&str]) -> PointDetails {
        let found = |name: &&str| Some(((*name).to_owned(), self.base.get(*name)?.clone()));
        names.iter().filter_map(found).collect()
    }

    /// How much of its log, whose files these are in their order, a service runs through at most to get to the moment: all that was
    /// stored before, and the file that was stored next, which has the moment in it somewhere. The first may begin before the base.
    pub fn log(&self, files: &[Node]) -> PointDetails {
        let is_before = |file: &Node| self.are_stored_times_true && file.modified.seconds >= self.at.timestamp();
        let ends = files.iter().position(is_before).map_or(files.len(), |place| place + 1);
        let run_through = &files[..ends.min(files.len())];
        let bytes: u64 = run_through.iter().map(|file| file.size).sum();
        [(LOG_FILES, run_through.len().to_string()), (LOG_BYTES, bytes.to_string())]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }
}

/// Databases with their sizes in bytes, the largest first, as a detail that people read.
pub fn databases(sizes: &BTreeMap<String, u64>) -> Option<(String, String)> {
    let mut all: Vec<(&str, u64)> = sizes.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    all.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let more = all.len().saturating_sub(MOST_DATABASES);
    let told = all.iter().take(MOST_DATABASES).map(|(name, size)| format!("{name} {}", bytes(*size)));
    let more = (more > 0).then(|| format!("and {more} more"));
    let told: Vec<String> = told.chain(more).collect();
    (!told.is_empty()).then(|| (DATABASES.to_owned(), told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::{Id, ItemPath, Timestamp};

    fn cx<'a>(content: &'a Inside<'a>, base: &'a PointDetails, at: i64, are_stored_times_true: bool) -> SightCx<'a> {
        SightCx {
            content,
            details: base,
            base,
            at: Time::from_timestamp(at, 0).unwrap_or_default(),
            are_stored_times_true,
        }
    }

    #[test]
    fn a_log_is_run_through_up_to_the_file_that_has_the_moment() {
        let folder = tempfile::tempdir().unwrap();
        let storage = std::sync::Arc::new(crate::repository::LocalStorage::new(folder.path().join("r")));
        let key = crate::repository::MasterKey::generate().unwrap();
        let repository = crate::repository::Repository::create(storage, key, crate::repository::Options::default());
        let (repository, root, base) =
            (std::sync::Arc::new(repository.unwrap()), ItemPath::root(), PointDetails::new());
        let snapshot: Id = "00".repeat(32).parse().unwrap();
        let content = Inside { repository: &repository, snapshot, root: &root };
        let file = |stored: i64| Node { size: 16, modified: Timestamp::new(stored, 0), ..Node::default() };
        let files = [10, 20, 30].map(file);
        let log = |at, are_true| {
            let told = cx(&content, &base, at, are_true).log(&files);
            (told[LOG_FILES].clone(), told[LOG_BYTES].clone())
        };
        for (at, are_true, expected) in [(5, true, 1), (10, true, 1), (11, true, 2), (40, true, 3), (5, false, 3)] {
            assert_eq!(log(at, are_true), (expected.to_string(), (16 * expected).to_string()), "{at} {are_true}");
        }
        assert_eq!(cx(&content, &base, 5, true).log(&[])[LOG_FILES], "0");
    }

    #[test]
    fn databases_are_listed_by_size_and_not_all_of_them() {
        let sizes = |names: &[(&str, u64)]| databases(&names.iter().map(|(n, b)| ((*n).to_owned(), *b)).collect());
        let told = sizes(&[("a", 7), ("shop", 3 << 30), ("m", 1536)]).unwrap().1;
        assert_eq!(told, "shop 3.0 GiB, m 1.5 KiB, a 7 B");
        let many: BTreeMap<String, u64> = (0..11).map(|nth| (format!("d{nth:02}"), 100 - nth)).collect();
        assert!(databases(&many).unwrap().1.ends_with("d07 93 B, and 3 more"));
        assert_eq!(sizes(&[]), None);
    }
}
