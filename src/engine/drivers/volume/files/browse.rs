//! The files of a volume, one folder at a time.

use super::Files;
use crate::domain::Invalid;
use crate::engine::drivers::browse::{Listing, Shown};
use crate::engine::drivers::{Fault, Inside};
use crate::repository::{ForeignTree as _, ItemPath, Listed, Node, NodeKind};
use std::io;
use std::time::{Duration, Instant};

/// How long a page may take: a damaged or hostile image must not hold a request for ever.
const LONGEST: Duration = Duration::from_secs(45);

/// A page of a folder. What the volume has at its root is always told, if only that nothing can be shown of it.
pub(in crate::engine::drivers) fn entries(
    content: &Inside<'_>,
    folder: &ItemPath,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Listing, Fault> {
    match Files::open(content, Some(Instant::now() + LONGEST)).and_then(|files| files.page(folder, after, limit)) {
        Err(fault) if folder.is_root() => Ok(Listing { note: Some(fault.to_string()), ..Listing::default() }),
        outcome => outcome,
    }
}

impl Files {
    fn page(&self, folder: &ItemPath, after: Option<&[u8]>, limit: usize) -> Result<Listing, Fault> {
        let mut names = self.names_in(folder).map_err(|error| unlisted(folder, &error))?;
        names.retain(|listed| after.is_none_or(|after| listed.name.as_slice() > after));
        names.sort();
        let more = names.len() > limit;
        names.truncate(limit);
        let is_table = self.has_table && folder.is_root();
        let items = names.iter().map(|listed| self.shown(listed, is_table)).collect();
        Ok(Listing { items, more, note: None })
    }

    /// The names in a folder, to which the path leads from the root on. Links are not followed.
    fn names_in(&self, folder: &ItemPath) -> io::Result<Vec<Listed>> {
        let mut names = self.names(self.root()?.0)?;
        for name in folder.components() {
            let found = names.into_iter().find(|listed| listed.name == *name);
            let at = found.ok_or(io::ErrorKind::NotFound)?.at;
            if !self.item(at)?.node.is_directory() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            names = self.names(at)?;
        }
        Ok(names)
    }

    fn shown(&self, listed: &Listed, is_part: bool) -> Shown {
        let (mut node, note) = match self.item(listed.at) {
            Ok(item) => (item.node, is_part.then(|| self.told_of(listed.at.part))),
            Err(error) => (Node { kind: NodeKind::Other, ..Node::default() }, Some(error.to_string())),
        };
        node.name.clone_from(&listed.name);
        Shown { node, note }
    }
}

fn unlisted(folder: &ItemPath, error: &io::Error) -> Fault {
    match (Fault::behind(error), error.kind()) {
        (Some(fault), _) => fault.clone(),
        (None, io::ErrorKind::NotFound) => Fault::Gone(format!("The recovery point holds no folder {folder}.")),
        (None, io::ErrorKind::NotADirectory) => {
            Invalid::value("path", format_args!("{folder} is not a folder of this recovery point")).into()
        }
        _ => Fault::Failed(format!("{folder} cannot be listed: {error}")),
    }
}
