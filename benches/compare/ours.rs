//! Our side of the comparison: the repository's code alone, in a process of its own.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use std::io::Write as _;
use std::time::SystemTime;

use vaultdeck::repository::{
    BackupRequest, ChunkerParameters, Control, ItemPath, LocalSource, LocalStorage, MasterKey, Options, Repository,
    RestoreRequest,
};

use crate::Result;

pub fn create(key: &Path, repository: &Path) -> Result<()> {
    let master = MasterKey::generate()?;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(key)?;
    file.write_all(master.to_bytes().as_ref())?;
    Repository::create(Arc::new(LocalStorage::new(repository)), master, Options::default())?;
    Ok(())
}

pub fn backup(key: &Path, repository: &Path, source: &Path) -> Result<()> {
    let repository = open(key, repository)?;
    let parent = repository.snapshots()?.last().map(|(id, _)| *id);
    let started = SystemTime::now();
    let request = BackupRequest {
        paths: vec![source.to_owned()],
        parent,
        time: chrono::DateTime::<chrono::Utc>::from(started).fixed_offset(),
        started,
        hostname: "bench".into(),
        username: "bench".into(),
        tags: Vec::new(),
        chunker: ChunkerParameters::FILES,
    };
    let outcome = repository.backup(&LocalSource::new(source)?, &request, &Control::new())?;
    if outcome.issues.is_empty() { Ok(()) } else { Err(format!("{:?}", outcome.issues).into()) }
}

pub fn restore(key: &Path, repository: &Path, source: &Path, target: &Path) -> Result<()> {
    let repository = open(key, repository)?;
    let snapshot = repository.snapshots()?.last().ok_or("there is no snapshot")?.0;
    let request = RestoreRequest {
        snapshot,
        strip: ItemPath::from_path(source)?,
        items: Vec::new(),
        target: target.to_owned(),
        merge: false,
    };
    let outcome = repository.restore(&request, &Control::new())?;
    if outcome.failed == 0 { Ok(()) } else { Err(format!("{:?}", outcome.failures).into()) }
}

fn open(key: &Path, repository: &Path) -> Result<Repository> {
    let bytes: [u8; 64] = fs::read(key)?.try_into().map_err(|_| "the key has another length")?;
    let storage = Arc::new(LocalStorage::new(repository));
    Ok(Repository::open(storage, MasterKey::from_bytes(&bytes), Options::default())?)
}
