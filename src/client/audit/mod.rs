//! What this program changed, and on whose word: one JSON object a line, appended, never rewritten.
//!
//! A line is written and synced to disk before a request is sent, and another when its outcome is known. When the first
//! cannot be written, the request is not sent. Blocks for lines to come are taken ahead, so that there is room for them when
//! the disk is full; and should they be used up, what cannot be written waits in memory: who cannot delete cannot make room.

mod newest;

pub use newest::{Logged, newest};

use crate::domain::{AccountId, Region, Time};
use parking_lot::Mutex;
use rustix::fs::FallocateFlags;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The audit log of one user.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    who: String,
    session: String,
    log: Mutex<Log>,
}

/// The file, and what waits to be written to it.
#[derive(Debug)]
struct Log {
    file: File,
    waiting: Vec<u8>,
}

/// How much room is taken ahead, and taken again when half of it is used.
const AHEAD: u64 = 256 << 10;

/// A line of the log.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Entry {
    /// When it was written.
    pub at: Time,
    /// The same for both lines of a request.
    pub id: String,
    /// `intended` before the request, then `done` or `failed`.
    pub phase: Phase,
    /// The run of this program that sent it; lines that are older than this name have none.
    #[serde(default)]
    pub session: Option<String>,
    /// The user of this machine.
    pub who: String,
    /// `typed` into a dialog, or `command_line`.
    pub approval: String,
    /// The context: an engine, an endpoint, an AWS profile.
    pub context: String,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// `CreateBackupVault`.
    pub operation: String,
    /// The request's input.
    pub request: Value,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Where in a request's life a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before it is sent.
    Intended,
    /// It succeeded.
    Done,
    /// It failed, or its outcome is unknown.
    Failed,
}

/// The log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the audit log {}: {source}", path.display())]
pub struct AuditError {
    path: PathBuf,
    source: std::io::Error,
}

impl Audit {
    /// Opens the log, making it (0600) and its folder (0700) where they are absent. `who` names the user.
    pub fn open(path: &Path, who: impl Into<String>) -> Result<Self, AuditError> {
        let failed = |source| AuditError { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        let log = Log { file, waiting: Vec::new() };
        log.take_room();
        let session = uuid::Uuid::new_v4().to_string();
        Ok(Self { path: path.to_owned(), who: who.into(), session, log: Mutex::new(log) })
    }

    /// What tells the lines of this run of the program from those of others.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Who it is that changes things.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// Where the log lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line and waits until the disk has it. On a full disk the line waits for the next one, or the end.
    pub fn append(&self, entry: &Entry) -> Result<(), AuditError> {
        let failed = |source| AuditError { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(entry).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let mut log = self.log.lock();
        log.waiting.append(&mut line);
        match log.write() {
            Err(error) if is_full(&error) => {
                tracing::error!(path = %self.path.display(), %error, "the audit log waits for room on its disk");
                Ok(())
            }
            Err(error) => {
                log.waiting.clear();
                Err(failed(error))
            }
            Ok(()) => Ok(()),
        }
    }
}

impl Log {
    /// Writes all that waits; what cannot be written whole waits on.
    fn write(&mut self) -> std::io::Result<()> {
        let before = self.file.metadata()?.len();
        let written = self.file.write_all(&self.waiting).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.waiting.clear();
                self.take_room();
                Ok(())
            }
            Err(error) => {
                // Half a line would spoil the next one too.
                let _ = self.file.set_len(before);
                Err(error)
            }
        }
    }

    /// Takes blocks behind the end of the file. Where that cannot be had nothing is lost but the foresight.
    fn take_room(&self) {
        let Ok(facts) = self.file.metadata() else { return };
        if facts.blocks() * 512 < facts.len() + AHEAD / 2 {
            let _ = rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, facts.len(), AHEAD);
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if !self.waiting.is_empty() && self.write().is_err() {
            let lines = String::from_utf8_lossy(&self.waiting);
            tracing::error!(%lines, "there was no room for these lines of the audit log");
        }
    }
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn entry(phase: Phase) -> Entry {
        Entry {
            at: Time::UNIX_EPOCH,
            id: "1".to_owned(),
            phase,
            session: Some("s".to_owned()),
            who: "ada".to_owned(),
            approval: "typed".to_owned(),
            context: "embedded engine".to_owned(),
            account: "123456789012".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            operation: "DeleteBackupVault".to_owned(),
            request: serde_json::json!({"BackupVaultName": "two\nlines"}),
            request_id: None,
            error: None,
        }
    }

    #[test]
    fn lines_are_appended_and_nobody_else_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/vaultdeck/audit.jsonl");
        Audit::open(&path, "ada").unwrap().append(&entry(Phase::Intended)).unwrap();
        Audit::open(&path, "ada").unwrap().append(&entry(Phase::Done)).unwrap();

        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Entry> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, [entry(Phase::Intended), entry(Phase::Done)]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn there_is_room_ahead_for_lines_that_are_written_on_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::open(&path, "ada").unwrap();
        let room = || std::fs::metadata(&path).unwrap().blocks() * 512;
        assert!(room() >= AHEAD / 2, "{}", room());
        while std::fs::metadata(&path).unwrap().len() < AHEAD {
            audit.append(&entry(Phase::Intended)).unwrap();
        }
        assert!(room() >= AHEAD + AHEAD / 2, "{}", room());
    }

    #[test]
    fn lines_wait_for_room_and_stop_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::open(&path, "ada").unwrap();
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let file = std::mem::replace(&mut audit.log.lock().file, full);
        audit.append(&entry(Phase::Intended)).unwrap();
        audit.append(&entry(Phase::Done)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        audit.log.lock().file = file;
        drop(audit);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Entry> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, [entry(Phase::Intended), entry(Phase::Done)]);
    }

    #[test]
    fn a_log_that_others_could_read_is_closed_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        Audit::open(&path, "ada").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
