//! Second copies of the two small files without which a vault does not open: `key.json` and `vault.json`.
//!
//! The copies lie in `vaultdeck/copies/`. Where one of a pair is damaged the other one is read, and the damaged one is
//! written again as soon as the vault may be written; it is set aside in `vaultdeck/damaged/`, for nothing is deleted.

use crate::engine::data_dir::{make_private_folder, write_private_file};
use crate::engine::error::{Error, Result};
use crate::repository::Repository;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const ADVICE: &str = "nothing is lost by it: its copy is read, and it is written again when the vault may be written";

/// A file that is to be written again, with what it must hold.
#[derive(Debug)]
pub struct Mend {
    path: PathBuf,
    content: Vec<u8>,
    /// What is wrong with it; nothing where it is merely the first copy of a vault that had none.
    problem: Option<String>,
}

/// What a pair of files says.
pub struct Pair<T> {
    pub value: T,
    pub mend: Option<Mend>,
}

/// Reads `vaultdeck/NAME` of a vault's folder, or where that is damaged, its copy. `parse` tells a good content from a
/// damaged one. The error is the one of the file itself.
pub fn read<T>(folder: &Path, name: &str, parse: impl Fn(&Path, &[u8]) -> Result<T>) -> Result<Pair<T>> {
    let (path, copy) = (folder.join("vaultdeck").join(name), folder.join("vaultdeck/copies").join(name));
    let take = |path: &Path| load(path).and_then(|content| Ok((parse(path, &content)?, content)));
    match (take(&path), take(&copy)) {
        (Ok((value, content)), Ok((_, copied))) if content == copied => Ok(Pair { value, mend: None }),
        (Ok((value, content)), copied) => {
            let problem = match copied {
                Ok(_) => Some("it is not what the file says".to_owned()),
                // A vault of an earlier version has no copies at all.
                Err(_) if !folder.join("vaultdeck/copies").exists() => None,
                Err(error) => Some(error.to_string()),
            };
            Ok(Pair { value, mend: Some(Mend { path: copy, content, problem }) })
        }
        (Err(error @ Error::Newer { .. }), _) | (Err(error), Err(_)) => Err(error),
        (Err(error), Ok((value, content))) => {
            Ok(Pair { value, mend: Some(Mend { path, content, problem: Some(error.to_string()) }) })
        }
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
        Self { path, content, problem: Some(problem) }
    }

    /// Tells of the damage.
    pub fn tell(&self, repository: &Repository) {
        if let Some(problem) = &self.problem {
            repository.tell(&self.path.display().to_string(), problem, ADVICE);
        }
    }

    /// Writes the file again.
    pub fn carry_out(&self, folder: &Path) -> Result<()> {
        if let Some(parent) = self.path.parent() {
            make_private_folder(parent)?;
        }
        if self.problem.is_some() {
            set_aside(&self.path, &folder.join("vaultdeck/damaged"))?;
        }
        write_private_file(&self.path, &self.content)
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
mod tests {
    use super::*;

    fn good(_: &Path, content: &[u8]) -> Result<String> {
        match content {
            b"good" => Ok("good".to_owned()),
            b"newer" => Err(Error::Newer { what: "x".to_owned(), found: 2, known: 1 }),
            _ => Err(Error::Damaged { what: "it is damaged".to_owned(), advice: String::new() }),
        }
    }

    fn vault() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("vaultdeck")).unwrap();
        fs::write(folder.path().join("vaultdeck/x.json"), b"good").unwrap();
        write(folder.path(), "x.json").unwrap();
        folder
    }

    #[test]
    fn either_of_a_pair_is_enough_and_the_other_is_written_again() {
        for victim in ["vaultdeck/x.json", "vaultdeck/copies/x.json"] {
            for damage in [None, Some(&b""[..]), Some(b"garbage")] {
                let folder = vault();
                let path = folder.path().join(victim);
                match damage {
                    None => fs::remove_file(&path).unwrap(),
                    Some(content) => fs::write(&path, content).unwrap(),
                }
                let pair = read(folder.path(), "x.json", good).unwrap();
                assert_eq!(pair.value, "good", "{victim} {damage:?}");
                let mend = pair.mend.expect("it is to be written again");
                assert!(mend.problem.is_some(), "{victim} {damage:?}");
                mend.carry_out(folder.path()).unwrap();
                assert_eq!(fs::read(&path).unwrap(), b"good");
                assert!(read(folder.path(), "x.json", good).unwrap().mend.is_none());
                let aside = fs::read_dir(folder.path().join("vaultdeck/damaged")).unwrap().count();
                assert_eq!(aside, usize::from(damage.is_some()), "nothing is deleted");
            }
        }
    }

    #[test]
    fn without_both_the_files_own_fault_is_told_and_a_newer_file_is_no_damage() {
        let folder = vault();
        fs::write(folder.path().join("vaultdeck/x.json"), b"newer").unwrap();
        assert!(matches!(read(folder.path(), "x.json", good), Err(Error::Newer { .. })));
        fs::write(folder.path().join("vaultdeck/x.json"), b"bad").unwrap();
        fs::write(folder.path().join("vaultdeck/copies/x.json"), b"bad").unwrap();
        assert!(matches!(read(folder.path(), "x.json", good), Err(Error::Damaged { .. })));
    }

    #[test]
    fn a_vault_of_before_gets_its_copies_without_a_word() {
        let folder = vault();
        fs::remove_dir_all(folder.path().join("vaultdeck/copies")).unwrap();
        let mend = read(folder.path(), "x.json", good).unwrap().mend.unwrap();
        assert_eq!(mend.problem, None);
        mend.carry_out(folder.path()).unwrap();
        assert!(read(folder.path(), "x.json", good).unwrap().mend.is_none());
    }
}
