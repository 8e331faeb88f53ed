//! Restoring into a folder.

use crate::domain::types::location::Location;
use crate::engine::drivers::folder::{path_of, root, vacancy};
use crate::engine::drivers::{Fault, Mark, RestoreAsk, RestoreCx, Restored, Sink, Target};
use crate::repository::{ItemPath, OpenFolder, RestoreOutcome, RestoreSize};
use std::path::{Path, PathBuf};

/// The folder of a restore that makes something new: the one that was asked for, else one of the engine's own that is called
/// `name`.
pub(in crate::engine::drivers) fn new_folder(
    ask: &RestoreAsk<'_>,
    path: Option<&str>,
    name: &str,
) -> Result<Location, Fault> {
    let target = match path {
        Some(path) => vacancy::given(Path::new(path), ask.roots, ask.data_dir)?,
        None => (ask.restored)()?.join(name),
    };
    Ok(Location::at_path(target.to_string_lossy()))
}

/// A folder that is restored into.
pub(in crate::engine::drivers) struct Folder<'a> {
    path: PathBuf,
    items: Vec<ItemPath>,
    lend: &'a (dyn Fn(u64, u64) -> bool + Sync),
    into: Option<OpenFolder>,
    /// What the job says at its end.
    made: Restored,
}

/// Opens nothing yet.
pub(in crate::engine::drivers) fn open<'a>(
    cx: &RestoreCx<'a>,
    items: Vec<ItemPath>,
    made: Restored,
) -> Result<Folder<'a>, Fault> {
    Ok(Folder { path: path_of(cx.target)?.to_owned(), items, lend: cx.lend, into: None, made })
}

/// A folder of the engine's own.
pub(in crate::engine::drivers) fn at(path: PathBuf, lend: &(dyn Fn(u64, u64) -> bool + Sync)) -> Folder<'_> {
    Folder { path, items: Vec::new(), lend, into: None, made: Restored::default() }
}

/// The same, for some of what the recovery point has.
pub(in crate::engine::drivers) fn some_at(
    path: PathBuf,
    items: Vec<ItemPath>,
    lend: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Folder<'_> {
    Folder { items, ..at(path, lend) }
}

impl Target for Folder<'_> {
    fn items(&self) -> &[ItemPath] {
        &self.items
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let lend = |folder: &OpenFolder, bytes| (self.lend)(folder.identity().device, bytes);
        let into = vacancy::open_vacant(&self.path, need.required_bytes, &OpenFolder::free_space, &lend)?;
        let mark = root::mark_of(into.identity());
        self.into = Some(into);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let unknown = || Fault::Failed(format!("It is not known which folder at {} was begun.", self.path.display()));
        let identity = root::identity_of(before).ok_or_else(unknown)?;
        self.into = Some(vacancy::open_again(&self.path, identity)?);
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        let into = self.into.take();
        into.map(Sink::Folder).ok_or_else(|| Fault::Failed("the target was not begun".to_owned()))
    }

    fn finish(self: Box<Self>, _: &RestoreOutcome) -> Result<Restored, Fault> {
        Ok(self.made)
    }
}
