//! How many objects a bucket had at a moment, and how many bytes: counted by the list of the base and the log, without a content of any.

use super::{AsOf, FOLDER};
use crate::domain::{PointDetails, Time};
use crate::engine::drivers::sight::MOST_COUNTED;
use crate::engine::drivers::{Fault, Glimpse, Inside, SightCx};
use crate::repository::key_of_item;
use chrono::SecondsFormat;

/// The most changes and pieces of the log that are read. Each piece is read by itself, and a day of a busy bucket has a thousand.
const MOST_CHANGES: usize = 20_000;

/// What there is to say of a moment.
pub(in crate::engine::drivers::s3) fn sight(cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
    let then = counted(cx.content, cx.at, MOST_COUNTED, MOST_CHANGES)?;
    Ok(Glimpse { then, ..Glimpse::default() })
}

/// The objects of a moment, where neither the base nor the log has too much.
pub(super) fn counted(
    content: &Inside<'_>,
    at: Time,
    most_items: usize,
    most_changes: usize,
) -> Result<PointDetails, Fault> {
    let Some(as_of) = AsOf::read_at_most(content, at, most_changes)? else {
        let why = format!("not counted: the log has more than {most_changes} changes");
        return Ok([("Objects".to_owned(), why)].into());
    };
    let (mut objects, mut bytes) = (as_of.objects(), as_of.bytes);
    let is_all = content.each_file(FOLDER, most_items, &mut |path, node| {
        if node.is_file() && key_of_item(path).is_some() && !as_of.is_superseded(path) {
            objects += 1;
            bytes += node.size;
        }
    })?;
    let last = as_of.newest.map(|time| ("LastChangeTime", time.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
    let counted = if is_all {
        vec![("Objects", objects.to_string()), ("ObjectBytes", bytes.to_string())]
    } else {
        // Its folders count too, and of its objects many may be gone by then: no number of objects is known.
        vec![("Objects", format!("not counted: the base has more than {most_items} items"))]
    };
    Ok(counted.into_iter().chain(last).map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::log::{ENTRIES, Entry};
    use super::*;
    use crate::repository::{
        BackupRequest, ChunkerParameters, Control, Id, ItemPath, LocalSource, LocalStorage, MasterKey, Options,
        Repository,
    };
    use std::path::Path;
    use std::sync::Arc;
    use std::time::SystemTime;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn put(key: &str, time: &str, size: u64) -> Entry {
        let (content, removed) = (Some(key.to_owned()), Entry::removed(key, at(time)));
        Entry { change: super::super::log::Change::Put, size: Some(size), content, ..removed }
    }

    /// A bucket with three objects at its base, five bytes each, of which one is written anew, one deleted and a new one written.
    fn store(folder: &Path) -> (Arc<Repository>, Id, ItemPath) {
        let root = folder.canonicalize().unwrap().join("objects");
        let write = |path: String, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for key in ["a", "deep/er/b", "deep/c"] {
            write(format!("from-/{key}"), "12345");
        }
        let log = [
            ("00-10-0001", vec![put("a", "2026-11-26T22:00:05Z", 7), put("new", "2026-11-26T22:00:06Z", 11)]),
            ("01-10-0001", vec![Entry::removed("deep/c", at("2026-11-26T22:01:05Z"))]),
        ];
        for (piece, entries) in log {
            let lines = entries.iter().map(|entry| serde_json::to_string(entry).unwrap() + "\n");
            write(format!("{FOLDER}/2026-11-26T22/{piece}/{ENTRIES}"), &lines.collect::<String>());
        }
        let storage = Arc::new(LocalStorage::new(folder.join("repository")));
        let repository = Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap();
        let request = BackupRequest {
            paths: vec![root.clone()],
            parent: None,
            time: "2026-11-26T22:00:00Z".parse().unwrap(),
            started: SystemTime::now(),
            hostname: "h".to_owned(),
            username: "u".to_owned(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        let stored = repository.backup(&LocalSource::new(&root).unwrap(), &request, &Control::new()).unwrap();
        (Arc::new(repository), stored.snapshot, ItemPath::from_path(&root).unwrap())
    }

    #[test]
    fn objects_are_counted_where_neither_the_base_nor_the_log_has_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let (repository, snapshot, root) = store(folder.path());
        let content = Inside { repository: &repository, snapshot, root: &root };
        let told = |time: &str, items, changes| {
            let details = counted(&content, at(time), items, changes).unwrap();
            ["Objects", "ObjectBytes", "LastChangeTime"].map(|name| details.get(name).cloned().unwrap_or_default())
        };
        let (early, late) = ("2026-11-26T22:00:05Z", "2026-11-26T22:02:00Z");
        // The base has its two folders at the root, "from-" has two, "deep" two and "er" one; the log two pieces with three entries.
        assert_eq!(told(late, 7, 5), ["3", "23", "2026-11-26T22:01:05Z"]);
        assert_eq!(told(early, 7, 5), ["3", "17", early]);
        // Where it is not counted, no number of objects is told: of the base folders count too, and much of it may be deleted.
        let [objects, bytes, last] = told(late, 6, 5);
        assert_eq!((&*objects, &*bytes), ("not counted: the base has more than 6 items", ""));
        assert_eq!(last, "2026-11-26T22:01:05Z");
        assert_eq!(told(late, 7, 4), ["not counted: the log has more than 4 changes", "", ""]);
    }
}
