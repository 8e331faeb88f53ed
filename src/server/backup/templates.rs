//! Plans as JSON texts, to be kept and brought back.

use super::documents;
use crate::server::call::{Answer, Call};
use crate::server::failure::Failure;
use crate::server::members::Members;
use serde_json::json;

/// ExportBackupPlanTemplate: the plan's document without what belongs to this plan alone.
pub(super) fn export(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let mut document = call.engine.get_plan(call.caller, &call.segment(0).parse()?, None)?.document;
    document.rules.iter_mut().for_each(|rule| rule.rule_id = None);
    let text = serde_json::to_string(&document).map_err(|_| Failure::internal())?;
    call.answer(&json!({ "BackupPlanTemplateJson": text }))
}

/// GetBackupPlanFromJSON: whether a text is a plan, and which.
pub(super) fn from_json(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let text = body.required_string("BackupPlanTemplateJson")?;
    body.finish()?;
    let value = serde_json::from_str(&text)
        .map_err(|error| Failure::invalid(format!("Invalid BackupPlanTemplateJson: it is not JSON: {error}")))?;
    let document = documents::plan(Members::of("BackupPlanTemplateJson", value)?)?;
    call.answer(&json!({ "BackupPlan": call.engine.checked_plan(document)? }))
}
