//! Vaults: create, describe, list, delete.

use crate::domain::event::detail::{self, Became};
use crate::domain::extension::VaultArns;
use crate::domain::vault::{DEFAULT_VAULT, Vault, VaultType};
use crate::domain::{AccountId, Arn, Invalid, Scope, Tags, Time, VaultLock, VaultName, tags as tag_rules};
use crate::engine::authorize::action::{CreateBackupVault, DescribeBackupVault, MakesVault};
use crate::engine::authorize::subject::{NewThing, VaultFound};
use crate::engine::authorize::{Action, Doing, Permit, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, Transaction};
use crate::engine::error::{Error, Result};
use crate::engine::keys::managed;
use crate::engine::page::{Page, PageRequest};
use crate::engine::vaults::folder::Birth;
use crate::engine::vaults::lock_record::LockRecord;
use crate::engine::vaults::rows::{self, NewRow};
use crate::engine::vaults::store::OpenVault;
use crate::engine::{Engine, events, tags};
use std::sync::Arc;

/// AWS's quota of vaults in an account and region.
const MAX_VAULTS: i64 = 300;

/// What CreateBackupVault and CreateLogicallyAirGappedBackupVault take beside the name.
#[derive(Debug, Clone, Default)]
pub struct NewVault {
    /// Its tags.
    pub tags: Tags,
    /// The KMS key that wraps its data key, or an alias of one, by its ARN; AWS Backup's own when absent.
    pub encryption_key_arn: Option<String>,
    /// A token: the same one with the same name gives the same vault.
    pub creator_request_id: Option<String>,
}

/// The vault that a call names, in its region.
#[derive(Debug, Clone, Copy)]
pub struct VaultAt<'a> {
    /// `BackupVaultAccountId`: the account that owns it; the caller's own where none is named.
    pub account: Option<&'a AccountId>,
    /// Its name.
    pub name: &'a str,
}

impl VaultAt<'_> {
    /// Where it is.
    pub(crate) fn scope(&self, caller: &Caller) -> Scope {
        Scope::new(self.account.unwrap_or(&caller.account).clone(), caller.region.clone())
    }
}

impl<'a> From<&'a str> for VaultAt<'a> {
    fn from(name: &'a str) -> Self {
        Self { account: None, name }
    }
}

/// The vault of this name, for an operation that changes something: a missing one is `ResourceNotFoundException`.
pub fn require(connection: &Connection, scope: &Scope, name: &str) -> Result<Vault> {
    rows::get(connection, scope, name)?.ok_or_else(|| Error::no_such_vault(name))
}

/// The vault of this name, for an operation that only reads, if the caller may: AWS does not tell a missing vault from a
/// forbidden one.
pub fn readable<'v, A>(
    connection: &Connection,
    caller: &Caller,
    action: A,
    vault: impl Into<VaultAt<'v>>,
) -> Result<Vault>
where
    A: for<'a> Action<On<'a> = VaultFound<'a>>,
{
    let vault = vault.into();
    let found = rows::get(connection, &vault.scope(caller), vault.name)?;
    authorize(connection, caller, action, &VaultFound { found: found.as_ref() })?;
    found.ok_or_else(Error::insufficient_privileges)
}

/// Makes the vault `Default` of an account in a region, where there is none.
pub(crate) fn ensure_default(engine: &Engine, tx: &Transaction<'_>, scope: &Scope) -> Result<()> {
    match rows::get(tx, scope, DEFAULT_VAULT)? {
        Some(_) => Ok(()),
        None => {
            let name: VaultName = DEFAULT_VAULT.parse()?;
            let subject = NewThing { scope, arn: &Arn::vault(scope, &name) };
            let permit = authorize(tx, Doing::Founding, CreateBackupVault, &subject)?;
            insert(engine, tx, &permit, scope, &name, &New::standard(&NewVault::default(), engine.now()))
        }
    }
}

/// The folder first, then the row: a crash in between leaves a folder that nothing knows, which goes to the trash when the
/// name is used again, and never a vault without its folder.
fn insert<A: MakesVault>(
    engine: &Engine,
    tx: &Transaction<'_>,
    permit: &Permit<'_, A>,
    scope: &Scope,
    name: &VaultName,
    new: &New<'_>,
) -> Result<()> {
    let (arn, now) = (Arn::vault(scope, name), new.now);
    let under = engine.key_for_vault(scope, new.request.encryption_key_arn.as_deref())?;
    let birth = Birth { arn: &arn, under: under.as_ref(), vault_type: &new.vault_type, lock: new.lock, now };
    let id = engine.vault_store.create(&birth)?;
    let key = key_told(&new.vault_type, under.as_ref(), scope);
    let row = NewRow {
        scope,
        name,
        vault_type: &new.vault_type,
        encryption_key_arn: key.as_deref(),
        creator_request_id: new.request.creator_request_id.as_deref(),
        created: now,
        id: &id,
    };
    rows::insert(tx, permit, &row)?;
    tags::rows::put_at_creation(tx, permit, arn.as_str(), &new.request.tags)
}

/// `EncryptionKeyArn` of a vault under this KMS key of a customer, or under AWS Backup's own: that is the account's for standard
/// vaults, and for air-gapped ones nobody's who could name it.
pub(crate) fn key_told(vault_type: &VaultType, under: Option<&Arn>, scope: &Scope) -> Option<String> {
    match under {
        None if vault_type.is_air_gapped() => None,
        under => Some(managed::or(under, scope).to_string()),
    }
}

/// A vault as it is to be made.
pub(super) struct New<'a> {
    /// What kind of vault.
    pub(super) vault_type: VaultType,
    /// The lock that it is born with.
    pub(super) lock: Option<LockRecord>,
    /// What was asked for.
    pub(super) request: &'a NewVault,
    /// Engine time: when it is made, and locked.
    pub(super) now: Time,
}

impl<'a> New<'a> {
    fn standard(request: &'a NewVault, now: Time) -> Self {
        Self { vault_type: VaultType::Standard, lock: None, request, now }
    }

    /// Whether `vault` is what this asks for, and was made by the same call.
    fn is(&self, tx: &Connection, vault: &Vault) -> Result<bool> {
        let days = |lock: Option<VaultLock>| lock.map(|lock| (lock.min_retention_days, lock.max_retention_days));
        let born_locked = self.lock.map(|record| days(record.lock()));
        Ok(self.request.creator_request_id.is_some()
            && vault.creator_request_id == self.request.creator_request_id
            && vault.vault_type == self.vault_type
            && born_locked.is_none_or(|born| days(vault.lock) == born)
            && tags::rows::are_of_creation(tx, vault.arn.as_str(), &self.request.tags)?)
    }
}

impl Engine {
    /// Tells that something about a vault was changed, its lock or what goes with it; nothing where there is none.
    pub(crate) fn tell_vault_modified(&self, tx: &Connection, vault: Option<&Vault>) -> Result<()> {
        let tell = |vault| events::record::record(tx, &detail::vault(vault, Became::Modified, self.now()));
        vault.map_or(Ok(()), tell)
    }

    /// CreateBackupVault. The same token with the same name and tags gives the same vault.
    pub fn create_vault(&self, caller: &Caller, name: &VaultName, request: NewVault) -> Result<Vault> {
        tag_rules::validate("BackupVaultTags", &request.tags)?;
        check_creator_request_id(request.creator_request_id.as_deref())?;
        self.make_vault(caller, name, CreateBackupVault, &New::standard(&request, self.now()), |_, _| Ok(()))
    }

    /// Makes a vault and what `with` adds to it in the same transaction, unless the same call has made it before.
    pub(super) fn make_vault<A>(
        &self,
        caller: &Caller,
        name: &VaultName,
        action: A,
        new: &New<'_>,
        with: impl Fn(&Transaction<'_>, &Permit<'_, A>) -> Result<()>,
    ) -> Result<Vault>
    where
        A: MakesVault + for<'a> Action<On<'a> = NewThing<'a>>,
    {
        let scope = caller.scope();
        let arn = Arn::vault(&scope, name);
        let name_lock = self.vault_store.name_lock(&arn);
        let _name = name_lock.lock();
        self.finish_deletion(&arn)?;
        self.catalog.write(|tx| {
            let permit = authorize(tx, caller, action, &NewThing { scope: &scope, arn: &arn })?;
            if let Some(vault) = rows::get(tx, &scope, name.as_str())? {
                let under = self.key_named_for_vault(&scope, new.request.encryption_key_arn.as_deref());
                let key = under.map(|key| key_told(&new.vault_type, key.as_ref(), &scope));
                let repeated = key.is_ok_and(|key| key == vault.encryption_key_arn) && new.is(tx, &vault)?;
                return if repeated { Ok(vault) } else { Err(exists(vault)) };
            }
            if rows::count(tx, &scope)? >= MAX_VAULTS {
                return Err(Error::limit_exceeded(format!(
                    "The quota of {MAX_VAULTS} backup vaults in an account and region is reached"
                )));
            }
            insert(self, tx, &permit, &scope, name, new)?;
            with(tx, &permit)?;
            require(tx, &scope, name.as_str())
        })
    }

    /// The open vault of that ARN, if the catalog knows it.
    pub(crate) fn existing_vault(&self, arn: &Arn) -> Result<Arc<OpenVault>> {
        let known = self.catalog.read(|connection| rows::vault_key(connection, arn))?;
        if known.is_none() {
            return Err(Error::no_such_vault(arn));
        }
        self.vault_store.get(arn)
    }

    /// DescribeBackupVault. AWS answers AccessDenied for a vault that does not exist.
    pub fn describe_vault<'v>(&self, caller: &Caller, vault: impl Into<VaultAt<'v>>) -> Result<Vault> {
        self.look_at_vault(caller, DescribeBackupVault, vault)
    }

    /// A vault, for an operation that answers with something of it.
    pub fn look_at_vault<'v, A>(&self, caller: &Caller, action: A, vault: impl Into<VaultAt<'v>>) -> Result<Vault>
    where
        A: for<'a> Action<On<'a> = VaultFound<'a>>,
    {
        let vault = vault.into();
        self.catalog.read(|c| readable(c, caller, action, vault))
    }

    /// ListBackupVaults, by name.
    pub fn list_vaults(&self, caller: &Caller, vault_type: Option<&str>, page: &PageRequest) -> Result<Page<Vault>> {
        let vault_type = known_type(vault_type)?;
        self.catalog.read(|c| rows::list(c, &caller.scope(), vault_type.as_ref(), page))
    }

    /// The same of the vaults of other accounts that are shared with the caller's.
    pub fn list_shared_vaults(
        &self,
        caller: &Caller,
        vault_type: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Vault>> {
        let vault_type = known_type(vault_type)?;
        self.catalog.read(|c| rows::shared_with(c, &caller.scope(), vault_type.as_ref(), page))
    }

    /// The ARNs of the vaults of all accounts and regions.
    pub fn vault_arns(&self) -> Result<VaultArns> {
        let arns = self.catalog.read(rows::arns)?;
        Ok(VaultArns { vault_arns: arns.iter().map(ToString::to_string).collect() })
    }

    /// Brings an earlier deletion of a vault of this name to its end, if there is one that was interrupted.
    pub(crate) fn finish_deletion(&self, arn: &Arn) -> Result<()> {
        let left = self.catalog.read(rows::deletions::all)?;
        left.iter().filter(|deletion| &deletion.vault == arn).try_for_each(|deletion| self.carry_deletion(deletion))
    }
}

/// A filter of lists that must be a kind of vault that the API knows.
fn known_type(text: Option<&str>) -> Result<Option<VaultType>> {
    let vault_type: Option<VaultType> = text.map(VaultType::from);
    if let Some(VaultType::Other(unknown)) = &vault_type {
        let known = VaultType::KNOWN.each_ref().map(VaultType::as_str).join(", ");
        return Err(Invalid::value("VaultType", format_args!("{unknown:?} is not one of {known}")).into());
    }
    Ok(vault_type)
}

fn exists(vault: Vault) -> Error {
    let message = "Backup vault with the same name already exists";
    Error::already_exists(message, Some(vault.arn.to_string()), vault.creator_request_id)
}

/// `CreatorRequestId` as every create call takes it.
pub(crate) fn check_creator_request_id(id: Option<&str>) -> Result<()> {
    let fine =
        |id: &str| (1..=50).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    match id {
        Some(id) if !fine(id) => Err(Invalid::value(
            "CreatorRequestId",
            "it must be 1 to 50 letters, digits, hyphens, underscores or periods",
        )
        .into()),
        _ => Ok(()),
    }
}
