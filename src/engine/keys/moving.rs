//! A move of the ring from one root to another. It is begun here, and done by the next start of an engine, which wraps all
//! anew:
//!
//! | step | what a crash behind it leaves |
//! | --- | --- |
//! | the new secret is noted, sealed by the old one | the old root; what was noted goes |
//! | the record names the new root, with the old secret sealed by the new one | either root opens all; what is new is wrapped by the new one |
//! | each secret is wrapped anew | the same |
//! | an old key file is overwritten and removed, then what was noted | the new root opens all |
//!
//! What could not be wrapped anew since it was away, damaged or in an older copy of the catalog still opens: the new root keeps
//! the secrets of the roots before it. Whoever has the old root alone opens nothing that was wrapped since.

use super::opening::{self, Standing};
use super::root::record::{Kept, Move, Record};
use super::root::secret::Held;
use super::root::{Keeper, Kind, Lock, file};
use crate::engine::data_dir::{DataDir, destroy_private_file};
use crate::engine::error::{Error, Result};
use crate::repository::crash_point;
use std::path::Path;

/// The root of a data directory, as it is told. Nothing of it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootTold {
    /// Its name.
    pub name: String,
    /// `file`, `passphrase` or `kms`.
    pub kind: &'static str,
    /// Where its secret lies.
    pub place: String,
    /// The ARN of the key in AWS KMS.
    pub kms_key: Option<String>,
    /// What a guess of the passphrase costs.
    pub cost: Option<String>,
    /// Where the root before lies, while a move from it is not finished.
    pub moving_from: Option<String>,
}

/// What a data directory says of its root; also beside a live engine.
pub fn told(data_dir: &Path) -> Result<RootTold> {
    let keys = data_dir.join("keys");
    let record = Record::read(&keys)?.unwrap_or_else(Record::file);
    let moving = Move::read(&keys)?.filter(|moving| moving.from.name != record.name);
    let (kind, kms_key, cost) = match &record.lock {
        Lock::File => ("file", None, None),
        Lock::Passphrase(lock) => ("passphrase", None, Some(lock.cost().to_string())),
        Lock::Kms(lock) => ("kms", Some(lock.key().to_string()), None),
    };
    Ok(RootTold {
        kind,
        place: record.lock.place(),
        kms_key,
        cost,
        moving_from: moving.map(|moving| moving.from.lock.place()),
        name: record.name,
    })
}

/// Begins a move to a root of another kind, or to another one of the same: a passphrase is changed so, and a key in KMS. From
/// now on the new root opens the data directory. The next start of an engine does the rest.
pub fn begin(data_dir: &DataDir, keeper: &dyn Keeper, to: &Kind) -> Result<()> {
    data_dir.require_write()?;
    let opened = opening::open(data_dir, keeper, false)?;
    // A move that was interrupted comes from where it came from: what was not wrapped anew yet opens with that.
    let from = match (opened.moving, &opened.standing) {
        (Some(moving), Standing::Unfinished | Standing::Waiting(_)) if moving.from.name != opened.record.name => moving,
        _ => Move::new(opened.record.clone(), Vec::new()),
    };
    let old = opened
        .held
        .iter()
        .find(|held| held.description.name == from.from.name)
        .ok_or_else(|| Error::Internal(format!("root {} is not at hand", from.from.name)))?;
    if *to == Kind::File && opened.record.lock == Lock::File {
        return Err(Error::invalid_request(
            "The root of the key ring is keys/local.key already. To have a new one, move to a passphrase or a KMS key first, \
             and then back.",
        ));
    }
    if *to == Kind::File && from.from.lock == Lock::File {
        return back(data_dir, &opened.held, old);
    }
    let (name, lock, secret) = Lock::make(to, keeper)?;
    let mut later = from.later;
    later.push(Kept::of(&name, &secret, &old.secret)?);
    let earlier = opened.held.iter().map(|held| Kept::of(&held.description.name, &held.secret, &secret));
    let record = Record::new(name, lock, earlier.collect::<Result<_>>()?);
    Move::new(from.from, later).write(data_dir)?;
    crash_point::reached("key-root-noted");
    if record.lock == Lock::File {
        file::write(&data_dir.local_key(), &secret)?;
    }
    record.write(data_dir)?;
    crash_point::reached("key-root-switched");
    Ok(())
}

/// Goes back to the key file from which a move came that was interrupted. It is there still, unless that was its last step.
/// Key files of before bear its name too, and are kept as all others are.
fn back(data_dir: &DataDir, held: &[Held], old: &Held) -> Result<()> {
    file::write(&data_dir.local_key(), &old.secret)?;
    let others = held.iter().filter(|held| !std::ptr::eq(*held, old));
    let kept = others.map(|held| Kept::of(&held.description.name, &held.secret, &old.secret));
    Record::new(file::NAME.to_owned(), Lock::File, kept.collect::<Result<_>>()?).write(data_dir)
}

/// Ends a move: all is wrapped anew and durable. What the old root was goes, as far as overwriting a file makes it go.
pub(crate) fn conclude(data_dir: &DataDir) -> Result<()> {
    data_dir.require_write()?;
    let record = Record::read(&data_dir.keys())?.unwrap_or_else(Record::file);
    if record.lock != Lock::File {
        destroy_private_file(&data_dir.local_key())?;
    }
    crash_point::reached("old-key-root-destroyed");
    destroy_private_file(&Move::file(data_dir))
}
