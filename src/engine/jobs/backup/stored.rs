//! What a backup job stored, and the recovery point that a commit makes of it.

use crate::domain::continuous::Chain;
use crate::domain::extension::MissingItem;
use crate::domain::job::JobState;
use crate::domain::{Arn, Nesting, Tags, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::AddRecoveryPoint;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::{PointFacts, Registered};
use crate::engine::error::Result;
use crate::engine::jobs::backup::rows::record::{self, BackupRecord, Moved};
use crate::engine::jobs::composite::conclude;
use crate::engine::jobs::copy;
use crate::engine::jobs::finish::{NewManifest, Stored, Verdict};
use crate::engine::jobs::outcome::{Ending, known_category};
use crate::engine::points;
use crate::engine::points::insert::complete_point;
use crate::engine::points::manifest::{self, Manifest};
use crate::engine::points::rows::{creating, owed_manifests};
use crate::engine::resources::rows::marks;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{BackupOutcome, FileKind, Id, IssueKind, ItemPath, NewData, NewSnapshot, Prepared};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A backup whose data lies in its vault and of which no recovery point tells yet.
pub(super) struct StoredBackup {
    pub(super) record: BackupRecord,
    pub(super) vault: Arc<OpenVault>,
    pub(super) made: Made,
}

/// Who made what is stored.
pub(super) enum Made {
    /// This attempt of the job.
    Now(Box<Attempt>),
    /// An earlier one, whose snapshot and manifest are durable.
    Before(Box<Manifest>),
}

/// What an attempt stored.
pub(super) struct Attempt {
    pub(super) plan: Plan,
    /// The path in the snapshot that is the resource's root.
    pub(super) root: PathBuf,
    /// What the driver says of it.
    pub(super) facts: PointFacts,
    /// What the point holds, if it is a continuous one.
    pub(super) chain: Option<Chain>,
    /// Why it lacks something of what it should be made of, if it is a composite one.
    pub(super) partial: Option<String>,
    pub(super) data: Data,
}

/// How far the data is.
pub(super) enum Data {
    /// All but the snapshot is there.
    Prepared(Prepared),
    /// The snapshot is durable.
    Snapshot(BackupOutcome),
}

impl Data {
    pub(super) fn outcome(&self) -> &BackupOutcome {
        match self {
            Self::Prepared(prepared) => prepared.outcome(),
            Self::Snapshot(outcome) => outcome,
        }
    }
}

/// What is needed from the catalog before the work begins.
pub(super) struct Plan {
    /// The resource.
    pub(super) of: Registered,
    pub(super) tags: Tags,
    pub(super) parent: Option<Id>,
}

impl StoredBackup {
    /// What of it was new. What an earlier attempt left whole does not tell.
    fn new_data(&self) -> Option<NewData> {
        match &self.made {
            Made::Now(attempt) => Some(attempt.data.outcome().new_data),
            Made::Before(_) => None,
        }
    }

    fn snapshot(&self) -> Result<Id> {
        match &self.made {
            Made::Now(attempt) => Ok(attempt.data.outcome().snapshot),
            Made::Before(manifest) => manifest.snapshot_id(),
        }
    }
}

impl Stored for StoredBackup {
    fn vault(&self) -> &Arc<OpenVault> {
        &self.vault
    }

    fn vault_arn(&self) -> &Arn {
        &self.record.job.vault_arn
    }

    fn new_snapshot(&self) -> Option<&NewSnapshot> {
        match &self.made {
            Made::Now(attempt) => match &attempt.data {
                Data::Prepared(prepared) => Some(prepared.as_ref()),
                Data::Snapshot(_) => None,
            },
            Made::Before(_) => None,
        }
    }

    fn point(&self, engine: &Engine, connection: &Connection) -> Result<NewManifest> {
        let attempt = match &self.made {
            Made::Before(manifest) => return Ok(NewManifest::Written(Manifest::clone(manifest))),
            Made::Now(attempt) => attempt,
        };
        let arn = self.record.job.recovery_point_arn.as_ref();
        // Whoever tagged the point while it was being made finds these tags on it.
        let given = arn.map_or(Ok(None), |arn| creating::tags_of(connection, arn))?;
        let tags = given.unwrap_or_else(|| attempt.plan.tags.clone());
        let row = arn.map_or(Ok(None), |arn| points::rows::get(connection, arn))?;
        let nesting = row.map(|point| point.nesting).unwrap_or_default();
        let file = snapshot_file(attempt, &self.vault);
        let manifest = attempt.manifest(&self.record, file, engine.clock.now(), tags);
        Ok(NewManifest::ToWrite(Manifest { nesting, ..manifest }))
    }

    fn packs(&self) -> Result<Arc<BTreeSet<Id>>> {
        let repository = &self.vault.repository;
        let tree = match &self.made {
            Made::Now(attempt) => attempt.data.outcome().tree,
            Made::Before(manifest) => repository.load_snapshot(&manifest.snapshot_id()?)?.tree,
        };
        Ok(repository.packs_of_tree(&tree)?)
    }

    fn complete(&self, connection: &Connection, manifest: &Manifest, packs: &BTreeSet<Id>, now: Time) -> Result<bool> {
        let parent = self.record.job.is_parent.then(|| self.record.as_parent());
        let seen = parent.map(|parent| conclude::seen_now(connection, &parent, manifest)).transpose()?.flatten();
        let (manifest, is_owed) = (seen.as_ref().unwrap_or(manifest), seen.is_some());
        let ending = Ending {
            state: if manifest.partial { JobState::Partial } else { JobState::Completed },
            category: known_category(&manifest.message_category),
            message: manifest.status_message.clone(),
        };
        let bytes = manifest.bytes_read as i64;
        let moved = Moved { size: bytes, bytes, new_data: self.new_data() };
        if !record::end(connection, &self.record.job.id, &ending, moved, now)? {
            return Ok(false);
        }
        let vault = Anything(manifest.vault_arn.as_str());
        let permit = authorize(connection, Doing::Outcome, AddRecoveryPoint, &vault)?;
        complete_point(connection, &permit, manifest, packs, now)?;
        if let Some(arn) = self.record.job.recovery_point_arn.as_ref().filter(|_| is_owed) {
            owed_manifests::owe(connection, arn)?;
        }
        if let Made::Now(attempt) = &self.made
            && let Some(mark) = attempt.facts.mark.as_ref().filter(|mark| attempt.plan.of.mark.as_ref() != Some(*mark))
        {
            marks::remember(connection, &manifest.resource_arn, mark)?;
        }
        // What is nested in a composite is copied as a part of it.
        if self.record.job.parent_job_id.is_none() {
            copy::create::scheduled(connection, &self.record.job, &self.record.copy_actions, now)?;
        }
        Ok(true)
    }

    fn discard(&self, engine: &Engine, verdict: Verdict) -> Result<()> {
        let _pass = self.vault.reenter()?;
        self.vault.repository.forget(&self.snapshot()?)?;
        manifest::remove(self.vault.files(), point_id(&self.record))?;
        engine.jobs.litter(&self.record.job.vault_arn);
        let ending = if verdict == Verdict::Expired { Ending::past_deadline(None) } else { Ending::stopped() };
        let now = engine.clock.now();
        engine.catalog.write(|tx| record::end(tx, &self.record.job.id, &ending, Moved::default(), now))?;
        Ok(())
    }
}

/// The snapshot's file. Without it the point is as whole as with it; it only could not be written again.
fn snapshot_file(attempt: &Attempt, vault: &OpenVault) -> Option<String> {
    match &attempt.data {
        Data::Prepared(prepared) => Some(BASE64.encode(prepared.snapshot_file())),
        Data::Snapshot(outcome) => {
            let file = vault.repository.storage().read(FileKind::Snapshot, &outcome.snapshot);
            file.ok().map(|bytes| BASE64.encode(bytes))
        }
    }
}

impl Attempt {
    fn manifest(&self, record: &BackupRecord, snapshot_file: Option<String>, now: Time, tags: Tags) -> Manifest {
        let (job, outcome) = (&record.job, self.data.outcome());
        let read = outcome
            .issues
            .iter()
            .map(|issue| MissingItem { path: from_root(&issue.path, &self.root), reason: issue.reason.clone() });
        let all = self.facts.lacks.clone().map(|reason| MissingItem { path: "/".to_owned(), reason });
        let missing: Vec<MissingItem> = all.into_iter().chain(read).collect();
        let denied =
            self.facts.lacks.is_none() && outcome.issues.iter().all(|issue| issue.kind == IssueKind::AccessDenied);
        let ending = match &self.partial {
            Some(why) => Ending::partial(why.clone()),
            None => Ending::completed(&missing, denied)
                .with_issue(record.issue.as_deref())
                .with_issue(self.facts.issue.as_deref()),
        };
        Manifest {
            recovery_point_id: point_id(record).to_owned(),
            job_id: job.id.to_string(),
            vault_arn: job.vault_arn.clone(),
            source_vault_arn: None,
            snapshot: outcome.snapshot.to_hex(),
            snapshot_file,
            storage_class: None,
            root: self.root.clone(),
            resource_arn: job.resource_arn.clone(),
            resource_name: job.resource_name.clone(),
            resource_type: job.resource_type.clone(),
            iam_role_arn: job.iam_role_arn.clone(),
            created_by: job.created_by.as_deref().cloned(),
            created: job.created,
            initiated: job.initiated.or(Some(now)),
            completed: now,
            bytes_read: outcome.bytes_read,
            size_bytes: outcome.bytes_total,
            lifecycle: job.lifecycle,
            tags,
            missing,
            notes: outcome.notes.len() as u64,
            details: self.facts.details.clone(),
            continuous: self.chain.clone(),
            moment: None,
            nesting: Nesting::Alone,
            partial: self.partial.is_some(),
            status_message: ending.message,
            message_category: ending.category.to_owned(),
        }
    }
}

/// A path of the source from the resource's root, as the items of a recovery point are written.
fn from_root(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    ItemPath::from_path(below).map_or_else(|_| below.display().to_string(), |path| path.to_string())
}

/// The id of the point that a job makes.
pub(super) fn point_id(record: &BackupRecord) -> &str {
    record.job.recovery_point_arn.as_ref().map_or(record.job.id.as_str(), |arn| points::rows::point_id(arn))
}
