//! The way down to where a walk goes on.

use crate::repository::ItemPath;
use std::cmp::Ordering;

/// The names that still lie on the way to the last item that was handled, from the folder that is being walked.
#[derive(Debug, Clone, Default)]
pub(super) struct Descent {
    names: Vec<Vec<u8>>,
}

/// How an item lies to that one.
#[derive(Debug)]
pub(super) enum Place {
    /// It was handled, and all that is below it.
    Before,
    /// It was handled; what is below it is to be gone on with by this way.
    OnTheWay(Descent),
    /// It was not handled.
    Behind,
}

impl Descent {
    /// The way to the last item that was handled; none begins at the beginning.
    pub(super) fn to(last: Option<&ItemPath>) -> Self {
        Self { names: last.map(|path| path.components().to_vec()).unwrap_or_default() }
    }

    /// How the item of this name in the walked folder lies to it. Items come in the order of their names.
    pub(super) fn place(&self, name: &[u8]) -> Place {
        let Some((first, rest)) = self.names.split_first() else { return Place::Behind };
        match name.cmp(first) {
            Ordering::Less => Place::Before,
            Ordering::Equal => Place::OnTheWay(Self { names: rest.to_vec() }),
            Ordering::Greater => Place::Behind,
        }
    }
}
