//! The data directory: its layout, the lock that proves a live engine, and what is refused.
//!
//! ```text
//! DIR/ 0700
//!   catalog.sqlite            what exists
//!   catalog-copies/           copies of it 0600, NUMBER-TIME.sqlite: one a day (wall time) and one before its schema
//!                             changes, the newest seven; replaced-TIME/ holds a catalog in whose place a copy was put
//!   reserve 0600              blocks that are given back when the disk is full, see `reserve`
//!   engine.lock               held by the process that runs the engine
//!   engine.json               its pid, URL and socket; true only while the lock is held
//!   engine.sock 0600          in $XDG_RUNTIME_DIR where this path is too long for a socket
//!   keys/local.key 0600       wraps the vaults' keys and the secrets of access keys, unless keys/root.json names another root
//!   keys/root.json 0600       the root of the key ring where that is no file, or once was none; see `keys::root::record`
//!   keys/kms/                 the KMS keys that customers made 0600: what each is, and its material; see `keys::customer`
//!   vaults/ACCOUNT/REGION/NAME/   a restic repository; the engine's own files in vaultdeck/
//!   trash/                    deleted vaults; in vaults/.trash where vaults/ lies on another disk
//!   restored/                 new file systems of restores that name no path
//!   scratch/                  what restore tests restore, until they are over
//! ```

pub mod reserve;

use crate::engine::data_dir::reserve::Reserve;
use crate::engine::error::{Error, Result};
use crate::engine::read_only::{ReadOnly, forbids_writing};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the folder of the catalog's copies.
pub(crate) const CATALOG_COPIES: &str = "catalog-copies";

/// The longest path that a Unix socket can have on Linux, without the closing zero.
const LONGEST_SOCKET_PATH: usize = 107;

/// File systems on which neither SQLite's nor our own lock can be trusted, by the magic number of statfs(2).
const NETWORK_FILE_SYSTEMS: [(u32, &str); 9] = [
    (0x0000_6969, "NFS"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x0000_517B, "SMB"),
    (0x0102_1997, "9P"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x5346_414F, "AFS"),
];

/// The data directory of a live engine, locked.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    access: Access,
    /// Held alone by who writes, shared by who reads. None where there is only reading and no such file.
    lock: Option<File>,
    reserve: Arc<Reserve>,
}

/// What may be done with a data directory. It is found out once, when the directory is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    Write,
    /// Nothing that changes it.
    Read(ReadOnly),
}

/// What a live engine tells about itself in `engine.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Its process.
    pub pid: u32,
    /// Where it listens for HTTP.
    #[serde(default)]
    pub url: Option<String>,
    /// Its Unix socket.
    #[serde(default)]
    pub socket: Option<PathBuf>,
}

impl Access {
    /// Refuses what needs to write where that is not possible.
    pub fn require_write(&self) -> Result<()> {
        match self {
            Self::Write => Ok(()),
            Self::Read(why) => Err(Error::ReadOnly(why.clone())),
        }
    }
}

impl DataDir {
    /// Makes what is missing, refuses network file systems, and takes the lock. A directory that cannot be written is opened
    /// for reading only, and nothing in it is touched.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_on(path, |root| rustix::fs::statfs(root).map(|facts| facts.f_type as u32))
    }

    /// The same for what makes no sense without writing: a directory that cannot be written is [`Error::ReadOnly`].
    pub fn open_to_write(path: &Path) -> Result<Self> {
        let this = Self::open(path)?;
        this.require_write()?;
        Ok(this)
    }

    /// The same; `file_system` tells the magic number of the file system that a folder lies on.
    fn open_on(path: &Path, file_system: impl Fn(&Path) -> rustix::io::Result<u32>) -> Result<Self> {
        make_folder(path)?;
        let root = path.canonicalize().map_err(|e| Error::io(format!("open {}", path.display()), e))?;
        let magic = file_system(&root).map_err(|e| Error::io(format!("statfs {}", root.display()), e))?;
        refuse_network_file_system(&root, magic)?;
        let (mut access, mut lock) = match ReadOnly::found(&root) {
            None => take_lock(&root)?,
            Some(why) => (Access::Read(why), share_lock(&root)?),
        };
        // Before anything else is written: the disk may be full.
        let mut reserve = if access == Access::Write { Reserve::open(&root) } else { Reserve::none(&root) };
        if reserve.is_exhausted() && root.join("catalog.sqlite").exists() {
            drop(lock);
            access = Access::Read(ReadOnly::new(&root, &rustix::io::Errno::NOSPC.into()));
            lock = share_lock(&root)?;
            reserve = Reserve::none(&root);
        }
        let this = Self { root, access, lock, reserve: Arc::new(reserve) };
        if this.access == Access::Write {
            for folder in
                [this.root.clone(), this.keys(), this.kms_keys(), this.vaults(), this.trash(), this.restored()]
            {
                make_private_folder(&folder)?;
            }
            this.forget_announcement()?;
        }
        Ok(this)
    }

    /// What may be done with it.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Whether it can be written.
    pub fn is_writable(&self) -> bool {
        self.access == Access::Write
    }

    /// Whether its file system was remounted read-only since it was opened, as far as the mount tells.
    pub fn became_read_only(&self) -> bool {
        rustix::fs::statvfs(&self.root).is_ok_and(|facts| facts.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
    }

    /// Refuses what would change the directory where that is not possible.
    pub fn require_write(&self) -> Result<()> {
        self.access.require_write()
    }

    /// The directory itself, canonical.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The room that is kept for what must go on when the disk is full.
    pub fn reserve(&self) -> &Arc<Reserve> {
        &self.reserve
    }

    /// The catalog's file.
    pub fn catalog(&self) -> PathBuf {
        self.root.join("catalog.sqlite")
    }

    /// The folder of keys.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The key that wraps the others.
    pub fn local_key(&self) -> PathBuf {
        self.keys().join("local.key")
    }

    /// The folder of the KMS keys that customers made.
    pub fn kms_keys(&self) -> PathBuf {
        self.keys().join("kms")
    }

    /// The folder of all vaults.
    pub fn vaults(&self) -> PathBuf {
        self.root.join("vaults")
    }

    /// Where deleted vaults lie.
    pub fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    /// Where restores make new file systems when no path is given.
    pub fn restored(&self) -> PathBuf {
        self.root.join("restored")
    }

    /// Where restore tests restore to.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    /// Where the engine's socket belongs.
    pub fn socket(&self) -> PathBuf {
        socket_path(&self.root)
    }

    /// Tells other processes where this engine is reached.
    pub fn announce(&self, url: Option<String>, socket: Option<PathBuf>) -> Result<()> {
        self.require_write()?;
        self.reserve.ensure_step();
        let announcement = Announcement { pid: std::process::id(), url, socket };
        let text = serde_json::to_vec(&announcement).map_err(|e| Error::Internal(e.to_string()))?;
        write_private_file(&self.root.join("engine.json"), &text)
    }

    /// What this engine announced last.
    pub fn announcement(&self) -> Option<Announcement> {
        read_announcement(&self.root)
    }

    fn forget_announcement(&self) -> Result<()> {
        let path = self.root.join("engine.json");
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(format!("remove {}", path.display()), e))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Before the lock is given back: an announcement that outlives its engine would name the wrong process. Where
        // removing fails there is nothing left to do, and readers prove an announcement by the lock anyway.
        if self.access == Access::Write {
            let _ = self.forget_announcement();
        }
        if let Some(lock) = &self.lock {
            let _ = flock(lock, FlockOperation::Unlock);
        }
    }
}

/// The engine that lives in `directory`, if one does: the lock proves it.
pub fn live_engine(directory: &Path) -> Option<Announcement> {
    let lock = File::open(directory.join("engine.lock")).ok()?;
    match flock(&lock, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_) => read_announcement(directory),
    }
}

/// Where the socket of an engine in `root` lies: beside its data, or in `$XDG_RUNTIME_DIR` when that path is too long.
pub fn socket_path(root: &Path) -> PathBuf {
    let near = root.join("engine.sock");
    if near.as_os_str().len() <= LONGEST_SOCKET_PATH {
        return near;
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let digest = hex::encode(Sha256::digest(root.as_os_str().as_bytes()));
    runtime.join(format!("vaultdeck-{}.sock", &digest[..16]))
}

/// Makes a folder with mode 0700, and its parents; an existing one that belongs to others' eyes is closed to them.
pub fn make_private_folder(path: &Path) -> Result<()> {
    make_folder(path)?;
    let failed = |e| Error::io(format!("make the folder {}", path.display()), e);
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| Error::io(format!("make the folder {}", path.display()), e))
}

/// Writes a file with mode 0600, whole or not at all, and durably.
pub fn write_private_file(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(|e| Error::io(format!("write {}", path.display()), e))
}

/// Overwrites a file and removes it, durably; there may be none. On a file system that copies on writing, and on flash, the
/// old bytes may outlive that.
pub fn destroy_private_file(path: &Path) -> Result<()> {
    let destroyed = || -> std::io::Result<()> {
        // Copies that were put back may not be writable.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        let mut file = OpenOptions::new().write(true).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
        file.write_all(&vec![0; length])?;
        file.sync_all()?;
        fs::remove_file(path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    match destroyed() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(|error| Error::io(format!("destroy {}", path.display()), error)),
    }
}

fn read_announcement(root: &Path) -> Option<Announcement> {
    serde_json::from_slice(&fs::read(root.join("engine.json")).ok()?).ok()
}

/// Takes the lock to write, alone.
fn take_lock(root: &Path) -> Result<(Access, Option<File>)> {
    let path = root.join("engine.lock");
    let failed = |e: std::io::Error| Error::io(format!("lock {}", path.display()), e);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = match opened {
        // It became so just now.
        Err(error) if forbids_writing(&error) => {
            return Ok((Access::Read(ReadOnly::new(root, &error)), share_lock(root)?));
        }
        opened => opened.map_err(failed)?,
    };
    hold(&file, FlockOperation::NonBlockingLockExclusive, root)?;
    Ok((Access::Write, Some(file)))
}

/// Takes the lock to read, beside others who read.
fn share_lock(root: &Path) -> Result<Option<File>> {
    let path = root.join("engine.lock");
    match File::open(&path) {
        Ok(file) => {
            hold(&file, FlockOperation::NonBlockingLockShared, root)?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("read {}", path.display()), error)),
    }
}

fn hold(file: &File, how: FlockOperation, root: &Path) -> Result<()> {
    match flock(file, how) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let holder = read_announcement(root);
            Err(Error::Held { pid: holder.as_ref().map(|h| h.pid), socket: holder.and_then(|h| h.socket) })
        }
        Err(e) => Err(Error::io(format!("lock {}", root.join("engine.lock").display()), e)),
    }
}

fn refuse_network_file_system(root: &Path, magic: u32) -> Result<()> {
    match network_file_system(magic) {
        Some(name) => Err(Error::DataDir(format!(
            "the data directory {} lies on {name}, a network file system; the catalog and its locks need a local disk. \
             Choose another one with --data-dir",
            root.display()
        ))),
        None => Ok(()),
    }
}

fn network_file_system(magic: u32) -> Option<&'static str> {
    NETWORK_FILE_SYSTEMS.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_engine_is_told_who_holds_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        first.announce(None, Some("/run/first.sock".into())).unwrap();
        let Err(Error::Held { pid, socket }) = DataDir::open(folder.path()) else { panic!("not held") };
        assert_eq!(pid, Some(std::process::id()));
        assert_eq!(socket, Some("/run/first.sock".into()));
        assert_eq!(live_engine(folder.path()).unwrap().pid, std::process::id());
        drop(first);
        assert_eq!(live_engine(folder.path()), None);
        DataDir::open(folder.path()).unwrap();
    }

    #[test]
    fn an_announcement_without_a_lock_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataDir::open(folder.path()).unwrap());
        fs::write(folder.path().join("engine.json"), r#"{"pid":1}"#).unwrap();
        assert_eq!(live_engine(folder.path()), None);
    }

    #[test]
    fn who_reads_keeps_out_who_writes_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        drop(DataDir::open(root).unwrap());
        let readers = [share_lock(root).unwrap().unwrap(), share_lock(root).unwrap().unwrap()];
        assert!(matches!(DataDir::open(root), Err(Error::Held { pid: None, .. })));
        assert_eq!(live_engine(root), None, "who reads is no engine that others could ask");
        drop(readers);
        let writer = DataDir::open(root).unwrap();
        assert!(matches!(share_lock(root), Err(Error::Held { .. })));
        drop(writer);
        assert!(share_lock(tempfile::tempdir().unwrap().path()).unwrap().is_none(), "there is no lock to share");
    }

    #[test]
    fn the_directory_and_its_folders_are_private() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        for path in [dir.root().to_owned(), dir.keys(), dir.vaults(), dir.trash(), dir.restored()] {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
        }
    }

    #[test]
    fn a_long_path_puts_the_socket_elsewhere() {
        let short = Path::new("/srv/vaultdeck");
        assert_eq!(socket_path(short), short.join("engine.sock"));
        let long = PathBuf::from(format!("/{}", "x".repeat(120)));
        let socket = socket_path(&long);
        assert!(!socket.starts_with(&long), "{}", socket.display());
    }

    #[test]
    fn network_file_systems_are_known_by_their_magic_number() {
        assert_eq!(network_file_system(0x6969), Some("NFS"));
        assert_eq!(network_file_system(0xEF53), None);
    }

    #[test]
    fn a_data_directory_on_a_network_file_system_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let Err(Error::DataDir(why)) = DataDir::open_on(folder.path(), |_| Ok(0x6969)) else { panic!("opened") };
        assert!(why.contains("lies on NFS"), "{why}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        DataDir::open_on(folder.path(), |_| Ok(0xEF53)).unwrap();
    }
}
