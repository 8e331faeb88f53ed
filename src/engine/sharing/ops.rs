//! The operations on resource shares: make, widen, narrow, delete, and tell of them.

use crate::domain::sharing::{Association, ResourceShare, SharePrincipal, Shared};
use crate::domain::{Arn, Invalid, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::{
    AssociateResourceShare, CreateResourceShare, DeleteResourceShare, DisassociateResourceShare, NamesPrincipals,
    ShareBackupVault,
};
use crate::engine::authorize::subject::{NewThing, ShareNamed, Subject as _, VaultToShare};
use crate::engine::authorize::{Permit, authorize, rows as facts};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, idempotency};
use crate::engine::error::{Error, Result};
use crate::engine::page::{Page, PageRequest};
use crate::engine::sharing::rows::{self, Of, Side};
use crate::engine::vaults;
use serde::Serialize;

/// The most shares of an account in a region.
const MAX_SHARES: i64 = 5000;

/// The longest name of a share.
const LONGEST_NAME: usize = 255;

/// CreateResourceShare.
#[derive(Debug, Clone, Serialize)]
pub struct NewShare {
    /// Its name.
    pub name: String,
    /// The air-gapped vaults that it shares.
    pub vaults: Vec<Arn>,
    /// Whom it shares them with, as they were given: accounts, the organization, units of it.
    pub principals: Vec<String>,
    /// The same token gives the same share.
    pub client_token: Option<String>,
}

/// Whose shares are asked for: `resourceOwner`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareOwner {
    /// The caller's own.
    Caller,
    /// Those of others with the caller.
    Others,
}

/// What lists of shares, and of what belongs to them, are narrowed by.
#[derive(Debug, Clone, Default)]
pub struct SharesFilter {
    /// Of these shares; of all when there is none.
    pub shares: Vec<Arn>,
    /// Of the shares of this name.
    pub name: Option<String>,
    /// Of this vault, or whom it lets in.
    pub entity: Option<String>,
}

impl Engine {
    /// CreateResourceShare. Within the organization nobody has to accept it.
    pub fn create_resource_share(&self, caller: &Caller, new: &NewShare) -> Result<ResourceShare> {
        const OPERATION: &str = "CreateResourceShare";
        let (scope, now) = (caller.scope(), self.now());
        if new.name.is_empty() || new.name.chars().count() > LONGEST_NAME || new.name.chars().any(char::is_control) {
            return Err(Invalid::value("name", format_args!("it must have 1 to {LONGEST_NAME} characters")).into());
        }
        let fingerprint = idempotency::Fingerprint::of(new)?;
        self.change_shares(caller, None, &new.vaults, |tx| {
            if let Some(token) = &new.client_token
                && let Some(before) = idempotency::find(tx, &scope, OPERATION, token, &fingerprint)?
            {
                let arn: Arn = before.parse()?;
                return rows::get(tx, &arn)?.ok_or_else(|| Error::not_found(format!("{arn} was deleted")));
            }
            if rows::count(tx, &scope)? >= MAX_SHARES {
                return Err(Error::limit_exceeded(format!("An account has at most {MAX_SHARES} resource shares")));
            }
            let arn = Arn::resource_share(&scope, &uuid::Uuid::new_v4().to_string());
            let permit = authorize(tx, caller, CreateResourceShare, &NewThing { scope: &scope, arn: &arn })?;
            rows::insert(tx, &permit, &scope, &new.name, now)?;
            join(tx, caller, &permit, &arn, (&new.vaults, &new.principals), now)?;
            if let Some(token) = &new.client_token {
                idempotency::remember(tx, &scope, OPERATION, token, &fingerprint, arn.as_str(), now)?;
            }
            found(tx, &arn)
        })
    }

    /// AssociateResourceShare: more vaults, or more whom it lets in.
    pub fn associate_resource_share(
        &self,
        caller: &Caller,
        share: &Arn,
        vaults: &[Arn],
        principals: &[String],
    ) -> Result<Vec<Association>> {
        let now = self.now();
        self.change_shares(caller, Some(share), vaults, |tx| {
            let known = rows::get(tx, share)?;
            let named = ShareNamed { arn: share, found: known.as_ref() };
            let permit = authorize(tx, caller, AssociateResourceShare, &named)?;
            let joined = join(tx, caller, &permit, share, (vaults, principals), now)?;
            rows::note_change(tx, &permit, now)?;
            Ok(told(&found(tx, share)?, joined, now))
        })
    }

    /// DisassociateResourceShare: fewer of them. What does not belong to the share is an error, and then all stays.
    pub fn disassociate_resource_share(
        &self,
        caller: &Caller,
        share: &Arn,
        vaults: &[Arn],
        principals: &[String],
    ) -> Result<Vec<Association>> {
        let now = self.now();
        self.change_shares(caller, Some(share), &[], |tx| {
            let known = rows::get(tx, share)?;
            let named = ShareNamed { arn: share, found: known.as_ref() };
            let permit = authorize(tx, caller, DisassociateResourceShare, &named)?;
            let mut parting: Vec<Shared> = vaults.iter().cloned().map(Shared::Vault).collect();
            for principal in principals {
                parting.push(Shared::With(principal.parse()?));
            }
            for shared in &parting {
                if !rows::part(tx, &permit, shared)? {
                    let entity = shared.entity();
                    return Err(Error::not_found(format!("{entity} is not associated with resource share {share}.")));
                }
            }
            rows::note_change(tx, &permit, now)?;
            Ok(told(&found(tx, share)?, parting, now))
        })
    }

    /// DeleteResourceShare. Whom it let in is out at once.
    pub fn delete_resource_share(&self, caller: &Caller, share: &Arn) -> Result<()> {
        self.change_shares(caller, Some(share), &[], |tx| {
            let known = rows::get(tx, share)?;
            let named = ShareNamed { arn: share, found: known.as_ref() };
            rows::remove(tx, &authorize(tx, caller, DeleteResourceShare, &named)?)
        })
    }

    /// GetResourceShares.
    pub fn resource_shares(
        &self,
        caller: &Caller,
        owner: ShareOwner,
        filter: &SharesFilter,
        page: &PageRequest,
    ) -> Result<Page<ResourceShare>> {
        let scope = caller.scope();
        self.catalog.read(|c| {
            let shares = rows::list(c, owner.of(&scope), &filter.shares, filter.name.as_deref(), page)?;
            match filter.shares.iter().find(|arn| !shares.items.iter().any(|share| share.arn == **arn)) {
                Some(unknown) if page.next_token.is_none() && shares.next_token.is_none() => Err(no_share(unknown)),
                _ => Ok(shares),
            }
        })
    }

    /// What belongs to shares: their vaults, or whom they let in.
    pub fn share_associations(
        &self,
        caller: &Caller,
        owner: ShareOwner,
        side: Side,
        filter: &SharesFilter,
        page: &PageRequest,
    ) -> Result<Page<Association>> {
        let scope = caller.scope();
        let entity = filter.entity.as_deref();
        self.catalog.read(|c| rows::associations(c, owner.of(&scope), side, &filter.shares, entity, page))
    }
}

impl ShareOwner {
    fn of(self, scope: &crate::domain::Scope) -> Of<'_> {
        match self {
            Self::Caller => Of::Owner(scope),
            Self::Others => Of::Sharee(scope),
        }
    }
}

/// Adds vaults to the permit's share, and whom it lets in.
fn join<A: NamesPrincipals>(
    tx: &Connection,
    caller: &Caller,
    permit: &Permit<'_, A>,
    share: &Arn,
    (vaults, principals): (&[Arn], &[String]),
    now: Time,
) -> Result<Vec<Shared>> {
    let mut joined = Vec::new();
    for arn in vaults {
        let known = arn.scope().zip(arn.vault_name()).filter(|_| arn.service() == "backup");
        let vault = known.map(|(scope, name)| vaults::rows::get(tx, &scope, name)).transpose()?.flatten();
        let leave = authorize(tx, caller, ShareBackupVault, &VaultToShare { arn, found: vault.as_ref() })?;
        rows::add_vault(tx, &leave, share, now)?;
        joined.push(Shared::Vault(arn.clone()));
    }
    for principal in principals {
        let principal: SharePrincipal = principal.parse()?;
        if principal == SharePrincipal::Account(caller.account.clone()) {
            let rule = format_args!("{} is the account that shares", principal.as_str()).to_string();
            return Err(Invalid::value("principals", rule).into());
        }
        if !facts::organization::is_of_it(tx, &principal)? {
            return Err(Error::invalid_request(format!(
                "{} is not in this organization, and this engine shares within its organization only.",
                principal.as_str()
            )));
        }
        rows::add_principal(tx, permit, &principal, now)?;
        joined.push(Shared::With(principal));
    }
    Ok(joined)
}

fn found(tx: &Connection, share: &Arn) -> Result<ResourceShare> {
    rows::get(tx, share)?.ok_or_else(|| no_share(share))
}

fn no_share(share: &Arn) -> Error {
    ShareNamed { arn: share, found: None }.missing()
}

fn told(share: &ResourceShare, changed: Vec<Shared>, now: Time) -> Vec<Association> {
    let told = |shared| Association { share: share.arn.clone(), share_name: share.name.clone(), shared, created: now };
    changed.into_iter().map(told).collect()
}
