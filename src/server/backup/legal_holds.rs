//! Legal holds.

use crate::domain::legal_hold::{DateRange, HoldSelection, LegalHold};
use crate::engine::NewHold;
use crate::server::call::{Answer, Call, Stamp, stamp};
use crate::server::failure::Failure;
use crate::server::members::Members;
use serde::Serialize;
use serde_json::json;
use serde_with::skip_serializing_none;

/// `LegalHold`, the answer of CreateLegalHold, and that of GetLegalHold: each has what it tells.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HoldView {
    title: String,
    status: String,
    description: String,
    cancel_description: Option<String>,
    legal_hold_id: String,
    legal_hold_arn: String,
    creation_date: Option<Stamp>,
    cancellation_date: Option<Stamp>,
    retain_record_until: Option<Stamp>,
    recovery_point_selection: Option<SelectionView>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SelectionView {
    vault_names: Option<Vec<String>>,
    resource_identifiers: Option<Vec<String>>,
    date_range: Option<RangeView>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RangeView {
    from_date: Stamp,
    to_date: Stamp,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    legal_holds: Vec<HoldView>,
    next_token: Option<String>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Points {
    recovery_points: Vec<serde_json::Value>,
    next_token: Option<String>,
}

impl From<HoldSelection> for SelectionView {
    fn from(selection: HoldSelection) -> Self {
        let given = |names: Vec<String>| (!names.is_empty()).then_some(names);
        Self {
            vault_names: given(selection.vault_names),
            resource_identifiers: given(selection.resource_identifiers),
            date_range: selection
                .date_range
                .map(|range| RangeView { from_date: Stamp(range.from_date), to_date: Stamp(range.to_date) }),
        }
    }
}

impl From<LegalHold> for HoldView {
    fn from(hold: LegalHold) -> Self {
        let LegalHold { summary, selection, cancel_description, retain_record_until } = hold;
        Self {
            title: summary.title,
            status: summary.status.as_str().to_owned(),
            description: summary.description,
            cancel_description,
            legal_hold_id: summary.id,
            legal_hold_arn: summary.arn.into(),
            creation_date: stamp(summary.created),
            cancellation_date: stamp(summary.cancelled),
            retain_record_until: stamp(retain_record_until),
            recovery_point_selection: Some(selection.into()),
        }
    }
}

/// `RecoveryPointSelection`.
fn selection(mut members: Members) -> Result<HoldSelection, Failure> {
    let selection = HoldSelection {
        vault_names: members.strings("VaultNames")?.unwrap_or_default(),
        resource_identifiers: members.strings("ResourceIdentifiers")?.unwrap_or_default(),
        date_range: members.object("DateRange")?.map(date_range).transpose()?,
    };
    members.finish()?;
    Ok(selection)
}

fn date_range(mut members: Members) -> Result<DateRange, Failure> {
    let range = DateRange { from_date: members.required_time("FromDate")?, to_date: members.required_time("ToDate")? };
    members.finish()?;
    Ok(range)
}

/// CreateLegalHold.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let request = NewHold {
        title: body.required_string("Title")?,
        description: body.required_string("Description")?,
        idempotency_token: body.string("IdempotencyToken")?,
        selection: body.object("RecoveryPointSelection")?.map(selection).transpose()?.unwrap_or_default(),
        tags: body.string_map("Tags")?.unwrap_or_default(),
    };
    body.finish()?;
    let hold = call.engine.create_legal_hold(call.caller, request)?;
    // Of a hold that was made before by the same token, and released since, this answer has no more to tell.
    call.answer(&HoldView {
        cancel_description: None,
        cancellation_date: None,
        retain_record_until: None,
        ..HoldView::from(hold)
    })
}

/// GetLegalHold.
pub(super) fn get(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    call.answer(&HoldView::from(call.engine.get_legal_hold(call.caller, call.segment(0))?))
}

/// ListLegalHolds.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let page = query.camel_page()?;
    query.finish()?;
    let holds = call.engine.list_legal_holds(call.caller, &page)?;
    // In a list the model has neither what is caught nor what a release says.
    let view = |hold| HoldView {
        cancel_description: None,
        retain_record_until: None,
        recovery_point_selection: None,
        ..HoldView::from(hold)
    };
    call.answer(&List { legal_holds: holds.items.into_iter().map(view).collect(), next_token: holds.next_token })
}

/// CancelLegalHold.
pub(super) fn cancel(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let description = query.required_string("cancelDescription")?;
    let days = query.integer("retainRecordInDays")?;
    query.finish()?;
    call.engine.cancel_legal_hold(call.caller, call.segment(0), &description, days)?;
    call.done()
}

/// ListRecoveryPointsByLegalHold.
pub(super) fn points(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let page = query.camel_page()?;
    query.finish()?;
    let points = call.engine.list_recovery_points_by_legal_hold(call.caller, call.segment(0), &page)?;
    let members = points.items.into_iter().map(|point| {
        json!({
            "RecoveryPointArn": point.arn,
            "ResourceArn": point.resource_arn,
            "ResourceType": point.resource_type,
            "BackupVaultName": point.vault_name,
        })
    });
    call.answer(&Points { recovery_points: members.collect(), next_token: points.next_token })
}
