//! Second copies of the two small files without which a vault does not open: `key.json` and `vault.json`.
//!
//! The copies lie in `vaultdeck/copies/`. Where one of a pair is damaged the other one is read, and the damaged one is
//! written again as soon as the vault may be written; it is set aside in `vaultdeck/damaged/`, for nothing is deleted.
//!
//! Two files that differ do not say which of them is the damaged one: one bit makes another id, or a version that nobody
//! has written yet. So each ends with the hash of its own bytes, as its last member. Files of earlier versions have none;
//! they are believed as far as nothing better speaks against them, and get one.

use crate::engine::error::{Error, Result};
use crate::repository::{Id, Repository, Storage};
use std::io::ErrorKind;

const ADVICE: &str = "nothing is lost by it: its copy is read, and it is written again when the vault may be written";
/// What stands between a file's own members and its hash.
const MEMBER: &[u8] = b",\"Sha256\":\"";
/// What stands behind it.
const END: &[u8] = b"\"}";
/// How many hexadecimal digits the hash has.
const DIGITS: usize = 2 * Id::LENGTH;

/// The folder of copies among a vault's side files.
const COPIES: &str = "copies";

/// Files that are to be written again, with what they must hold.
#[derive(Debug)]
pub struct Mend {
    names: Vec<String>,
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

/// What the copy of a file is called.
pub fn copy_of(name: &str) -> String {
    format!("{COPIES}/{name}")
}

/// The bytes of a side file of a vault, or of its copy: those that can be believed first.
pub fn candidates(files: &dyn Storage, name: &str) -> Vec<Vec<u8>> {
    let both = [name.to_owned(), copy_of(name)].map(|name| files.read_side(&name).ok().flatten());
    let mut found: Vec<Vec<u8>> = both.into_iter().flatten().filter(|bytes| proof_of(bytes) != Proof::Bad).collect();
    found.sort_by_key(|bytes| proof_of(bytes) != Proof::Good);
    found
}

/// Reads a side file of a vault, or where that is damaged, its copy. `parse` is given the file's place and its bytes, and tells
/// a good content from a damaged one. The error is the one of the file itself.
pub fn read<T>(files: &dyn Storage, name: &str, parse: impl Fn(&str, &[u8]) -> Result<T>) -> Result<Pair<T>> {
    let (name, copy) = (name.to_owned(), copy_of(name));
    let mend = |names: Vec<String>, content: &[u8], problem: Option<String>| {
        Some(Mend { names, content: proven(content), problem })
    };
    match (take(files, &name, &parse), take(files, &copy, &parse)) {
        (Ok(file), Ok(copied)) if proven(&file.content) == proven(&copied.content) => {
            let both = [(name, file.proof), (copy, copied.proof)];
            let names: Vec<String> =
                both.into_iter().filter(|(_, proof)| *proof == Proof::None).map(|(name, _)| name).collect();
            let mend = if names.is_empty() { None } else { mend(names, &file.content, None) };
            Ok(Pair { value: file.value, mend })
        }
        (Ok(file), Ok(copied)) if file.proof == Proof::None && copied.proof == Proof::Good => {
            let problem = Some(not_as_written(&files.side_location(&name)).to_string());
            Ok(Pair { value: copied.value, mend: mend(vec![name], &copied.content, problem) })
        }
        (Ok(file), copied) => {
            let problem = match copied {
                Ok(_) => Some("it is not what the file says".to_owned()),
                // A vault of an earlier version has no copies at all.
                Err(_) if files.list_side(COPIES)?.is_none() => None,
                Err(unusable) => Some(unusable.error.to_string()),
            };
            Ok(Pair { value: file.value, mend: mend(vec![copy], &file.content, problem) })
        }
        (Err(Unusable { error: error @ Error::Newer { .. }, proof: Proof::Good }), _)
        | (Err(Unusable { error, .. }), Err(_)) => Err(error),
        (Err(unusable), Ok(copied)) => {
            let problem = Some(unusable.error.to_string());
            Ok(Pair { value: copied.value, mend: mend(vec![name], &copied.content, problem) })
        }
    }
}

fn take<T>(
    files: &dyn Storage,
    name: &str,
    parse: &impl Fn(&str, &[u8]) -> Result<T>,
) -> std::result::Result<Usable<T>, Unusable> {
    let place = files.side_location(name);
    let content = load(files, name).map_err(|error| Unusable { error, proof: Proof::None })?;
    let proof = proof_of(&content);
    if proof == Proof::Bad {
        return Err(Unusable { error: not_as_written(&place), proof });
    }
    match parse(&place, &content) {
        Ok(value) => Ok(Usable { value, content, proof }),
        Err(error) => Err(Unusable { error, proof }),
    }
}

fn not_as_written(place: &str) -> Error {
    Error::Damaged {
        what: format!("{place} is damaged: its bytes are not those that were written"),
        advice: "Put back your copy of it; nothing was deleted".to_owned(),
    }
}

/// Writes a side file and its copy.
pub fn write(files: &dyn Storage, name: &str, content: &[u8]) -> Result<()> {
    files.write_side(name, content)?;
    Ok(files.write_side(&copy_of(name), content)?)
}

impl Mend {
    /// A file that neither itself nor its copy tells of any more, and what it is taken to have said.
    pub fn anew(name: &str, content: Vec<u8>, problem: String) -> Self {
        Self { names: vec![name.to_owned()], content: prove(content), problem: Some(problem) }
    }

    /// Tells of the damage.
    pub fn tell(&self, repository: &Repository) {
        if let Some(problem) = &self.problem {
            for name in &self.names {
                repository.tell(&repository.storage().side_location(name), problem, ADVICE);
            }
        }
    }

    /// Writes the files again; what is there of the damaged ones is set aside.
    pub fn carry_out(&self, files: &dyn Storage) -> Result<()> {
        for name in &self.names {
            if self.problem.is_some() {
                files.set_side_aside(name)?;
            }
            files.write_side(name, &self.content)?;
        }
        Ok(())
    }
}

fn load(files: &dyn Storage, name: &str) -> Result<Vec<u8>> {
    let missing =
        || Error::io(format!("read {}", files.side_location(name)), std::io::Error::from(ErrorKind::NotFound));
    files.read_side(name)?.ok_or_else(missing)
}

#[cfg(test)]
#[path = "copies_tests.rs"]
mod tests;
