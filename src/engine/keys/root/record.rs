//! Which roots a data directory has.
//!
//! ```text
//! keys/root.json       0600  the root that wraps, how its secret is locked, and the secrets of the roots before it, each
//!                            sealed by this one. Where it is missing the root is keys/local.key
//! keys/root-move.json  0600  while a move from one root to another is under way: the record before, and the new secret
//!                            sealed by the old one, so that either opens all
//! ```

use super::secret::Secret;
use super::{Lock, file, written};
use crate::engine::data_dir::{DataDir, write_private_file};
use crate::engine::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of both files that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

const RECORD: &str = "root.json";
const MOVE: &str = "root-move.json";

/// `keys/root.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Record {
    version: u32,
    /// The root's name.
    pub(crate) name: String,
    /// What keeps its secret.
    pub(crate) lock: Lock,
    /// The secrets of the roots before it, the latest first.
    #[serde(default)]
    pub(in crate::engine::keys) earlier: Vec<Kept>,
}

/// `keys/root-move.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Move {
    version: u32,
    /// The root that was there before.
    pub(crate) from: Record,
    /// The secrets of the roots since, sealed by that one.
    pub(in crate::engine::keys) later: Vec<Kept>,
}

/// The secret of another root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::keys) struct Kept {
    /// The other root's name.
    pub(in crate::engine::keys) name: String,
    #[serde(with = "written")]
    sealed: Vec<u8>,
}

impl Kept {
    /// The secret of the root `name`, sealed by `by`.
    pub(in crate::engine::keys) fn of(name: &str, secret: &Secret, by: &Secret) -> Result<Self> {
        Ok(Self { name: name.to_owned(), sealed: by.keep(name, secret)? })
    }

    /// The secret.
    pub(in crate::engine::keys) fn open(&self, by: &Secret) -> Result<Secret> {
        by.kept(&self.name, &self.sealed)?.ok_or_else(|| damaged(RECORD, &format!("the secret of root {}", self.name)))
    }
}

impl Record {
    pub(in crate::engine::keys) fn new(name: String, lock: Lock, earlier: Vec<Kept>) -> Self {
        Self { version: VERSION, name, lock, earlier }
    }

    /// What is not written down: the key file, and no root before it.
    pub(in crate::engine::keys) fn file() -> Self {
        Self::new(file::NAME.to_owned(), Lock::File, Vec::new())
    }

    /// What a folder of keys says.
    pub(in crate::engine::keys) fn read(keys: &Path) -> Result<Option<Self>> {
        read(keys, RECORD)
    }

    /// From now on this is the root.
    pub(in crate::engine::keys) fn write(&self, data_dir: &DataDir) -> Result<()> {
        write(data_dir, RECORD, self)
    }
}

impl Move {
    pub(in crate::engine::keys) fn new(from: Record, later: Vec<Kept>) -> Self {
        Self { version: VERSION, from, later }
    }

    /// The move that a folder of keys tells of.
    pub(in crate::engine::keys) fn read(keys: &Path) -> Result<Option<Self>> {
        read(keys, MOVE)
    }

    pub(in crate::engine::keys) fn write(&self, data_dir: &DataDir) -> Result<()> {
        write(data_dir, MOVE, self)
    }

    /// Where it is written down.
    pub(in crate::engine::keys) fn file(data_dir: &DataDir) -> PathBuf {
        data_dir.keys().join(MOVE)
    }
}

fn write(data_dir: &DataDir, name: &str, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_vec_pretty(value).map_err(|error| Error::Internal(format!("keys/{name}: {error}")))?;
    write_private_file(&data_dir.keys().join(name), &json)
}

fn read<T: DeserializeOwned>(keys: &Path, name: &str) -> Result<Option<T>> {
    let path = keys.join(name);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| Error::io(format!("read {}", path.display()), error))?,
    };
    let members: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| damaged(name, &error.to_string()))?;
    let version = members["Version"].as_i64().ok_or_else(|| damaged(name, "its version"))?;
    if version > i64::from(VERSION) {
        return Err(Error::Newer { what: path.display().to_string(), found: version, known: i64::from(VERSION) });
    }
    serde_json::from_value(members).map(Some).map_err(|error| damaged(name, &error.to_string()))
}

fn damaged(name: &str, what: &str) -> Error {
    Error::Damaged {
        what: format!("keys/{name} is damaged: {what}"),
        advice: "Put back your copy of it. Without it the vaults open only with their recovery keys, by restic; nothing was \
                 deleted"
            .to_owned(),
    }
}
