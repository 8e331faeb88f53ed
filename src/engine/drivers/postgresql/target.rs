//! Restoring into a folder, which becomes a data directory that a server starts on.

use super::{PostgreSql, recovery};
use crate::domain::Invalid;
use crate::domain::continuous::Moment;
use crate::engine::drivers::folder::{self, path_of, root, vacancy};
use crate::engine::drivers::{Fault, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};
use crate::repository::{ItemPath, OpenFolder, RestoreOutcome, RestoreSize};
use rustix::fs::{Mode, OFlags, fstat, fsync, openat};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// What a server needs beside its data, and which some systems keep elsewhere: what is written where it is missing.
pub(super) const SETTINGS: [(&str, &str); 3] = [
    (
        "postgresql.conf",
        "# The settings of the server that was backed up lay outside of its data directory. These are the defaults.\n",
    ),
    (
        "pg_hba.conf",
        "# TYPE DATABASE USER ADDRESS METHOD\n\
         local all all peer\n\
         host all,replication all 127.0.0.1/32 scram-sha-256\n\
         host all,replication all ::1/128 scram-sha-256\n",
    ),
    ("pg_ident.conf", "# MAPNAME SYSTEM-USERNAME PG-USERNAME\n"),
];

/// What a restore of a cluster is to do.
pub(super) fn plan(driver: &PostgreSql, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = (driver.0.read)(ask.metadata)?;
    (driver.0.supported)(ask.metadata)?;
    if ask.source.is_some() && restore.identifier == driver.id_of(ask.resource_arn) {
        let key = driver.0.identifier_key;
        let rule = format!("must be a new name: {} is what was backed up, and is there still", restore.identifier);
        return Err(Invalid::value(format!("Metadata.{key}"), rule).into());
    }
    // Another account may have one of the same name.
    let own = format!("{}-{}", restore.identifier, super::unique()?);
    let target = folder::target::new_folder(ask, restore.path.as_deref(), &own)?;
    Ok(RestorePlan { target, makes: Some(restore.identifier), is_whole: true })
}

/// The folder that becomes a data directory.
pub(super) struct DataDirectory<'a> {
    folder: Box<folder::target::Folder<'a>>,
    path: PathBuf,
    /// Which folder it is.
    mark: Option<Mark>,
    /// The moment that its server is to recover to; the end of the backup with none.
    moment: Option<Moment>,
}

/// Opens nothing yet.
pub(super) fn open<'a>(driver: &PostgreSql, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = (driver.0.read)(cx.metadata)?;
    let made = Restored { name: Some(restore.identifier), ..Restored::default() };
    let folder = Box::new(folder::target::open(cx, Vec::new(), made)?);
    Ok(Box::new(DataDirectory { folder, path: path_of(cx.target)?.to_owned(), mark: None, moment: cx.moment }))
}

impl<'a> DataDirectory<'a> {
    /// That of a scratch folder.
    pub(super) fn at(path: PathBuf, lend: &'a (dyn Fn(u64, u64) -> bool + Sync), moment: Option<Moment>) -> Self {
        let folder = Box::new(folder::target::at(path.clone(), lend));
        Self { folder, path, mark: None, moment }
    }
}

impl Target for DataDirectory<'_> {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let mark = self.folder.begin(need)?;
        self.mark = Some(mark.clone());
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        self.mark = Some(before.clone());
        self.folder.resume(before)
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        self.folder.sink()
    }

    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let identity = self.mark.as_ref().and_then(root::identity_of);
        let identity = identity.ok_or_else(|| Fault::Failed("the target was not begun".to_owned()))?;
        let unwritten = |error: io::Error| {
            Fault::of_io(format_args!("The settings of a server cannot be written in {}", self.path.display()), &error)
        };
        let written = write_settings(vacancy::open_again(&self.path, identity)?).map_err(unwritten)?;
        if let Some(moment) = self.moment {
            recovery::write(vacancy::open_again(&self.path, identity)?, moment).map_err(unwritten)?;
        }
        let mut restored = self.folder.finish(outcome)?;
        if let Some(Moment { at, .. }) = self.moment {
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            restored.notes.push(format!("At its first start the server recovers to {at}."));
        }
        if !written.is_empty() {
            restored.notes.push(format!(
                "{} were not in the data directory that was backed up and have the defaults of a new server.",
                written.join(", ")
            ));
        }
        Ok(restored)
    }
}

/// Writes the settings that are missing in a data directory, for its owner; which those are.
fn write_settings(folder: OpenFolder) -> io::Result<Vec<&'static str>> {
    let folder = folder.into_descriptor();
    let owner = fstat(&folder)?;
    let mut written = Vec::new();
    for (name, text) in SETTINGS {
        let access = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&folder, name, access, Mode::RUSR | Mode::WUSR)?);
        // An empty one is what an earlier attempt came to.
        if file.metadata()?.len() > 0 {
            continue;
        }
        file.write_all(text.as_bytes())?;
        recovery::give(&file, &owner)?;
        file.sync_all()?;
        written.push(name);
    }
    fsync(&folder)?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn settings_are_written_where_they_are_missing_and_only_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pg_hba.conf"), "mine").unwrap();
        let open = || OpenFolder::open(&folder.path().canonicalize().unwrap()).unwrap();
        assert_eq!(write_settings(open()).unwrap(), ["postgresql.conf", "pg_ident.conf"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("pg_hba.conf")).unwrap(), "mine");
        let mode = std::fs::metadata(folder.path().join("postgresql.conf")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(write_settings(open()).unwrap(), [""; 0], "a later attempt finds them there");
    }
}
