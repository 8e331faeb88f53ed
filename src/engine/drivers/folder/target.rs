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

/// Opens the empty folder that a restore writes into, with what tells it from any other that may lie there later.
pub(in crate::engine::drivers) fn begin(
    path: &Path,
    need: &RestoreSize,
    lend: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Result<(OpenFolder, Mark), Fault> {
    let lend = |folder: &OpenFolder, bytes| lend(folder.identity().device, bytes);
    let into = vacancy::open_vacant(path, need.required_bytes, &OpenFolder::free_space, &lend)?;
    let mark = root::mark_of(into.identity());
    Ok((into, mark))
}

/// Opens the folder again that a restore has begun.
pub(in crate::engine::drivers) fn resume(path: &Path, before: &Mark) -> Result<OpenFolder, Fault> {
    let unknown = || Fault::Failed(format!("It is not known which folder at {} was begun.", path.display()));
    vacancy::open_again(path, root::identity_of(before).ok_or_else(unknown)?)
}

impl Target for Folder<'_> {
    fn items(&self) -> &[ItemPath] {
        &self.items
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let (into, mark) = begin(&self.path, need, self.lend)?;
        self.into = Some(into);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        self.into = Some(resume(&self.path, before)?);
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
