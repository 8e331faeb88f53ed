//! Cutting the keys of a store into ranges, each of which is one folder of the snapshot.
//!
//! A folder of a snapshot is one blob, which restic and we hold in memory whole: ten million keys cannot be one. They are
//! cut, in their order, as content is cut into pieces: where the hash of a key says so. So the cuts depend on nothing but
//! the keys, whatever was there before and in whatever order they came, and a key that comes or goes changes the range that
//! it is in. Only if it is itself the beginning of a range, as one in some thousands is, are two made of one, or one of two;
//! what was in them then lies in another folder and is read again.

use std::io;

use super::names::{beginning, unescape};
use crate::repository::Id;

/// Begins the name of each range's folder.
const FROM: &[u8] = b"from-";
/// How much of a key is in that name, escaped.
const SHOWN: usize = 200;
/// Stands between the beginning of a long key and its hash.
const SHORTENED: &[u8] = b"%+";

/// How long ranges are.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// One key in so many begins a range. A power of two.
    pub(super) usual: u64,
    /// After so many keys without a cut they are made easier to come by.
    pub(super) late: usize,
    /// One key in so many begins a range from then on. A power of two.
    pub(super) easier: u64,
    /// No range has more keys.
    pub(super) most: usize,
}

impl Sizes {
    /// A range of 4,096 keys is a blob of about one and a half megabytes before compression, and ten million keys are some
    /// 2,500 ranges.
    ///
    /// Frozen: with other numbers all stores would be laid out anew, and so be read again.
    pub(super) const FROZEN: Self = Self { usual: 4096, late: 4 * 4096, easier: 512, most: 8 * 4096 };
}

/// Finds where ranges begin, from keys in their order.
pub(super) struct Cuts {
    sizes: Sizes,
    starts: Vec<Vec<u8>>,
    /// Keys since the last start.
    count: usize,
    last: Option<Vec<u8>>,
}

impl Cuts {
    pub(super) fn new(sizes: Sizes) -> Self {
        // The first range begins before any key that may ever come.
        Self { sizes, starts: vec![Vec::new()], count: 0, last: None }
    }

    pub(super) fn push(&mut self, key: &[u8]) -> io::Result<()> {
        check_order(self.last.as_deref(), key)?;
        let mut hash = [0; 8];
        hash.copy_from_slice(&Id::of(key).as_bytes()[..8]);
        let hash = u64::from_le_bytes(hash);
        let Sizes { usual, late, easier, most } = self.sizes;
        let says_so = hash % usual == 0 || (self.count >= late && hash % easier == 0);
        if !key.is_empty() && (says_so || self.count >= most) {
            self.starts.push(key.to_vec());
            self.count = 0;
        }
        self.count += 1;
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(key);
        Ok(())
    }

    /// The first key of each range, in their order; that of the first one is empty.
    pub(super) fn finish(self) -> Vec<Vec<u8>> {
        self.starts
    }
}

/// A store that repeats or mixes its keys up would be stored wrong without anybody noticing.
pub(super) fn check_order(last: Option<&[u8]>, key: &[u8]) -> io::Result<()> {
    match last {
        Some(last) if last >= key => {
            let (last, key) = (last.escape_ascii(), key.escape_ascii());
            Err(io::Error::other(format!("the store lists {key} after {last}, which is not the order of keys")))
        }
        _ => Ok(()),
    }
}

/// The name of the folder of the range that begins with this key. Different ones have different names.
pub(super) fn name_of(start: &[u8]) -> Vec<u8> {
    let (shown, whole) = beginning(start, SHOWN);
    let mut name = [FROM, &shown].concat();
    if !whole {
        name.extend_from_slice(SHORTENED);
        name.extend_from_slice(&Id::of(start).to_hex().as_bytes()[..32]);
    }
    name
}

/// Which of these folders may hold a key: mostly one, and more only where ranges begin with the same two hundred bytes.
pub(super) fn holding<'n>(folders: &[&'n [u8]], key: &[u8]) -> Vec<&'n [u8]> {
    let mut starts: Vec<(Vec<u8>, &'n [u8])> = folders
        .iter()
        .filter_map(|name| {
            let shown = name.strip_prefix(FROM)?;
            let shown =
                shown.windows(SHORTENED.len()).position(|two| two == SHORTENED).map_or(shown, |end| &shown[..end]);
            Some((unescape(shown)?, *name))
        })
        .filter(|(start, _)| start.as_slice() <= key)
        .collect();
    starts.sort_unstable();
    let mut found = Vec::new();
    // The beginning that is certainly before the key: behind it only others with the same one can be meant.
    let mut certain: Option<Vec<u8>> = None;
    for (start, name) in starts.into_iter().rev() {
        if certain.as_ref().is_some_and(|certain| *certain != start) {
            break;
        }
        found.push(name);
        if !name.windows(SHORTENED.len()).any(|two| two == SHORTENED) {
            break;
        }
        // A shortened start may be later than the key as long as the key begins like it.
        if !key.starts_with(&start) {
            certain = Some(start);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const SMALL: Sizes = Sizes { usual: 16, late: 32, easier: 4, most: 48 };

    fn starts(keys: &BTreeSet<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut cuts = Cuts::new(SMALL);
        for key in keys {
            cuts.push(key).unwrap();
        }
        cuts.finish()
    }

    fn numbered(count: usize) -> BTreeSet<Vec<u8>> {
        (0..count).map(|number| format!("log-2026-{number:08}").into_bytes()).collect()
    }

    #[test]
    fn keys_that_all_begin_alike_are_cut_too_and_no_range_is_large() {
        let keys = numbered(10_000);
        let mut starts = starts(&keys);
        assert!((400..1000).contains(&starts.len()), "{}", starts.len());
        starts.push(b"z".to_vec());
        for two in starts.windows(2) {
            let count = keys.range(two[0].clone()..two[1].clone()).count();
            assert!(count <= SMALL.most, "{count}");
        }
    }

    #[test]
    fn the_cuts_are_frozen() {
        // Changing these lays every flat store out anew: they must never change.
        let mut cuts = Cuts::new(Sizes::FROZEN);
        for key in numbered(20_000) {
            cuts.push(&key).unwrap();
        }
        let names: Vec<String> = cuts.finish().iter().map(|start| String::from_utf8(name_of(start)).unwrap()).collect();
        assert_eq!(names, FROZEN);
    }

    const FROZEN: &[&str] = &["from-", "from-log-2026-00017123", "from-log-2026-00018935"];

    #[test]
    fn the_folder_of_a_key_is_found_by_the_names_of_the_folders() {
        let deep = |end: &str| [&b"p/".repeat(100)[..], end.as_bytes()].concat();
        let starts = [Vec::new(), b"a/b".to_vec(), b"m".to_vec(), deep("1"), deep("5"), b"zz".to_vec()];
        let names: Vec<Vec<u8>> = starts.iter().map(|start| name_of(start)).collect();
        assert_eq!(names[..3], [&b"from-"[..], b"from-a%2Fb", b"from-m"]);
        assert!(names.iter().all(|name| name.len() <= 250) && names[3] != names[4]);
        let folders: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let of = |key: &[u8]| holding(&folders, key);
        assert_eq!(of(b""), [folders[0]]);
        assert_eq!(of(b"a/a"), [folders[0]]);
        assert_eq!(of(b"a/b"), [folders[1]]);
        assert_eq!(of(b"zzz"), [folders[5]]);
        let deep = of(&deep("3"));
        assert!(deep.contains(&folders[3]) && deep.len() == 3, "{deep:?}");
    }

    #[test]
    fn a_store_that_mixes_its_keys_up_is_refused() {
        let mut cuts = Cuts::new(SMALL);
        cuts.push(b"b").unwrap();
        assert!(cuts.push(b"b").is_err());
        assert!(cuts.push(b"a").is_err());
        cuts.push(b"c").unwrap();
    }

    proptest! {
        #[test]
        fn a_key_that_comes_changes_no_range_but_those_around_it(count in 1..1500_usize, new in 0..1500_usize) {
            let mut keys = numbered(count);
            let before: BTreeSet<Vec<u8>> = starts(&keys).into_iter().collect();
            let key = format!("log-2026-{new:08}-new").into_bytes();
            keys.insert(key.clone());
            let after: BTreeSet<Vec<u8>> = starts(&keys).into_iter().collect();
            for start in before.symmetric_difference(&after) {
                // Nothing changes before it, and behind it the next cut that a hash alone makes ends all change.
                prop_assert!(*start >= key);
            }
            let changed = before.symmetric_difference(&after).count();
            prop_assert!(changed <= 8, "{changed}");
        }
    }
}
