//! The bodies of the engine's own routes under `/_vaultdeck/`, for what AWS's API has no operation. Both sides of the wire use these.

mod deliveries;
mod explore;
mod items;
mod new_data;
mod policies;
mod probe;
mod sight;
mod units;
mod who_can;

use crate::domain::types::Location;
use crate::domain::{Scope, Secret, Time};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use std::collections::BTreeMap;

pub use deliveries::DeliveryStatus;
pub use explore::{ChangedItem, Changes, FIND, Found, FoundItem, ItemChange, PointMatches, UnreadPoint};
pub use items::{Item, Items, MissingItem, RECOVERY_POINTS};
pub use new_data::{LEAST_NEW, NEW_DATA, NewDataOfBackup, NewDataOfBackups, Usual};
pub use policies::{
    EffectivePolicyView, Policies, PolicyChanged, PolicyPlanView, PolicyProblem, PolicyTargetView, PolicyView,
    PutPolicy,
};
pub use probe::{ContinuousProbe, ResourceProbe};
pub use sight::Sight;
pub use units::{AddUnit, MoveAccount, RenameUnit, UnitView, Units};
pub use who_can::{Standing, Standings};

/// The header that every response of an engine carries; its value is the program's version.
pub const VERSION_HEADER: &str = "x-vaultdeck-version";

/// `GET /_vaultdeck/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// The process that runs the engine.
    pub pid: u32,
    /// `system` or `simulated`.
    pub clock: String,
    /// The engine's time.
    pub now: Time,
    /// Where it listens for HTTP, if it does.
    pub endpoint_url: Option<String>,
    /// Every region in which something lives, the first one first.
    pub regions: Vec<String>,
    /// How many jobs run or wait to run now.
    pub active_jobs: u64,
    /// Vaults of which no recovery key was ever made, as `ACCOUNT/REGION/NAME`; only those with recovery points.
    pub vaults_without_recovery_key: Vec<String>,
    /// How notifications get to the targets of the config.
    #[serde(default)]
    pub deliveries: Vec<DeliveryStatus>,
    /// What is wrong with the engine itself, the worst first.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

impl Status {
    /// [`Status::vaults_without_recovery_key`], taken apart: each vault's scope and name.
    pub fn without_recovery_key(&self) -> impl Iterator<Item = (Scope, &str)> {
        self.vaults_without_recovery_key.iter().filter_map(|vault| {
            let (scope, name) = vault.rsplit_once('/')?;
            Some((scope.parse().ok()?, name))
        })
    }
}

/// The code of the [`Problem`] of an engine whose data directory cannot be written: it lists, checks and restores.
pub const READ_ONLY_DIRECTORY: &str = "DataDirectoryReadOnly";

/// That an engine's data directory cannot be written, if that is among its problems: then only restores can be asked for.
pub fn read_only_directory(problems: &[Problem]) -> Option<&Problem> {
    problems.iter().find(|problem| problem.code == READ_ONLY_DIRECTORY)
}

/// How bad a problem of the engine is; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProblemSeverity {
    /// It works, but not as it should.
    Warning,
    /// It does not do what it is there for.
    Error,
}

/// Something that is wrong with an engine itself. It tells no secrets and no paths of vaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Problem {
    /// What it is, for programs: `ConductorBlocked`, `ClockDoubted`, …
    pub code: String,
    /// How bad it is.
    pub severity: ProblemSeverity,
    /// What it is and what to do, for people.
    pub message: String,
}

/// `GET /_vaultdeck/health`: status 200 when healthy, 503 when not. It needs no signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Health {
    /// Whether there is no error among the problems.
    pub healthy: bool,
    /// What is wrong, the worst first.
    pub problems: Vec<Problem>,
}

/// `POST /_vaultdeck/clock/confirm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClockConfirmed {
    /// The engine's time, which is the system's now.
    pub now: Time,
    /// Whether the clock was doubted before.
    pub was_doubted: bool,
}

/// `POST /_vaultdeck/resources`. A location that is a path alone can be given as `Path` instead of `Location`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", try_from = "AddResourceBody")]
pub struct AddResource {
    /// The API's string, `EFS`.
    pub resource_type: String,
    /// Its name, unique per account, region and type.
    pub name: String,
    /// Where its data lies.
    pub location: Location,
    /// What its service asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The account; the first one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The region; the first one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// The members of [`AddResource`] as they are sent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddResourceBody {
    resource_type: String,
    name: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    location: Option<Location>,
    #[serde(default)]
    secret: Option<Secret>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    account_id: Option<String>,
    #[serde(default)]
    region: Option<String>,
}

impl TryFrom<AddResourceBody> for AddResource {
    type Error = &'static str;
    fn try_from(body: AddResourceBody) -> Result<Self, Self::Error> {
        let location = match (body.path, body.location) {
            (Some(path), None) => Location::at_path(path),
            (None, Some(location)) => location,
            (None, None) => return Err("missing field `Location`"),
            (Some(_), Some(_)) => return Err("`Path` and `Location` are given; one of them is enough"),
        };
        Ok(Self {
            resource_type: body.resource_type,
            name: body.name,
            location,
            secret: body.secret,
            tags: body.tags,
            account_id: body.account_id,
            region: body.region,
        })
    }
}

/// A registered resource; `GET /_vaultdeck/resources` answers `{"Resources": […]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceView {
    /// Its ARN.
    pub resource_arn: String,
    /// Its type.
    pub resource_type: String,
    /// Its name.
    pub name: String,
    /// Its account: the ARNs of some types do not tell it.
    pub account_id: String,
    /// Its region, likewise.
    pub region: String,
    /// The path in its location, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where its data lies.
    pub location: Location,
    /// What its service said of itself when it was registered or last backed up: its version, its size.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The answer of `GET /_vaultdeck/resources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resources {
    /// All of them.
    pub resources: Vec<ResourceView>,
}

/// The answer of `POST /_vaultdeck/resources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceAdded {
    /// The ARN, new or that of the same name and path.
    pub resource_arn: String,
}

/// `POST /_vaultdeck/accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AddAccount {
    /// Twelve digits; drawn when absent.
    #[serde(default)]
    pub account_id: Option<String>,
    /// Its name in the organization.
    pub name: String,
    /// Its address; made from the name when absent.
    #[serde(default)]
    pub email: Option<String>,
}

/// An account; `GET /_vaultdeck/accounts` answers `{"Accounts": […]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountView {
    /// Its id.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// Its address.
    pub email: String,
    /// Whether it is the management account.
    pub management: bool,
    /// The names of the units down to the one that it lies in, with slashes; empty where that is the root.
    #[serde(default)]
    pub unit: String,
    /// Whether it administers AWS Backup for the organization.
    #[serde(default)]
    pub delegated_administrator: bool,
}

/// The answer of `GET /_vaultdeck/accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Accounts {
    /// All of them, the management account first.
    pub accounts: Vec<AccountView>,
}

/// `POST /_vaultdeck/roles`; the account is the ARN's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AddRole {
    /// `arn:aws:iam::ACCOUNT:role/…`.
    pub role_arn: String,
}

/// The answer of `GET /_vaultdeck/roles`: every role that the engine can assume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Roles {
    /// Their ARNs, sorted.
    pub role_arns: Vec<String>,
}

/// `POST /_vaultdeck/credentials`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CredentialsRequest {
    /// The account; the first one when absent.
    #[serde(default)]
    pub account_id: Option<String>,
    /// The region; the first one when absent.
    #[serde(default)]
    pub region: Option<String>,
}

/// An access key for other tools. `Debug` does not print the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Credentials {
    /// The key's id.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: String,
    /// The account it belongs to.
    pub account_id: String,
    /// The region to use.
    pub region: String,
    /// Where the engine listens; null when nothing serves.
    pub endpoint_url: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// The answer of `POST /_vaultdeck/vaults/ACCOUNT/REGION/NAME/recovery-key`. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecoveryKey {
    /// The password for `restic -r`, shown once.
    pub password: String,
}

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryKey").finish_non_exhaustive()
    }
}

/// The answer of `POST /_vaultdeck/vaults/ACCOUNT/REGION/NAME/check`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckReport {
    /// Recovery points that were proven, or not.
    pub recovery_points: u64,
    /// Snapshots read.
    pub snapshots: u64,
    /// Packs read.
    pub packs: u64,
    /// Blobs decrypted and hashed.
    pub blobs: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is damaged, recovery points first; empty means whole.
    pub problems: Vec<CheckProblem>,
    /// What is worth knowing and harmless.
    pub notes: Vec<String>,
}

/// What kind of thing a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CheckKind {
    /// Something in a recovery point, or all of it, cannot be restored.
    RecoveryPoint,
    /// A snapshot of this engine that no recovery point knows.
    UnknownSnapshot,
    /// A snapshot of another program that cannot be restored whole.
    ForeignSnapshot,
    /// A manifest that is missing, damaged, or tells something else than the catalog.
    Manifest,
    /// A record of the vault's lock, of its access policy, or of a legal hold that is missing or damaged, and of which it is
    /// known elsewhere what it says.
    Protection,
    /// A file of a recovery key.
    RecoveryKey,
    /// Another file of the repository.
    File,
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

/// Something that a check found wrong.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckProblem {
    /// What kind of thing it is.
    pub kind: CheckKind,
    /// What is wrong: a recovery point, a file.
    pub subject: String,
    /// What is wrong with it.
    pub message: String,
    /// The recovery point that it is about.
    pub recovery_point_arn: Option<String>,
    /// How many items cannot be restored; absent where it is not about items, or nothing can be.
    pub item_count: Option<u64>,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<MissingItem>,
    /// Whether it is well again: what was damaged was written anew.
    pub repaired: bool,
    /// What to do.
    pub advice: Option<String>,
}

/// `POST /_vaultdeck/vaults/ACCOUNT/REGION/NAME/repair`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RepairRequest {
    /// Only to tell what would be done.
    pub dry_run: bool,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RepairReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// What was done, or would be.
    pub steps: Vec<RepairStep>,
    /// What is damaged and stays so.
    pub left: Vec<CheckProblem>,
}

/// One thing that a repair does.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RepairStep {
    /// What is repaired.
    pub subject: String,
    /// How.
    pub action: String,
    /// Whether it was done.
    pub done: bool,
    /// Why not, if it was tried.
    pub error: Option<String>,
}

/// The answer of `POST /_vaultdeck/rescan` and of `…/vaults/ACCOUNT/REGION/NAME/rescan`: what the vaults' folders told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RescanReport {
    /// The accounts that came back; their names and addresses are lost.
    pub accounts: Vec<String>,
    /// The ARNs of the vaults that came back.
    pub vaults: Vec<String>,
    /// The ARNs of the recovery points that came back.
    pub recovery_points: Vec<String>,
    /// The ARNs of the recovery points of the catalog of which nothing is in their vaults any more.
    pub gone: Vec<String>,
    /// What could not be brought in, each with the reason.
    pub problems: Vec<String>,
}

/// The answer of `GET /_vaultdeck/vaults`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VaultArns {
    /// The ARNs of the vaults of all accounts and regions, sorted.
    pub vault_arns: Vec<String>,
}

/// `POST /_clock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRequest {
    /// Seconds to go forward.
    #[serde(default)]
    pub advance_seconds: Option<u64>,
    /// The time to go to; never back.
    #[serde(default)]
    pub set: Option<Time>,
}

/// The answer of `POST /_clock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAnswer {
    /// The engine's time now.
    pub now: Time,
}
