//! The documents that requests carry, read member by member into the domain's records.
//!
//! What the domain has a place for is passed on, and the engine says whether it carries it out; what it has none for is
//! refused here by its name.

use crate::domain::Lifecycle;
use crate::domain::plan::{AdvancedBackupSetting, CopyAction, PlanDocument, Rule};
use crate::domain::selection::{ConditionParameter, Conditions, SelectionDocument, TagCondition};
use crate::server::failure::Failure;
use crate::server::members::Members;

/// `Lifecycle`.
pub(super) fn lifecycle(mut members: Members) -> Result<Lifecycle, Failure> {
    let lifecycle = Lifecycle {
        move_to_cold_storage_after_days: members.integer("MoveToColdStorageAfterDays")?,
        delete_after_days: members.integer("DeleteAfterDays")?,
        opt_in_to_archive_for_supported_resources: members.boolean("OptInToArchiveForSupportedResources")?,
    };
    members.refuse("DeleteAfterEvent")?;
    members.finish()?;
    Ok(lifecycle)
}

/// The member `Lifecycle` of something, if it is there.
pub(super) fn optional_lifecycle(members: &mut Members) -> Result<Option<Lifecycle>, Failure> {
    members.object("Lifecycle")?.map(lifecycle).transpose()
}

/// `BackupPlanInput`.
pub(super) fn plan(mut members: Members) -> Result<PlanDocument, Failure> {
    let rules_path = members.path_of("Rules");
    let document = PlanDocument {
        backup_plan_name: members.required_string("BackupPlanName")?,
        rules: members
            .objects("Rules")?
            .ok_or_else(|| Failure::missing(&rules_path))?
            .into_iter()
            .map(rule)
            .collect::<Result<_, _>>()?,
        advanced_backup_settings: members
            .objects("AdvancedBackupSettings")?
            .unwrap_or_default()
            .into_iter()
            .map(advanced_setting)
            .collect::<Result<_, _>>()?,
    };
    members.refuse("ScanSettings")?;
    members.finish()?;
    Ok(document)
}

/// `BackupRuleInput`. A `RuleId` is let pass and not kept: scripts send back what GetBackupPlan gave them.
fn rule(mut members: Members) -> Result<Rule, Failure> {
    members.string("RuleId")?;
    let rule = Rule {
        rule_name: members.required_string("RuleName")?,
        rule_id: None,
        target_backup_vault_name: members.required_string("TargetBackupVaultName")?,
        target_logically_air_gapped_backup_vault_arn: members.string("TargetLogicallyAirGappedBackupVaultArn")?,
        schedule_expression: members.string("ScheduleExpression")?,
        schedule_expression_timezone: members.string("ScheduleExpressionTimezone")?,
        start_window_minutes: members.integer("StartWindowMinutes")?,
        completion_window_minutes: members.integer("CompletionWindowMinutes")?,
        lifecycle: optional_lifecycle(&mut members)?,
        recovery_point_tags: members.string_map("RecoveryPointTags")?.unwrap_or_default(),
        copy_actions: members
            .objects("CopyActions")?
            .unwrap_or_default()
            .into_iter()
            .map(copy_action)
            .collect::<Result<_, _>>()?,
        enable_continuous_backup: members.boolean("EnableContinuousBackup")?,
    };
    for name in ["IndexActions", "ScanActions"] {
        members.refuse(name)?;
    }
    members.finish()?;
    Ok(rule)
}

fn copy_action(mut members: Members) -> Result<CopyAction, Failure> {
    let action = CopyAction {
        destination_backup_vault_arn: members.required_string("DestinationBackupVaultArn")?,
        lifecycle: optional_lifecycle(&mut members)?,
    };
    members.finish()?;
    Ok(action)
}

fn advanced_setting(mut members: Members) -> Result<AdvancedBackupSetting, Failure> {
    let setting = AdvancedBackupSetting {
        resource_type: members.string("ResourceType")?.unwrap_or_default(),
        backup_options: members.string_map("BackupOptions")?.unwrap_or_default(),
    };
    members.finish()?;
    Ok(setting)
}

/// `BackupSelection`.
pub(super) fn selection(mut members: Members) -> Result<SelectionDocument, Failure> {
    let document = SelectionDocument {
        selection_name: members.required_string("SelectionName")?,
        iam_role_arn: members.required_string("IamRoleArn")?,
        resources: members.strings("Resources")?.unwrap_or_default(),
        not_resources: members.strings("NotResources")?.unwrap_or_default(),
        list_of_tags: members
            .objects("ListOfTags")?
            .unwrap_or_default()
            .into_iter()
            .map(tag_condition)
            .collect::<Result<_, _>>()?,
        conditions: members.object("Conditions")?.map(conditions).transpose()?.unwrap_or_default(),
    };
    members.finish()?;
    Ok(document)
}

fn tag_condition(mut members: Members) -> Result<TagCondition, Failure> {
    let condition = TagCondition {
        condition_type: members.required_string("ConditionType")?,
        condition_key: members.required_string("ConditionKey")?,
        condition_value: members
            .string("ConditionValue")?
            .ok_or_else(|| Failure::missing(&members.path_of("ConditionValue")))?,
    };
    members.finish()?;
    Ok(condition)
}

fn conditions(mut members: Members) -> Result<Conditions, Failure> {
    let mut list = |name: &str| -> Result<Vec<ConditionParameter>, Failure> {
        members.objects(name)?.unwrap_or_default().into_iter().map(condition_parameter).collect()
    };
    let conditions = Conditions {
        string_equals: list("StringEquals")?,
        string_not_equals: list("StringNotEquals")?,
        string_like: list("StringLike")?,
        string_not_like: list("StringNotLike")?,
    };
    members.finish()?;
    Ok(conditions)
}

fn condition_parameter(mut members: Members) -> Result<ConditionParameter, Failure> {
    let parameter = ConditionParameter {
        condition_key: members.string("ConditionKey")?.unwrap_or_default(),
        condition_value: members.string("ConditionValue")?.unwrap_or_default(),
    };
    members.finish()?;
    Ok(parameter)
}

/// How AWS says whether a vault has a lock.
pub(super) fn lock_state(is_locked: bool) -> &'static str {
    if is_locked { "LOCKED" } else { "UNLOCKED" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<PlanDocument, Failure> {
        plan(Members::parse(body.as_bytes())?.required_object("BackupPlan")?)
    }

    fn with_rule(rule: &str) -> String {
        format!(
            r#"{{"BackupPlan":{{"BackupPlanName":"p","Rules":[{{"RuleName":"r","TargetBackupVaultName":"v",{rule}}}]}}}}"#
        )
    }

    #[test]
    fn a_plan_is_read_whole() {
        let document = parsed(&with_rule(
            r#""RuleId":"x","ScheduleExpression":"cron(0 5 ? * * *)","StartWindowMinutes":60,
               "Lifecycle":{"DeleteAfterDays":35},"RecoveryPointTags":{"a":"b"},"CopyActions":[],"ScanActions":null"#,
        ))
        .unwrap();
        let rule = &document.rules[0];
        assert_eq!((rule.rule_id.as_ref(), rule.start_window_minutes), (None, Some(60)));
        assert_eq!(rule.lifecycle.unwrap().delete_after_days, Some(35));
        assert_eq!(rule.recovery_point_tags["a"], "b");
    }

    #[test]
    fn what_is_missing_misplaced_or_not_built_is_named_with_its_path() {
        let cases = [
            (r#"{"BackupPlan":{"Rules":[]}}"#.to_owned(), "BackupPlan.BackupPlanName is required"),
            (r#"{"BackupPlan":{"BackupPlanName":"p"}}"#.to_owned(), "BackupPlan.Rules is required"),
            (with_rule(r#""IndexActions":[{}]"#), "BackupPlan.Rules[0].IndexActions is not supported by this engine"),
            (
                with_rule(r#""Lifecycle":{"DeleteAfterEvent":"DELETE_AFTER_COPY"}"#),
                "BackupPlan.Rules[0].Lifecycle.DeleteAfterEvent is not supported by this engine",
            ),
            (with_rule(r#""Retention":1"#), "BackupPlan.Rules[0].Retention is not a known parameter"),
            (
                with_rule(r#""Lifecycle":{"DeleteAfterDays":"35"}"#),
                "BackupPlan.Rules[0].Lifecycle.DeleteAfterDays must be a whole number, not a string",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(parsed(&body).unwrap_err().message, expected);
        }
    }
}
