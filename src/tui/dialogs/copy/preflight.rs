//! What is known of a copy before it is asked for: what is certain to be refused or to fail, and what cannot be told.

use crate::client::{Key, Query};
use crate::domain::air_gap::lets_out;
use crate::domain::copies::{CROSS_ACCOUNT_SETTING, copyable, is_cross_account};
use crate::domain::policy::{COPY_INTO_VAULT, Policy, standing_of};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::vault::{DEFAULT_VAULT, Vault};
use crate::domain::{Arn, Known, KnownPoint, Lifecycle, Retention, Scope};
use crate::tui::widgets::form::FieldError;
use crate::tui::world::World;

/// What the vault of the source must not deny.
const COPY_FROM_VAULT: &str = "backup:CopyFromBackupVault";

/// A copy that is to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What is copied.
    pub point: &'a KnownPoint,
    /// The vault that it is copied into.
    pub destination: &'a Arn,
    /// The field that names that vault.
    pub field: &'static str,
    /// The role it would run under.
    pub role: &'a Arn,
    /// How long the copy would live; not known while it follows a source of which that is not known.
    pub lifecycle: Known<Option<Lifecycle>>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Preflight {
    /// What is certain to be refused or to fail, at the field where it can be mended.
    pub errors: Vec<FieldError>,
    /// What may go wrong, or cannot be known from here.
    pub notes: Vec<String>,
}

/// What one question found.
enum Finding {
    /// It is in order.
    Fine,
    /// It is certain that the copy is refused or fails.
    Certain(String),
    /// It may be.
    Open(String),
}

/// What is asked for it, beside the vaults.
pub fn keys(point: &KnownPoint, destination: Option<&Arn>, world: &World) -> Vec<Key> {
    let mut keys = vec![policy_key(&point.scope, &point.vault_name)];
    let Some(destination) = destination else { return keys };
    if is_cross_account(&point.vault_arn, destination) {
        keys.push(Key::scoped(point.scope.clone(), Query::GlobalSettings));
        keys.push(Key::context(Query::Accounts));
        keys.push(Key::context(Query::Organization));
    }
    if let Some((scope, vault)) = place(destination, world).zip(destination.vault_name()) {
        keys.push(policy_key(&scope, vault));
    }
    keys
}

fn policy_key(scope: &Scope, vault: &str) -> Key {
    Key::scoped(scope.clone(), Query::AccessPolicy { vault: vault.to_owned() })
}

/// Where the destination is, if that is among the accounts and regions that can be asked.
fn place(destination: &Arn, world: &World) -> Option<Scope> {
    destination.scope().filter(|scope| world.scopes.contains(scope))
}

impl Preflight {
    /// Asks all that can be known.
    pub fn of(wanted: &Wanted<'_>, world: &World) -> Self {
        let mut found = Self::default();
        let of_destination = [
            source(wanted.point),
            same_vault(wanted),
            membership(wanted, world),
            setting(wanted, world),
            existence(wanted, world),
            air_gap(wanted, world),
            policy(wanted, world),
            policy_of_source(wanted, world),
            keys_of_aws(wanted, world),
        ];
        let certain = found.take(of_destination);
        found.error(wanted.field, certain);
        let certain = found.take([lock(wanted, world)]);
        found.error("keep", certain);
        let foreign = wanted.role.account() != wanted.point.scope.account.as_str();
        found
            .error("role", foreign.then(|| "the job runs under a role of the recovery point's own account".to_owned()));
        found
    }

    /// Keeps what is open, and returns what is certain.
    fn take(&mut self, findings: impl IntoIterator<Item = Finding>) -> Vec<String> {
        let mut certain = Vec::new();
        for finding in findings {
            match finding {
                Finding::Fine => {}
                Finding::Certain(text) => certain.push(text),
                Finding::Open(text) => self.notes.push(text),
            }
        }
        certain
    }

    fn error(&mut self, field: &'static str, certain: impl IntoIterator<Item = String>) {
        let certain: Vec<String> = certain.into_iter().collect();
        if !certain.is_empty() {
            self.errors.push(FieldError::new(field, certain.join("; ")));
        }
    }
}

fn source(point: &KnownPoint) -> Finding {
    match copyable(point) {
        Err(why) => Finding::Certain(why),
        Ok(()) if point.is_damaged() => {
            Finding::Open("Something in it cannot be restored any more; a copy of it may fail.".to_owned())
        }
        Ok(()) if point.status == RecoveryPointStatus::Partial => {
            Finding::Open("It is PARTIAL: a copy lacks what it lacks.".to_owned())
        }
        Ok(()) => Finding::Fine,
    }
}

fn same_vault(wanted: &Wanted<'_>) -> Finding {
    if *wanted.destination == wanted.point.vault_arn {
        return Finding::Certain("that is the vault it lies in".to_owned());
    }
    Finding::Fine
}

/// What lies in an air-gapped vault leaves it for another one alone, unless the vault's key is its account's own.
fn air_gap(wanted: &Wanted<'_>, world: &World) -> Finding {
    let vault = |arn: &Arn, scope: &Scope| {
        let vaults = world.store.vaults(scope)?;
        vaults.iter().find(|vault| vault.arn == *arn).cloned()
    };
    let from = vault(&wanted.point.vault_arn, &wanted.point.scope);
    let Some(from) = from.filter(|vault| vault.vault_type.is_air_gapped()) else { return Finding::Fine };
    match place(wanted.destination, world).and_then(|scope| vault(wanted.destination, &scope)) {
        Some(into) if !lets_out(&from.vault_type, from.encryption_key_arn.as_deref(), &into.vault_type) => {
            Finding::Certain("only another air-gapped vault takes it".to_owned())
        }
        _ => Finding::Fine,
    }
}

fn membership(wanted: &Wanted<'_>, world: &World) -> Finding {
    let account = wanted.destination.account();
    let Some(accounts) = world.store.accounts().filter(|_| crosses(wanted)) else { return Finding::Fine };
    if accounts.iter().any(|known| known.id.as_str() == account) {
        return Finding::Fine;
    }
    Finding::Certain(format!("account {account} is none of this organization"))
}

fn setting(wanted: &Wanted<'_>, world: &World) -> Finding {
    if !crosses(wanted) {
        return Finding::Fine;
    }
    match world.store.global_settings(&wanted.point.scope).map(|told| told.get(CROSS_ACCOUNT_SETTING)) {
        Some(Some(value)) if value == "true" => Finding::Fine,
        Some(_) => Finding::Certain(format!(
            "copies to another account are off: the management account sets {CROSS_ACCOUNT_SETTING}"
        )),
        None => Finding::Open(format!(
            "Whether the organization allows copies to another account ({CROSS_ACCOUNT_SETTING}) is not known here."
        )),
    }
}

fn crosses(wanted: &Wanted<'_>) -> bool {
    is_cross_account(&wanted.point.vault_arn, wanted.destination)
}

/// The destination as its list tells of it; an error where no list that is up to date has it.
fn listed<'a>(wanted: &Wanted<'_>, world: &'a World) -> Result<Option<&'a Vault>, Scope> {
    let Some(scope) = place(wanted.destination, world) else { return Ok(None) };
    let Some(vaults) = world.store.vaults(&scope) else { return Ok(None) };
    let found = vaults.iter().find(|vault| vault.arn == *wanted.destination);
    let stale = world.store.slot(&Key::scoped(scope.clone(), Query::Vaults)).fault.is_some();
    match found {
        None if !stale => Err(scope),
        found => Ok(found.map(AsRef::as_ref)),
    }
}

fn existence(wanted: &Wanted<'_>, world: &World) -> Finding {
    let name = wanted.destination.vault_name().unwrap_or_default();
    match listed(wanted, world) {
        Ok(Some(_)) => Finding::Fine,
        Ok(None) => {
            Finding::Open("Whether there is such a vault, and what its lock lets in, is not known here.".to_owned())
        }
        Err(scope) => Finding::Certain(format!("there is no vault {name} in {}", world.scope_name(&scope))),
    }
}

fn policy(wanted: &Wanted<'_>, world: &World) -> Finding {
    if listed(wanted, world).is_err() {
        return Finding::Fine;
    }
    let account = world.account(&wanted.point.scope.account);
    let told = place(wanted.destination, world)
        .zip(wanted.destination.vault_name())
        .and_then(|(scope, vault)| world.store.access_policy(&scope, vault));
    match told.map(|text| text.as_deref()) {
        None => {
            Finding::Open(format!("Whether the vault's access policy lets account {account} in is not known here."))
        }
        Some(None) if crosses(wanted) => Finding::Certain(format!(
            "the vault has no access policy, and only one that allows {COPY_INTO_VAULT} lets account {account} in"
        )),
        Some(None) => Finding::Fine,
        Some(Some(text)) => {
            let whose = "the vault's access policy";
            judged(whose, text, wanted.destination, COPY_INTO_VAULT, wanted.role, world)
        }
    }
}

fn policy_of_source(wanted: &Wanted<'_>, world: &World) -> Finding {
    let point = wanted.point;
    let whose = "the access policy of the vault it lies in";
    match world.store.access_policy(&point.scope, &point.vault_name).map(|text| text.as_deref()) {
        Some(Some(text)) => judged(whose, text, &point.vault_arn, COPY_FROM_VAULT, wanted.role, world),
        Some(None) => Finding::Fine,
        None => Finding::Open(format!("Whether {whose} lets it out is not known here.")),
    }
}

/// The organization that a role's account is of, where that is known.
fn organization_of<'a>(role: &Arn, world: &'a World) -> Option<&'a str> {
    let is_member = world.store.accounts()?.iter().any(|account| account.id.as_str() == role.account());
    is_member.then(|| world.store.organization().map(|id| id.as_str()))?
}

/// What a policy says to the role of the job.
fn judged(whose: &str, text: &str, vault: &Arn, action: &str, role: &Arn, world: &World) -> Finding {
    let Ok(policy) = Policy::parse(text) else {
        return Finding::Open(format!("What {whose} says cannot be read here."));
    };
    match standing_of(Some(&policy), vault, action, role, organization_of(role, world)) {
        Some(standing) if standing.allowed == Some(true) => Finding::Fine,
        Some(standing) if standing.allowed == Some(false) => {
            Finding::Certain(format!("{whose} does not let the job's role do {action}: {}", standing.because))
        }
        Some(standing) => Finding::Open(format!("{action} by {whose}: {}.", standing.because)),
        None => Finding::Open(format!("What {whose} says to this role cannot be told here.")),
    }
}

fn lock(wanted: &Wanted<'_>, world: &World) -> Finding {
    let Ok(Some(lock)) = listed(wanted, world).map(|vault| vault.and_then(|vault| vault.lock)) else {
        return Finding::Fine;
    };
    match wanted.lifecycle.as_ref().map(|lifecycle| Retention::of(lifecycle.as_ref())) {
        Known::Known(retention) if lock.admits(retention) => Finding::Fine,
        Known::Known(retention) => {
            Finding::Certain(format!("the vault's lock lets in {lock}; this copy would be kept: {retention}"))
        }
        Known::Unknown => {
            Finding::Open(format!("The vault's lock lets in {lock}; how long this is kept is not known yet."))
        }
    }
}

/// What AWS asks of keys. An engine holds the keys of all its vaults.
fn keys_of_aws(wanted: &Wanted<'_>, world: &World) -> Finding {
    if world.is_engine() || !crosses(wanted) {
        return Finding::Fine;
    }
    let default = if wanted.destination.vault_name() == Some(DEFAULT_VAULT) {
        " Its key aws/backup takes only types that AWS Backup manages fully: any other needs a vault with a key of its own."
    } else {
        ""
    };
    Finding::Open(format!(
        "Whether account {} may use the key that it is encrypted with is not known here; a key that AWS manages cannot be shared.{default}",
        wanted.destination.account()
    ))
}
