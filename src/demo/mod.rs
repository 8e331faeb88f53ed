//! The sample organization, made by the real engine: real files, backed up by real plans under simulated time.
//!
//! Its files lie in a folder beside the data directory, since an engine protects nothing inside its own. Both carry a
//! marker, and nothing without one is ever removed. When the history is whole, the directory lives by the system's clock;
//! a later start simulates the days since first.

mod database;
mod files;
mod history;
mod organization;
mod policies;
mod volumes;

use crate::domain::extension::ResourceView;
use crate::engine::data_dir::{live_engine, make_private_folder};
use crate::engine::{AdvanceTo, ClockKind, Engine, EngineOptions, Error as EngineError};
use chrono::{Duration, Utc};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many days of history there are.
pub const DAYS: i64 = 35;

/// What a demo's folders carry, so that they are known as such.
const MARKER: &str = "vaultdeck-demo.marker";

/// How many bytes a job moves in a second of the simulated past.
const RATE: u64 = 4000;

/// A history that was left alone for longer than this is not simulated on, but has a gap.
const LONGEST_CATCH_UP: Duration = Duration::days(60);

/// How long the engine may take to come to rest between two ways of telling time.
const REST: std::time::Duration = std::time::Duration::from_secs(30);

/// Where the demo lives, and whether it is made anew.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its data directory.
    pub data_dir: PathBuf,
    /// Whether an existing one is thrown away.
    pub reset: bool,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory holds something else; it stays untouched.
    #[error(
        "{} is not a demo's directory: it has no file {MARKER}. Nothing was changed; name another one with --data-dir",
        .0.display()
    )]
    NotADemo(PathBuf),
    /// Somebody has put something of their own under its protection; it stays untouched.
    #[error(
        "the demo in {} also protects {what}, which is not the demo's: its backups would be gone. Nothing was changed; take \
         it off with `vaultdeck resource remove` when they may go, or name another directory with --data-dir",
        data_dir.display()
    )]
    ProtectsMore {
        /// The demo's data directory.
        data_dir: PathBuf,
        /// What it protects.
        what: String,
    },
    /// The files could not be made or removed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

pub use database::Database;

type Result<T> = std::result::Result<T, Error>;

/// Told while the demo is made: how much of it is done, from 0 to 1, and what happens now.
pub type Tell<'a> = &'a mut (dyn FnMut(f64, &str) + Send);

/// Opens the demo, making it or bringing it up to date first. The engine that comes back lives by the system's clock.
pub fn open(options: &Options, tell: Tell<'_>) -> Result<Arc<Engine>> {
    let data_dir = &options.data_dir;
    let there = is_filled(data_dir);
    if there && !data_dir.join(MARKER).is_file() {
        return Err(Error::NotADemo(data_dir.clone()));
    }
    if there && !options.reset {
        catch_up(data_dir, tell)?;
    } else {
        if there {
            refuse_what_is_not_the_demos(data_dir)?;
        }
        make(data_dir, tell)?;
    }
    Ok(Engine::open(of(data_dir, ClockKind::System, true))?)
}

/// The folder of the demo's files.
pub fn files_folder(data_dir: &Path) -> PathBuf {
    beside(data_dir, "files")
}

/// The vaults of a demo are its own, the locked ones too, as long as they hold nothing but its own files. One that is damaged is
/// known by its marker alone; one that cannot be opened now is left.
fn refuse_what_is_not_the_demos(data_dir: &Path) -> Result<()> {
    let engine = match Engine::open(of(data_dir, ClockKind::System, false)) {
        Ok(engine) => engine,
        Err(error @ EngineError::Damaged { .. }) => {
            tracing::warn!(%error, "what the old demo protects is not known");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let files = real(&files_folder(data_dir));
    let resources = engine.resources()?.resources;
    rest(engine);
    let in_files = |path: &Option<String>| path.as_ref().is_some_and(|path| real(Path::new(path)).starts_with(&files));
    let is_own = |resource: &ResourceView| in_files(&resource.path) || database::is_own(resource, data_dir);
    match resources.into_iter().find(|resource| !is_own(resource)) {
        None => Ok(()),
        Some(other) => Err(Error::ProtectsMore { data_dir: data_dir.to_owned(), what: other.resource_arn }),
    }
}

/// Makes the demo in a folder beside its place, and puts it there when it is whole.
fn make(data_dir: &Path, tell: Tell<'_>) -> Result<()> {
    let (building, files) = (beside(data_dir, "building"), files_folder(data_dir));
    for folder in [data_dir, &building] {
        if let Some(holder) = live_engine(folder) {
            return Err(EngineError::Held { pid: Some(holder.pid), socket: holder.socket }.into());
        }
    }
    let database = database::folder(data_dir);
    if is_filled(&database) && !database.join(MARKER).is_file() {
        return Err(Error::NotADemo(database));
    }
    remove(&database)?;
    for folder in [&building, &files] {
        if is_filled(folder) && !folder.join(MARKER).is_file() {
            return Err(Error::NotADemo(folder.clone()));
        }
        remove(folder)?;
        make_private_folder(folder)?;
        mark(folder)?;
    }
    let start = Utc::now() - Duration::days(DAYS);
    let engine = Engine::open_from(of(&building, ClockKind::Simulated, true), Some(start))?;
    history::live(&engine, &files, tell)?;
    hand_over(engine)?;
    remove(data_dir)?;
    fs::rename(&building, data_dir).map_err(failed(format!("move {} to its place", building.display())))
}

/// Lives through the days since the demo was last open.
fn catch_up(data_dir: &Path, tell: Tell<'_>) -> Result<()> {
    let engine = Engine::open(of(data_dir, ClockKind::Simulated, false))?;
    let since = Utc::now() - engine.last_seen();
    engine.live_by(ClockKind::Simulated)?;
    rest(engine);
    if since > Duration::hours(1) && since < LONGEST_CATCH_UP {
        tell(0.5, "living through the days since");
        let engine = Engine::open(of(data_dir, ClockKind::Simulated, true))?;
        engine.advance(AdvanceTo::At(Utc::now()))?;
        return hand_over(engine);
    }
    let engine = Engine::open(of(data_dir, ClockKind::Simulated, false))?;
    hand_over(engine)
}

/// Ends the simulated time: from the next start on the system's clock goes on.
fn hand_over(engine: Arc<Engine>) -> Result<()> {
    engine.live_by(ClockKind::System)?;
    rest(engine);
    Ok(())
}

fn rest(engine: Arc<Engine>) {
    if !engine.shutdown(REST) {
        tracing::warn!("the demo's engine did not come to rest in time");
    }
}

fn of(data_dir: &Path, clock: ClockKind, scheduler: bool) -> EngineOptions {
    let simulated_rate = (clock == ClockKind::Simulated).then_some(RATE);
    EngineOptions {
        data_dir: data_dir.to_owned(),
        clock,
        scheduler,
        simulated_rate,
        cold: std::collections::BTreeMap::new(),
    }
}

/// `DIR` → `DIR-KIND`.
fn beside(data_dir: &Path, kind: &str) -> PathBuf {
    let mut name = data_dir.file_name().unwrap_or_default().to_owned();
    name.push("-");
    name.push(kind);
    data_dir.with_file_name(name)
}

fn is_filled(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn mark(folder: &Path) -> Result<()> {
    let text = "This folder was made by `vaultdeck demo`, which removes it with `vaultdeck demo --reset`.\n";
    fs::write(folder.join(MARKER), text).map_err(failed(format!("write into {}", folder.display())))
}

/// Removes a folder that was proven to be a demo's, or is empty.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(format!("remove {}", folder.display()))(e)),
        _ => Ok(()),
    }
}

fn failed(what: String) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { what, source }
}
