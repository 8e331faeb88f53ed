//! restic's locks: a small file in `locks/` says who works with the repository.
//!
//! Any number of shared locks may lie there together; an exclusive one wants to be alone. A lock is written first and then
//! looked for others, so of two that come at once at least one sees the other. Locks carry wall time, not engine time: they
//! speak to other programs.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Local, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{Error, FileKind, Id, Repository, Result};

const LOCK_ADVICE: &str =
    "it excludes nobody; `restic unlock --remove-all` removes it while nothing else uses the vault";

/// When restic takes a lock for abandoned. Whoever lives refreshes it every few minutes.
const ABANDONED: TimeDelta = TimeDelta::minutes(30);

/// The locks that this process holds; a lock with our process number that is not among them is from a former life.
static HELD: Mutex<BTreeSet<Id>> = Mutex::new(BTreeSet::new());

/// What a lock file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct LockFile {
    time: DateTime<FixedOffset>,
    #[serde(default)]
    exclusive: bool,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    pid: i32,
    #[serde(default, skip_serializing_if = "is_zero")]
    uid: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    gid: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands members over by reference.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl LockFile {
    fn ours(exclusive: bool) -> Self {
        Self {
            time: Local::now().fixed_offset(),
            exclusive,
            hostname: hostname(),
            username: username(),
            pid: rustix::process::getpid().as_raw_nonzero().get(),
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
        }
    }

    /// Whether the process that wrote it is known to be gone: it ran here, and nobody has its number, or we have it.
    fn is_dead(&self, id: &Id) -> bool {
        if self.hostname != hostname() {
            return false;
        }
        let Some(process) = rustix::process::Pid::from_raw(self.pid).filter(|_| self.pid > 0) else {
            return false;
        };
        if process == rustix::process::getpid() {
            return !held().contains(id);
        }
        matches!(rustix::process::test_kill_process(process), Err(rustix::io::Errno::SRCH))
    }

    fn is_abandoned(&self) -> bool {
        Local::now().fixed_offset() - self.time > ABANDONED
    }

    fn describe(&self) -> String {
        let kind = if self.exclusive { "exclusively" } else { "for reading" };
        format!(
            "{kind} by process {} of {} on {}, since {}; wait until it ends, or if it is surely gone: restic unlock --remove-all",
            self.pid,
            self.username,
            self.hostname,
            self.time.format("%Y-%m-%d %H:%M:%S %:z")
        )
    }
}

/// A lock that this process holds on a repository. Released when dropped.
pub struct RepositoryLock {
    repository: Arc<Repository>,
    exclusive: bool,
    current: Mutex<Option<Id>>,
}

impl Repository {
    /// Says that this process works with the repository, so that a `restic prune` refuses to.
    ///
    /// Removes what dead processes of this machine left. Fails with [`Error::Locked`] when another program holds the
    /// repository for itself alone. To be refreshed every few minutes.
    pub fn lock_shared(self: &Arc<Self>) -> Result<RepositoryLock> {
        self.lock(false)
    }

    /// Takes the repository for this process alone; other locks of this same process do not count.
    pub fn lock_exclusive(self: &Arc<Self>) -> Result<RepositoryLock> {
        self.lock(true)
    }

    /// Fails with [`Error::Locked`] when another program holds the repository for itself alone. Nothing is written.
    pub fn refuse_if_excluded(&self) -> Result<()> {
        self.refuse_other_locks(false)
    }

    fn lock(self: &Arc<Self>, exclusive: bool) -> Result<RepositoryLock> {
        self.refuse_other_locks(exclusive)?;
        let lock = RepositoryLock { repository: Arc::clone(self), exclusive, current: Mutex::new(None) };
        lock.refresh()?;
        // The other one may have looked before ours was there; then ours is there when we look again. Dropping releases.
        self.refuse_other_locks(exclusive)?;
        Ok(lock)
    }

    /// Removes dead locks, and fails if one that is alive excludes us.
    fn refuse_other_locks(&self, exclusive: bool) -> Result<()> {
        for (id, _) in self.storage().list(FileKind::Lock)? {
            if held().contains(&id) {
                continue;
            }
            let lock = match self.read_lock(&id) {
                Ok(lock) => lock,
                // Its owner released it between listing and reading.
                Err(Error::NotFound { .. }) => continue,
                // Whatever it was, it tells nobody anything: a torn write, or no lock at all.
                Err(error) => {
                    self.tell_of_lock(&id, &error);
                    continue;
                }
            };
            if lock.is_dead(&id) {
                self.remove_lock(&id)?;
            } else if !lock.is_abandoned() && (exclusive || lock.exclusive) {
                return Err(Error::Locked(lock.describe()));
            }
        }
        Ok(())
    }

    fn read_lock(&self, id: &Id) -> Result<LockFile> {
        let content = self.load_unpacked(FileKind::Lock, id)?;
        serde_json::from_slice(&content).map_err(|error| Error::damaged(format!("lock {id}"), error))
    }

    fn tell_of_lock(&self, id: &Id, error: &Error) {
        self.integrity.tell(format!("lock {id}"), error, LOCK_ADVICE);
    }

    fn remove_lock(&self, id: &Id) -> Result<()> {
        match self.storage().remove(FileKind::Lock, id) {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }
}

impl RepositoryLock {
    /// Looks whether another program holds the repository for itself alone in spite of this lock, and writes the lock anew
    /// when somebody removed it.
    pub fn confirm(&self) -> Result<()> {
        self.repository.refuse_other_locks(self.exclusive)?;
        if self.is_gone() { self.refresh() } else { Ok(()) }
    }

    /// Writes the lock anew with the present time, then removes the old one.
    pub fn refresh(&self) -> Result<()> {
        let mut current = self.current.lock();
        let content =
            serde_json::to_vec(&LockFile::ours(self.exclusive)).map_err(|error| Error::Invalid(error.to_string()))?;
        let id = {
            // Held before anybody can look at what the lock names, so that no other lock of ours takes it for a stranger's.
            let mut held = held();
            let id = self.repository.save_unpacked(FileKind::Lock, &content)?;
            held.insert(id);
            id
        };
        match current.replace(id) {
            Some(old) => self.remove(&old),
            None => Ok(()),
        }
    }

    /// Whether somebody else removed the lock's file.
    pub fn is_gone(&self) -> bool {
        let current = self.current.lock();
        let size = current.map(|id| self.repository.storage().size(FileKind::Lock, &id));
        matches!(size, Some(Err(Error::NotFound { .. })))
    }

    /// Gives the repository free. Dropping does the same, but cannot say what went wrong.
    pub fn release(self) -> Result<()> {
        self.give_free()
    }

    fn give_free(&self) -> Result<()> {
        match self.current.lock().take() {
            Some(id) => self.remove(&id),
            None => Ok(()),
        }
    }

    fn remove(&self, id: &Id) -> Result<()> {
        let removed = self.repository.remove_lock(id);
        held().remove(id);
        removed
    }
}

impl Drop for RepositoryLock {
    fn drop(&mut self) {
        if let Err(error) = self.give_free() {
            tracing::warn!(%error, "a lock of the repository stays behind; the next start removes it");
        }
    }
}

fn held() -> parking_lot::MutexGuard<'static, BTreeSet<Id>> {
    HELD.lock()
}

/// The machine's name, as restic asks for it.
fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

fn username() -> String {
    ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| rustix::process::getuid().as_raw().to_string())
}
