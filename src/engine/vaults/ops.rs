//! Vaults: create, describe, list, delete.

use crate::domain::event::detail::{self, Became};
use crate::domain::extension::VaultArns;
use crate::domain::vault::{BACKUP_VAULT, DEFAULT_VAULT, Vault};
use crate::domain::{Arn, Invalid, Scope, Tags, VaultName, tags as tag_rules};
use crate::engine::authorize::action::{CreateBackupVault, DescribeBackupVault};
use crate::engine::authorize::subject::{NewThing, VaultFound};
use crate::engine::authorize::{Action, Doing, Permit, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, Transaction};
use crate::engine::error::{Error, Result};
use crate::engine::keys::managed;
use crate::engine::page::{Page, PageRequest};
use crate::engine::vaults::rows::{self, NewRow};
use crate::engine::vaults::store::OpenVault;
use crate::engine::{Engine, events, tags};
use std::sync::Arc;

/// The types that the API knows.
const VAULT_TYPES: [&str; 3] = [BACKUP_VAULT, "LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "RESTORE_ACCESS_BACKUP_VAULT"];

/// AWS's quota of vaults in an account and region.
const MAX_VAULTS: i64 = 300;

/// What CreateBackupVault takes beside the name.
#[derive(Debug, Clone, Default)]
pub struct NewVault {
    /// Its tags.
    pub tags: Tags,
    /// The KMS key that wraps its data key, or an alias of one, by its ARN; AWS Backup's own when absent.
    pub encryption_key_arn: Option<String>,
    /// A token: the same one with the same name gives the same vault.
    pub creator_request_id: Option<String>,
}

/// The vault of this name, for an operation that changes something: a missing one is `ResourceNotFoundException`.
pub fn require(connection: &Connection, scope: &Scope, name: &str) -> Result<Vault> {
    rows::get(connection, scope, name)?.ok_or_else(|| Error::no_such_vault(name))
}

/// The vault of this name, for an operation that only reads, if the caller may: AWS does not tell a missing vault from a
/// forbidden one.
pub fn readable<A>(connection: &Connection, caller: &Caller, action: A, name: &str) -> Result<Vault>
where
    A: for<'a> Action<On<'a> = VaultFound<'a>>,
{
    let found = rows::get(connection, &caller.scope(), name)?;
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
            insert(engine, tx, &permit, scope, &name, &NewVault::default())
        }
    }
}

/// The folder first, then the row: a crash in between leaves a folder that nothing knows, which goes to the trash when the
/// name is used again, and never a vault without its folder.
fn insert(
    engine: &Engine,
    tx: &Transaction<'_>,
    permit: &Permit<'_, CreateBackupVault>,
    scope: &Scope,
    name: &VaultName,
    request: &NewVault,
) -> Result<()> {
    let (arn, now) = (Arn::vault(scope, name), engine.now());
    let under = engine.key_for_vault(scope, request.encryption_key_arn.as_deref())?;
    let id = engine.vault_store.create(&arn, under.as_ref(), now)?;
    let kms_key = managed::or(under.as_ref(), scope);
    let row = NewRow {
        scope,
        name,
        vault_type: BACKUP_VAULT,
        encryption_key_arn: kms_key.as_str(),
        creator_request_id: request.creator_request_id.as_deref(),
        created: now,
        id: &id,
    };
    rows::insert(tx, permit, &row)?;
    tags::rows::put_at_creation(tx, permit, arn.as_str(), &request.tags)
}

impl Engine {
    /// Tells that something about a vault was changed, its lock or what goes with it; nothing where there is none.
    pub(crate) fn tell_vault_modified(&self, tx: &Connection, vault: Option<&Vault>) -> Result<()> {
        let tell = |vault| events::record::record(tx, &detail::vault(vault, Became::Modified, self.now()));
        vault.map_or(Ok(()), tell)
    }

    /// CreateBackupVault. The same token with the same name and tags gives the same vault.
    pub fn create_vault(&self, caller: &Caller, name: &VaultName, request: NewVault) -> Result<Vault> {
        let scope = caller.scope();
        tag_rules::validate("BackupVaultTags", &request.tags)?;
        check_creator_request_id(request.creator_request_id.as_deref())?;
        let arn = Arn::vault(&scope, name);
        let name_lock = self.vault_store.name_lock(&arn);
        let _name = name_lock.lock();
        self.finish_deletion(&arn)?;
        self.catalog.write(|tx| {
            let permit = authorize(tx, caller, CreateBackupVault, &NewThing { scope: &scope, arn: &arn })?;
            if let Some(vault) = rows::get(tx, &scope, name.as_str())? {
                let under = self.key_named_for_vault(&scope, request.encryption_key_arn.as_deref());
                let same_key = under.is_ok_and(|key| {
                    vault.encryption_key_arn.as_deref() == Some(managed::or(key.as_ref(), &scope).as_str())
                });
                let repeated = same_key
                    && request.creator_request_id.is_some()
                    && vault.creator_request_id == request.creator_request_id
                    && tags::rows::are_of_creation(tx, vault.arn.as_str(), &request.tags)?;
                return if repeated { Ok(vault) } else { Err(exists(vault)) };
            }
            if rows::count(tx, &scope)? >= MAX_VAULTS {
                return Err(Error::limit_exceeded(format!(
                    "The quota of {MAX_VAULTS} backup vaults in an account and region is reached"
                )));
            }
            insert(self, tx, &permit, &scope, name, &request)?;
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
    pub fn describe_vault(&self, caller: &Caller, name: &str) -> Result<Vault> {
        self.look_at_vault(caller, DescribeBackupVault, name)
    }

    /// A vault, for an operation that answers with something of it.
    pub fn look_at_vault<A>(&self, caller: &Caller, action: A, name: &str) -> Result<Vault>
    where
        A: for<'a> Action<On<'a> = VaultFound<'a>>,
    {
        self.catalog.read(|c| readable(c, caller, action, name))
    }

    /// ListBackupVaults, by name.
    pub fn list_vaults(&self, caller: &Caller, vault_type: Option<&str>, page: &PageRequest) -> Result<Page<Vault>> {
        if let Some(unknown) = vault_type.filter(|text| !VAULT_TYPES.contains(text)) {
            let rule = format_args!("{unknown:?} is not one of {}", VAULT_TYPES.join(", ")).to_string();
            return Err(Invalid::value("VaultType", rule).into());
        }
        self.catalog.read(|c| rows::list(c, &caller.scope(), vault_type, page))
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
