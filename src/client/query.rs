//! What can be asked, and what comes back.

use crate::client::{Capabilities, Fault};
use crate::domain::KnownPoint;
use crate::domain::backup_policy::Policy;
use crate::domain::extension::{
    ChangedItem, Health, Items, NewDataOfBackup, PointMatches, Sight, Standing, Status, UnreadPoint,
};
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::kms::KmsKey;
use crate::domain::legal_hold::{HeldPoint, HoldSummary, LegalHold};
use crate::domain::names::JobId;
use crate::domain::notification::VaultNotifications;
use crate::domain::organization::Unit;
use crate::domain::plan::{Plan, PlanSummary, ScheduledRun};
use crate::domain::resource::ProtectedResource;
use crate::domain::selection::Selection;
use crate::domain::sharing::VaultShare;
use crate::domain::trail::ApiCall;
use crate::domain::vault::{Vault, VaultRef};
use crate::domain::{Account, Arn, Known, PlanId, ResourceType, Scope, Tags, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A list of records. Rows are shared: the same row in the next answer is the same allocation, and cloning is free.
pub type Rows<T> = Arc<[Arc<T>]>;

/// Makes [`Rows`] of records.
pub fn rows<T>(records: impl IntoIterator<Item = T>) -> Rows<T> {
    records.into_iter().map(Arc::new).collect()
}

/// A question. The first seven are asked of the context as a whole ([`Key::context`]), the others of one scope
/// ([`Key::scoped`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Query {
    /// Which scopes (account × region) the context has, and which of them cannot be entered: [`Answer::Scopes`].
    Scopes,
    /// The accounts of the organization: [`Answer::Accounts`].
    Accounts,
    /// The organization that the home account is of: [`Answer::Organization`].
    Organization,
    /// The backup policies of the organization, with their documents: [`Answer::BackupPolicies`].
    BackupPolicies,
    /// The organizational units: [`Answer::Units`].
    Units,
    /// The engine's own status; only with [`Capabilities::control`]: [`Answer::Status`].
    Status,
    /// Whether the engine does what it is there for, over any way to it; only with [`Capabilities::engine`]:
    /// [`Answer::Health`].
    Health,
    /// The vaults: [`Answer::Vaults`].
    Vaults,
    /// The vaults that other accounts share with this one: [`Answer::Vaults`].
    SharedVaults,
    /// One vault: [`Answer::Vault`].
    Vault {
        /// Its name.
        name: String,
    },
    /// The recovery points of a vault: [`Answer::RecoveryPoints`].
    RecoveryPoints {
        /// The vault.
        vault: VaultRef,
    },
    /// The recovery points of a resource, in all vaults: [`Answer::RecoveryPoints`].
    RecoveryPointsOfResource {
        /// The resource.
        resource: Arn,
    },
    /// One recovery point: [`Answer::RecoveryPoint`].
    RecoveryPoint {
        /// Its vault.
        vault: VaultRef,
        /// Its ARN.
        recovery_point: Arn,
    },
    /// What a folder of a recovery point holds (engine only): [`Answer::Items`].
    Items {
        /// The recovery point.
        recovery_point: Arn,
        /// The folder, from the resource's root: `/`, `/a/b`.
        path: String,
    },
    /// What a resource looked like at a moment of a continuous recovery point (engine only): [`Answer::Sight`].
    Sight {
        /// The recovery point.
        recovery_point: Arn,
        /// The moment.
        at: Time,
    },
    /// What is different in a recovery point from an older one of the same resource (engine only): [`Answer::Changes`].
    Changes {
        /// The recovery point.
        recovery_point: Arn,
        /// The older one.
        since: Arn,
    },
    /// Where something is in all recovery points of a resource or a vault (engine only): [`Answer::Found`].
    Find {
        /// Where it is looked for.
        place: Place,
        /// The glob or regular expression of its name or path.
        name: String,
        /// Whether it is a regular expression.
        is_regex: bool,
    },
    /// The metadata with which a restore of a recovery point starts: [`Answer::RestoreMetadata`].
    RestoreMetadata {
        /// The recovery point's vault.
        vault: VaultRef,
        /// The recovery point.
        recovery_point: Arn,
    },
    /// The plans: [`Answer::Plans`].
    Plans,
    /// A plan's document, its selections and its next runs: [`Answer::Plan`].
    Plan {
        /// Its id.
        id: PlanId,
    },
    /// The backup jobs, newest first: [`Answer::BackupJobs`].
    BackupJobs,
    /// The restore jobs, newest first: [`Answer::RestoreJobs`].
    RestoreJobs,
    /// The copy jobs, newest first: [`Answer::CopyJobs`].
    CopyJobs,
    /// One backup job: [`Answer::BackupJob`].
    BackupJob {
        /// Its id.
        id: JobId,
    },
    /// What the newest backups stored anew of which hardly anything compressed, or one backup job (engine only):
    /// [`Answer::NewData`].
    NewData {
        /// The job; none is those that hardly compressed.
        job: Option<JobId>,
    },
    /// One copy job: [`Answer::CopyJob`].
    CopyJob {
        /// Its id.
        id: JobId,
    },
    /// The settings of the organization: [`Answer::GlobalSettings`].
    GlobalSettings,
    /// One restore job: [`Answer::RestoreJob`].
    RestoreJob {
        /// Its id.
        id: JobId,
    },
    /// What was backed up at least once: [`Answer::ProtectedResources`].
    ProtectedResources,
    /// One of those, with its latest restore: [`Answer::ProtectedResource`].
    ProtectedResource {
        /// Its ARN.
        arn: Arn,
    },
    /// What can be selected by ARN or tag (Resource Groups Tagging, completed by the engine): [`Answer::Resources`].
    Resources,
    /// The tags of a vault, plan or recovery point: [`Answer::Tags`].
    Tags {
        /// Its ARN.
        arn: Arn,
    },
    /// A vault's access policy: [`Answer::AccessPolicy`].
    AccessPolicy {
        /// The vault's name.
        vault: String,
    },
    /// With whom a vault is shared: [`Answer::VaultShares`].
    VaultShares {
        /// The vault's ARN.
        vault: Arn,
    },
    /// What a vault notifies of: [`Answer::Notifications`].
    Notifications {
        /// The vault's name.
        vault: String,
    },
    /// Who can do an action to a vault (only with [`Capabilities::control`]): [`Answer::WhoCan`].
    WhoCan {
        /// The vault's name.
        vault: String,
        /// The action, by AWS's name.
        action: String,
    },
    /// The legal holds, active and released: [`Answer::LegalHolds`].
    LegalHolds,
    /// One legal hold, with what it catches: [`Answer::LegalHold`].
    LegalHold {
        /// Its id.
        id: String,
    },
    /// The recovery points that are under a legal hold: [`Answer::HeldPoints`].
    HeldPoints {
        /// The hold's id.
        hold: String,
    },
    /// The KMS keys of an account and region, with their aliases: [`Answer::KmsKeys`].
    KmsKeys,
    /// One KMS key: [`Answer::KmsKey`].
    KmsKey {
        /// Its ARN, or its id, or an alias.
        name: String,
    },
    /// Who asked for which change lately (engine only): [`Answer::ApiCalls`].
    ApiCalls,
    /// Which resource types are opted in: [`Answer::RegionSettings`].
    RegionSettings,
    /// Which resource types can be backed up here: [`Answer::ResourceTypes`].
    SupportedResourceTypes,
}

/// Where something is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In the recovery points of a resource, in all vaults.
    Resource(Arn),
    /// In all recovery points of the vault of this name.
    Vault(String),
}

/// A long list, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoMany<T> {
    /// The first rows.
    pub rows: Rows<T>,
    /// Whether there are more.
    pub more: bool,
}

/// What was found in many recovery points, as far as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundItems {
    /// What they hold, the newest point first.
    pub points: Vec<PointMatches>,
    /// Those that could not be looked through.
    pub unread: Vec<UnreadPoint>,
    /// Whether there is more.
    pub more: bool,
}

/// A question in its place: the unit of fetching.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The scope; none asks the context as a whole.
    pub scope: Option<Scope>,
    /// The question.
    pub query: Query,
}

impl Key {
    /// A question to the context as a whole.
    pub fn context(query: Query) -> Self {
        Self { scope: None, query }
    }

    /// A question to one scope.
    pub fn scoped(scope: Scope, query: Query) -> Self {
        Self { scope: Some(scope), query }
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Query::Scopes`], the home scope first.
    Scopes(Rows<ScopeView>),
    /// To [`Query::Accounts`], the management account first.
    Accounts(Rows<Account>),
    /// To [`Query::Organization`]: its id, `o-…`.
    Organization(Arc<String>),
    /// To [`Query::BackupPolicies`].
    BackupPolicies(Rows<Policy>),
    /// To [`Query::Units`], each before what lies in it.
    Units(Rows<Unit>),
    /// To [`Query::Status`].
    Status(Arc<Status>),
    /// To [`Query::Health`].
    Health(Arc<Health>),
    /// To [`Query::Vaults`] and [`Query::SharedVaults`].
    Vaults(Rows<Vault>),
    /// To [`Query::Vault`].
    Vault(Arc<Vault>),
    /// To [`Query::RecoveryPoints`] and [`Query::RecoveryPointsOfResource`], newest first.
    RecoveryPoints(Rows<KnownPoint>),
    /// To [`Query::RecoveryPoint`].
    RecoveryPoint(Arc<KnownPoint>),
    /// To [`Query::Items`]: all pages of the folder. Names are in the form that `ItemsToRestore` takes.
    Items(Arc<Items>),
    /// To [`Query::Sight`].
    Sight(Arc<Sight>),
    /// To [`Query::Changes`], in the order of the paths.
    Changes(Arc<SoMany<ChangedItem>>),
    /// To [`Query::Find`], the newest recovery point first.
    Found(Arc<FoundItems>),
    /// To [`Query::RestoreMetadata`].
    RestoreMetadata(Arc<RestoreMetadata>),
    /// To [`Query::Plans`].
    Plans(Rows<PlanSummary>),
    /// To [`Query::Plan`].
    Plan(Arc<PlanDetail>),
    /// To [`Query::BackupJobs`].
    BackupJobs(Rows<BackupJob>),
    /// To [`Query::RestoreJobs`].
    RestoreJobs(Rows<RestoreJob>),
    /// To [`Query::CopyJobs`].
    CopyJobs(Rows<CopyJob>),
    /// To [`Query::BackupJob`].
    BackupJob(Arc<BackupJob>),
    /// To [`Query::NewData`], the newest first; nothing of a job of which it is not known.
    NewData(Rows<NewDataOfBackup>),
    /// To [`Query::CopyJob`].
    CopyJob(Arc<CopyJob>),
    /// To [`Query::GlobalSettings`]: names and `true` or `false`.
    GlobalSettings(Arc<BTreeMap<String, String>>),
    /// To [`Query::RestoreJob`].
    RestoreJob(Arc<RestoreJob>),
    /// To [`Query::ProtectedResources`].
    ProtectedResources(Rows<ProtectedResource>),
    /// To [`Query::ProtectedResource`].
    ProtectedResource(Arc<ProtectedResource>),
    /// To [`Query::Resources`].
    Resources(Rows<SelectableResource>),
    /// To [`Query::Tags`].
    Tags(Arc<Tags>),
    /// To [`Query::AccessPolicy`]: the text as it was put; none where the vault has no policy.
    AccessPolicy(Arc<Option<String>>),
    /// To [`Query::Notifications`]; none where the vault notifies nobody.
    Notifications(Arc<Option<VaultNotifications>>),
    /// To [`Query::VaultShares`].
    VaultShares(Arc<Vec<VaultShare>>),
    /// To [`Query::WhoCan`].
    WhoCan(Arc<Vec<Standing>>),
    /// To [`Query::LegalHolds`].
    LegalHolds(Rows<HoldSummary>),
    /// To [`Query::LegalHold`].
    LegalHold(Arc<LegalHold>),
    /// To [`Query::HeldPoints`], by ARN.
    HeldPoints(Rows<HeldPoint>),
    /// To [`Query::KmsKeys`], by id.
    KmsKeys(Rows<KmsKey>),
    /// To [`Query::KmsKey`], without its aliases; none where there is none, or not any more.
    KmsKey(Arc<Option<KmsKey>>),
    /// To [`Query::ApiCalls`], the newest first.
    ApiCalls(Rows<ApiCall>),
    /// To [`Query::RegionSettings`]: opted in, by type.
    RegionSettings(Arc<BTreeMap<String, bool>>),
    /// To [`Query::SupportedResourceTypes`].
    ResourceTypes(Arc<[ResourceType]>),
}

impl Answer {
    /// Whether both say the same. Long lists are the same allocation when nothing changed, which is seen at once.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let same_rows = match (self, other) {
            (Self::BackupJobs(a), Self::BackupJobs(b)) => Arc::ptr_eq(a, b),
            (Self::RestoreJobs(a), Self::RestoreJobs(b)) => Arc::ptr_eq(a, b),
            (Self::CopyJobs(a), Self::CopyJobs(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        same_rows || self == other
    }
}

/// Writes the accessors that look for lists of one kind in an answer.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident = $variant:ident($record:ty);)+) => {
        impl Answer {
            $($(#[$doc])*
            pub fn $name(&self) -> Option<&Rows<$record>> {
                match self {
                    Self::$variant(rows) => Some(rows),
                    _ => None,
                }
            })+
        }
    };
}
lists! {
    /// The vaults, if it is about those.
    vaults = Vaults(Vault);
    /// The plans, if it is about those.
    plans = Plans(PlanSummary);
    /// The recovery points, if it is about those.
    recovery_points = RecoveryPoints(KnownPoint);
    /// The legal holds, if it is about those.
    legal_holds = LegalHolds(HoldSummary);
    /// The KMS keys, if it is about those.
    kms_keys = KmsKeys(KmsKey);
    /// Who asked for which change, if it is about that.
    api_calls = ApiCalls(ApiCall);
    /// The backup jobs, if it is about those.
    backup_jobs = BackupJobs(BackupJob);
    /// The restore jobs, if it is about those.
    restore_jobs = RestoreJobs(RestoreJob);
    /// The copy jobs, if it is about those.
    copy_jobs = CopyJobs(CopyJob);
}

/// A scope of the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeView {
    /// The account and region.
    pub scope: Scope,
    /// The account's name in the organization, where it is known.
    pub account_name: Option<String>,
    /// Whether the context's own credentials are of this account.
    pub home: bool,
    /// Why it cannot be entered; none when it can.
    pub fault: Option<Fault>,
}

/// A plan with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanDetail {
    /// The plan with its document.
    pub plan: Plan,
    /// Its selections with their documents; or why they could not be read.
    pub selections: Result<Vec<Selection>, Fault>,
    /// Its next runs, as the service tells them; empty where it does not.
    pub next_runs: Vec<ScheduledRun>,
}

/// What a restore starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreMetadata {
    /// The resource's type, where it is told.
    pub resource_type: Option<ResourceType>,
    /// The metadata that StartRestoreJob takes unchanged.
    pub metadata: BTreeMap<String, String>,
}

/// A resource that a plan can select or an on-demand backup can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectableResource {
    /// Its ARN.
    pub arn: Arn,
    /// Its type, by its ARN.
    pub resource_type: ResourceType,
    /// Its tags.
    pub tags: Tags,
    /// Its name, which only an engine tells.
    pub name: Known<String>,
    /// Where its data lies, which only an engine tells.
    pub path: Known<String>,
}

/// What the fetcher tells. A key's events come in order; an event of an older generation than one already seen of the
/// same key is never sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A call of the key is under way.
    Asked {
        /// The key.
        key: Key,
        /// Counts the key's calls.
        generation: u64,
    },
    /// More pages came; the answer is not whole yet.
    Progress {
        /// The key.
        key: Key,
        /// Counts the key's calls.
        generation: u64,
        /// How many records came so far.
        records: usize,
    },
    /// The call ended.
    Answered(Reply),
    /// The context's abilities are known better now.
    Capabilities(Capabilities),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What was asked.
    pub key: Key,
    /// Counts the key's calls.
    pub generation: u64,
    /// When it ended, on this machine's clock: the age of the data counts from here.
    pub at: Time,
    /// The answer, or why there is none. After a fault the last good answer stays valid, only older.
    pub result: Result<Answer, Fault>,
    /// When it will be asked again by itself.
    pub next_try: Option<Time>,
}
