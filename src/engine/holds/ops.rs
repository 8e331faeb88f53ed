//! The operations on legal holds: create, get, list, cancel.

use crate::domain::legal_hold::{
    HeldPoint, HoldSelection, HoldStatus, HoldSummary, LegalHold, MAX_ACTIVE, RETAIN_RECORD_DAYS, validate_description,
    validate_retention, validate_title,
};
use crate::domain::{Arn, Invalid, Scope, Tags, Time, VaultName, tags as tag_rules};
use crate::engine::authorize::action::{CancelLegalHold, CreateLegalHold};
use crate::engine::authorize::subject::{HoldToCancel, NewThing};
use crate::engine::authorize::{Subject as _, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, Transaction, idempotency};
use crate::engine::error::{Error, Result};
use crate::engine::holds::rows::{self, Release};
use crate::engine::page::{Page, PageRequest};
use crate::engine::{Engine, tags, vaults};
use crate::repository::crash_point;
use chrono::Duration;
use serde::Serialize;
use uuid::Uuid;

/// For how long nothing expires that a hold has just released: AWS says that it is gone within a day, and who released the
/// wrong hold needs some of it.
const GRACE: Duration = Duration::hours(12);

/// CreateLegalHold.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewHold {
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The same token gives the same hold.
    pub idempotency_token: Option<String>,
    /// What it catches.
    pub selection: HoldSelection,
    /// Its tags.
    pub tags: Tags,
}

/// The hold of this id.
fn known(connection: &Connection, scope: &Scope, id: &str) -> Result<LegalHold> {
    rows::get(connection, scope, id)?.ok_or_else(|| HoldToCancel { id, found: None }.missing())
}

impl Engine {
    /// CreateLegalHold: catches what is there now and what the selection names, all in one transaction, so that it is ACTIVE
    /// at once. What is made later is not held.
    pub fn create_legal_hold(&self, caller: &Caller, request: NewHold) -> Result<LegalHold> {
        const OPERATION: &str = "CreateLegalHold";
        let (scope, now) = (caller.scope(), self.now());
        check(&request, now)?;
        let fingerprint = idempotency::Fingerprint::of(&request)?;
        let id = self.catalog.write(|tx| {
            if let Some(token) = &request.idempotency_token
                && let Some(before) = idempotency::find(tx, &scope, OPERATION, token, &fingerprint)?
            {
                return Ok(before);
            }
            let id = create(tx, caller, &request, now)?;
            if let Some(token) = &request.idempotency_token {
                idempotency::remember(tx, &scope, OPERATION, token, &fingerprint, &id, now)?;
            }
            Ok(id)
        })?;
        crash_point::reached("before-hold-files");
        self.write_owed_holds();
        self.get_legal_hold(caller, &id)
    }

    /// GetLegalHold: active ones, and released ones as long as their records are kept.
    pub fn get_legal_hold(&self, caller: &Caller, id: &str) -> Result<LegalHold> {
        self.catalog.read(|c| known(c, &caller.scope(), id))
    }

    /// ListLegalHolds, the newest first.
    pub fn list_legal_holds(&self, caller: &Caller, page: &PageRequest) -> Result<Page<LegalHold>> {
        self.catalog.read(|c| rows::list(c, &caller.scope(), page))
    }

    /// ListRecoveryPointsByLegalHold, by ARN: what is under the hold now, and nothing once it was released.
    pub fn list_recovery_points_by_legal_hold(
        &self,
        caller: &Caller,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<HeldPoint>> {
        self.catalog.read(|c| {
            known(c, &caller.scope(), id)?;
            rows::points(c, id, page)
        })
    }

    /// CancelLegalHold: releases what it holds. What is under no other hold and has outlived its days is gone within a day,
    /// and not before half of one.
    pub fn cancel_legal_hold(
        &self,
        caller: &Caller,
        id: &str,
        description: &str,
        retain_record_in_days: Option<i64>,
    ) -> Result<()> {
        validate_description("CancelDescription", description)?;
        let days = retain_record_in_days.unwrap_or(RETAIN_RECORD_DAYS);
        validate_retention(days)?;
        let now = self.now();
        self.catalog.write(|tx| {
            let found = rows::get(tx, &caller.scope(), id)?;
            let permit = authorize(tx, caller, CancelLegalHold, &HoldToCancel { id, found: found.as_ref() })?;
            let release = Release {
                now,
                description,
                retain_record_until: now + Duration::days(days),
                expires_not_before: now + GRACE,
            };
            rows::release(tx, &permit, &release)?;
            rows::files::owe_everywhere(tx, id)
        })?;
        crash_point::reached("before-hold-files");
        self.write_owed_holds();
        self.jobs.wake();
        Ok(())
    }
}

/// What can be said of a request without a look at what there is.
fn check(request: &NewHold, now: Time) -> Result<()> {
    validate_title(&request.title)?;
    validate_description("Description", &request.description)?;
    request.selection.validate(now)?;
    tag_rules::validate("Tags", &request.tags)?;
    Ok(())
}

/// Makes a hold and puts it on what it catches; its id.
fn create(tx: &Transaction<'_>, caller: &Caller, request: &NewHold, now: Time) -> Result<String> {
    let scope = caller.scope();
    let id = Uuid::new_v4().to_string();
    let arn = Arn::legal_hold(&scope, &id);
    let permit = authorize(tx, caller, CreateLegalHold, &NewThing { scope: &scope, arn: &arn })?;
    if rows::count_active(tx, &scope)? >= MAX_ACTIVE {
        return Err(Error::limit_exceeded(format!(
            "The quota of {MAX_ACTIVE} active legal holds of an account is reached"
        )));
    }
    let hold = LegalHold {
        summary: HoldSummary {
            id: id.clone(),
            arn: arn.clone(),
            scope: scope.clone(),
            title: request.title.clone(),
            description: request.description.clone(),
            status: HoldStatus::Active,
            created: Some(now),
            cancelled: None,
        },
        selection: request.selection.clone(),
        cancel_description: None,
        retain_record_until: None,
    };
    rows::insert(tx, &permit, &hold, now)?;
    tags::rows::put_at_creation(tx, &permit, arn.as_str(), &request.tags)?;
    for vault in vaults_of(tx, &scope, &request.selection)? {
        let caught = rows::caught(tx, &vault, &request.selection)?;
        if !caught.is_empty() {
            rows::hold(tx, &permit, &caught)?;
            rows::files::owe(tx, &id, &vault)?;
        }
    }
    Ok(id)
}

/// The vaults in which a selection looks: those that it names, each of which must be there, or all.
fn vaults_of(connection: &Connection, scope: &Scope, selection: &HoldSelection) -> Result<Vec<Arn>> {
    const FIELD: &str = "RecoveryPointSelection.VaultNames";
    if selection.vault_names.is_empty() {
        return vaults::rows::arns_in(connection, scope);
    }
    let named = selection.vault_names.iter().map(|text| {
        let unknown = || Invalid::value(FIELD, format_args!("Backup vault {text:?} does not exist."));
        let name: VaultName = text.parse().map_err(|_| unknown())?;
        let arn = Arn::vault(scope, &name);
        if vaults::rows::exists(connection, &arn)? { Ok(arn) } else { Err(unknown().into()) }
    });
    named.collect()
}
