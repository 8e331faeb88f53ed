//! What comes back.

use crate::client::Fault;
use crate::domain::KnownPoint;
use crate::domain::backup_policy::Policy;
use crate::domain::denial::Denial;
use crate::domain::extension::{
    ChangedItem, Health, Items, NewDataOfBackup, PointMatches, Sight, Standing, Status, UnreadPoint,
};
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::kms::KmsKey;
use crate::domain::legal_hold::{HeldPoint, HoldSummary, LegalHold};
use crate::domain::metric::JobCounts;
use crate::domain::notification::VaultNotifications;
use crate::domain::organization::Unit;
use crate::domain::plan::{Plan, PlanSummary, ScheduledRun};
use crate::domain::resource::ProtectedResource;
use crate::domain::selection::Selection;
use crate::domain::sharing::VaultShare;
use crate::domain::trail::ApiCall;
use crate::domain::vault::Vault;
use crate::domain::{Account, Arn, Known, ResourceType, Scope, Tags};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A list of records. Rows are shared: the same row in the next answer is the same allocation, and cloning is free.
pub type Rows<T> = Arc<[Arc<T>]>;

/// Makes [`Rows`] of records.
pub fn rows<T>(records: impl IntoIterator<Item = T>) -> Rows<T> {
    records.into_iter().map(Arc::new).collect()
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

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Query::Scopes`](super::Query::Scopes), the home scope first.
    Scopes(Rows<ScopeView>),
    /// To [`Query::Accounts`](super::Query::Accounts), the management account first.
    Accounts(Rows<Account>),
    /// To [`Query::Organization`](super::Query::Organization): its id, `o-…`.
    Organization(Arc<String>),
    /// To [`Query::BackupPolicies`](super::Query::BackupPolicies).
    BackupPolicies(Rows<Policy>),
    /// To [`Query::Units`](super::Query::Units), each before what lies in it.
    Units(Rows<Unit>),
    /// To [`Query::Status`](super::Query::Status).
    Status(Arc<Status>),
    /// To [`Query::Health`](super::Query::Health).
    Health(Arc<Health>),
    /// To [`Query::Vaults`](super::Query::Vaults) and [`Query::SharedVaults`](super::Query::SharedVaults).
    Vaults(Rows<Vault>),
    /// To [`Query::Vault`](super::Query::Vault).
    Vault(Arc<Vault>),
    /// To [`Query::RecoveryPoints`](super::Query::RecoveryPoints) and [`Query::RecoveryPointsOfResource`](super::Query::RecoveryPointsOfResource), newest first.
    RecoveryPoints(Rows<KnownPoint>),
    /// To [`Query::RecoveryPoint`](super::Query::RecoveryPoint).
    RecoveryPoint(Arc<KnownPoint>),
    /// To [`Query::Items`](super::Query::Items): all pages of the folder. Names are in the form that `ItemsToRestore` takes.
    Items(Arc<Items>),
    /// To [`Query::Sight`](super::Query::Sight).
    Sight(Arc<Sight>),
    /// To [`Query::Changes`](super::Query::Changes), in the order of the paths.
    Changes(Arc<SoMany<ChangedItem>>),
    /// To [`Query::Find`](super::Query::Find), the newest recovery point first.
    Found(Arc<FoundItems>),
    /// To [`Query::RestoreMetadata`](super::Query::RestoreMetadata).
    RestoreMetadata(Arc<RestoreMetadata>),
    /// To [`Query::Plans`](super::Query::Plans).
    Plans(Rows<PlanSummary>),
    /// To [`Query::Plan`](super::Query::Plan).
    Plan(Arc<PlanDetail>),
    /// To [`Query::BackupJobs`](super::Query::BackupJobs).
    BackupJobs(Rows<BackupJob>),
    /// To [`Query::RestoreJobs`](super::Query::RestoreJobs).
    RestoreJobs(Rows<RestoreJob>),
    /// To [`Query::CopyJobs`](super::Query::CopyJobs).
    CopyJobs(Rows<CopyJob>),
    /// To [`Query::BackupJob`](super::Query::BackupJob).
    BackupJob(Arc<BackupJob>),
    /// To [`Query::NewData`](super::Query::NewData), the newest first; nothing of a job of which it is not known.
    NewData(Rows<NewDataOfBackup>),
    /// To [`Query::CopyJob`](super::Query::CopyJob).
    CopyJob(Arc<CopyJob>),
    /// To [`Query::GlobalSettings`](super::Query::GlobalSettings): names and `true` or `false`.
    GlobalSettings(Arc<BTreeMap<String, String>>),
    /// To [`Query::RestoreJob`](super::Query::RestoreJob).
    RestoreJob(Arc<RestoreJob>),
    /// To [`Query::ProtectedResources`](super::Query::ProtectedResources).
    ProtectedResources(Rows<ProtectedResource>),
    /// To [`Query::ProtectedResource`](super::Query::ProtectedResource).
    ProtectedResource(Arc<ProtectedResource>),
    /// To [`Query::Resources`](super::Query::Resources).
    Resources(Rows<SelectableResource>),
    /// To [`Query::Tags`](super::Query::Tags).
    Tags(Arc<Tags>),
    /// To [`Query::AccessPolicy`](super::Query::AccessPolicy): the text as it was put; none where the vault has no policy.
    AccessPolicy(Arc<Option<String>>),
    /// To [`Query::Notifications`](super::Query::Notifications); none where the vault notifies nobody.
    Notifications(Arc<Option<VaultNotifications>>),
    /// To [`Query::VaultShares`](super::Query::VaultShares).
    VaultShares(Arc<Vec<VaultShare>>),
    /// To [`Query::WhoCan`](super::Query::WhoCan).
    WhoCan(Arc<Vec<Standing>>),
    /// To [`Query::LegalHolds`](super::Query::LegalHolds).
    LegalHolds(Rows<HoldSummary>),
    /// To [`Query::LegalHold`](super::Query::LegalHold).
    LegalHold(Arc<LegalHold>),
    /// To [`Query::HeldPoints`](super::Query::HeldPoints), by ARN.
    HeldPoints(Rows<HeldPoint>),
    /// To [`Query::Denial`](super::Query::Denial).
    Denial(Arc<Denial>),
    /// To [`Query::KmsKeys`](super::Query::KmsKeys), by id.
    KmsKeys(Rows<KmsKey>),
    /// To [`Query::KmsKey`](super::Query::KmsKey), without its aliases; none where there is none, or not any more.
    KmsKey(Arc<Option<KmsKey>>),
    /// To [`Query::ApiCalls`](super::Query::ApiCalls), the newest first.
    ApiCalls(Rows<ApiCall>),
    /// To [`Query::JobCounts`](super::Query::JobCounts).
    JobCounts(Arc<JobCounts>),
    /// To [`Query::RegionSettings`](super::Query::RegionSettings): opted in, by type.
    RegionSettings(Arc<BTreeMap<String, bool>>),
    /// To [`Query::SupportedResourceTypes`](super::Query::SupportedResourceTypes).
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
