//! The calls of AWS KMS.

use crate::domain::kms::{
    AliasName, BACKUP_ALIAS, BadKeyRef, KeyManager, KeyRef, KeyState, KmsKey, validate_description, validate_window,
};
use crate::domain::{Arn, Scope, Tags, tags as tag_rules};
use crate::engine::authorize::action::{
    Action, CancelKeyDeletion, ChangesKey, CreateAlias, CreateKey, DisableKey, EnableKey, ListResourceTags,
    ScheduleKeyDeletion,
};
use crate::engine::authorize::authorize;
use crate::engine::authorize::subject::{KeyNamed, KeyToChange, KeyToDelete, KeyToKeep, KeyToRead, NewThing, Subject};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, Transaction};
use crate::engine::error::{Error, Result};
use crate::engine::keys::customer::Becoming;
use crate::engine::keys::managed;
use crate::engine::kms::rows;
use crate::engine::{Engine, rescan, tags, vaults};
use chrono::Duration;
use uuid::Uuid;

/// AWS's quota of keys of an account in a region.
const MAX_KEYS: usize = 100_000;

/// AWS's quota of aliases of a key.
const MAX_ALIASES: usize = 50;

/// CreateKey.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What it is for.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
}

/// Why nothing of this name can be found.
fn unnamed(bad: BadKeyRef) -> Error {
    match bad {
        BadKeyRef::Arn(message) | BadKeyRef::Id(message) => Error::not_found(message),
    }
}

impl Engine {
    /// The keys of an account and region, by id: those of the customer, and AWS Backup's own once a vault is under it.
    fn keys_of(&self, connection: &Connection, scope: &Scope) -> Result<Vec<KmsKey>> {
        let mut keys = self.keys.customer().all(scope);
        let own = managed::arn(scope);
        if let Some(since) = rows::in_use_since(connection, &own)? {
            keys.push(managed::key(scope, Some(since)));
        }
        keys.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(keys)
    }

    /// The key that a call of this account and region names.
    fn key_named(&self, connection: &Connection, scope: &Scope, name: &KeyRef) -> Result<Option<KmsKey>> {
        let is_meant = |key: &KmsKey| match name {
            KeyRef::Id(id) => key.id == *id,
            KeyRef::Arn(arn) => key.arn == *arn,
            KeyRef::Alias(alias) => key.aliases.iter().any(|own| own == alias.as_str()),
            KeyRef::AliasArn(arn, alias) => {
                arn.scope().as_ref() == Some(scope) && key.aliases.iter().any(|own| own == alias.as_str())
            }
        };
        Ok(self.keys_of(connection, scope)?.into_iter().find(is_meant))
    }

    /// CreateKey: an enabled key with material of its own.
    pub fn create_key(&self, caller: &Caller, request: NewKey) -> Result<KmsKey> {
        validate_description(&request.description)?;
        tag_rules::validate("Tags", &request.tags)?;
        let (scope, now) = (caller.scope(), self.now());
        if self.keys.customer().all(&scope).len() >= MAX_KEYS {
            return Err(Error::limit_exceeded(format!(
                "The quota of {MAX_KEYS} KMS keys in an account and region is reached"
            )));
        }
        let arn = Arn::kms(&scope, &format!("key/{}", Uuid::new_v4()));
        self.catalog.write(|tx| {
            let permit = authorize(tx, caller, CreateKey, &NewThing { scope: &scope, arn: &arn })?;
            tags::rows::put(tx, &permit, arn.as_str(), &request.tags)?;
            self.keys.make_key(&permit, &request.description, now)
        })
    }

    /// A key, for a call that reads something of it.
    pub fn look_at_key<A>(&self, caller: &Caller, action: A, name: &str) -> Result<KmsKey>
    where
        A: for<'a> Action<On<'a> = KeyToRead<'a>>,
    {
        self.catalog.read(|connection| self.readable_key(connection, caller, action, name))
    }

    fn readable_key<A>(&self, connection: &Connection, caller: &Caller, action: A, name: &str) -> Result<KmsKey>
    where
        A: for<'a> Action<On<'a> = KeyToRead<'a>>,
    {
        let found = self.key_named(connection, &caller.scope(), &KeyRef::parse(name).map_err(unnamed)?)?;
        let subject = KeyToRead { key: KeyNamed { name, found: found.as_ref() } };
        authorize(connection, caller, action, &subject)?;
        found.ok_or_else(|| subject_missing(name))
    }

    /// ListKeys, by id.
    pub fn list_keys(&self, caller: &Caller) -> Result<Vec<KmsKey>> {
        self.catalog.read(|connection| self.keys_of(connection, &caller.scope()))
    }

    /// ListResourceTags.
    pub fn key_tags(&self, caller: &Caller, name: &str) -> Result<Tags> {
        self.catalog.read(|connection| {
            let key = self.readable_key(connection, caller, ListResourceTags, name)?;
            tags::rows::get(connection, key.arn.as_str())
        })
    }

    /// CreateAlias.
    pub fn create_alias(&self, caller: &Caller, alias: &AliasName, target: &str) -> Result<()> {
        let scope = caller.scope();
        self.change_key(caller, CreateAlias, target, |tx, key| {
            if let Some(taken) = self.key_named(tx, &scope, &KeyRef::Alias(alias.clone()))? {
                let arn = alias.arn(&scope);
                let message = format!("An alias with the name {arn} already exists");
                return Err(Error::already_exists(message, Some(taken.arn.to_string()), None));
            }
            if key.aliases.len() >= MAX_ALIASES {
                return Err(Error::limit_exceeded(format!(
                    "The quota of {MAX_ALIASES} aliases of a KMS key is reached"
                )));
            }
            Ok(Becoming::Named(alias.clone()))
        })
    }

    /// EnableKey: what waited for the key goes on.
    pub fn enable_key(&self, caller: &Caller, name: &str) -> Result<()> {
        self.change_key(caller, EnableKey, name, |_, _| Ok(Becoming::Enabled))?;
        self.wake_for_keys();
        Ok(())
    }

    /// DisableKey: from now on nothing goes into the vaults under it, and nothing comes out.
    pub fn disable_key(&self, caller: &Caller, name: &str) -> Result<()> {
        self.change_key(caller, DisableKey, name, |_, _| Ok(Becoming::Disabled))
    }

    /// CancelKeyDeletion: the key is disabled then, as in AWS.
    pub fn cancel_key_deletion(&self, caller: &Caller, name: &str) -> Result<Arn> {
        self.catalog.write(|tx| {
            let found = self.named_by_id(tx, caller, name)?;
            let subject = KeyToKeep { key: KeyNamed { name, found: found.as_ref() } };
            let permit = authorize(tx, caller, CancelKeyDeletion, &subject)?;
            Ok(self.keys.customer().change(&permit, Becoming::Disabled)?.arn)
        })
    }

    /// ScheduleKeyDeletion: after `days` the material of the key is destroyed, and what it encrypted is lost. Refused where a
    /// vault under it is locked or has held recovery points.
    pub fn schedule_key_deletion(&self, caller: &Caller, name: &str, days: i64) -> Result<KmsKey> {
        validate_window(days)?;
        let at = self.now() + Duration::days(days);
        let named = self.catalog.read(|connection| self.named_by_id(connection, caller, name))?;
        if let Some(key) = &named {
            self.heed_protection_under(&key.arn)?;
        }
        let key = self.catalog.write(|tx| {
            let found = self.named_by_id(tx, caller, name)?;
            let needed_by = found.as_ref().map_or(Ok(None), |key| needed_by(tx, &key.arn))?;
            let subject =
                KeyToDelete { key: KeyNamed { name, found: found.as_ref() }, needed_by: needed_by.as_deref() };
            let permit = authorize(tx, caller, ScheduleKeyDeletion, &subject)?;
            self.keys.customer().change(&permit, Becoming::PendingDeletion(at))
        })?;
        self.vault_store.close_under(&key.arn);
        // The day is an event of the conductor.
        self.jobs.wake();
        Ok(key)
    }

    fn change_key<A>(
        &self,
        caller: &Caller,
        action: A,
        name: &str,
        becoming: impl FnOnce(&Transaction<'_>, &KmsKey) -> Result<Becoming>,
    ) -> Result<()>
    where
        A: ChangesKey + for<'a> Action<On<'a> = KeyToChange<'a>>,
    {
        let key = self.catalog.write(|tx| {
            let found = self.named_by_id(tx, caller, name)?;
            let subject = KeyToChange { key: KeyNamed { name, found: found.as_ref() } };
            let permit = authorize(tx, caller, action, &subject)?;
            let key = found.as_ref().ok_or_else(|| subject.missing())?;
            self.keys.customer().change(&permit, becoming(tx, key)?)
        })?;
        if key.state != KeyState::Enabled {
            self.vault_store.close_under(&key.arn);
        }
        Ok(())
    }

    /// The key that a call names which takes no alias.
    fn named_by_id(&self, connection: &Connection, caller: &Caller, name: &str) -> Result<Option<KmsKey>> {
        match KeyRef::parse(name).map_err(unnamed)? {
            KeyRef::Alias(_) | KeyRef::AliasArn(..) => Err(Error::not_found(format!(
                "Invalid keyId {name}: it must be the id or the ARN of a key, not an alias"
            ))),
            named => self.key_named(connection, &caller.scope(), &named),
        }
    }

    /// The customer's KMS key that a new vault names, whatever its state; none where that is AWS Backup's own.
    pub(crate) fn key_named_for_vault(&self, scope: &Scope, named: Option<&str>) -> Result<Option<Arn>> {
        let Some(named) = named else { return Ok(None) };
        let found = match KeyRef::parse(named) {
            Ok(name @ (KeyRef::Arn(_) | KeyRef::AliasArn(..))) => {
                // Before the first vault is under AWS Backup's own key nothing lists it.
                let own = managed::key(scope, None);
                let is_own = match &name {
                    KeyRef::Arn(arn) => own.arn == *arn,
                    KeyRef::AliasArn(arn, _) => *arn == Arn::kms(scope, BACKUP_ALIAS),
                    _ => false,
                };
                if is_own { Some(own) } else { self.customer_key(scope, &name) }
            }
            _ => None,
        };
        match found {
            Some(key) if key.manager == KeyManager::Aws => Ok(None),
            Some(key) => Ok(Some(key.arn)),
            None => Err(not_accessible(named, "it is no KMS key, or alias of one, of this account and region")),
        }
    }

    fn customer_key(&self, scope: &Scope, name: &KeyRef) -> Option<KmsKey> {
        match name {
            KeyRef::Arn(arn) => self.keys.customer().get(arn).filter(|key| key.scope == *scope),
            KeyRef::AliasArn(arn, alias) if arn.scope().as_ref() == Some(scope) => {
                let mut keys = self.keys.customer().all(scope).into_iter();
                keys.find(|key| key.aliases.iter().any(|own| own == alias.as_str()))
            }
            _ => None,
        }
    }

    /// The customer's KMS key for a vault that is made now; none where that is AWS Backup's own.
    pub(crate) fn key_for_vault(&self, scope: &Scope, named: Option<&str>) -> Result<Option<Arn>> {
        let under = self.key_named_for_vault(scope, named)?;
        match self.keys.require_usable(under.as_ref()) {
            Err(Error::KeyUnusable { key, why }) => {
                let why = format!("KMS key {key} {why}");
                Err(not_accessible(named.unwrap_or_default(), &why))
            }
            usable => usable.map(|()| under),
        }
    }

    /// Vaults, jobs and points of versions that knew no KMS keys name AWS Backup's own one by its alias: from now on by its ARN.
    pub(crate) fn name_keys_by_arn(&self) -> Result<()> {
        for scope in self.catalog.read(rows::scopes_by_alias)? {
            let (alias, key) = (Arn::kms(&scope, BACKUP_ALIAS), managed::arn(&scope));
            self.catalog.write(|tx| rows::name_by_arn(tx, &alias, &key))?;
        }
        Ok(())
    }

    /// Makes sure that the catalog knows what the folders of the vaults under a key tell of locks and legal holds, and that it
    /// knows these vaults: an older copy of it may have been put back.
    pub(super) fn heed_protection_under(&self, key: &Arn) -> Result<()> {
        let known = self.catalog.read(|connection| rows::vaults_under(connection, key))?;
        for (scope, name) in rescan::vaults_on_disk(self.vault_store.places())? {
            let vault = Arn::vault(&scope, &name);
            // A vault of that name may be known under another key: as it was before it was deleted and made anew.
            let may_be = key.scope().as_ref() == Some(&scope) && !known.iter().any(|under| under.vault == vault);
            if may_be && self.vault_store.holds_points_under(&vault, key)? {
                return Err(Error::invalid_state(format!(
                    "{key} cannot be deleted: the folder of backup vault {name} holds recovery points under it of which the \
                     catalog does not know; `vaultdeck vault rescan {name}` brings them in"
                )));
            }
        }
        for under in known {
            if let Some(scope) = under.vault.scope() {
                self.heed_protection(&scope, &under.name)?;
            }
        }
        Ok(())
    }

    /// A key was enabled, and what waited for it goes on.
    fn wake_for_keys(&self) {
        self.upkeep.poke();
        self.jobs.let_deletions_go();
        // What is to be collected is looked for anew.
        self.jobs.turn().collections_known = false;
        self.jobs.wake();
    }

    /// Whether what is in a vault waits for its KMS key to be enabled.
    pub(crate) fn waits_for_key(&self, vault: &Arn) -> Result<bool> {
        let key = self.catalog.read(|connection| vaults::rows::vault_key(connection, vault))?.flatten();
        let key = key.and_then(|key| self.keys.customer().get(&key.parse().ok()?));
        Ok(key.is_some_and(|key| key.state != KeyState::Enabled))
    }

    /// Whether what is in a vault waits for its KMS key to be enabled, or can never be read again.
    pub(crate) fn is_key_unusable(&self, vault: &Arn) -> Result<bool> {
        let key = self.catalog.read(|connection| vaults::rows::vault_key(connection, vault))?.flatten();
        let unusable = self.keys.customer().unusable();
        Ok(key.is_some_and(|key| unusable.iter().any(|unusable| unusable.as_str() == key)))
    }
}

fn subject_missing(name: &str) -> Error {
    KeyToRead { key: KeyNamed { name, found: None } }.missing()
}

fn not_accessible(named: &str, why: &str) -> Error {
    Error::invalid_parameter(format!(
        "Invalid EncryptionKeyArn: The specified AWS KMS key ARN {named} does not exist, is not enabled or is not \
         accessible: {why}"
    ))
}

/// What is protected and would be lost with a key, in words.
pub(super) fn needed_by(connection: &Connection, key: &Arn) -> Result<Option<String>> {
    let under = rows::vaults_under(connection, key)?;
    let told = under.iter().filter(|vault| vault.locked || vault.held).map(|vault| {
        let why = match (vault.locked, vault.held) {
            (true, true) => "is under Vault Lock and has recovery points under a legal hold",
            (true, false) => "is under Vault Lock",
            _ => "has recovery points under a legal hold",
        };
        format!("backup vault {} {why}", vault.name)
    });
    let told: Vec<String> = told.collect();
    Ok((!told.is_empty()).then(|| told.join(", ")))
}
