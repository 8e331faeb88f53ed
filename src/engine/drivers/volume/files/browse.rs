//! The files of a volume, one folder at a time.

use super::disk::{Disk, is_of_store};
use super::turns::Turns;
use super::{Files, unread_root};
use crate::domain::Invalid;
use crate::engine::drivers::browse::{Browse, Listing, Shown};
use crate::engine::drivers::{Fault, Inside};
use crate::repository::{ForeignTree as _, ItemPath, Listed, Node, NodeKind};
use chrono::TimeDelta;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long a page may take: a damaged or hostile image must not hold a request for ever.
const LONGEST: Duration = Duration::from_secs(45);
/// How long one waits for its turn: with [`LONGEST`] less than a request may take.
const WAIT: Duration = Duration::from_secs(10);
/// Of how many partitions the file systems are opened for a list of them.
const OPENED: u32 = 16;

/// Each may take the memory of a journal and of a large folder.
static TURNS: Turns = Turns::new(2);

/// The files of any volume, whichever service it is of.
pub(in crate::engine::drivers) struct FilesOfVolume;

impl Browse for FilesOfVolume {
    fn page(
        &self,
        content: &Inside<'_>,
        folder: &ItemPath,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Listing, Fault> {
        entries(content, folder, after, limit)
    }
}

/// A page of a folder. What the volume has at its root is always told, if only that nothing can be shown of it.
///
/// # Errors
///
/// [`Fault::Temporary`] when others are being looked into; [`Fault::System`] when the recovery point cannot be read;
/// [`Fault::Gone`], [`Fault::Invalid`] and [`Fault::Failed`] when the folder is not there, is none, or cannot be read.
pub(in crate::engine::drivers) fn entries(
    content: &Inside<'_>,
    folder: &ItemPath,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Listing, Fault> {
    let busy = || Fault::Temporary {
        why: "The files of other volumes are being listed; try again in a moment.".to_owned(),
        after: TimeDelta::seconds(5),
    };
    let _turn = TURNS.take(WAIT).ok_or_else(busy)?;
    let disk = Disk::open(content, Some(Instant::now() + LONGEST))?;
    match Files::of(Rc::new(disk)).and_then(|files| files.page(folder, after, limit)) {
        Err(error) if folder.is_root() && !is_of_store(&error) => {
            Ok(Listing { note: Some(error.to_string()), ..Listing::default() })
        }
        outcome => outcome.map_err(|error| unlisted(folder, &error)),
    }
}

impl Files {
    pub(super) fn page(&self, folder: &ItemPath, after: Option<&[u8]>, limit: usize) -> io::Result<Listing> {
        let mut names = self.names_in(folder)?;
        names.retain(|listed| after.is_none_or(|after| listed.name.as_slice() > after));
        names.sort();
        let more = names.len() > limit;
        names.truncate(limit);
        let is_table = self.has_table && folder.is_root();
        let shown = |listed: &Listed| if is_table { self.shown_part(listed) } else { self.shown(listed) };
        let items = names.iter().map(shown).collect::<io::Result<_>>()?;
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

    fn shown(&self, listed: &Listed) -> io::Result<Shown> {
        let (mut node, note) = match self.item(listed.at) {
            Ok(item) => (item.node, None),
            Err(error) if is_of_store(&error) => return Err(error),
            Err(error) => (Node { kind: NodeKind::Other, ..Node::default() }, Some(error.to_string())),
        };
        node.name.clone_from(&listed.name);
        Ok(Shown { node, is_unread: note.is_some(), note })
    }

    fn shown_part(&self, listed: &Listed) -> io::Result<Shown> {
        let part = listed.at.part;
        let is_opened = part < OPENED;
        let root = if is_opened { self.part_root(part)? } else { None };
        let (is_unread, mut node) = (root.is_none(), root.map_or_else(unread_root, |root| root.node));
        node.name.clone_from(&listed.name);
        Ok(Shown { node, is_unread, note: Some(self.told_of(part, is_opened)?) })
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
