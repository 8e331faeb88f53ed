//! Who can do an action to a vault, or to what lies in it: everybody who is known here is asked of [`explain`], which decides
//! as [`authorize`](crate::engine::authorize::authorize) does.

use crate::domain::extension::{Standing, Standings};
use crate::domain::policy::{shown, spelled_action};
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::vault::Vault;
use crate::domain::{AccountId, Arn, CalculatedLifecycle, Invalid, ResourceType, Scope, Time, VaultName};
use crate::engine::Engine;
use crate::engine::authorize::action;
use crate::engine::authorize::subject::{
    PointNamed, PointToChange, PointToCopy, PointToDelete, PointToDisassociate, PointToRead, PointToRestore, Tagged,
    VaultFound, VaultKey, VaultNamed, VaultToDelete, VaultToLeave, VaultToLock,
};
use crate::engine::authorize::{Action as _, Doing, Explanation, Principal, Why, explain};
use crate::engine::caller::{Caller, RestoreRoots};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::organization::credentials::{USER_NAME, user_arn};
use crate::engine::organization::rows::{access_keys, accounts, roles};
use crate::engine::organization::sessions::role_id;
use crate::engine::page::PageRequest;
use crate::engine::points::rows::RecoveryPointFilter;
use crate::engine::{points, vaults};

/// How many of the newest recovery points are looked through for one that is whole.
const LOOKED_THROUGH: i64 = 20;

/// What is asked about: a vault, and one of its points as an example for the actions on points.
struct Example {
    vault: Vault,
    point: RecoveryPoint,
    /// Engine time.
    now: Time,
}

/// Somebody who may ask, and how they are called.
enum Asker {
    Caller(Caller),
    Role(Arn),
    Owner,
    Engine(Doing),
}

impl Engine {
    /// Who can do `action` to a vault. An action on recovery points is asked about the newest one that is whole, or, where there
    /// is none, about one that might be there.
    pub fn who_can(&self, scope: &Scope, name: &VaultName, action: &str) -> Result<Standings> {
        let action = named(action)?;
        self.catalog.read(|c| {
            let example = Example::of(c, scope, name, self.now())?;
            let mut standings = Vec::new();
            for (called, asker) in askers(c, &example.vault.scope, action)? {
                let answer = example.ask(c, asker.principal(), action)?;
                let (allowed, because) = (answer.allowed, because(&answer));
                standings.push(Standing { principal: called, action: action.to_owned(), allowed, because });
            }
            standings.push(Standing {
                principal: "anybody else".to_owned(),
                action: action.to_owned(),
                allowed: false,
                because: "only the accounts of this organization can call this engine".to_owned(),
            });
            Ok(Standings { standings })
        })
    }
}

/// The action as AWS writes it; `backup:` may be left out.
fn named(text: &str) -> Result<&'static str> {
    let full = if text.contains(':') { text.to_owned() } else { format!("backup:{text}") };
    spelled_action(&full).ok_or_else(|| {
        let text = shown(text);
        let rule =
            format!("{text} is not an action on a backup vault or its recovery points, such as DeleteRecoveryPoint");
        Invalid::value("Action", rule).into()
    })
}

impl Example {
    fn of(connection: &Connection, scope: &Scope, name: &VaultName, now: Time) -> Result<Self> {
        let vault = vaults::ops::require(connection, scope, name.as_str())?;
        let newest = PageRequest { max_results: Some(LOOKED_THROUGH), next_token: None };
        let newest = points::rows::list_by_vault(connection, &vault.arn, &RecoveryPointFilter::default(), &newest)?;
        let is_whole = |point: &RecoveryPoint| point.status == RecoveryPointStatus::Completed;
        let point = newest.items.into_iter().find(is_whole).unwrap_or_else(|| imagined(&vault));
        Ok(Self { vault, point, now })
    }

    /// Asks about the pair of action and subject with which the action itself is decided.
    fn ask(&self, c: &Connection, who: Principal<'_>, action: &str) -> Result<Explanation> {
        let vault = &self.vault;
        let point = || PointNamed { arn: &self.point.arn, found: Some(&self.point) };
        let found = || VaultFound { found: Some(vault) };
        let lock = || VaultToLock { name: &vault.name, found: Some(vault), request: None, now: self.now };
        let into = || VaultNamed { arn: &vault.arn, scope: Some(&vault.scope) };
        let tagged = || Tagged { arn: &vault.arn, scope: Some(&vault.scope), vault: Some(&vault.arn) };
        macro_rules! ask {
            ($($action:ident: $subject:expr;)+) => {
                match action {
                    $(action::$action::NAME => explain(c, who, action::$action, &$subject),)+
                    _ => Err(Error::invalid_request(format!("{action} is not supported by this engine"))),
                }
            };
        }
        ask! {
            CopyFromBackupVault: VaultToLeave {
                arn: &vault.arn,
                scope: &vault.scope,
                vault_type: &vault.vault_type,
                key: vault.encryption_key_arn.as_deref(),
                into: None,
            };
            CopyIntoBackupVault: into();
            DeleteBackupVault: VaultToDelete { name: &vault.name, found: Some(vault), is_written_into: false };
            DeleteBackupVaultAccessPolicy: found();
            DeleteBackupVaultLockConfiguration: lock();
            DeleteBackupVaultNotifications: found();
            DeleteRecoveryPoint: PointToDelete(point());
            DescribeBackupVault: found();
            DescribeRecoveryPoint: PointToRead(point());
            DisassociateRecoveryPoint: PointToDisassociate(point());
            DisassociateRecoveryPointFromParent: PointToDisassociate(point());
            GetBackupVaultAccessPolicy: found();
            GetBackupVaultNotifications: found();
            GetPITRMalwareScanResults: PointToRead(point());
            GetRecoveryPointIndexDetails: PointToRead(point());
            GetRecoveryPointRestoreMetadata: PointToRead(point());
            GetRestoreTestingInferredMetadata: PointToRead(point());
            ListProtectedResourcesByBackupVault: found();
            ListRecoveryPointItems: PointToRead(point());
            ListRecoveryPointsByBackupVault: found();
            ListRestoreAccessBackupVaults: found();
            ListTags: tagged();
            MakeRecoveryKey: VaultKey(&vault.arn);
            PutBackupVaultAccessPolicy: found();
            PutBackupVaultLockConfiguration: lock();
            PutBackupVaultNotifications: found();
            StartBackupJob: into();
            StartCopyJob: PointToCopy(point());
            StartRestoreJob: PointToRestore(point());
            TagResource: tagged();
            UntagResource: tagged();
            UpdateRecoveryPointLifecycle: PointToChange(point());
        }
    }
}

impl Asker {
    fn principal(&self) -> Principal<'_> {
        match self {
            Self::Caller(caller) => Principal::Caller(caller),
            Self::Role(role) => Principal::Role(role),
            Self::Owner => Principal::Owner,
            Self::Engine(doing) => Principal::Engine(*doing),
        }
    }
}

/// Everybody who is known: the vault's own account first, then the others, then what is no account.
fn askers(c: &Connection, scope: &Scope, action: &str) -> Result<Vec<(String, Asker)>> {
    let mut all = Vec::new();
    let mut accounts: Vec<AccountId> = accounts::all(c)?.into_iter().map(|account| account.id).collect();
    accounts.sort_by_key(|account| *account != scope.account);
    for account in accounts {
        all.extend(of_account(c, &account, scope, is_of_jobs(action))?);
    }
    match action {
        action::DeleteRecoveryPoint::NAME => {
            all.push(("the engine: expiry by lifecycle".to_owned(), Asker::Engine(Doing::Expiry)));
        }
        action::StartBackupJob::NAME => {
            all.push(("the engine: schedules of plans".to_owned(), Asker::Engine(Doing::Schedule)));
        }
        action::MakeRecoveryKey::NAME => all.push(("the owner of the data directory".to_owned(), Asker::Owner)),
        _ => {}
    }
    Ok(all)
}

/// Whether an action is done by jobs, under the role that was passed to them, and not by a caller.
fn is_of_jobs(action: &str) -> bool {
    [action::CopyIntoBackupVault::NAME, action::CopyFromBackupVault::NAME].contains(&action)
}

fn of_account(c: &Connection, account: &AccountId, vault: &Scope, by_jobs: bool) -> Result<Vec<(String, Asker)>> {
    let roles = roles::of_account(c, account)?;
    if by_jobs {
        let trusting = roles.into_iter().filter(|(_, trust)| *trust == roles::Trust::Backup);
        return Ok(trusting.map(|(role, _)| (role.to_string(), Asker::Role(role))).collect());
    }
    let caller = |user_arn: Arn, user_id| {
        let region = vault.region.clone();
        Asker::Caller(Caller { account: account.clone(), region, user_arn, user_id, restore_roots: RestoreRoots::Any })
    };
    let user = user_arn(account, USER_NAME)?;
    let mut all = vec![(user.to_string(), caller(user, access_keys::user_id(c, account)?))];
    for (role, _) in roles.into_iter().filter(|(_, trust)| *trust == roles::Trust::Management) {
        // No policy can know which name a session will have.
        let name = role.last_part();
        let session = format!("arn:aws:sts::{account}:assumed-role/{name}/any-session").parse()?;
        all.push((role.to_string(), caller(session, Some(format!("{}:any-session", role_id(&role))))));
    }
    Ok(all)
}

/// A recovery point as it might be in a vault that holds none.
fn imagined(vault: &Vault) -> RecoveryPoint {
    RecoveryPoint {
        arn: Arn::recovery_point(&vault.scope, "any"),
        scope: vault.scope.clone(),
        vault_name: vault.name.clone(),
        vault_arn: vault.arn.clone(),
        vault_type: vault.vault_type.clone(),
        source_vault_arn: None,
        resource_arn: Arn::unknown(),
        resource_name: None,
        resource_type: ResourceType::from("EFS".to_owned()),
        created_by: None,
        iam_role_arn: None,
        status: RecoveryPointStatus::Completed,
        status_message: None,
        created: vault.created.unwrap_or_default(),
        initiated: None,
        completed: None,
        size_bytes: None,
        lifecycle: None,
        calculated_lifecycle: CalculatedLifecycle::default(),
        encryption_key_arn: None,
        encrypted: true,
        last_restore: None,
        storage_class: None,
        held: false,
        nesting: crate::domain::Nesting::Alone,
    }
}

/// The reason in words.
fn because(answer: &Explanation) -> String {
    match &answer.why {
        Why::OwnDoing => "the engine does it by itself; policies do not bind it".to_owned(),
        Why::OwnThing => "it is of the vault's account, and no statement of the access policy denies it".to_owned(),
        Why::NotOwn => "the vault is of another account".to_owned(),
        Why::NoStatement => {
            "the vault is of another account, and no statement of its access policy allows it".to_owned()
        }
        Why::AirGap => {
            "the vault is logically air-gapped and of another account, and no resource share lets this one in"
                .to_owned()
        }
        Why::Shared(share) => {
            format!("resource share {share} lets this account restore what lies in the air-gapped vault")
        }
        Why::SharedForLess(share) => {
            format!(
                "the vault is logically air-gapped: resource share {share} lets this account restore, and nothing else"
            )
        }
        Why::Statement(name) => {
            let does = if answer.allowed { "allows" } else { "denies" };
            format!("{name} of the access policy {does} it")
        }
        Why::Protected(why) => why.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ClockKind, EngineOptions};

    #[test]
    fn every_action_that_a_policy_can_name_and_this_engine_carries_out_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(EngineOptions {
            data_dir: folder.path().to_owned(),
            clock: ClockKind::Simulated,
            scheduler: false,
            simulated_rate: None,
            cold: std::collections::BTreeMap::new(),
        })
        .unwrap();
        let (scope, vault) = (Engine::first_scope().unwrap(), "Default".parse().unwrap());
        // A vault that is made has no policy before it is there.
        let asked = action::NAMES.iter().filter(|name| spelled_action(name).is_some() && !name.contains(":Create"));
        for name in asked {
            let told = engine.who_can(&scope, &vault, name).unwrap().standings;
            assert!(told.len() > 1 && told.iter().all(|one| one.action == *name), "{name}: {told:?}");
        }
    }
}
