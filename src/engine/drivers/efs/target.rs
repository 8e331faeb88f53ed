//! Restoring into a folder: a new one, or one of its own in the folder that was backed up.

use super::file_system_id;
use crate::domain::types::efs::{self, EfsRestore, EfsTarget};
use crate::domain::types::location::Location;
use crate::engine::drivers::folder::root::SourceRoot;
use crate::engine::drivers::folder::{self, path_of};
use crate::engine::drivers::{Fault, Registered, RestoreAsk, RestoreCx, RestorePlan, Restored, Target};
use crate::repository::{ItemPath, OpenFolder};

/// What a restore of a folder is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = EfsRestore::read(ask.metadata)?;
    efs::supported_by_engine(ask.metadata)?;
    let is_whole = items(&restore)?.is_empty();
    let (target, makes) = match &restore.target {
        EfsTarget::NewFileSystem { path } => {
            let id = folder::new_id("fs")?;
            (folder::target::new_folder(ask, path.as_deref(), &id)?, Some(id))
        }
        EfsTarget::SourceFileSystem => {
            let source = source(ask, &restore.file_system_id)?;
            open_source(source)?;
            let when = ask.now.format("%Y-%m-%dT%H-%M-%S-%3fZ");
            let target = path_of(&source.resource.location)?.join(format!("aws-backup-restore_{when}"));
            (Location::at_path(target.to_string_lossy()), None)
        }
    };
    Ok(RestorePlan { target, makes, is_whole })
}

fn items(restore: &EfsRestore) -> Result<Vec<ItemPath>, Fault> {
    let parsed = restore.items.iter().map(|item| ItemPath::parse(item)).collect::<Result<_, _>>();
    parsed.map_err(|e| Fault::Failed(format!("Invalid ItemsToRestore: {e}")))
}

/// The file system that was backed up, which must still be registered and be the one that the metadata names.
fn source<'a>(ask: &RestoreAsk<'a>, id: &str) -> Result<&'a Registered, Fault> {
    let right = file_system_id(ask.resource_arn);
    if id != right {
        return Err(Fault::Failed(format!(
            "Invalid Metadata: file-system-id must be {right}, the file system that was backed up"
        )));
    }
    ask.source.ok_or_else(|| Fault::Gone(format!("File system {id} does not exist any more; restore to a new one")))
}

/// Opens the folder of a resource that is restored into, if it is still the one that was registered.
fn open_source(source: &Registered) -> Result<(), Fault> {
    let path = path_of(&source.resource.location)?;
    let unusable = |e| Fault::Failed(format!("The file system {} cannot be used: {e}", path.display()));
    let folder = OpenFolder::open(path).map_err(unusable)?;
    SourceRoot::of(source.mark.as_ref()).expect(&source.resource, folder.identity()).map_err(Fault::Failed)
}

/// Opens nothing yet but the source, where that is restored into.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let items = items(&EfsRestore::read(cx.metadata)?)?;
    if !cx.makes_new {
        let gone = || Fault::Gone(format!("Resource {} does not exist.", cx.resource_arn));
        open_source(cx.source.ok_or_else(gone)?)?;
    }
    Ok(Box::new(folder::target::open(cx, items, Restored::default())?))
}
