//! From a key to its place in a snapshot, and back.

use super::{names, ranges};
use crate::repository::item_path::ItemPath;

/// The key of an item of such a tree in a snapshot, by its path below the tree's root; nothing for a folder.
pub fn key_of_item(path: &ItemPath) -> Option<Vec<u8>> {
    names::key_of(path.components().iter().skip(1).map(Vec::as_slice))
}

/// Where the keys may be that begin with this key and a slash: folders below the tree's root, in any of the ranges.
pub fn folders_below_key<'n>(folders: impl Iterator<Item = &'n [u8]>, key: &[u8]) -> Vec<ItemPath> {
    let names = names::names_of(key);
    folders.map(|folder| ItemPath::of_names(std::iter::once(folder.to_vec()).chain(names.iter().cloned()))).collect()
}

/// Where a key may be in a snapshot of such a tree: paths below the tree's root, of which one is there if the key is.
/// `folders` are the names of the folders directly below that root.
pub fn places_of_key<'n>(folders: impl Iterator<Item = &'n [u8]>, key: &[u8]) -> Vec<ItemPath> {
    let folders: Vec<&[u8]> = folders.collect();
    let plain = names::names_of(key);
    let mut beside = plain.clone();
    if let Some(last) = beside.last_mut() {
        last.extend_from_slice(names::BESIDE);
    }
    let below = |folder: &[u8], names: &[Vec<u8>]| {
        ItemPath::of_names(std::iter::once(folder.to_vec()).chain(names.iter().cloned()))
    };
    let folders = ranges::holding(&folders, key).into_iter();
    folders.flat_map(|folder| [below(folder, &plain), below(folder, &beside)]).collect()
}
