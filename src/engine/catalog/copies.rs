//! Copies of the catalog: one a day, one before each change of its schema, seven kept; and the way back.
//!
//! A copy is one file, made by SQLite's backup API out of the live catalog, proven by `quick_check`, durable before an older
//! one goes. Copies are numbered: a clock that was wrong for a while must not decide which of them is the newest.

use crate::domain::Time;
use crate::engine::catalog::{migrations, quick_check};
use crate::engine::data_dir::{CATALOG_COPIES, make_private_folder};
use crate::engine::error::{Error, Result};
use chrono::{NaiveDateTime, Utc};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many copies are kept.
pub const KEEP: usize = 7;

/// How a copy's name writes when it was made, in wall time.
const WHEN: &str = "%Y%m%dT%H%M%SZ";

/// What SQLite keeps beside a catalog, by the end of its name.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A copy of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Its file.
    pub path: PathBuf,
    /// Its place in the order in which copies were made.
    pub number: u64,
    /// When it was made, in wall time.
    pub made: Time,
}

/// What [`put_back`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBack {
    /// What is the catalog now.
    pub from: PathBuf,
    /// Where the catalog before lies now, if there was one.
    pub aside: Option<PathBuf>,
}

/// The folder of the copies of a catalog.
pub fn folder(catalog: &Path) -> PathBuf {
    catalog.with_file_name(CATALOG_COPIES)
}

impl Copy {
    /// Its file's name, by which [`put_back`] takes it.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn parse(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".sqlite")?;
        let (number, when) = name.split_once('-')?;
        let made = NaiveDateTime::parse_from_str(when, WHEN).ok()?.and_utc();
        Some(Self { number: number.parse().ok()?, made, path })
    }
}

/// The copies of a catalog, the oldest first.
pub fn list(catalog: &Path) -> Result<Vec<Copy>> {
    let folder = folder(catalog);
    let failed = |e| Error::io(format!("list {}", folder.display()), e);
    let entries = match fs::read_dir(&folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>().map_err(failed)?;
    let mut copies: Vec<Copy> = paths.into_iter().filter_map(Copy::parse).collect();
    copies.sort_by_key(|copy| (copy.number, copy.made));
    Ok(copies)
}

/// The newest copy that is whole and that this program can read.
pub fn newest_good(catalog: &Path) -> Result<Option<Copy>> {
    Ok(list(catalog)?.into_iter().rev().find(|copy| inspect(&copy.path).is_ok()))
}

/// Makes a copy of the catalog, which may be in use, and forgets the oldest beyond [`KEEP`]. A catalog that does not pass
/// `quick_check` gives an error and no copy, and no older one goes.
pub fn make(catalog: &Path, now: Time) -> Result<Copy> {
    let folder = folder(catalog);
    make_private_folder(&folder)?;
    let mut copies = list(catalog)?;
    let number = copies.last().map_or(0, |last| last.number).saturating_add(1);
    let path = folder.join(format!("{number:06}-{}.sqlite", now.format(WHEN)));
    let building = folder.join(format!("{number:06}.building"));
    duplicate(catalog, &building, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    fs::rename(&building, &path).map_err(|e| Error::io(format!("make {}", path.display()), e))?;
    sync(&folder)?;
    let copy = Copy { path, number, made: now };
    copies.push(copy.clone());
    let superfluous = copies.len().saturating_sub(KEEP);
    for old in &copies[..superfluous] {
        fs::remove_file(&old.path).map_err(|e| Error::io(format!("remove {}", old.path.display()), e))?;
    }
    Ok(copy)
}

/// Makes a copy the catalog: `wanted`, by its name or as a path, or the newest good one. The catalog that was there is moved
/// aside and kept. Whoever calls holds the data directory's lock.
pub fn put_back(catalog: &Path, wanted: Option<&Path>, now: Time) -> Result<PutBack> {
    let from = match wanted {
        Some(wanted) => chosen(catalog, wanted)?,
        None => newest_good(catalog)?.map(|copy| copy.path).ok_or_else(|| no_copy(catalog))?,
    };
    let building = catalog.with_extension("sqlite.new");
    duplicate(&from, &building, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let aside = set_aside(catalog, now)?;
    fs::rename(&building, catalog).map_err(|e| Error::io(format!("put back {}", catalog.display()), e))?;
    sync(&parent(catalog))?;
    Ok(PutBack { from, aside })
}

/// Moves a catalog, with all that belongs to it, into a folder of its own beside the copies; where to, if there was one.
pub(crate) fn set_aside(catalog: &Path, now: Time) -> Result<Option<PathBuf>> {
    // The catalog itself goes first: SQLite throws away a log that it finds beside no catalog, but would play it into
    // another catalog of that name.
    let files = std::iter::once("").chain(SIDE_FILES).map(|end| beside(catalog, end));
    let present: Vec<PathBuf> = files.filter(|path| path.exists()).collect();
    if present.is_empty() {
        return Ok(None);
    }
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let grave = folder(catalog).join(format!("replaced-{}-{}", now.format(WHEN), &unique[..8]));
    make_private_folder(&grave)?;
    for path in present {
        let target = grave.join(path.file_name().unwrap_or_default());
        fs::rename(&path, &target).map_err(|e| Error::io(format!("move {} aside", path.display()), e))?;
    }
    sync(&grave)?;
    sync(&folder(catalog))?;
    sync(&parent(catalog))?;
    Ok(Some(grave))
}

/// What a person who has a damaged or lost catalog is told to do.
pub(crate) fn advice(catalog: &Path) -> String {
    let directory = quoted(&parent(catalog));
    let way = match newest_good(catalog) {
        Ok(Some(copy)) => format!(
            "The newest good copy was made at {}. Put it back with: vaultdeck catalog restore {} --data-dir {directory}\n\
             What the vaults got since then comes back by itself when the engine starts",
            copy.made.format("%Y-%m-%d %H:%M UTC"),
            copy.name()
        ),
        _ => format!(
            "There is no good copy of it in {}. If you have one elsewhere: vaultdeck catalog restore FILE --data-dir \
             {directory}\nIf not: vaultdeck vault rescan --all --data-dir {directory} makes a catalog from what lies in \
             the vaults: accounts, vaults and recovery points come back; plans and the history of jobs do not",
            folder(catalog).display()
        ),
    };
    format!(
        "{way}. The damaged file is kept. The data is not lost: each folder vaults/ACCOUNT/REGION/NAME is a restic \
         repository, which restic opens with its recovery key; vaultdeck vault recovery-key makes one even now. Nothing \
         was deleted"
    )
}

/// Whether a file is a whole catalog that this program can read.
fn inspect(path: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    prove(&connection, path)
}

fn prove(connection: &Connection, path: &Path) -> Result<()> {
    quick_check(connection)?.map_err(|how| unusable(path, &how))?;
    let known = migrations::ALL.len() as i64;
    match migrations::version(connection)? {
        0 => Err(unusable(path, "it is no catalog of vaultdeck")),
        found if found > known => Err(Error::Newer { what: format!("the catalog {}", path.display()), found, known }),
        _ => Ok(()),
    }
}

/// Copies the database `from` into the new file `to` (0600), proven and durable.
fn duplicate(from: &Path, to: &Path, flags: OpenFlags) -> Result<()> {
    let failed = |e| Error::io(format!("write {}", to.display()), e);
    match fs::remove_file(to) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(failed)?;
    let done = fill(from, to, flags);
    if done.is_err() {
        // What is half a copy helps nobody; the error that counts is told.
        let _ = fs::remove_file(to);
        for end in SIDE_FILES {
            let _ = fs::remove_file(beside(to, end));
        }
    }
    done?;
    File::open(to).and_then(|file| file.sync_all()).map_err(failed)
}

fn fill(from: &Path, to: &Path, flags: OpenFlags) -> Result<()> {
    let source = Connection::open_with_flags(from, flags)?;
    source.busy_timeout(Duration::from_secs(10))?;
    let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // All in one step: one consistent state, and in WAL mode nobody who writes waits for it. In steps it would begin anew
    // with every commit.
    Backup::new(&source, &mut copy)?.step(-1)?;
    // One file, whole by itself.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    prove(&copy, from)?;
    copy.close().map_err(|(_, error)| Error::from(error))
}

fn chosen(catalog: &Path, wanted: &Path) -> Result<PathBuf> {
    let by_name = folder(catalog).join(wanted);
    let from = if by_name.is_file() { by_name } else { wanted.to_owned() };
    if !from.is_file() {
        return Err(Error::DataDir(format!(
            "there is no copy {} of the catalog; `vaultdeck catalog copies` lists those that there are",
            wanted.display()
        )));
    }
    Ok(from)
}

fn no_copy(catalog: &Path) -> Error {
    Error::DataDir(format!("there is no good copy of the catalog in {}", folder(catalog).display()))
}

fn unusable(path: &Path, how: &str) -> Error {
    Error::DataDir(format!("{} cannot be used as a catalog: {how}", path.display()))
}

pub(super) fn beside(catalog: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(catalog);
    name.push(end);
    name.into()
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| Error::io(format!("sync {}", folder.display()), e))
}

/// A path as a shell reads it back.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Whether it is time for the next copy: a day after the newest. The first one is made an hour after the catalog was.
pub(crate) fn is_due(catalog: &Path, now: Time) -> Result<bool> {
    if let Some(newest) = list(catalog)?.last() {
        // One that seems to come from the future was made by a wrong clock, before or now.
        return Ok((now - newest.made).abs() >= chrono::Duration::days(1));
    }
    let born = fs::metadata(catalog).and_then(|facts| facts.created()).map(chrono::DateTime::<Utc>::from);
    Ok(born.map_or(true, |born| (now - born).abs() >= chrono::Duration::hours(1)))
}

#[cfg(test)]
#[path = "copies_tests.rs"]
mod tests;
