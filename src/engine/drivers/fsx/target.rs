//! Restoring into a new folder, as AWS makes a new file system or volume: nothing is restored into one that is there, and no
//! single items.

use super::{kind_in, new_id};
use crate::domain::Invalid;
use crate::domain::resource::validate_name;
use crate::domain::types::fsx::{FsxKind, FsxRestore, ID_KEY, NAME_KEY, TYPE_KEY, file_system_id, supported_by_engine};
use crate::domain::types::location::Part;
use crate::engine::drivers::{Fault, RestoreAsk, RestoreCx, RestorePlan, Restored, Target, folder};

/// What a restore is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = FsxRestore::read(ask.metadata)?;
    supported_by_engine(ask.metadata)?;
    if let Some(name) = &restore.name {
        validate_name(name).map_err(|invalid| wrong(NAME_KEY, &invalid.message))?;
    }
    let right = file_system_id(ask.resource_arn);
    if restore.file_system_id.as_deref().is_some_and(|id| id != right) {
        return Err(wrong(ID_KEY, &format!("{ID_KEY} must be {right}, what was backed up")));
    }
    let kind = kind(ask, &restore)?;
    let id = new_id(kind)?;
    let folder = id.replace('/', "-");
    let target = folder::target::new_folder(ask, restore.path.as_deref(), &folder)?;
    Ok(RestorePlan { target: target.with(Part::Kind, Some(kind.as_str())), makes: Some(id), is_whole: true })
}

/// The kind of what was backed up, which what is made has too.
fn kind(ask: &RestoreAsk<'_>, restore: &FsxRestore) -> Result<FsxKind, Fault> {
    match (kind_in(ask.details), restore.kind) {
        (Some(was), Some(said)) if was != said => {
            let rule = format!("{TYPE_KEY} must be {}, as what was backed up, not {}", was.as_str(), said.as_str());
            Err(wrong(TYPE_KEY, &rule))
        }
        (Some(kind), _) | (None, Some(kind)) => Ok(kind),
        (None, None) => {
            Err(wrong(TYPE_KEY, &format!("{TYPE_KEY} is needed: the recovery point does not say its kind")))
        }
    }
}

fn wrong(key: &str, rule: &str) -> Fault {
    Fault::Invalid(Invalid::value(format!("Metadata.{key}"), rule))
}

/// Opens nothing yet.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = FsxRestore::read(cx.metadata)?;
    let made = Restored { name: restore.name, ..Restored::default() };
    Ok(Box::new(folder::target::open(cx, Vec::new(), made)?))
}
