//! What is known so far: the newest good answer to each question, its age, and what went wrong since.

use crate::client::history::Past;
use crate::client::query::{FoundItems, Place, PlanDetail, RestoreMetadata, ScopeView, SelectableResource, SoMany};
use crate::client::{Answer, Capabilities, Event, Fault, Key, Query, Rows};
use crate::domain::KnownPoint;
use crate::domain::backup_policy::Policy;
use crate::domain::denial::Denial;
use crate::domain::extension::{ChangedItem, Health, Items, NewDataOfBackup, Problem, Sight, Standing, Status};
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::kms::KmsKey;
use crate::domain::legal_hold::{HeldPoint, HoldSummary, LegalHold};
use crate::domain::names::JobId;
use crate::domain::notification::VaultNotifications;
use crate::domain::organization::Unit;
use crate::domain::plan::PlanSummary;
use crate::domain::resource::ProtectedResource;
use crate::domain::sharing::VaultShare;
use crate::domain::vault::{Vault, VaultRef};
use crate::domain::{Account, Arn, PlanId, Scope, Tags, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of one key.
#[derive(Debug, Default)]
pub struct Slot {
    /// The newest good answer.
    pub answer: Option<Answer>,
    /// The first page of a long list, until the answer is there.
    begun: Option<Answer>,
    /// When it came, on this machine's clock.
    pub at: Option<Time>,
    /// Why the last call failed; none when it did not.
    pub fault: Option<Fault>,
    /// Whether a call is under way.
    pub asking: bool,
    /// How many records came so far in the call that is under way.
    pub records: usize,
    /// When it will be asked again by itself.
    pub next_try: Option<Time>,
    /// What one backup job told before, and when: how fast it moves.
    before: Option<(Time, Arc<BackupJob>)>,
    generation: u64,
}

/// What a job moved in more seconds than these is not what it moves now.
const LONGEST_NOW: i64 = 120;

/// Everything that is known.
#[derive(Debug, Default)]
pub struct Store {
    slots: BTreeMap<Key, Slot>,
    /// What is known of each scope from before its list of backup jobs begins.
    past: BTreeMap<Scope, Arc<Past>>,
    /// What the context can do.
    pub capabilities: Capabilities,
    /// Whether the context's abilities were told by an answer yet.
    pub known: bool,
}

static NOTHING: Slot = Slot {
    answer: None,
    begun: None,
    at: None,
    fault: None,
    asking: false,
    records: 0,
    next_try: None,
    before: None,
    generation: 0,
};

/// What an event changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing that is shown.
    Nothing,
    /// Only how fresh something is.
    Freshness,
    /// The answer to a key.
    Data(Key),
    /// What the context can do.
    Capabilities,
}

/// A record in a list, with whether its scope can be reached now.
#[derive(Debug)]
pub struct Line<T> {
    /// The record.
    pub record: Arc<T>,
    /// Whether the last call for it failed, so that this may be out of date.
    pub stale: bool,
}

impl<T> Clone for Line<T> {
    fn clone(&self) -> Self {
        Self { record: Arc::clone(&self.record), stale: self.stale }
    }
}

/// How fresh the data of a pane is, over all its keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// The time of its oldest answer; none when there is none at all.
    pub oldest: Option<Time>,
    /// Where a key has neither an answer nor a fault yet; none for the context as a whole.
    pub silent: BTreeSet<Option<Scope>>,
    /// How many records came so far where that is so.
    pub records: usize,
    /// How many scopes were asked.
    pub scopes: usize,
    /// What failed, where: each question by itself.
    pub faults: Vec<(Option<Scope>, Fault)>,
    /// When the first of the failed ones is asked again.
    pub next_try: Option<Time>,
}

impl Freshness {
    /// Whether an answer is still to come.
    pub fn is_waiting(&self) -> bool {
        !self.silent.is_empty()
    }

    /// The scopes in which something failed: one of which three questions fail is one. None for the context as a whole.
    pub fn failing(&self) -> BTreeSet<&Scope> {
        self.faults.iter().filter_map(|(scope, _)| scope.as_ref()).collect()
    }

    /// What happened, in one or two words: how it is called where all failed in the same way.
    pub fn label(&self) -> Option<&'static str> {
        let mut labels = self.faults.iter().map(|(_, fault)| fault.label());
        let first = labels.next()?;
        Some(if labels.all(|label| label == first) { first } else { "failed" })
    }
}

/// Writes the accessors that look for one kind of answer.
macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $key:expr, $variant:ident;)+) => {
        impl Store {
            $($(#[$doc])*
            pub fn $name(&self $(, $argument: $type)*) -> Option<&$result> {
                match &self.slot(&$key).answer {
                    Some(Answer::$variant(answer)) => Some(answer),
                    _ => None,
                }
            })+
        }
    };
}
answers! {
    /// The scopes of the context, the home scope first.
    scopes() -> Rows<ScopeView> = Key::context(Query::Scopes), Scopes;
    /// The accounts of the organization.
    accounts() -> Rows<Account> = Key::context(Query::Accounts), Accounts;
    /// The id of the organization that the home account is of.
    organization() -> Arc<String> = Key::context(Query::Organization), Organization;
    /// The backup policies of the organization.
    backup_policies() -> Rows<Policy> = Key::context(Query::BackupPolicies), BackupPolicies;
    /// The organizational units.
    units() -> Rows<Unit> = Key::context(Query::Units), Units;
    /// The engine's own status.
    status() -> Arc<Status> = Key::context(Query::Status), Status;
    /// How the engine is, where its status is out of reach.
    health() -> Arc<Health> = Key::context(Query::Health), Health;
    /// The vaults of a scope.
    vaults(scope: &Scope) -> Rows<Vault> = Key::scoped(scope.clone(), Query::Vaults), Vaults;
    /// The vaults that other accounts share with a scope.
    shared_vaults(scope: &Scope) -> Rows<Vault> = Key::scoped(scope.clone(), Query::SharedVaults), Vaults;
    /// The recovery points of a vault.
    points(scope: &Scope, vault: &VaultRef) -> Rows<KnownPoint> =
        Key::scoped(scope.clone(), Query::RecoveryPoints { vault: vault.clone() }), RecoveryPoints;
    /// The recovery points of a resource.
    points_of(scope: &Scope, resource: &Arn) -> Rows<KnownPoint> =
        Key::scoped(scope.clone(), Query::RecoveryPointsOfResource { resource: resource.clone() }), RecoveryPoints;
    /// A folder of a recovery point.
    items(scope: &Scope, point: &Arn, path: &str) -> Arc<Items> =
        Key::scoped(scope.clone(), Query::Items { recovery_point: point.clone(), path: path.to_owned() }), Items;
    /// What a resource looked like at a moment.
    sight(scope: &Scope, point: &Arn, at: Time) -> Arc<Sight> =
        Key::scoped(scope.clone(), Query::Sight { recovery_point: point.clone(), at }), Sight;
    /// What is different in a recovery point from an older one.
    changes(scope: &Scope, point: &Arn, since: &Arn) -> Arc<SoMany<ChangedItem>> =
        Key::scoped(scope.clone(), Query::Changes { recovery_point: point.clone(), since: since.clone() }), Changes;
    /// Where something is in all recovery points of a resource or a vault.
    found(scope: &Scope, place: &Place, name: &str, is_regex: bool) -> Arc<FoundItems> =
        Key::scoped(scope.clone(), Query::Find { place: place.clone(), name: name.to_owned(), is_regex }), Found;
    /// The metadata with which a restore starts.
    restore_metadata(scope: &Scope, vault: &VaultRef, point: &Arn) -> Arc<RestoreMetadata> =
        Key::scoped(scope.clone(), Query::RestoreMetadata { vault: vault.clone(), recovery_point: point.clone() }), RestoreMetadata;
    /// The plans of a scope.
    plans(scope: &Scope) -> Rows<PlanSummary> = Key::scoped(scope.clone(), Query::Plans), Plans;
    /// A plan with its selections and next runs.
    plan(scope: &Scope, id: &PlanId) -> Arc<PlanDetail> =
        Key::scoped(scope.clone(), Query::Plan { id: id.clone() }), Plan;
    /// The backup jobs of a scope.
    backup_jobs(scope: &Scope) -> Rows<BackupJob> = Key::scoped(scope.clone(), Query::BackupJobs), BackupJobs;
    /// The restore jobs of a scope.
    restore_jobs(scope: &Scope) -> Rows<RestoreJob> = Key::scoped(scope.clone(), Query::RestoreJobs), RestoreJobs;
    /// The copy jobs of a scope.
    copy_jobs(scope: &Scope) -> Rows<CopyJob> = Key::scoped(scope.clone(), Query::CopyJobs), CopyJobs;
    /// One backup job.
    backup_job(scope: &Scope, id: &JobId) -> Arc<BackupJob> =
        Key::scoped(scope.clone(), Query::BackupJob { id: id.clone() }), BackupJob;
    /// What the newest backups of a scope stored anew of which hardly anything compressed, or what one job stored.
    new_data(scope: &Scope, job: Option<JobId>) -> Rows<NewDataOfBackup> =
        Key::scoped(scope.clone(), Query::NewData { job: job.clone() }), NewData;
    /// One copy job.
    copy_job(scope: &Scope, id: &JobId) -> Arc<CopyJob> =
        Key::scoped(scope.clone(), Query::CopyJob { id: id.clone() }), CopyJob;
    /// The settings of the organization, as an account of it sees them.
    global_settings(scope: &Scope) -> Arc<BTreeMap<String, String>> =
        Key::scoped(scope.clone(), Query::GlobalSettings), GlobalSettings;
    /// One restore job.
    restore_job(scope: &Scope, id: &JobId) -> Arc<RestoreJob> =
        Key::scoped(scope.clone(), Query::RestoreJob { id: id.clone() }), RestoreJob;
    /// What was backed up at least once in a scope.
    protected(scope: &Scope) -> Rows<ProtectedResource> =
        Key::scoped(scope.clone(), Query::ProtectedResources), ProtectedResources;
    /// What can be selected in a scope.
    resources(scope: &Scope) -> Rows<SelectableResource> = Key::scoped(scope.clone(), Query::Resources), Resources;
    /// The text of a vault's access policy, where it has one.
    access_policy(scope: &Scope, vault: &str) -> Arc<Option<String>> =
        Key::scoped(scope.clone(), Query::AccessPolicy { vault: vault.to_owned() }), AccessPolicy;
    /// What a vault notifies of, where it does.
    notifications(scope: &Scope, vault: &str) -> Arc<Option<VaultNotifications>> =
        Key::scoped(scope.clone(), Query::Notifications { vault: vault.to_owned() }), Notifications;
    /// With whom a vault is shared.
    vault_shares(scope: &Scope, vault: &Arn) -> Arc<Vec<VaultShare>> =
        Key::scoped(scope.clone(), Query::VaultShares { vault: vault.clone() }), VaultShares;
    /// Who can do an action to a vault.
    who_can(scope: &Scope, vault: &str, action: &str) -> Arc<Vec<Standing>> =
        Key::scoped(scope.clone(), Query::WhoCan { vault: vault.to_owned(), action: action.to_owned() }), WhoCan;
    /// What an encoded authorization message says.
    denial(scope: &Scope, message: &str) -> Arc<Denial> =
        Key::scoped(scope.clone(), Query::Denial { message: message.to_owned() }), Denial;
    /// A KMS key, or that there is none.
    kms_key(scope: &Scope, name: &str) -> Arc<Option<KmsKey>> =
        Key::scoped(scope.clone(), Query::KmsKey { name: name.to_owned() }), KmsKey;
    /// The legal holds of a scope, active and released.
    legal_holds(scope: &Scope) -> Rows<HoldSummary> = Key::scoped(scope.clone(), Query::LegalHolds), LegalHolds;
    /// One legal hold, with what it catches.
    legal_hold(scope: &Scope, id: &str) -> Arc<LegalHold> =
        Key::scoped(scope.clone(), Query::LegalHold { id: id.to_owned() }), LegalHold;
    /// What is under a legal hold.
    held_points(scope: &Scope, hold: &str) -> Rows<HeldPoint> =
        Key::scoped(scope.clone(), Query::HeldPoints { hold: hold.to_owned() }), HeldPoints;
    /// The tags of a vault, plan or recovery point.
    tags(scope: &Scope, arn: &Arn) -> Arc<Tags> = Key::scoped(scope.clone(), Query::Tags { arn: arn.clone() }), Tags;
}

impl Slot {
    /// How many bytes a second a backup job moved between its last two answers; none where they lie far apart.
    fn speed(&self) -> Option<i64> {
        let (Some(Answer::BackupJob(job)), Some(at), Some((before, earlier))) = (&self.answer, self.at, &self.before)
        else {
            return None;
        };
        let seconds = (at - *before).num_seconds();
        let moved = job.bytes_transferred?.checked_sub(earlier.bytes_transferred?)?;
        ((1..=LONGEST_NOW).contains(&seconds) && moved >= 0).then(|| moved / seconds)
    }
}

impl Store {
    /// Nothing is known but what the context can do.
    pub fn with(capabilities: Capabilities) -> Self {
        let known = capabilities.engine.is_some();
        Self { slots: BTreeMap::new(), past: BTreeMap::new(), capabilities, known }
    }

    /// What is known of a key; an empty slot when nothing is.
    pub fn slot(&self, key: &Key) -> &Slot {
        self.slots.get(key).unwrap_or(&NOTHING)
    }

    /// Takes an event in. An older generation than one already seen changes nothing.
    pub fn apply(&mut self, event: Event) -> Change {
        match event {
            Event::Capabilities(capabilities) => {
                self.known = true;
                if self.capabilities == capabilities {
                    return Change::Nothing;
                }
                self.capabilities = capabilities;
                Change::Capabilities
            }
            Event::Asked { key, generation } => {
                let slot = self.slots.entry(key).or_default();
                if generation < slot.generation {
                    return Change::Nothing;
                }
                let first = slot.at.is_none() && !slot.asking;
                (slot.generation, slot.asking, slot.records) = (generation, true, 0);
                if first { Change::Freshness } else { Change::Nothing }
            }
            Event::Progress { key, generation, records } => {
                let slot = self.slots.entry(key).or_default();
                if generation < slot.generation {
                    return Change::Nothing;
                }
                (slot.generation, slot.records) = (generation, records);
                if slot.answer.is_none() { Change::Freshness } else { Change::Nothing }
            }
            Event::Begun { key, generation, answer } => {
                let slot = self.slots.entry(key.clone()).or_default();
                if generation < slot.generation || slot.answer.is_some() {
                    return Change::Nothing;
                }
                (slot.generation, slot.begun) = (generation, Some(answer));
                Change::Data(key)
            }
            Event::Answered(reply) => {
                let slot = self.slots.entry(reply.key.clone()).or_default();
                if reply.generation < slot.generation {
                    return Change::Nothing;
                }
                (slot.generation, slot.asking, slot.next_try) = (reply.generation, false, reply.next_try);
                match reply.result {
                    Ok(answer) => {
                        let speed = slot.speed();
                        if let (Some(Answer::BackupJob(job)), Some(at)) = (&slot.answer, slot.at) {
                            slot.before = Some((at, Arc::clone(job)));
                        }
                        let same = slot.answer.as_ref() == Some(&answer) && slot.fault.is_none();
                        (slot.answer, slot.begun) = (Some(answer), None);
                        (slot.at, slot.fault) = (Some(reply.at), None);
                        if same && speed == slot.speed() { Change::Freshness } else { Change::Data(reply.key) }
                    }
                    Err(fault) => {
                        slot.fault = Some(fault);
                        Change::Data(reply.key)
                    }
                }
            }
        }
    }

    /// The records of all scopes in one list, each with whether it may be out of date.
    pub fn gather<'a, T: 'a>(
        &'a self,
        scopes: &[Scope],
        query: &Query,
        rows: impl Fn(&'a Answer) -> Option<&'a Rows<T>>,
    ) -> Vec<Line<T>> {
        let mut lines = Vec::new();
        for scope in scopes {
            let slot = self.slot(&Key::scoped(scope.clone(), query.clone()));
            let stale = slot.fault.is_some();
            // Of a long list the first rows are shown while the others are read; nothing else looks at them.
            if let Some(records) = slot.answer.as_ref().or(slot.begun.as_ref()).and_then(&rows) {
                lines.extend(records.iter().map(|record| Line { record: Arc::clone(record), stale }));
            }
        }
        lines
    }

    /// How fresh the answers to these keys are.
    pub fn freshness<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> Freshness {
        let (mut freshness, mut scopes) = (Freshness::default(), BTreeSet::new());
        for key in keys {
            let slot = self.slot(key);
            scopes.extend(&key.scope);
            freshness.oldest = match (freshness.oldest, slot.at) {
                (Some(oldest), Some(at)) => Some(oldest.min(at)),
                (oldest, at) => oldest.or(at),
            };
            if let Some(fault) = &slot.fault {
                freshness.faults.push((key.scope.clone(), fault.clone()));
                freshness.next_try = [freshness.next_try, slot.next_try].into_iter().flatten().min();
            } else if slot.answer.is_none() {
                freshness.silent.insert(key.scope.clone());
                freshness.records += slot.records;
            }
        }
        freshness.scopes = scopes.len();
        freshness
    }

    /// The engine's clock at a moment of this machine's: the same unless the engine lives in simulated time.
    pub fn service_time(&self, wall: Time) -> Time {
        match (self.status(), self.slot(&Key::context(Query::Status)).at) {
            (Some(status), Some(at)) if status.clock == "simulated" => wall + (status.now - at),
            _ => wall,
        }
    }

    /// What is wrong with the engine itself, where one is behind the context and has said so.
    pub fn engine_problems(&self) -> Option<&[Problem]> {
        let status = self.status().map(|status| status.problems.as_slice());
        status.or_else(|| self.health().map(|health| health.problems.as_slice()))
    }

    /// The account's name in the organization, where it is known.
    pub fn account_name(&self, id: &crate::domain::AccountId) -> Option<&str> {
        let known = |accounts: &'_ Rows<Account>| accounts.iter().position(|account| account.id == *id);
        let accounts = self.accounts()?;
        known(accounts).map(|index| accounts[index].name.as_str())
    }

    /// Whether what `single` tells came after what `list` tells.
    fn is_newer(&self, scope: &Scope, single: Query, list: Query) -> bool {
        let at = |query| self.slot(&Key::scoped(scope.clone(), query)).at;
        at(single) >= at(list)
    }

    /// A job of the lists, or one asked for by itself: whichever was told last; else one that is not listed any more.
    pub fn find_backup_job(&self, scope: &Scope, id: &JobId) -> Option<&Arc<BackupJob>> {
        let listed = self.backup_jobs(scope).and_then(|jobs| jobs.iter().find(|job| job.id == *id));
        let newer = self.is_newer(scope, Query::BackupJob { id: id.clone() }, Query::BackupJobs);
        let told = self.backup_job(scope, id).filter(|_| newer || listed.is_none()).or(listed);
        told.or_else(|| self.past(scope)?.jobs.iter().find(|job| job.id == *id))
    }

    /// Whether only this machine tells of a backup job any more.
    pub fn is_past(&self, job: &BackupJob) -> bool {
        let is_it = |known: &Arc<BackupJob>| known.id == job.id;
        self.past(&job.scope).is_some_and(|past| past.jobs.iter().any(is_it))
            && self.backup_job(&job.scope, &job.id).is_none()
            && self.backup_jobs(&job.scope).is_none_or(|jobs| !jobs.iter().any(is_it))
    }

    /// What is known of a scope from before its list of backup jobs begins.
    pub fn past(&self, scope: &Scope) -> Option<&Past> {
        self.past.get(scope).map(AsRef::as_ref)
    }

    /// Takes in what is known of the time before a list begins.
    pub fn remember(&mut self, scope: Scope, past: Arc<Past>) {
        self.past.insert(scope, past);
    }

    /// The backup jobs of a scope that the service does not list any more, the newest first; none before it has told its list.
    pub fn older_backup_jobs(&self, scope: &Scope, now: Time) -> Vec<&Arc<BackupJob>> {
        let told = self.past(scope).zip(self.backup_jobs(scope));
        told.map(|(past, listed)| past.beyond(listed, now)).unwrap_or_default()
    }

    /// How many bytes a second a backup job moved between the last two times that it told; none before it told twice.
    pub fn speed(&self, scope: &Scope, id: &JobId) -> Option<i64> {
        self.slot(&Key::scoped(scope.clone(), Query::BackupJob { id: id.clone() })).speed()
    }

    /// The same for restores.
    pub fn find_restore_job(&self, scope: &Scope, id: &JobId) -> Option<&Arc<RestoreJob>> {
        let listed = self.restore_jobs(scope).and_then(|jobs| jobs.iter().find(|job| job.id == *id));
        let newer = self.is_newer(scope, Query::RestoreJob { id: id.clone() }, Query::RestoreJobs);
        self.restore_job(scope, id).filter(|_| newer || listed.is_none()).or(listed)
    }

    /// The recovery points of a resource in any list that was asked for, each once.
    pub fn known_points(&self, resource: &Arn) -> Vec<&Arc<KnownPoint>> {
        self.known_points_of(|arn| arn == resource)
    }

    /// The same of several resources.
    pub fn known_points_of(&self, is_wanted: impl Fn(&Arn) -> bool) -> Vec<&Arc<KnownPoint>> {
        let mut found: BTreeMap<&Arn, &Arc<KnownPoint>> = BTreeMap::new();
        for slot in self.slots.values() {
            if let Some(Answer::RecoveryPoints(points)) = &slot.answer {
                let own = points.iter().filter(|point| is_wanted(&point.resource_arn));
                found.extend(own.map(|point| (&point.arn, point)));
            }
        }
        found.into_values().collect()
    }

    /// A recovery point of any list that a scope was asked for.
    pub fn find_point(&self, scope: &Scope, arn: &Arn) -> Option<&Arc<KnownPoint>> {
        let is_it = |point: &Arc<KnownPoint>| point.arn == *arn && point.scope == *scope;
        self.slots.values().find_map(|slot| match &slot.answer {
            Some(Answer::RecoveryPoints(points)) => points.iter().find(|point| is_it(point)),
            Some(Answer::RecoveryPoint(point)) => Some(point).filter(|point| is_it(point)),
            _ => None,
        })
    }

    /// A recovery point as it told itself, else as any list tells it; as the list of its vault does where that came later and tells
    /// of another state. A list tells less of a point than that itself.
    pub fn newest_point(&self, scope: &Scope, vault: &VaultRef, arn: &Arn) -> Option<&Arc<KnownPoint>> {
        let single = Query::RecoveryPoint { vault: vault.clone(), recovery_point: arn.clone() };
        let list = Query::RecoveryPoints { vault: vault.clone() };
        let Some(Answer::RecoveryPoint(own)) = &self.slot(&Key::scoped(scope.clone(), single.clone())).answer else {
            return self.find_point(scope, arn);
        };
        if self.is_newer(scope, single, list) {
            return Some(own);
        }
        let listed = self.points(scope, vault).and_then(|points| points.iter().find(|point| point.arn == *arn));
        let state = |point: &KnownPoint| (point.status.clone(), point.status_message.clone());
        listed.filter(|listed| state(listed) != state(own)).or(Some(own))
    }

    /// A vault that a scope has, or that is shared with it.
    pub fn find_vault(&self, scope: &Scope, vault: &VaultRef) -> Option<&Arc<Vault>> {
        let listed = if vault.owner.is_some() { self.shared_vaults(scope) } else { self.vaults(scope) };
        listed?.iter().find(|known| known.named() == *vault)
    }
}
