//! What can be asked, and what comes back.

mod answer;

pub use answer::{Answer, FoundItems, PlanDetail, RestoreMetadata, Rows, ScopeView, SelectableResource, SoMany, rows};

use crate::client::{Capabilities, Fault};
use crate::domain::names::JobId;
use crate::domain::vault::VaultRef;
use crate::domain::{Arn, PlanId, Scope, Time};

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
    /// What an encoded authorization message says: [`Answer::Denial`].
    Denial {
        /// The message, as [`crate::domain::denial::encoded`] finds it.
        message: String,
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
    /// How many backup jobs ended how in the last two months, as Amazon CloudWatch counts them (AWS only): [`Answer::JobCounts`].
    JobCounts,
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
    /// The first page of several came.
    Begun {
        /// The key.
        key: Key,
        /// Counts the key's calls.
        generation: u64,
        /// What that page tells, as if it were all: nothing can be concluded from what is not on it.
        answer: Answer,
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
