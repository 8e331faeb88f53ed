//! What a bucket was like at a moment: its base, with what the log says of the keys that changed over it.

use super::log::{Change, ENTRIES, Entry, ended};
use super::{FOLDER, MARGIN};
use crate::domain::Time;
use crate::engine::drivers::s3::headers::{PREFIX, UNREAD};
use crate::engine::drivers::s3::items;
use crate::engine::drivers::{Fault, Inside};
use crate::repository::{ItemPath, Node, key_of_item, places_of_key};
use std::collections::{BTreeMap, HashMap};

/// The entries of one piece have no more bytes.
const LONGEST: u64 = 64 << 20;

/// The keys that changed between a base and a moment.
#[derive(Debug, Default)]
pub(in crate::engine::drivers::s3) struct AsOf {
    /// Where the content of each lies in the log; nothing for one that was deleted.
    changed: BTreeMap<String, Option<ItemPath>>,
    /// Whose content lies there.
    keys: HashMap<ItemPath, String>,
    /// How many bytes they have together.
    pub(super) bytes: u64,
    /// When the last change was that counts.
    pub(super) newest: Option<Time>,
}

/// The last change of each key by a moment, told the entries in their order.
///
/// None counts before one that came before it, whatever times they bear: what an entry says came after what those before it say.
pub(super) struct Merge {
    at: Time,
    keys: BTreeMap<String, Last>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Last {
    /// From when on the newest entry counts, also where that is too late.
    counts: Time,
    content: Option<ItemPath>,
    /// In bytes.
    size: u64,
    /// From when on the newest entry counts that is in time.
    in_time: Option<Time>,
}

impl Merge {
    pub(super) fn new(at: Time) -> Self {
        Self { at, keys: BTreeMap::new() }
    }

    /// The next entry, of the piece in this folder.
    pub(super) fn add(&mut self, entry: Entry, folder: &ItemPath) {
        let before = self.keys.get(&entry.key);
        let counts = before.map_or(entry.at(), |before| before.counts.max(entry.at()));
        let last = if counts <= self.at {
            let content = entry.content.filter(|_| entry.change == Change::Put);
            let size = content.as_ref().and(entry.size).unwrap_or_default();
            Last { counts, content: content.map(|name| folder.join(name.as_bytes())), size, in_time: Some(counts) }
        } else {
            let nothing = Last { counts, content: None, size: 0, in_time: None };
            Last { counts, ..before.cloned().unwrap_or(nothing) }
        };
        self.keys.insert(entry.key, last);
    }

    /// How many bytes the keys have of which an entry counts, and from when on the last of these counts.
    fn sums(&self) -> (u64, Option<Time>) {
        (self.keys.values().map(|last| last.size).sum(), self.keys.values().filter_map(|last| last.in_time).max())
    }

    /// The keys of which an entry counts, each with its content.
    pub(super) fn finish(self) -> BTreeMap<String, Option<ItemPath>> {
        let keys = self.keys.into_iter().filter(|(_, last)| last.in_time.is_some());
        keys.map(|(key, last)| (key, last.content)).collect()
    }
}

impl AsOf {
    /// Reads the log of a recovery point up to a moment.
    pub(in crate::engine::drivers::s3) fn read(content: &Inside<'_>, at: Time) -> Result<Self, Fault> {
        let log = ItemPath::root().join(FOLDER.as_bytes());
        let mut merge = Merge::new(at);
        // When the listings ended of the pieces so far.
        let mut ends: Vec<Time> = Vec::new();
        'pieces: for hour in if content.find(&log)?.is_some() { content.names(&log)? } else { Vec::new() } {
            for piece in content.names(&log.join(&hour))? {
                // What a listing shows came after the one before it began, and that after the end of the one before that.
                if ends.len() > 1 && ends[ends.len() - 2] - MARGIN > at {
                    break 'pieces;
                }
                let name = [hour.as_slice(), &piece].map(|name| String::from_utf8_lossy(name).into_owned()).join("/");
                if let Some(end) = ended(&name).filter(|end| ends.last() != Some(end)) {
                    ends.push(end);
                }
                let folder = log.join(&hour).join(&piece);
                for entry in entries(content, &folder)? {
                    merge.add(entry, &folder);
                }
            }
        }
        let (bytes, newest) = merge.sums();
        let changed = merge.finish();
        let keys = changed.iter().filter_map(|(key, content)| Some((content.clone()?, key.clone()))).collect();
        Ok(Self { changed, keys, bytes, newest })
    }

    /// How many of the keys that changed have an object.
    pub(super) fn objects(&self) -> usize {
        self.keys.len()
    }

    /// What is to be restored: all, or these keys, prefixes and paths.
    pub(in crate::engine::drivers::s3) fn places_of(
        &self,
        items: &[String],
        content: &Inside<'_>,
    ) -> Result<Vec<ItemPath>, Fault> {
        if items.is_empty() {
            return self.all(content);
        }
        let mut places = Vec::new();
        for item in items {
            places.extend(self.places_of_item(item, content)?);
        }
        Ok(places)
    }

    /// All of the base but its log, and what the log has instead.
    fn all(&self, content: &Inside<'_>) -> Result<Vec<ItemPath>, Fault> {
        let names = content.names(&ItemPath::root())?.into_iter();
        let base = names.filter(|name| name != FOLDER.as_bytes()).map(|name| ItemPath::root().join(&name));
        Ok(base.chain(self.changed.values().flatten().cloned()).collect())
    }

    fn places_of_item(&self, item: &str, content: &Inside<'_>) -> Result<Vec<ItemPath>, Fault> {
        let path = ItemPath::parse(item).ok();
        if path.as_ref().is_some_and(|path| path.components().is_empty()) {
            return self.all(content);
        }
        let names = content.names(&ItemPath::root())?;
        let mut found = items::places_of_item(item, &names, content)?;
        found.retain(|place| place.components().first().is_none_or(|name| name != FOLDER.as_bytes()));
        // What is no key is a path of the base, which stands for the keys that lie there.
        let path = path.filter(|path| found.first() == Some(path));
        let lies_there = |key: &str, path: &ItemPath| {
            let places = places_of_key(names.iter().map(Vec::as_slice), key.as_bytes());
            places.iter().any(|place| place.components().starts_with(path.components()))
        };
        let is_wanted = |key: &str| {
            let is_below = item.ends_with('/') && key.starts_with(item);
            key == item || is_below || path.as_ref().is_some_and(|path| lies_there(key, path))
        };
        let is_left = |place: &ItemPath| {
            Ok(!self.is_superseded(place) || content.find(place)?.is_some_and(|node| node.is_directory()))
        };
        let changed: Vec<ItemPath> =
            self.changed.iter().filter(|(key, _)| is_wanted(key)).filter_map(|(_, place)| place.clone()).collect();
        if changed.is_empty() && !found.iter().map(is_left).collect::<Result<Vec<bool>, Fault>>()?.contains(&true) {
            return Err(Fault::Failed(format!("There are no objects that match {item:?} at that moment.")));
        }
        Ok(found.into_iter().chain(changed).collect())
    }

    /// The key of what lies in the log.
    pub(in crate::engine::drivers::s3) fn key_of(&self, place: &ItemPath) -> Option<&str> {
        self.keys.get(place).map(String::as_str)
    }

    /// Whether the log has something else instead of what the base has there.
    pub(in crate::engine::drivers::s3) fn is_superseded(&self, place: &ItemPath) -> bool {
        let key = key_of_item(place).and_then(|key| String::from_utf8(key).ok());
        key.is_some_and(|key| self.changed.contains_key(&key))
    }
}

/// Why the store did not give out what lies there, where it did not.
pub(in crate::engine::drivers::s3) fn unread_reason(node: &Node) -> Option<String> {
    let is_reason = |name: &str| name.strip_prefix(PREFIX) == Some(UNREAD);
    let found = node.extended_attributes.iter().find(|attribute| is_reason(&attribute.name));
    found.map(|attribute| String::from_utf8_lossy(&attribute.value).into_owned())
}

/// The entries of a piece.
fn entries(content: &Inside<'_>, folder: &ItemPath) -> Result<Vec<Entry>, Fault> {
    let path = folder.join(ENTRIES.as_bytes());
    let text = content.read(&path, LONGEST)?;
    let text = text.ok_or_else(|| Fault::Failed(format!("The log of the recovery point has no {path}.")))?;
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let entries = lines.map(serde_json::from_slice).collect::<Result<Vec<Entry>, _>>();
    entries.map_err(|error| Fault::Failed(format!("{path} cannot be read: {error}")))
}
