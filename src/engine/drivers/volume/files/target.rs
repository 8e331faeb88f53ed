//! Restoring files of a volume into a folder.

use super::Files;
use super::disk::Disk;
use crate::domain::types::ebs::VolumeRestore;
use crate::engine::drivers::folder::{path_of, target as folder};
use crate::engine::drivers::{
    Extraction, Fault, Inside, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target,
};
use crate::repository::{
    self, Control, Error, ItemPath, OpenFolder, RestoreOutcome, RestoreSize, measure_foreign, restore_foreign,
};
use std::path::PathBuf;
use std::rc::Rc;

/// What a restore of files is to do: `volume` is an id that no other has.
pub(in crate::engine::drivers) fn plan(
    ask: &RestoreAsk<'_>,
    restore: &VolumeRestore,
    volume: &str,
) -> Result<RestorePlan, Fault> {
    let target = folder::new_folder(ask, restore.path.as_deref(), &format!("{volume}-files"))?;
    Ok(RestorePlan { target, makes: None, is_whole: false })
}

/// Opens nothing yet.
pub(in crate::engine::drivers) fn target<'a>(
    cx: &RestoreCx<'a>,
    items: &[String],
) -> Result<Box<dyn Target + 'a>, Fault> {
    let items = items.iter().map(|item| ItemPath::parse(item).map_err(|error| Fault::Failed(error.to_string())));
    Ok(Box::new(Chosen {
        path: path_of(cx.target)?.to_owned(),
        items: items.collect::<Result<_, _>>()?,
        content: cx.content,
        lend: cx.lend,
        size: None,
        into: None,
        is_resumed: false,
        notes: Vec::new(),
    }))
}

/// Files that are restored.
struct Chosen<'a> {
    path: PathBuf,
    items: Vec<ItemPath>,
    content: &'a Inside<'a>,
    lend: &'a (dyn Fn(u64, u64) -> bool + Sync),
    size: Option<RestoreSize>,
    into: Option<OpenFolder>,
    is_resumed: bool,
    notes: Vec<String>,
}

impl Chosen<'_> {
    fn open(&self) -> repository::Result<Files> {
        let disk = Disk::open(self.content, None).map_err(Fault::into_io);
        disk.and_then(|disk| Files::of(Rc::new(disk))).map_err(|source| Error::Source { path: "/".into(), source })
    }

    fn measured(&mut self, control: &Control) -> repository::Result<RestoreSize> {
        let size = measure_foreign(&self.open()?, &self.items, control)?;
        self.size = Some(size);
        Ok(size)
    }
}

impl Target for Chosen<'_> {
    fn items(&self) -> &[ItemPath] {
        &self.items
    }

    fn measure(&mut self, control: &Control) -> Option<repository::Result<RestoreSize>> {
        Some(self.measured(control))
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let (into, mark) = folder::begin(&self.path, need, self.lend)?;
        self.into = Some(into);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        self.into = Some(folder::resume(&self.path, before)?);
        self.is_resumed = true;
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        Ok(Sink::Own(self))
    }

    /// What was restored is no resource that anybody registered.
    fn finish(self: Box<Self>, _: &RestoreOutcome) -> Result<Restored, Fault> {
        Ok(Restored { notes: self.notes, is_of_no_resource: true, ..Restored::default() })
    }
}

impl Extraction for Chosen<'_> {
    fn extract(&mut self, control: &Control) -> repository::Result<RestoreOutcome> {
        let not_begun = || Error::Invalid("the target was not begun".to_owned());
        let size = self.size.map_or_else(|| self.measured(control), Ok)?;
        control.progress.expect(size.files, size.bytes);
        let (files, into) = (self.open()?, self.into.take().ok_or_else(not_begun)?);
        let outcome = restore_foreign(&files, &self.items, size.required_bytes, into, self.is_resumed, control)?;
        let read = files.bytes_read();
        let (count, bytes, into) = (outcome.files, outcome.bytes, self.path.display());
        let restored = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        self.notes =
            vec![format!("{restored} with {bytes} bytes came into {into}; {read} bytes of the volume were read.")];
        self.notes.extend(files.notes());
        Ok(outcome)
    }
}
