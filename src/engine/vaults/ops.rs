//! Vaults: create, describe, list, delete.

use crate::domain::extension::VaultArns;
use crate::domain::vault::Vault;
use crate::domain::{Arn, Invalid, Scope, VaultName, tags as tag_rules};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::values::{Columns, millis};
use crate::engine::error::{Error, Result};
use crate::engine::request::{Caller, NewVault, Page, PageRequest};
use crate::engine::{Engine, tags, vaults};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::sync::PoisonError;

/// The vault that every account has.
pub const DEFAULT_VAULT: &str = "Default";

/// The only type of vault that the engine makes.
const VAULT_TYPE: &str = "BACKUP_VAULT";

/// The types that the API knows.
const VAULT_TYPES: [&str; 3] = [VAULT_TYPE, "LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "RESTORE_ACCESS_BACKUP_VAULT"];

/// AWS's quota of vaults in an account and region.
const MAX_VAULTS: i64 = 300;

const COLUMNS: &str = "arn, account, region, name, vault_type, encryption_key_arn, creator_request_id, created, \
    (SELECT count(*) FROM recovery_points WHERE vault_arn = vaults.arn AND status <> 'CREATING') AS points";

fn from_row(row: &Row<'_>) -> Result<Vault> {
    Ok(Vault {
        arn: row.parsed("arn")?,
        scope: row.scope()?,
        name: row.column("name")?,
        vault_type: row.column("vault_type")?,
        encryption_key_arn: row.column("encryption_key_arn")?,
        created: row.time_option("created")?,
        creator_request_id: row.column("creator_request_id")?,
        recovery_points: row.column("points")?,
        locked: false,
        min_retention_days: None,
        max_retention_days: None,
        lock_date: None,
    })
}

/// The vault of this name, if there is one.
pub fn get(connection: &Connection, scope: &Scope, name: &str) -> Result<Option<Vault>> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM vaults WHERE account = ?1 AND region = ?2 AND name = ?3"))?;
    let key = params![scope.account.as_str(), scope.region.as_str(), name];
    statement.query_row(key, |row| Ok(from_row(row))).optional()?.transpose()
}

/// The vault of this name, for an operation that changes something: a missing one is `ResourceNotFoundException`.
pub fn require(connection: &Connection, scope: &Scope, name: &str) -> Result<Vault> {
    get(connection, scope, name)?.ok_or_else(|| Error::no_such_vault(name))
}

/// The vault of this name, for an operation that only reads: AWS does not tell a missing vault from a forbidden one.
pub fn readable(connection: &Connection, scope: &Scope, name: &str) -> Result<Vault> {
    get(connection, scope, name)?.ok_or_else(Error::insufficient_privileges)
}

/// Makes the vault `Default` of an account in a region, where there is none.
pub(crate) fn ensure_default(engine: &Engine, tx: &Transaction<'_>, scope: &Scope) -> Result<()> {
    match get(tx, scope, DEFAULT_VAULT)? {
        Some(_) => Ok(()),
        None => insert(engine, tx, scope, &DEFAULT_VAULT.parse()?, &NewVault::default()),
    }
}

/// The folder first, then the row: a crash in between leaves a folder that nothing knows, which is set aside when the
/// name is used again, and never a vault without its folder.
fn insert(engine: &Engine, tx: &Transaction<'_>, scope: &Scope, name: &VaultName, request: &NewVault) -> Result<()> {
    let (arn, now) = (Arn::vault(scope, name), engine.now());
    let id = engine.vault_store.create(scope, name, &arn, now)?;
    tx.prepare_cached(
        "INSERT INTO vaults (arn, account, region, name, vault_type, encryption_key_arn, creator_request_id, created,
             vault_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        arn.as_str(),
        scope.account.as_str(),
        scope.region.as_str(),
        name.as_str(),
        VAULT_TYPE,
        engine_key(scope),
        request.creator_request_id,
        millis(now),
        id.as_str()
    ])?;
    tags::rows::put_at_creation(tx, arn.as_str(), &request.tags)
}

/// The key that wraps the vaults' keys, as the API names it: AWS's own alias for AWS Backup's key.
pub(crate) fn engine_key(scope: &Scope) -> String {
    format!("arn:aws:kms:{}:{}:alias/aws/backup", scope.region, scope.account)
}

impl Engine {
    /// CreateBackupVault. The same token with the same name and tags gives the same vault.
    pub fn create_vault(&self, caller: &Caller, name: &VaultName, request: NewVault) -> Result<Vault> {
        let scope = caller.scope();
        tag_rules::validate("BackupVaultTags", &request.tags)?;
        check_creator_request_id(request.creator_request_id.as_deref())?;
        if request.encryption_key_arn.as_ref().is_some_and(|key| *key != engine_key(&scope)) {
            return Err(Invalid::value(
                "EncryptionKeyArn",
                "this engine wraps every vault's key with its local key; leave the member out",
            )
            .into());
        }
        let arn = Arn::vault(&scope, name);
        let name_lock = self.vault_store.name_lock(&arn);
        let _name = name_lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.finish_deletion(&arn)?;
        self.catalog.write(|tx| {
            if let Some(vault) = get(tx, &scope, name.as_str())? {
                let repeated = request.creator_request_id.is_some()
                    && vault.creator_request_id == request.creator_request_id
                    && tags::rows::are_of_creation(tx, vault.arn.as_str(), &request.tags)?;
                return if repeated { Ok(vault) } else { Err(exists(vault)) };
            }
            let count: i64 = tx
                .prepare_cached("SELECT count(*) FROM vaults WHERE account = ?1 AND region = ?2")?
                .query_row([scope.account.as_str(), scope.region.as_str()], |row| row.get(0))?;
            if count >= MAX_VAULTS {
                return Err(Error::limit_exceeded(format!(
                    "The quota of {MAX_VAULTS} backup vaults in an account and region is reached"
                )));
            }
            insert(self, tx, &scope, name, &request)?;
            require(tx, &scope, name.as_str())
        })
    }

    /// DescribeBackupVault. AWS answers AccessDenied for a vault that does not exist.
    pub fn describe_vault(&self, caller: &Caller, name: &str) -> Result<Vault> {
        self.catalog.read(|c| readable(c, &caller.scope(), name))
    }

    /// ListBackupVaults, by name.
    pub fn list_vaults(&self, caller: &Caller, vault_type: Option<&str>, page: &PageRequest) -> Result<Page<Vault>> {
        if let Some(unknown) = vault_type.filter(|text| !VAULT_TYPES.contains(text)) {
            let rule = format_args!("{unknown:?} is not one of {}", VAULT_TYPES.join(", ")).to_string();
            return Err(Invalid::value("VaultType", rule).into());
        }
        let mut listing = Listing::new(COLUMNS, "vaults", &["name"]);
        listing.filter("account = ?", caller.account.as_str().to_owned());
        listing.filter("region = ?", caller.region.as_str().to_owned());
        listing.filter_option("vault_type = ?", vault_type.map(str::to_owned));
        self.catalog.read(|c| listing.page(c, page, from_row))
    }

    /// The ARNs of the vaults of all accounts and regions.
    pub fn vault_arns(&self) -> Result<VaultArns> {
        self.catalog.read(|c| {
            let mut statement = c.prepare_cached("SELECT arn FROM vaults ORDER BY arn")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(VaultArns { vault_arns: rows.collect::<rusqlite::Result<_>>()? })
        })
    }

    /// Brings an earlier deletion of a vault of this name to its end, if there is one that was interrupted.
    pub(crate) fn finish_deletion(&self, arn: &Arn) -> Result<()> {
        let left = self.catalog.read(vaults::identity::deletions)?;
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
