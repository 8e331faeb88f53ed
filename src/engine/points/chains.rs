//! What happens to a live continuous recovery point: more of the log comes to it, it gets another base, nothing follows it any more.
//!
//! All that such a point holds is one snapshot, which is replaced by another that has more: a folder for each base, with the log
//! from there on in it. What is there already is taken over as it is stored. The order is that of every commit: packs, index,
//! snapshot, then the one transaction from which on the catalog tells of it, then the manifest; and then the snapshot before goes.
//! Killed anywhere, the point is what the catalog says, and a snapshot that is one too many is an orphan.

use crate::domain::continuous::{Base, Chain, days};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, PointDetails, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::GrowRecoveryPoint;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Elsewhere, LogFile, Needed, Progress};
use crate::engine::error::{Error, Result};
use crate::engine::points::rows::chains::{self, ChainRow, Grown};
use crate::engine::points::{TAG, rows as points};
use crate::engine::vaults::store::OpenVault;
use crate::repository::{
    BackupRequest, Change, Control, Cut, Id, ItemPath, Node, NodeKind, Overlay, Prepared, ReadElsewhere, Repository,
    Timestamp, crash_point,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::Duration;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// How the log is cut: so that what comes every few seconds is small, and the list of a day's pieces too.
const CUT: Cut = Cut::Fixed(1 << 20);

/// Only one at a time changes what a point holds.
#[derive(Default)]
pub struct Locks(Mutex<BTreeMap<Arn, Arc<Mutex<()>>>>);

impl Locks {
    pub(crate) fn of(&self, point: &Arn) -> Arc<Mutex<()>> {
        Arc::clone(self.0.lock().entry(point.clone()).or_default())
    }
}

/// Whether something reads a point, which keeps its snapshots from being forgotten.
pub(crate) type IsRead = fn(&Connection, &Arn) -> Result<bool>;

/// A new base of a point.
pub(crate) struct NewBase<'a> {
    /// The base, stored and not committed.
    pub(crate) stored: &'a Prepared,
    /// Its folder in what is stored, as a name in the root.
    pub(crate) folder: &'a str,
    /// The first moment that it can be restored to.
    pub(crate) from: Time,
    /// What the driver said of it.
    pub(crate) details: &'a PointDetails,
    /// See [`Continuous::log_folder`](crate::engine::drivers::Continuous::log_folder).
    pub(crate) log_folder: &'a str,
    /// See [`Continuous::needed`](crate::engine::drivers::Continuous::needed).
    pub(crate) needed: &'a Needed,
}

/// What came of the log of a point, and where it goes.
pub(crate) struct Came<'a> {
    /// What the follower told.
    pub(crate) progress: &'a Progress,
    /// What of it lies with the service still.
    pub(crate) elsewhere: Option<&'a dyn Elsewhere>,
    /// See [`Continuous::log_folder`](crate::engine::drivers::Continuous::log_folder).
    pub(crate) log_folder: &'a str,
    /// Whether something reads the point.
    pub(crate) is_read: IsRead,
}

/// The snapshot of a live point, and what is in it.
struct Standing {
    snapshot: Id,
    chain: Chain,
    lifecycle_days: i64,
}

/// What a point comes to hold.
struct Growth<'a> {
    point: &'a Arn,
    /// Its snapshot.
    before: &'a Id,
    changes: BTreeMap<PathBuf, Change>,
    /// Who opens what of them lies elsewhere.
    elsewhere: Option<&'a dyn ReadElsewhere>,
    chain: &'a Chain,
}

impl Engine {
    /// Refuses as long as nothing of a point's log could be stored: until then it is better kept by the service than here.
    pub(crate) fn admits_log(&self, row: &ChainRow) -> Result<()> {
        self.data_dir.reserve().admits_backup().map_err(|standing| Error::unavailable(standing.to_string()))?;
        let vault = self.vault_store.get(&row.vault)?;
        let _pass = vault.reenter()?;
        vault.may_write()?;
        if let Some(standing) = self.catalog.read(|connection| standing(connection, &row.point))? {
            vault.repository.load_snapshot(&standing.snapshot)?;
        }
        Ok(())
    }

    /// Stores what came of a point's log. Whether the point is still followed.
    pub(crate) fn keep_log(&self, row: &ChainRow, came: &Came<'_>, control: &Control) -> Result<bool> {
        let Came { progress, elsewhere, log_folder, is_read } = *came;
        let lock = self.chains.of(&row.point);
        let _alone = lock.lock();
        let Some(Standing { snapshot, mut chain, .. }) = self.catalog.read(|c| standing(c, &row.point))? else {
            return Ok(false);
        };
        let before = chain.clone();
        chain.log = progress.log.read().unwrap_or_default();
        chain.latest = progress.latest.map_or(chain.latest, |latest| latest.max(chain.latest));
        chain.newest_change = progress.newest_change.max(chain.newest_change);
        // Copies wait for it.
        let has_come = before.awaits_log() && !chain.awaits_log();
        if progress.files.is_empty() {
            if chain != before {
                self.catalog.write(|tx| chains::keep(tx, &row.point, &chain))?;
            }
            if has_come {
                self.jobs.wake();
            }
            return Ok(true);
        }
        self.data_dir.reserve().admits_backup().map_err(|standing| Error::unavailable(standing.to_string()))?;
        let vault = self.vault_store.get(&row.vault)?;
        let _pass = vault.reenter()?;
        vault.may_write()?;
        let newest = chain.bases.last().map(|base| base.folder.clone()).unwrap_or_default();
        let folder = Path::new("/").join(&newest).join(log_folder);
        let node = node_of(&vault.repository, &snapshot, &folder)?;
        let now = self.clock.now();
        let here = progress.files.iter().map(|file| (folder.join(&file.name), log_file(file, &node, now)));
        let there = elsewhere.map(Elsewhere::files).unwrap_or_default().into_iter();
        let there = there.map(|(name, item)| (folder.join(&name), Change::Elsewhere { name, item: Box::new(item) }));
        let changes = here.chain(there).collect();
        let elsewhere = elsewhere.map(|elsewhere| elsewhere as &dyn ReadElsewhere);
        let growth = Growth { point: &row.point, before: &snapshot, changes, elsewhere, chain: &chain };
        let is_live = self.grow(&vault, growth, is_read, control, &|_| Ok(true))?;
        if has_come {
            self.jobs.wake();
        }
        Ok(is_live)
    }

    /// Adds a base to a live point, and drops those that nothing needs any more; `also` is done in the same transaction. Whether
    /// the point is still live and `also` let it be.
    pub(crate) fn keep_base(
        &self,
        vault: &OpenVault,
        point: &Arn,
        base: &NewBase<'_>,
        is_read: IsRead,
        control: &Control,
        also: &dyn Fn(&Connection) -> Result<bool>,
    ) -> Result<bool> {
        let lock = self.chains.of(point);
        let _alone = lock.lock();
        let Some(standing) = self.catalog.read(|c| standing(c, point))? else { return Ok(false) };
        let Standing { snapshot, mut chain, lifecycle_days } = standing;
        let repository = &vault.repository;
        let tree = base.stored.outcome().tree;
        let stored = repository.find_in(&tree, base.folder.as_bytes())?;
        let stored = stored.ok_or_else(|| Error::Internal("a base has no folder".to_owned()))?;
        let old = Path::new("/").join(chain.bases.last().map_or("", |base| base.folder.as_str()));
        let folder = chain.next_folder(base.folder);
        let new = Path::new("/").join(&folder);
        let mut changes = BTreeMap::new();
        // There is no log before the first piece of it has come.
        if let Some(log) = node_of(repository, &snapshot, &old.join(base.log_folder))?.subtree {
            let own = stored.subtree.unwrap_or(tree);
            for (name, node) in needed_of(repository, &log, base, &own)? {
                changes.insert(new.join(base.log_folder).join(name), Change::Stored(node));
            }
        }
        changes.insert(new, Change::Stored(stored));
        chain.add(Base::new(folder, base.from, base.details.clone()));
        let outlived = chain.outlived(lifecycle_days, self.clock.now().min(chain.latest));
        chain.bases.retain(|base| !outlived.contains(&base.folder));
        changes.extend(outlived.iter().map(|folder| (Path::new("/").join(folder), Change::Gone)));
        let growth = Growth { point, before: &snapshot, changes, elsewhere: None, chain: &chain };
        self.grow(vault, growth, is_read, control, also)
    }

    /// Nothing follows a live point any more; the service is told so soon. Whether it was live.
    pub(crate) fn stop_chain(&self, point: &Arn, why: &str) -> Result<bool> {
        let lock = self.chains.of(point);
        let _alone = lock.lock();
        let now = self.clock.now();
        let stopped = self.catalog.write(|tx| {
            let Some(Standing { mut chain, lifecycle_days, .. }) = standing(tx, point)? else { return Ok(None) };
            chain.stopped = Some(why.to_owned());
            let delete_at = chain.latest + Duration::days(lifecycle_days);
            if !chains::stop(tx, point, &chain, delete_at, now)? {
                return Ok(None);
            }
            Ok(chains::get(tx, point)?.map(|row| row.vault))
        })?;
        if let Some(vault) = &stopped {
            self.write_owed_manifests(vault);
        }
        self.jobs.wake();
        Ok(stopped.is_some())
    }

    /// Replaces the snapshot of a live point. Whether it still was as it was, and `also` let it be.
    fn grow(
        &self,
        vault: &OpenVault,
        growth: Growth<'_>,
        is_read: IsRead,
        control: &Control,
        also: &dyn Fn(&Connection) -> Result<bool>,
    ) -> Result<bool> {
        let Growth { point, before, changes, elsewhere, chain } = growth;
        let repository = &vault.repository;
        let now = self.clock.now();
        let overlay = Overlay::new(repository, *before, changes).reading(elsewhere);
        let host = repository.load_snapshot(before)?.hostname;
        let request = BackupRequest {
            paths: vec![PathBuf::from("/")],
            parent: Some(*before),
            time: now.fixed_offset(),
            started: SystemTime::now(),
            hostname: host,
            username: "vaultdeck".to_owned(),
            tags: vec![format!("{TAG}{}", point.point_id())],
            chunker: vault.chunker,
        };
        let stored = repository.prepare(&overlay, &request, control)?;
        if let Some(issue) = stored.outcome().issues.first() {
            let what = format!("{} of {point}", issue.path.display());
            return Err(crate::repository::Error::damaged(what, &issue.reason).into());
        }
        // Until its manifest is written nobody is to take the one snapshot or the other for one that nothing needs.
        let _moving = self.upkeep.moving(point);
        if !repository.commit(&[&stored])?.contains(&true) {
            return Err(Error::unavailable("packs changed while a continuous recovery point counted on them"));
        }
        crash_point::reached("before-chain-switch");
        let outcome = stored.outcome();
        let packs = repository.packs_of_tree(&outcome.tree)?;
        let grown = Grown {
            snapshot: outcome.snapshot,
            snapshot_file: BASE64.encode(stored.snapshot_file()),
            packs: &packs,
            root: Path::new("/").join(chain.bases.last().map_or("", |base| base.folder.as_str())),
            size: outcome.bytes_total,
            chain,
        };
        vault.confirm_place()?;
        let vault_arn = vault.arn();
        let switched = self.catalog.write(|tx| {
            let permit = authorize(tx, Doing::Outcome, GrowRecoveryPoint, &Anything(point.as_str()))?;
            let switched = chains::grow(tx, &permit, vault_arn, before, &grown, now)? && also(tx)?;
            self.clock.save_in(tx)?;
            // Nothing of it may stay where it may not be.
            if switched { Ok(true) } else { Err(Error::unavailable(NOT_LIVE)) }
        });
        let unneeded = match &switched {
            Ok(_) => before,
            Err(_) => &outcome.snapshot,
        };
        crash_point::reached("before-chain-manifest");
        let told = switched.is_err() || self.wrote_owed_manifests(vault_arn);
        if told && !self.catalog.read(|connection| is_read(connection, point))? {
            vault.may_remove()?;
            repository.forget(unneeded)?;
        }
        match switched {
            Err(error) if error.to_string().contains(NOT_LIVE) => Ok(false),
            switched => switched,
        }
    }
}

/// What is said of a point that was deleted or stopped while something was to be added to it.
const NOT_LIVE: &str = "the continuous recovery point is not live any more";

/// What a live point holds now; nothing for one that is not live.
fn standing(connection: &Connection, point: &Arn) -> Result<Option<Standing>> {
    let row = chains::get(connection, point)?.filter(|row| row.status == Some(RecoveryPointStatus::Available));
    let Some(chain) = row.and_then(|row| row.chain) else { return Ok(None) };
    let content = points::content(connection, point)?;
    let Some(snapshot) = content.and_then(|(snapshot, ..)| snapshot.parse().ok()) else { return Ok(None) };
    let lifecycle = points::get(connection, point)?.and_then(|point| point.lifecycle);
    Ok(Some(Standing { snapshot, chain, lifecycle_days: days(lifecycle.as_ref()) }))
}

/// What a new base needs of the log before, by its name in the log's folder; `own` is the new base.
fn needed_of(repository: &Repository, log: &Id, base: &NewBase<'_>, own: &Id) -> Result<Vec<(PathBuf, Node)>> {
    let found = match base.needed {
        Needed::Behind(name) => return log_behind(repository, log, name),
        Needed::BehindItsOwn => log_behind(repository, log, &last_of_log(repository, own, base.log_folder)?)?,
        Needed::Files(is_needed) => {
            let all = log_behind(repository, log, Path::new(""))?.into_iter();
            all.filter(|(name, _)| is_needed(name.as_os_str().as_bytes())).collect()
        }
    };
    // Folders beside the files of a log are a base's own.
    Ok(found.into_iter().filter(|(_, node)| node.is_file()).collect())
}

/// The last file in the folder of a base's own log.
fn last_of_log(repository: &Repository, base: &Id, folder: &str) -> Result<PathBuf> {
    let own = repository.find_in(base, folder.as_bytes())?.and_then(|node| node.subtree);
    let own = own.map(|tree| repository.items_of(&tree)).transpose()?.unwrap_or_default();
    let last = own.into_iter().filter(Node::is_file).map(|node| node.name).next_back().unwrap_or_default();
    Ok(PathBuf::from(OsStr::from_bytes(&last)))
}

/// What lies in the folder of a log behind a name, folders that are all behind it as a whole.
fn log_behind(repository: &Repository, folder: &Id, last: &Path) -> Result<Vec<(PathBuf, Node)>> {
    let mut names = last.iter();
    let first = names.next().unwrap_or_default();
    let rest = names.as_path();
    let mut found = Vec::new();
    for node in repository.items_of(folder)? {
        let name = PathBuf::from(OsStr::from_bytes(&node.name));
        match node.subtree {
            Some(tree) if name == first => {
                let within = log_behind(repository, &tree, rest)?;
                found.extend(within.into_iter().map(|(below, node)| (name.join(below), node)));
            }
            _ if name.as_os_str() > first => found.push((name, node)),
            _ => {}
        }
    }
    Ok(found)
}

/// A file of the log, which belongs to whom its folder belongs to.
fn log_file(file: &LogFile, folder: &Node, now: Time) -> Change {
    let at = Timestamp::new(now.timestamp(), 0);
    let node = Node {
        kind: NodeKind::File,
        permissions: 0o600,
        size: file.size,
        modified: at,
        accessed: at,
        changed: at,
        uid: folder.uid,
        gid: folder.gid,
        links: 1,
        ..Node::default()
    };
    Change::File { from: file.from.clone(), length: file.length, node, cut: CUT }
}

/// The folder of a log in a snapshot.
fn node_of(repository: &Repository, snapshot: &Id, path: &Path) -> Result<Node> {
    match repository.find(snapshot, &item_path(path)?) {
        Ok(node) => Ok(node.unwrap_or_default()),
        Err(crate::repository::Error::NoSuchPath { .. }) => Ok(Node::default()),
        Err(error) => Err(error.into()),
    }
}

fn item_path(path: &Path) -> Result<ItemPath> {
    ItemPath::from_path(path).map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::{ChunkerParameters, LocalSource, LocalStorage, MasterKey, Options};

    #[test]
    fn a_base_needs_of_a_log_in_folders_what_lies_behind_a_name_and_whole_folders_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("log");
        for name in ["1/01/x", "1/02/x", "2/01/x", "2/02/x", "2/03/x", "3/01/x", "4"] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), name).unwrap();
        }
        let storage = Arc::new(LocalStorage::new(folder.path().join("repository")));
        let repository = Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap();
        let request = BackupRequest {
            paths: vec![root.clone()],
            parent: None,
            time: "2026-11-23T05:00:00Z".parse().unwrap(),
            started: SystemTime::now(),
            hostname: "h".to_owned(),
            username: "u".to_owned(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        let stored = repository.backup(&LocalSource::new(&root).unwrap(), &request, &Control::new()).unwrap();
        let log = node_of(&repository, &stored.snapshot, &root).unwrap().subtree.unwrap();
        let behind = |name: &str| {
            let found = log_behind(&repository, &log, Path::new(name)).unwrap();
            found.into_iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(behind(""), ["1", "2", "3", "4"]);
        assert_eq!(behind("2/02"), ["2/02/x", "2/03", "3", "4"]);
        assert_eq!(behind("2/01-"), ["2/02", "2/03", "3", "4"]);
        assert_eq!(behind("1/03"), ["2", "3", "4"]);
        assert_eq!(behind("3"), ["3/01", "4"]);
        assert_eq!(behind("4"), [""; 0]);
    }
}
