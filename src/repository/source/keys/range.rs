//! One range of a store's keys, as a tree in memory.

use parking_lot::Mutex;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::Arc;

use super::names::{BESIDE, names_of};
use super::ranges::check_order;
use super::store::{KeyItem, Keys};
use crate::repository::source::{Child, SourceItem};
use crate::repository::{Node, NodeKind};

/// Stands between names: it sorts below all that a name can have, so paths sort as their folders do.
const BETWEEN: u8 = 0;

/// The keys of a range, by their paths.
pub(super) struct Range {
    entries: Vec<Entry>,
}

struct Entry {
    /// The names, with [`BETWEEN`] between them.
    path: Vec<u8>,
    /// Given away with the first listing.
    item: Mutex<Option<SourceItem>>,
}

impl Range {
    /// Takes the keys before `until`.
    pub(super) fn load(keys: Keys<'_>, until: Option<&[u8]>) -> io::Result<Self> {
        let mut entries = Vec::new();
        let mut last: Option<Vec<u8>> = None;
        for item in keys {
            let KeyItem { key, item } = item?;
            if until.is_some_and(|until| key.as_slice() >= until) {
                break;
            }
            check_order(last.as_deref(), &key)?;
            entries.push(Entry { path: names_of(&key).join(&BETWEEN), item: Mutex::new(Some(item)) });
            last = Some(key);
        }
        entries.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        if set_files_beside_folders(&mut entries) {
            entries.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        }
        Ok(Self { entries })
    }

    pub(super) fn has_folder(&self, names: &[&[u8]]) -> bool {
        !self.below(&prefix(names)).is_empty()
    }

    /// The numbers of the entries whose paths begin with this.
    fn below(&self, prefix: &[u8]) -> std::ops::Range<usize> {
        let start = self.entries.partition_point(|entry| entry.path.as_slice() < prefix);
        let count = self.entries[start..].partition_point(|entry| entry.path.starts_with(prefix));
        start..start + count
    }
}

/// Gives a file another name where there is a folder of its name. Whether there was any.
fn set_files_beside_folders(entries: &mut [Entry]) -> bool {
    let mut any = false;
    for number in 1..entries.len() {
        // What is in the folder follows the file directly.
        let (before, after) = entries.split_at_mut(number);
        let (Some(file), Some(next)) = (before.last_mut(), after.first()) else { continue };
        if next.path.get(file.path.len()) == Some(&BETWEEN) && next.path.starts_with(&file.path) {
            file.path.extend_from_slice(BESIDE);
            any = true;
        }
    }
    any
}

fn prefix(names: &[&[u8]]) -> Vec<u8> {
    let mut prefix = Vec::new();
    for name in names {
        prefix.extend_from_slice(name);
        prefix.push(BETWEEN);
    }
    prefix
}

/// What is in the folder at these names.
pub(super) fn children(range: Arc<Range>, names: &[&[u8]]) -> impl Iterator<Item = io::Result<Child>> + use<> {
    let prefix = prefix(names);
    let (below, length) = (range.below(&prefix), prefix.len());
    let mut next = below.start;
    std::iter::from_fn(move || {
        if next >= below.end {
            return None;
        }
        let entry = &range.entries[next];
        let rest = &entry.path[length..];
        let Some(end) = rest.iter().position(|byte| *byte == BETWEEN) else {
            next += 1;
            let item = entry.item.lock().take();
            return Some(Ok(Child { name: OsString::from_vec(rest.to_vec()), item }));
        };
        let folder_path = &entry.path[..=length + end];
        let inside = range.entries[next..below.end].partition_point(|entry| entry.path.starts_with(folder_path));
        next += inside;
        Some(Ok(Child { name: OsString::from_vec(rest[..end].to_vec()), item: Some(folder()) }))
    })
}

/// A folder that the store knows nothing of. The same each time, so that its tree is stored once.
pub(super) fn folder() -> SourceItem {
    let node = Node { kind: NodeKind::Directory, permissions: 0o755, ..Node::default() };
    SourceItem { node, ..SourceItem::default() }
}
