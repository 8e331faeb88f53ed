//! The file: where it is, who may read it, and what it must be to be used.

use super::bounds::Bounds;
use super::past::Past;
use super::rows::{self, Connection, Summary};
use crate::domain::job::BackupJob;
use crate::domain::{Scope, Time};
use rusqlite::ErrorCode;
use rustix::io::Errno;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of a user, which need not exist.
#[derive(Debug, Clone)]
pub struct HistoryFile {
    path: PathBuf,
    pub(super) bounds: Bounds,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The system refused.
    #[error("the history of jobs {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is damaged, or it is no history.
    #[error("the history of jobs {} is damaged: {why}; `vaultdeck history clear` removes it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        why: String,
    },
    /// A newer vaultdeck made it.
    #[error("the history of jobs {} is of version {version}, which is newer than {}, which this vaultdeck knows", path.display(), rows::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// It cannot be written now: the disk is full, it is read-only, or another session holds it.
    #[error("the history of jobs {}: {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl HistoryFile {
    /// The file in a user's folder of states, with the usual bounds.
    pub fn of(state_dir: &Path) -> Self {
        Self { path: state_dir.join("history.sqlite"), bounds: Bounds::default() }
    }

    /// The same with other bounds.
    pub fn with(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How much it keeps.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// What is in it; nothing where there is no file.
    pub fn summary(&self) -> Result<Summary, HistoryError> {
        if !self.path.try_exists().map_err(|source| self.io(source))? {
            return Ok(Summary::default());
        }
        let connection = self.connect(false)?;
        let bytes = fs::metadata(&self.path).map_err(|source| self.io(source))?.len();
        let contexts = rows::summary(&connection).map_err(|error| self.explain(error))?;
        Ok(Summary { bytes, contexts })
    }

    /// Forgets what was seen in a context, and gives its room back; how many jobs that were.
    pub fn clear(&self, context: &str) -> Result<usize, HistoryError> {
        if !self.path.try_exists().map_err(|source| self.io(source))? {
            return Ok(0);
        }
        let mut connection = self.open()?;
        rows::clear(&mut connection, context).map_err(|error| self.explain(error))
    }

    /// Removes the file, whatever is in it.
    pub fn remove(&self) -> Result<(), HistoryError> {
        let mut journal = self.path.clone().into_os_string();
        journal.push("-journal");
        for path in [self.path.clone(), PathBuf::from(journal)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.io(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens the file, and makes it where there is none.
    pub(super) fn open(&self) -> Result<Connection, HistoryError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| self.io(source))?;
        // SQLite makes files that others may read. What it makes beside this one is as this one is.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(self.io(error)),
            _ => {}
        }
        let rights = fs::metadata(&self.path).map_err(|source| self.io(source))?.permissions().mode();
        if rights & 0o077 != 0 {
            let narrowed = fs::set_permissions(&self.path, Permissions::from_mode(0o600));
            // Of a file system that is read-only it is read all the same.
            match narrowed {
                Err(error) if error.kind() != io::ErrorKind::ReadOnlyFilesystem => return Err(self.io(error)),
                _ => {}
            }
        }
        let mut connection = self.connect(true)?;
        rows::make(&mut connection).map_err(|error| self.explain(error))?;
        Ok(connection)
    }

    fn connect(&self, writable: bool) -> Result<Connection, HistoryError> {
        let connect = || {
            let connection = rows::connect(&self.path, writable)?;
            let version = rows::version(&connection)?;
            Ok((connection, version))
        };
        let (connection, version) = connect().map_err(|error| self.explain(error))?;
        if version > rows::VERSION {
            return Err(HistoryError::Newer { path: self.path.clone(), version });
        }
        Ok(connection)
    }

    /// Writes the jobs of a list of one scope that were read at `at`; how many were new or others than before.
    pub(super) fn write(
        &self,
        connection: &mut Connection,
        (context, scope): (&str, &Scope),
        jobs: &[&Arc<BackupJob>],
        at: Time,
    ) -> Result<usize, HistoryError> {
        rows::write(connection, (context, scope), jobs, at, self.bounds).map_err(|error| self.explain(error))
    }

    /// What reaches further back than the list of a scope that was read at `at`.
    pub(super) fn past(
        &self,
        connection: &Connection,
        (context, scope): (&str, &Scope),
        at: Time,
    ) -> Result<Past, HistoryError> {
        rows::past(connection, (context, scope), at, self.bounds).map_err(|error| self.explain(error))
    }

    fn io(&self, source: io::Error) -> HistoryError {
        HistoryError::Io { path: self.path.clone(), source }
    }

    fn explain(&self, error: rusqlite::Error) -> HistoryError {
        let (path, why) = (self.path.clone(), error.to_string());
        match error.sqlite_error_code() {
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory,
            ) => HistoryError::Refused { path, why },
            _ => HistoryError::Damaged { path, why },
        }
    }
}

impl HistoryError {
    /// Whether it may work the next time, and what is in the file may be read all the same.
    pub(super) fn is_of_now(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::Io { source, .. } => {
                let too_many = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
                    || source.raw_os_error().is_some_and(|code| too_many.contains(&code))
            }
            Self::Damaged { .. } | Self::Newer { .. } => false,
        }
    }
}
