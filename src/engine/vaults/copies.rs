//! Second copies of the two small files without which a vault does not open: `key.json` and `vault.json`.
//!
//! The copies lie in `vaultdeck/copies/`. Where one of a pair is damaged the other one is read, and the damaged one is
//! written again as soon as the vault may be written; it is set aside in `vaultdeck/damaged/`, for nothing is deleted.
//!
//! Two files that differ do not say which of them is the damaged one: one bit makes another id, or a version that nobody
//! has written yet. So each ends with the hash of its own bytes, as its last member. Files of earlier versions have none;
//! they are believed as far as nothing better speaks against them, and get one.

use crate::engine::data_dir::{make_private_folder, write_private_file};
use crate::engine::error::{Error, Result};
use crate::repository::{Id, Repository};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const ADVICE: &str = "nothing is lost by it: its copy is read, and it is written again when the vault may be written";
/// What stands between a file's own members and its hash.
const MEMBER: &[u8] = b",\"Sha256\":\"";
/// What stands behind it.
const END: &[u8] = b"\"}";
/// How many hexadecimal digits the hash has.
const DIGITS: usize = 2 * Id::LENGTH;

/// Files that are to be written again, with what they must hold.
#[derive(Debug)]
pub struct Mend {
    paths: Vec<PathBuf>,
    content: Vec<u8>,
    /// What is wrong with them; nothing where something is merely added that earlier versions did not have.
    problem: Option<String>,
}

/// What a pair of files says.
pub struct Pair<T> {
    pub value: T,
    pub mend: Option<Mend>,
}

/// How far the bytes of a file can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// They are those that were written.
    Good,
    /// They are not.
    Bad,
    /// They do not say.
    None,
}

/// One file of a pair that can be used.
struct Usable<T> {
    value: T,
    content: Vec<u8>,
    proof: Proof,
}

/// Why one cannot, and whether its bytes are those that were written nevertheless.
struct Unusable {
    error: Error,
    proof: Proof,
}

/// A file's bytes with their hash as the last member. `json` is an object with at least one member.
pub fn prove(mut json: Vec<u8>) -> Vec<u8> {
    let hash = Id::of(&json).to_hex();
    json.pop();
    json.extend([MEMBER, hash.as_bytes(), END].concat());
    json
}

/// The bytes with their hash, which they may have already.
fn proven(bytes: &[u8]) -> Vec<u8> {
    if proof_of(bytes) == Proof::None { prove(bytes.to_vec()) } else { bytes.to_vec() }
}

fn proof_of(bytes: &[u8]) -> Proof {
    let split = || {
        let (rest, end) = bytes.split_at_checked(bytes.len().checked_sub(END.len())?)?;
        let (rest, hash) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
        let (own, member) = rest.split_at_checked(rest.len().checked_sub(MEMBER.len())?)?;
        (member == MEMBER && end == END).then(|| (Id::of(&[own, b"}"].concat()).to_hex(), hash))
    };
    match split() {
        Some((found, said)) if found.as_bytes() == said => Proof::Good,
        Some(_) => Proof::Bad,
        None => Proof::None,
    }
}

/// The bytes of `vaultdeck/NAME` of a vault's folder, or of its copy: those that can be believed first.
pub fn candidates(folder: &Path, name: &str) -> Vec<Vec<u8>> {
    let both = ["vaultdeck", "vaultdeck/copies"].map(|place| fs::read(folder.join(place).join(name)).ok());
    let mut found: Vec<Vec<u8>> = both.into_iter().flatten().filter(|bytes| proof_of(bytes) != Proof::Bad).collect();
    found.sort_by_key(|bytes| proof_of(bytes) != Proof::Good);
    found
}

/// Reads `vaultdeck/NAME` of a vault's folder, or where that is damaged, its copy. `parse` tells a good content from a
/// damaged one. The error is the one of the file itself.
pub fn read<T>(folder: &Path, name: &str, parse: impl Fn(&Path, &[u8]) -> Result<T>) -> Result<Pair<T>> {
    let (path, copy) = (folder.join("vaultdeck").join(name), folder.join("vaultdeck/copies").join(name));
    let mend = |paths: Vec<PathBuf>, content: &[u8], problem: Option<String>| {
        Some(Mend { paths, content: proven(content), problem })
    };
    match (take(&path, &parse), take(&copy, &parse)) {
        (Ok(file), Ok(copied)) if proven(&file.content) == proven(&copied.content) => {
            let both = [(path, file.proof), (copy, copied.proof)];
            let paths: Vec<PathBuf> =
                both.into_iter().filter(|(_, proof)| *proof == Proof::None).map(|(path, _)| path).collect();
            let mend = if paths.is_empty() { None } else { mend(paths, &file.content, None) };
            Ok(Pair { value: file.value, mend })
        }
        (Ok(file), Ok(copied)) if file.proof == Proof::None && copied.proof == Proof::Good => {
            let problem = Some(not_as_written(&path).to_string());
            Ok(Pair { value: copied.value, mend: mend(vec![path], &copied.content, problem) })
        }
        (Ok(file), copied) => {
            let problem = match copied {
                Ok(_) => Some("it is not what the file says".to_owned()),
                // A vault of an earlier version has no copies at all.
                Err(_) if !folder.join("vaultdeck/copies").exists() => None,
                Err(unusable) => Some(unusable.error.to_string()),
            };
            Ok(Pair { value: file.value, mend: mend(vec![copy], &file.content, problem) })
        }
        (Err(Unusable { error: error @ Error::Newer { .. }, proof: Proof::Good }), _)
        | (Err(Unusable { error, .. }), Err(_)) => Err(error),
        (Err(unusable), Ok(copied)) => {
            let problem = Some(unusable.error.to_string());
            Ok(Pair { value: copied.value, mend: mend(vec![path], &copied.content, problem) })
        }
    }
}

fn take<T>(path: &Path, parse: &impl Fn(&Path, &[u8]) -> Result<T>) -> std::result::Result<Usable<T>, Unusable> {
    let content = load(path).map_err(|error| Unusable { error, proof: Proof::None })?;
    let proof = proof_of(&content);
    if proof == Proof::Bad {
        return Err(Unusable { error: not_as_written(path), proof });
    }
    match parse(path, &content) {
        Ok(value) => Ok(Usable { value, content, proof }),
        Err(error) => Err(Unusable { error, proof }),
    }
}

fn not_as_written(path: &Path) -> Error {
    Error::Damaged {
        what: format!("{} is damaged: its bytes are not those that were written", path.display()),
        advice: "Put back your copy of it; nothing was deleted".to_owned(),
    }
}

/// Writes the copy of a new vault's file.
pub fn write(folder: &Path, name: &str) -> Result<()> {
    let copies = folder.join("vaultdeck/copies");
    make_private_folder(&copies)?;
    write_private_file(&copies.join(name), &load(&folder.join("vaultdeck").join(name))?)
}

impl Mend {
    /// A file that neither itself nor its copy tells of any more, and what it is taken to have said.
    pub fn anew(path: PathBuf, content: Vec<u8>, problem: String) -> Self {
        Self { paths: vec![path], content: prove(content), problem: Some(problem) }
    }

    /// Tells of the damage.
    pub fn tell(&self, repository: &Repository) {
        if let Some(problem) = &self.problem {
            for path in &self.paths {
                repository.tell(&path.display().to_string(), problem, ADVICE);
            }
        }
    }

    /// Writes the files again.
    pub fn carry_out(&self, folder: &Path) -> Result<()> {
        for path in &self.paths {
            if let Some(parent) = path.parent() {
                make_private_folder(parent)?;
            }
            if self.problem.is_some() {
                set_aside(path, &folder.join("vaultdeck/damaged"))?;
            }
            write_private_file(path, &self.content)?;
        }
        Ok(())
    }
}

fn load(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::io(format!("read {}", path.display()), e))
}

/// Moves what is there of a damaged file to the folder of such files.
fn set_aside(path: &Path, damaged: &Path) -> Result<()> {
    make_private_folder(damaged)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let unique = uuid::Uuid::new_v4().simple().to_string();
    match fs::rename(path, damaged.join(format!("{name}-{}", &unique[..8]))) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(format!("set {} aside", path.display()), e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "copies_tests.rs"]
mod tests;
