//! The catalog: what exists, in SQLite. One writer, a few readers, every write one durable transaction.
//!
//! Only what stands here and in the `rows` of the rooms knows SQL: the modules below what is the same for all tables, `rows`
//! the tables of its room. What is allowed, and what it means, is the operations' matter; they pass a [`Connection`] or a
//! [`Transaction`] on and ask nothing of it themselves.

pub mod commits;
pub mod copies;
pub mod creation_tokens;
pub mod idempotency;
pub mod job_states;
pub mod migrations;
pub mod ordered_id;
pub mod paging;
mod private_copy;
pub mod query;
#[cfg(test)]
pub(crate) mod sample;
pub mod state;
pub mod values;

use crate::engine::data_dir::reserve::Reserve;
use crate::engine::error::{Error, Result};
use crate::engine::read_only::ReadOnly;
use crate::repository::crash_point;
use commits::Commits;
use parking_lot::Mutex;
use private_copy::PrivateCopy;
use rusqlite::config::DbConfig;
pub use rusqlite::{Connection, Transaction};
use rusqlite::{ErrorCode, OpenFlags, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How many idle read connections are kept.
const READERS: usize = 4;

/// How many bytes of the write-ahead log's index have blocks of their own, for a log of some 130 MB; SQLite writes the log from
/// its beginning again after 4 MB, unless somebody reads all the while.
const INDEX_ROOM: u64 = 256 << 10;

/// The open catalog.
pub struct Catalog {
    path: PathBuf,
    /// The file that is open: the catalog, or its copy.
    file: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    commits: Commits,
    /// Gives way to writing when the disk is full; none where nobody keeps one.
    reserve: Option<Arc<Reserve>>,
    /// Where the catalog itself cannot be written. Last, so that the copy goes when nobody has it open any more.
    copy: Option<(ReadOnly, PrivateCopy)>,
}

impl Catalog {
    /// The catalog's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells that something was written.
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Opens the catalog, checks that it is whole and not newer than this program, and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_on(path, None)
    }

    /// The same on a disk that has a reserve, for when it is full.
    pub fn open_with(path: &Path, reserve: Arc<Reserve>) -> Result<Self> {
        Self::open_on(path, Some(reserve))
    }

    fn open_on(path: &Path, reserve: Option<Arc<Reserve>>) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        if let Some(reserve) = &reserve {
            reserve.ensure_step();
        }
        let mut writer = connect(path, flags).map_err(|e| advised(explain(e, path), path))?;
        take_room_for_index(path);
        check(&writer, path).map_err(|error| advised(error, path))?;
        if copy_before_change(&writer, path)?
            && let Some(reserve) = &reserve
        {
            // A step may write all of it anew.
            reserve.ensure(std::fs::metadata(path).map_or(0, |facts| facts.len()));
        }
        migrations::run(&mut writer, path, &migrations::ALL)?;
        restrict(path)?;
        if let Some(reserve) = &reserve {
            start_log_anew(&writer);
            take_room_for_log(path, reserve.log_room());
        }
        Ok(Self::of(path, path.to_owned(), writer, None, reserve))
    }

    /// Opens a private copy of a catalog that cannot be written, checks it and brings its schema up to date; the catalog
    /// itself is only read. Whoever calls holds the data directory's lock, shared, so that nobody writes meanwhile.
    pub fn open_copy(path: &Path, why: &ReadOnly) -> Result<Self> {
        let copy = PrivateCopy::make(path)?;
        let file = copy.catalog();
        let opened = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let mut writer = opened.map_err(|e| advised(explain(e, path), path))?;
        take_room_for_index(&file);
        check(&writer, path).map_err(|error| advised(error, path))?;
        migrations::run(&mut writer, path, &migrations::ALL)?;
        Ok(Self::of(path, file, writer, Some((why.clone(), copy)), None))
    }

    fn of(
        path: &Path,
        file: PathBuf,
        writer: Connection,
        copy: Option<(ReadOnly, PrivateCopy)>,
        reserve: Option<Arc<Reserve>>,
    ) -> Self {
        let (path, writer) = (path.to_owned(), Mutex::new(writer));
        Self { path, file, writer, readers: Mutex::default(), commits: Commits::default(), reserve, copy }
    }

    /// Reads a consistent state of the catalog.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reader(&self.file)?,
        };
        let result = begin(&connection).and_then(|()| work(&connection));
        // One that does not leave its state is not used again.
        if leave(&connection).is_ok() {
            let mut readers = self.readers.lock();
            if readers.len() < READERS {
                readers.push(connection);
            }
        }
        result.map_err(|error| self.told(error))
    }

    /// Changes the catalog: all of `work` or, when it fails, nothing. Durable when this returns. Where the catalog cannot be
    /// written this is refused, with [`Error::ReadOnly`].
    pub fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        match &self.copy {
            Some((why, _)) => Err(Error::ReadOnly(why.clone())),
            None => self.note(work),
        }
    }

    /// The same for what reading and restoring bring along: sessions, restore jobs, damage that was met. Where the catalog
    /// cannot be written it is known as long as it is open, and no longer.
    pub fn note<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.change(work).inspect(|_| self.commits.note())
    }

    /// The same as [`write`](Self::write), but for nobody who waits for changes: nothing of what is asked for is another then.
    pub fn keep<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        match &self.copy {
            Some((why, _)) => Err(Error::ReadOnly(why.clone())),
            None => self.change(work),
        }
    }

    fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        // A panic in a transaction rolls it back, so what it leaves behind is whole and the lock may be taken again.
        let mut writer = self.writer.lock();
        self.make_way(&writer);
        let change = || {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            crash_point::waits_for_disk("catalog");
            transaction.commit()?;
            Ok(value)
        };
        change().inspect_err(|error| self.note_refusal(error)).map_err(|error| self.told(error))
    }

    /// Sees to it that a change finds room. What the log holds already goes into the catalog then, which lets the log be
    /// written from its beginning instead of growing.
    fn make_way(&self, writer: &Connection) {
        if self.reserve.as_ref().is_some_and(|reserve| reserve.ensure_step())
            && let Err(error) = writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        {
            tracing::debug!(%error, "the log of the catalog goes on growing");
        }
    }

    /// The disk was full in spite of what it told: the next change finds more room.
    fn note_refusal(&self, error: &Error) {
        if let (Error::Catalog(error), Some(reserve)) = (error, &self.reserve)
            && error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        {
            reserve.refused();
        }
    }

    /// Damage that shows only while the engine runs is told of as at its start.
    fn told(&self, error: Error) -> Error {
        match error {
            Error::Catalog(error) => explain(error, &self.path),
            other => other,
        }
    }
}

/// From now on a connection reads one state. The statement is prepared once, unlike that of a [`Transaction`]: reading is mostly
/// a row or two.
fn begin(connection: &Connection) -> Result<()> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    Ok(())
}

/// It does not any more.
fn leave(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        return Ok(());
    }
    connection.prepare_cached("ROLLBACK")?.execute([]).map(drop)
}

/// A connection for reading. There are several, and what one of them does not keep, the system does: only who writes needs the
/// inner pages of all indexes at hand.
fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(256);
    // Without it SQLite prepares a statement again whenever a value that an index's condition may depend on is bound to it. Its
    // plans hang on no values then, which is what the tests of plans rely on.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // What a statement may have to take back, or sorts: a file for it would be made and removed with nearly every
    // transaction, and would need a disk with room.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // In KiB; the default of 2 MB does not hold the inner pages of the indexes of a million jobs.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(connection)
}

fn check(connection: &Connection, path: &Path) -> Result<()> {
    quick_check(connection).map_err(|e| explain(e, path))?.map_err(|how| damaged(path, &how))
}

/// SQLite's own look over every page and index; the inner error says what it found.
fn quick_check(connection: &Connection) -> rusqlite::Result<std::result::Result<(), String>> {
    let mut statement = connection.prepare("PRAGMA quick_check(3)")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let complaints: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(if complaints == ["ok"] { Ok(()) } else { Err(complaints.join("; ")) })
}

/// Lets the write-ahead log begin at its start again: the steps of a schema alone may fill more of it than is taken ahead. The
/// blocks that it has stay its own. On a full disk it may not come to that, and the log goes on at its end.
fn start_log_anew(writer: &Connection) {
    if let Err(error) = writer.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())) {
        tracing::debug!(%error, "the catalog's log goes on at its end");
    }
}

/// Takes blocks for the write-ahead log behind its end: whoever fills the disk between a look at it and a commit does not
/// fail that commit then. Where such blocks cannot be had, nothing but the foresight is lost.
fn take_room_for_log(path: &Path, bytes: u64) {
    take_room(&copies::beside(path, "-wal"), bytes);
}

/// Takes blocks for the log's index. SQLite maps that file and writes one byte of each of its pages, which on disks of smaller
/// blocks leaves holes: on a full disk, writing into a hole that is mapped ends the process. The file is there once the first
/// connection is open, and stays while any is.
fn take_room_for_index(path: &Path) {
    take_room(&copies::beside(path, "-shm"), INDEX_ROOM);
}

fn take_room(path: &Path, bytes: u64) {
    if let Ok(file) = std::fs::OpenOptions::new().write(true).open(path) {
        let _ = rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, bytes);
    }
}

/// A step of the schema cannot be taken back, so a copy of what was before is kept. Whether there are such steps.
fn copy_before_change(connection: &Connection, path: &Path) -> Result<bool> {
    let version = migrations::version(connection).map_err(|e| explain(e, path))?;
    let changes = version > 0 && version < migrations::ALL.len() as i64;
    if changes {
        match copies::make(path, chrono::Utc::now()) {
            // Each step is one transaction: without a copy it is as safe, and who is locked out cannot make room.
            Err(error) if error.is_disk_full() => {
                tracing::warn!(%error, "the disk is full: the catalog's schema changes without a copy of what was before");
            }
            made => drop(made?),
        }
    }
    Ok(changes)
}

/// The catalog names what the vaults hold: it is nobody else's business.
fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|e| Error::io(format!("restrict {}", path.display()), e))
}

fn explain(error: rusqlite::Error, path: &Path) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path, &error.to_string()),
        _ => Error::Catalog(error),
    }
}

/// What to say of a catalog whose damage shows while the engine runs.
fn damaged(path: &Path, how: &str) -> Error {
    Error::Damaged {
        what: format!("the catalog {} is damaged: {how}", path.display()),
        advice:
            "Stop the engine and start it again: it then names the newest good copy and the command that puts it back"
                .to_owned(),
    }
}

/// The same at a start, when there is time to look through the copies.
fn advised(error: Error, path: &Path) -> Error {
    match error {
        Error::Damaged { what, .. } => Error::Damaged { what, advice: copies::advice(path) },
        other => other,
    }
}

/// What to say of a catalog that cannot be opened, when that is known already.
pub(crate) fn damaged_at_start(path: &Path) -> Error {
    advised(damaged(path, "SQLite cannot read it"), path)
}

/// The catalog is new, and yet vaults lie beside it: it was lost, and starting over would hide them.
pub(crate) fn lost(path: &Path, vaults: &Path) -> Error {
    let how = format!("it is missing or empty, and yet there are vaults in {}", vaults.display());
    advised(damaged(path, &how), path)
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod columns_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("c.sqlite")).unwrap();
        let failed: Result<()> = catalog.write(|tx| {
            state::set(tx, "a", "1")?;
            Err(Error::Internal("no".into()))
        });
        assert!(failed.is_err());
        assert_eq!(catalog.read(|c| state::get(c, "a")).unwrap(), None);
        catalog.write(|tx| state::set(tx, "a", "2")).unwrap();
        assert_eq!(catalog.read(|c| state::get(c, "a")).unwrap().as_deref(), Some("2"));
    }

    #[test]
    fn a_file_that_is_no_database_is_told_of_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sqlite");
        fs::write(&path, "not a database, but long enough to look like one at first sight".repeat(20)).unwrap();
        let before = fs::read(&path).unwrap();
        let Err(Error::Damaged { what, advice }) = Catalog::open(&path) else { panic!("opened") };
        assert!(what.contains("c.sqlite is damaged"), "{what}");
        assert!(advice.contains("restic"), "{advice}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_truncated_catalog_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sqlite");
        drop(Catalog::open(&path).unwrap());
        let length = fs::metadata(&path).unwrap().len();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
        assert!(matches!(Catalog::open(&path), Err(Error::Damaged { .. })));
    }

    #[test]
    fn an_overwritten_page_is_told_of() {
        use std::os::unix::fs::FileExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sqlite");
        let catalog = Catalog::open(&path).unwrap();
        catalog.write(|tx| state::set(tx, "a", "1")).unwrap();
        drop(catalog);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[0xA5; 2048], 4096 * 2).unwrap();
        assert!(matches!(Catalog::open(&path), Err(Error::Damaged { .. })));
    }
}
