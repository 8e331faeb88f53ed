//! Legal holds, as the list and GetLegalHold tell of them.

use super::{arn, arn_or_unknown, at, moment, resource_type, skipped, text, text_or_empty};
use crate::client::text::clean;
use crate::client::{Fault, FaultKind};
use crate::domain::Scope;
use crate::domain::legal_hold::{DateRange, HeldPoint, HoldSelection, HoldStatus, HoldSummary, LegalHold};
use aws_sdk_backup::operation::get_legal_hold::GetLegalHoldOutput;
use aws_sdk_backup::types as sdk;

/// The list's row and the described hold have the same members under two types.
macro_rules! summary {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        fn $name(scope: &Scope, hold: &$type) -> Option<HoldSummary> {
            let Some(id) = text(hold.legal_hold_id()) else { return skipped("legal hold") };
            Some(HoldSummary {
                id,
                arn: arn_or_unknown(hold.legal_hold_arn()),
                scope: scope.clone(),
                title: text_or_empty(hold.title()),
                description: text_or_empty(hold.description()),
                status: HoldStatus::from(clean(hold.status().map_or("", |status| status.as_str())).as_str()),
                created: at(hold.creation_date()),
                cancelled: at(hold.cancellation_date()),
            })
        }
    };
}
summary!(listed, sdk::LegalHold);
summary!(described, GetLegalHoldOutput);

/// A row of ListLegalHolds.
pub(crate) fn legal_hold(scope: &Scope, hold: &sdk::LegalHold) -> Option<HoldSummary> {
    listed(scope, hold)
}

/// GetLegalHold's answer.
pub(crate) fn described_legal_hold(scope: &Scope, hold: &GetLegalHoldOutput) -> Option<LegalHold> {
    Some(LegalHold {
        summary: described(scope, hold)?,
        selection: hold.recovery_point_selection().map(selection).unwrap_or_default(),
        cancel_description: text(hold.cancel_description()),
        retain_record_until: at(hold.retain_record_until()),
    })
}

fn selection(selection: &sdk::RecoveryPointSelection) -> HoldSelection {
    let texts = |texts: &[String]| texts.iter().map(|text| clean(text)).collect();
    let range = selection.date_range().and_then(|range| {
        Some(DateRange { from_date: super::time(range.from_date())?, to_date: super::time(range.to_date())? })
    });
    HoldSelection {
        vault_names: texts(selection.vault_names()),
        resource_identifiers: texts(selection.resource_identifiers()),
        date_range: range,
    }
}

/// `RecoveryPointSelection` for the API; none where everything is meant.
pub(crate) fn hold_selection_input(selection: &HoldSelection) -> Result<Option<sdk::RecoveryPointSelection>, Fault> {
    if *selection == HoldSelection::default() {
        return Ok(None);
    }
    let names = |names: &[String]| (!names.is_empty()).then(|| names.to_vec());
    let range = |range: DateRange| {
        let built = sdk::DateRange::builder().from_date(moment(range.from_date)).to_date(moment(range.to_date)).build();
        built.map_err(|error| Fault::new(FaultKind::Refused, error.to_string()))
    };
    let input = sdk::RecoveryPointSelection::builder()
        .set_vault_names(names(&selection.vault_names))
        .set_resource_identifiers(names(&selection.resource_identifiers))
        .set_date_range(selection.date_range.map(range).transpose()?);
    Ok(Some(input.build()))
}

/// A row of ListRecoveryPointsByLegalHold.
pub(crate) fn held_point(point: &sdk::RecoveryPointMember) -> Option<HeldPoint> {
    let Some(id) = arn(point.recovery_point_arn()) else { return skipped("held recovery point") };
    let resource = arn(point.resource_arn());
    Some(HeldPoint {
        arn: id,
        resource_type: resource_type(point.resource_type(), resource.as_ref()),
        resource_arn: arn_or_unknown(point.resource_arn()),
        vault_name: text_or_empty(point.backup_vault_name()),
    })
}
