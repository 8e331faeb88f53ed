//! The organization's backup policy: what every account keeps of production, whatever plans it makes itself.

use super::Result;
use crate::domain::extension::PutPolicy;
use crate::engine::Engine;
use serde_json::json;

const NAME: &str = "production-baseline";

/// Puts the policy, and attaches it to the root: its plan is in every account from now on, and read-only there.
pub(super) fn set(engine: &Engine) -> Result<()> {
    let assign = |value: &str| json!({ "@@assign": value });
    // What no unit and no account changes.
    let fixed = |value: &str| json!({ "@@operators_allowed_for_child_policies": ["@@none"], "@@assign": value });
    let content = json!({ "plans": { "baseline": {
        "regions": { "@@assign": ["us-east-1", "eu-central-1"] },
        "rules": {
            // Others may be added.
            "@@operators_allowed_for_child_policies": ["@@append"],
            "weekly": {
                "@@operators_allowed_for_child_policies": ["@@none"],
                "schedule_expression": fixed("cron(0 12 ? * SUN *)"),
                "target_backup_vault_name": fixed("Default"),
                "start_backup_window_minutes": fixed("60"),
                "complete_backup_window_minutes": fixed("1440"),
                "lifecycle": {
                    "@@operators_allowed_for_child_policies": ["@@none"],
                    "delete_after_days": fixed("60"),
                },
            },
        },
        "selections": { "tags": { "production": {
            "iam_role_arn": assign("arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole"),
            "tag_key": assign("env"),
            "tag_value": { "@@assign": ["prod"] },
        } } },
    } } });
    let content = serde_json::to_string_pretty(&content).unwrap_or_default();
    let description = Some("Every account keeps its production for two months, week by week.".to_owned());
    engine.put_policy(PutPolicy { name: NAME.to_owned(), description, content })?;
    engine.attach_policy_named(NAME, "root")?;
    Ok(())
}
