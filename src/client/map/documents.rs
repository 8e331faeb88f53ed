//! Plans, selections and lifecycles: documents that travel both ways.

use super::{text, text_or_empty};
use crate::client::text::clean;
use crate::client::{Fault, FaultKind};
use crate::domain::Lifecycle;
use crate::domain::plan::{AdvancedBackupSetting, CopyAction, PlanDocument, Rule};
use crate::domain::selection::{ConditionParameter, Conditions, SelectionDocument, TagCondition};
use aws_sdk_backup::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use std::collections::{BTreeMap, HashMap};

/// A map of texts from the API.
pub(crate) fn string_map(map: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    super::tags(map)
}

/// A map of texts for the API; none when it is empty.
pub(crate) fn sent_map(map: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!map.is_empty()).then(|| map.clone().into_iter().collect())
}

/// A list for the API; none when it is empty.
fn sent_list<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn incomplete(error: BuildError) -> Fault {
    Fault::new(FaultKind::Refused, error.to_string())
}

pub(super) fn lifecycle(lifecycle: &sdk::Lifecycle) -> Lifecycle {
    Lifecycle {
        move_to_cold_storage_after_days: lifecycle.move_to_cold_storage_after_days(),
        delete_after_days: lifecycle.delete_after_days(),
        opt_in_to_archive_for_supported_resources: lifecycle.opt_in_to_archive_for_supported_resources(),
    }
}

/// A lifecycle for the API.
pub(crate) fn lifecycle_input(lifecycle: Lifecycle) -> sdk::Lifecycle {
    sdk::Lifecycle::builder()
        .set_move_to_cold_storage_after_days(lifecycle.move_to_cold_storage_after_days)
        .set_delete_after_days(lifecycle.delete_after_days)
        .set_opt_in_to_archive_for_supported_resources(lifecycle.opt_in_to_archive_for_supported_resources)
        .build()
}

pub(super) fn advanced_setting(setting: &sdk::AdvancedBackupSetting) -> AdvancedBackupSetting {
    AdvancedBackupSetting {
        resource_type: text_or_empty(setting.resource_type()),
        backup_options: string_map(setting.backup_options()),
    }
}

/// `BackupPlan` from the API.
pub(crate) fn plan_document(plan: &sdk::BackupPlan) -> PlanDocument {
    PlanDocument {
        backup_plan_name: clean(plan.backup_plan_name()),
        rules: plan.rules().iter().map(rule).collect(),
        advanced_backup_settings: plan.advanced_backup_settings().iter().map(advanced_setting).collect(),
    }
}

fn rule(rule: &sdk::BackupRule) -> Rule {
    Rule {
        rule_name: clean(rule.rule_name()),
        rule_id: text(rule.rule_id()),
        target_backup_vault_name: clean(rule.target_backup_vault_name()),
        target_logically_air_gapped_backup_vault_arn: text(rule.target_logically_air_gapped_backup_vault_arn()),
        schedule_expression: text(rule.schedule_expression()),
        schedule_expression_timezone: text(rule.schedule_expression_timezone()),
        start_window_minutes: rule.start_window_minutes(),
        completion_window_minutes: rule.completion_window_minutes(),
        lifecycle: rule.lifecycle().map(lifecycle),
        recovery_point_tags: string_map(rule.recovery_point_tags()),
        copy_actions: rule.copy_actions().iter().map(copy_action).collect(),
        enable_continuous_backup: rule.enable_continuous_backup(),
    }
}

fn copy_action(action: &sdk::CopyAction) -> CopyAction {
    CopyAction {
        destination_backup_vault_arn: clean(action.destination_backup_vault_arn()),
        lifecycle: action.lifecycle().map(lifecycle),
    }
}

/// `BackupPlanInput` for the API.
pub(crate) fn plan_input(document: &PlanDocument) -> Result<sdk::BackupPlanInput, Fault> {
    let rules = document.rules.iter().map(rule_input).collect::<Result<Vec<_>, _>>()?;
    let settings = document.advanced_backup_settings.iter().map(|setting| {
        sdk::AdvancedBackupSetting::builder()
            .resource_type(&setting.resource_type)
            .set_backup_options(sent_map(&setting.backup_options))
            .build()
    });
    sdk::BackupPlanInput::builder()
        .backup_plan_name(&document.backup_plan_name)
        .set_rules(Some(rules))
        .set_advanced_backup_settings(sent_list(settings.collect()))
        .build()
        .map_err(incomplete)
}

fn rule_input(rule: &Rule) -> Result<sdk::BackupRuleInput, Fault> {
    let copies = rule.copy_actions.iter().map(|action| {
        sdk::CopyAction::builder()
            .destination_backup_vault_arn(&action.destination_backup_vault_arn)
            .set_lifecycle(action.lifecycle.map(lifecycle_input))
            .build()
            .map_err(incomplete)
    });
    sdk::BackupRuleInput::builder()
        .rule_name(&rule.rule_name)
        .target_backup_vault_name(&rule.target_backup_vault_name)
        .set_target_logically_air_gapped_backup_vault_arn(rule.target_logically_air_gapped_backup_vault_arn.clone())
        .set_schedule_expression(rule.schedule_expression.clone())
        .set_schedule_expression_timezone(rule.schedule_expression_timezone.clone())
        .set_start_window_minutes(rule.start_window_minutes)
        .set_completion_window_minutes(rule.completion_window_minutes)
        .set_lifecycle(rule.lifecycle.map(lifecycle_input))
        .set_recovery_point_tags(sent_map(&rule.recovery_point_tags))
        .set_copy_actions(sent_list(copies.collect::<Result<Vec<_>, _>>()?))
        .set_enable_continuous_backup(rule.enable_continuous_backup)
        .build()
        .map_err(incomplete)
}

/// `BackupSelection` from the API.
pub(crate) fn selection_document(selection: &sdk::BackupSelection) -> SelectionDocument {
    let tags = selection.list_of_tags().iter().map(|condition| TagCondition {
        condition_type: clean(condition.condition_type().as_str()),
        condition_key: clean(condition.condition_key()),
        condition_value: clean(condition.condition_value()),
    });
    SelectionDocument {
        selection_name: clean(selection.selection_name()),
        iam_role_arn: clean(selection.iam_role_arn()),
        resources: selection.resources().iter().map(|arn| clean(arn)).collect(),
        not_resources: selection.not_resources().iter().map(|arn| clean(arn)).collect(),
        list_of_tags: tags.collect(),
        conditions: selection.conditions().map(conditions).unwrap_or_default(),
    }
}

fn conditions(conditions: &sdk::Conditions) -> Conditions {
    let parameters = |list: &[sdk::ConditionParameter]| {
        list.iter()
            .map(|parameter| ConditionParameter {
                condition_key: text_or_empty(parameter.condition_key()),
                condition_value: text_or_empty(parameter.condition_value()),
            })
            .collect()
    };
    Conditions {
        string_equals: parameters(conditions.string_equals()),
        string_not_equals: parameters(conditions.string_not_equals()),
        string_like: parameters(conditions.string_like()),
        string_not_like: parameters(conditions.string_not_like()),
    }
}

/// `BackupSelection` for the API.
pub(crate) fn selection_input(document: &SelectionDocument) -> Result<sdk::BackupSelection, Fault> {
    let tags = document.list_of_tags.iter().map(|condition| {
        sdk::Condition::builder()
            .condition_type(sdk::ConditionType::from(condition.condition_type.as_str()))
            .condition_key(&condition.condition_key)
            .condition_value(&condition.condition_value)
            .build()
            .map_err(incomplete)
    });
    let conditions = (!document.conditions.is_empty()).then(|| conditions_input(&document.conditions));
    sdk::BackupSelection::builder()
        .selection_name(&document.selection_name)
        .iam_role_arn(&document.iam_role_arn)
        .set_resources(sent_list(document.resources.clone()))
        .set_not_resources(sent_list(document.not_resources.clone()))
        .set_list_of_tags(sent_list(tags.collect::<Result<Vec<_>, _>>()?))
        .set_conditions(conditions)
        .build()
        .map_err(incomplete)
}

fn conditions_input(conditions: &Conditions) -> sdk::Conditions {
    let parameters = |list: &[ConditionParameter]| {
        let parameter = |p: &ConditionParameter| {
            sdk::ConditionParameter::builder()
                .condition_key(&p.condition_key)
                .condition_value(&p.condition_value)
                .build()
        };
        sent_list(list.iter().map(parameter).collect())
    };
    sdk::Conditions::builder()
        .set_string_equals(parameters(&conditions.string_equals))
        .set_string_not_equals(parameters(&conditions.string_not_equals))
        .set_string_like(parameters(&conditions.string_like))
        .set_string_not_like(parameters(&conditions.string_not_like))
        .build()
}
