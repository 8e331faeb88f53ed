//! How the roots of a data directory are opened, with what the keeper has.

use super::root::keeper::Asking;
use super::root::record::{Kept, Move, Record};
use super::root::secret::{Held, Secret};
use super::root::{Description, Keeper, Kind, Lock, file};
use crate::engine::data_dir::DataDir;
use crate::engine::error::{Error, Result};

/// Whether a move from one root to another is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// None is.
    #[default]
    Settled,
    /// One was interrupted, and the new root opened: what is left of it can be done.
    Unfinished,
    /// One was interrupted and cannot be finished now: only the root before opened, which opens all, or something could not be
    /// written. Why.
    Waiting(String),
}

/// The open roots of a data directory.
pub(super) struct Opened {
    /// What it says of the root that wraps.
    pub(super) record: Record,
    /// The move that it tells of.
    pub(super) moving: Option<Move>,
    /// Every root whose secret is at hand, the one that wraps first.
    pub(super) held: Vec<Held>,
    pub(super) standing: Standing,
}

/// Opens the roots of a data directory. Only in a `fresh` one may a root be made. Where `keeper` wants another kind than there
/// is, that is refused.
pub(super) fn open(data_dir: &DataDir, keeper: &dyn Keeper, fresh: bool) -> Result<Opened> {
    let record = match Record::read(&data_dir.keys())? {
        Some(record) => record,
        None if fresh && !data_dir.local_key().exists() => return make(data_dir, keeper),
        None => Record::file(),
    };
    let moving = Move::read(&data_dir.keys())?;
    require_wanted(keeper, &record, moving.as_ref())?;
    let asking = Asking::of(keeper);
    match (record.lock.open(&record.name, data_dir, &asking), moving) {
        (Ok(secret), moving) => by_the_new(record, moving, secret),
        (Err(why), Some(moving)) if moving.from.name != record.name => {
            match moving.from.lock.open(&moving.from.name, data_dir, &asking) {
                Ok(secret) => by_the_old(record, moving, secret, &why),
                // What opens neither is told of the root that counts.
                Err(_) => Err(why),
            }
        }
        (Err(why), _) => Err(why),
    }
}

/// Makes the root of a fresh data directory.
fn make(data_dir: &DataDir, keeper: &dyn Keeper) -> Result<Opened> {
    data_dir.require_write()?;
    let (name, lock, secret) = Lock::make(&keeper.wanted().unwrap_or(Kind::File), keeper)?;
    let record = Record::new(name, lock, Vec::new());
    match &record.lock {
        Lock::File => file::write(&data_dir.local_key(), &secret)?,
        _ => record.write(data_dir)?,
    }
    let held = vec![held(&record.name, record.lock.place(), secret)];
    Ok(Opened { record, moving: None, held, standing: Standing::Settled })
}

/// Refuses another kind of root than whoever starts the engine counts on: it would wrap with what they do not trust.
fn require_wanted(keeper: &dyn Keeper, record: &Record, moving: Option<&Move>) -> Result<()> {
    let Some(wanted) = keeper.wanted() else { return Ok(()) };
    if record.lock.is_of(&wanted) || moving.is_some_and(|moving| moving.from.lock.is_of(&wanted)) {
        return Ok(());
    }
    Err(Error::RootClosed {
        what: format!(
            "the config wants the key ring's root to be {wanted}, and that of this data directory is {}",
            record.lock.place()
        ),
        advice: "Move it with vaultdeck key root move, or change root in [keys] of the config. Nothing was changed"
            .to_owned(),
        temporary: false,
    })
}

fn by_the_new(record: Record, moving: Option<Move>, secret: Secret) -> Result<Opened> {
    let mut roots = vec![held(&record.name, record.lock.place(), secret.clone())];
    for kept in &record.earlier {
        roots.push(earlier(kept, &secret)?);
    }
    // A move that came no further than this is not begun, but what it noted may be in use since an earlier attempt.
    if let Some(moving) = moving.as_ref().filter(|moving| moving.from.name == record.name) {
        for kept in &moving.later {
            roots.push(earlier(kept, &secret)?);
        }
    }
    let standing = if moving.is_some() { Standing::Unfinished } else { Standing::Settled };
    Ok(Opened { record, moving, held: roots, standing })
}

fn by_the_old(record: Record, moving: Move, secret: Secret, why: &Error) -> Result<Opened> {
    let mut roots = Vec::new();
    for kept in &moving.later {
        let root = earlier(kept, &secret)?;
        if kept.name == record.name {
            roots.insert(
                0,
                Held { description: Description { place: record.lock.place(), ..root.description }, ..root },
            );
        } else {
            roots.push(root);
        }
    }
    if roots.first().is_none_or(|first| first.description.name != record.name) {
        return Err(Error::Internal(format!("keys/root-move.json does not tell of root {}", record.name)));
    }
    roots.push(held(&moving.from.name, moving.from.lock.place(), secret.clone()));
    for kept in &moving.from.earlier {
        roots.push(earlier(kept, &secret)?);
    }
    Ok(Opened { record, moving: Some(moving), held: roots, standing: Standing::Waiting(why.to_string()) })
}

fn earlier(kept: &Kept, by: &Secret) -> Result<Held> {
    Ok(held(&kept.name, format!("earlier root {}", kept.name), kept.open(by)?))
}

fn held(name: &str, place: String, secret: Secret) -> Held {
    Held { description: Description { name: name.to_owned(), place }, secret }
}
