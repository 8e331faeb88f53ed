//! Which items a restore wants.

use std::collections::BTreeMap;

use crate::repository::item_path::ItemPath;

/// The wanted items below some folder: all of them, or those that the names lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    /// Everything.
    All,
    /// What lies at these names.
    Some(BTreeMap<Vec<u8>, Selection>),
}

impl Selection {
    /// The selection of these paths; folders are wanted with all that is in them. No path at all wants everything.
    pub(super) fn of(items: &[ItemPath]) -> Self {
        if items.is_empty() {
            return Self::All;
        }
        let mut selection = Self::Some(BTreeMap::new());
        for item in items {
            selection.add(item.components());
        }
        selection
    }

    fn add(&mut self, names: &[Vec<u8>]) {
        let mut here = self;
        for name in names {
            match here {
                Self::All => return,
                Self::Some(children) => {
                    here = children.entry(name.clone()).or_insert_with(|| Self::Some(BTreeMap::new()));
                }
            }
        }
        *here = Self::All;
    }

    /// Takes out what is wanted of an item, if anything is.
    pub(super) fn take(&mut self, name: &[u8]) -> Option<Self> {
        match self {
            Self::All => Some(Self::All),
            Self::Some(children) => children.remove(name),
        }
    }

    /// The paths that were not taken out, below `folder`.
    pub(super) fn left(&self, folder: &ItemPath) -> Vec<ItemPath> {
        match self {
            Self::All => Vec::new(),
            Self::Some(children) => {
                children.iter().flat_map(|(name, wanted)| wanted.paths(&folder.join(name))).collect()
            }
        }
    }

    /// The paths that are wanted, when this is the selection at `path`.
    pub(super) fn paths(&self, path: &ItemPath) -> Vec<ItemPath> {
        match self {
            Self::All => vec![path.clone()],
            Self::Some(_) => self.left(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> Vec<ItemPath> {
        texts.iter().map(|text| ItemPath::parse(text).unwrap()).collect()
    }

    #[test]
    fn no_items_mean_everything_and_so_does_the_root() {
        assert_eq!(Selection::of(&[]), Selection::All);
        assert_eq!(Selection::of(&paths(&["/"])), Selection::All);
    }

    #[test]
    fn a_folder_is_wanted_with_all_that_is_in_it() {
        let mut selection = Selection::of(&paths(&["/a/b", "/a", "/a/c"]));
        assert_eq!(selection.take(b"a"), Some(Selection::All));
        assert_eq!(selection.take(b"z"), None);
    }

    #[test]
    fn what_was_not_met_is_left_over() {
        let mut selection = Selection::of(&paths(&["/a/b", "/c", "/d/e/f"]));
        let mut a = selection.take(b"a").unwrap();
        assert_eq!(a.take(b"b"), Some(Selection::All));
        assert!(a.left(&ItemPath::parse("/a").unwrap()).is_empty());
        assert_eq!(selection.left(&ItemPath::root()), paths(&["/c", "/d/e/f"]));
    }
}
