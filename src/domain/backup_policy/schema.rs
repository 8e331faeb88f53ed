//! What may stand where in a backup policy, as a table. A member that AWS adds is a line here.

use super::MAX_TAGS;
use crate::domain::schedule::{DEFAULT_TIME_ZONE, Schedule, parse_time_zone};
use crate::domain::selection_rules::CONDITION_PREFIX;
use crate::domain::{Arn, Invalid, PlanName, Region, RuleName, SelectionName, VaultName};
use std::str::FromStr;

/// The rule of a name or a value; the error is the rule.
pub(super) type Check = fn(&str) -> Result<(), String>;

/// What may stand at one place.
pub(super) enum Shape {
    /// These members, each at most once.
    Members(&'static [(&'static str, Shape)]),
    /// These members, of which there may be one alone.
    OneOf(&'static [(&'static str, Shape)]),
    /// Members or values, so many at most.
    AtMost(usize, &'static Shape),
    /// Members whose names the author gives, all of one shape.
    Named(Check, &'static Shape),
    /// A setting of one string.
    One(Check),
    /// A setting of several strings.
    Many(Check),
    /// A setting that is true or false, and whether it is written so, or as a string.
    Flag(Spelling),
    /// What AWS has and this engine does not carry out.
    NotBuilt(&'static Shape),
}

/// How a flag is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `true`.
    Json,
    /// `"true"`; AWS's own examples write `true` as well.
    Text,
}

/// The member of a rule that names an air-gapped vault.
pub(super) const AIR_GAPPED_TARGET: &str = "target_logically_air_gapped_backup_vault_arn";

/// The whole document.
pub(super) static POLICY: Shape = Shape::Members(&[("plans", Shape::Named(name::<PlanName>, &PLAN))]);

static PLAN: Shape = Shape::Members(&[
    ("regions", Shape::Many(region)),
    ("rules", Shape::Named(name::<RuleName>, &RULE)),
    (
        "selections",
        Shape::OneOf(&[
            ("tags", Shape::AtMost(MAX_TAGS, &Shape::Named(name::<SelectionName>, &BY_TAG))),
            ("resources", Shape::Named(name::<SelectionName>, &BY_RESOURCE)),
        ]),
    ),
    ("advanced_backup_settings", Shape::NotBuilt(&ADVANCED)),
    ("backup_plan_tags", Shape::Named(any, &TAG)),
    ("scan_settings", Shape::NotBuilt(&SCAN_SETTINGS)),
]);

static RULE: Shape = Shape::Members(&[
    ("schedule_expression", Shape::One(cron)),
    ("schedule_expression_timezone", Shape::One(time_zone)),
    ("target_backup_vault_name", Shape::One(name::<VaultName>)),
    (AIR_GAPPED_TARGET, Shape::One(vault_arn)),
    ("start_backup_window_minutes", Shape::One(number)),
    ("complete_backup_window_minutes", Shape::One(number)),
    ("enable_continuous_backup", Shape::Flag(Spelling::Json)),
    ("lifecycle", LIFECYCLE),
    (
        "copy_actions",
        Shape::Named(arn, &Shape::Members(&[("target_backup_vault_arn", Shape::One(arn)), ("lifecycle", LIFECYCLE)])),
    ),
    ("recovery_point_tags", Shape::Named(any, &TAG)),
    ("index_actions", Shape::NotBuilt(&Shape::Members(&[("resource_types", Shape::Many(any))]))),
    ("scan_actions", Shape::NotBuilt(&Shape::Named(any, &Shape::Members(&[("scan_mode", Shape::One(any))])))),
]);

const LIFECYCLE: Shape = Shape::Members(&[
    ("move_to_cold_storage_after_days", Shape::One(number)),
    ("delete_after_days", Shape::One(number)),
    ("opt_in_to_archive_for_supported_resources", Shape::Flag(Spelling::Text)),
]);

static BY_TAG: Shape = Shape::Members(&[
    ("iam_role_arn", Shape::One(arn)),
    ("tag_key", Shape::One(any)),
    ("tag_value", Shape::AtMost(MAX_TAGS, &Shape::Many(anything))),
    ("conditions", CONDITIONS),
]);

static BY_RESOURCE: Shape = Shape::Members(&[
    ("iam_role_arn", Shape::One(arn)),
    ("resource_types", Shape::Many(pattern)),
    ("not_resource_types", Shape::Many(pattern)),
    ("conditions", CONDITIONS),
]);

const CONDITIONS: Shape = Shape::Members(&[
    ("string_equals", Shape::Named(any, &CONDITION)),
    ("string_not_equals", Shape::Named(any, &CONDITION)),
    ("string_like", Shape::Named(any, &CONDITION)),
    ("string_not_like", Shape::Named(any, &CONDITION)),
]);

static CONDITION: Shape =
    Shape::Members(&[("condition_key", Shape::One(condition_key)), ("condition_value", Shape::One(anything))]);

static TAG: Shape = Shape::Members(&[("tag_key", Shape::One(any)), ("tag_value", Shape::One(anything))]);

static ADVANCED: Shape = Shape::Members(&[
    ("ec2", Shape::Members(&[("windows_vss", Shape::One(enabled))])),
    ("s3", Shape::Members(&[("backup_acls", Shape::One(enabled)), ("backup_object_tags", Shape::One(enabled))])),
]);

static SCAN_SETTINGS: Shape =
    Shape::Named(any, &Shape::Members(&[("resource_types", Shape::Many(any)), ("scanner_role_arn", Shape::One(arn))]));

/// A text with its variables filled in.
pub(super) fn filled(text: &str, account: &str, region: &str) -> String {
    text.replace("$account", account).replace("$region", region)
}

fn anything(_: &str) -> Result<(), String> {
    Ok(())
}

fn any(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("it must not be empty".to_owned()) } else { Ok(()) }
}

/// The rule of a name, without the name of AWS Backup's member.
fn name<T: FromStr<Err = Invalid>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop).map_err(rule_of)
}

fn rule_of(invalid: Invalid) -> String {
    let prefix = format!("Invalid {}: ", invalid.field);
    invalid.message.strip_prefix(&prefix).unwrap_or(&invalid.message).to_owned()
}

fn region(text: &str) -> Result<(), String> {
    name::<Region>(text)
}

fn cron(text: &str) -> Result<(), String> {
    Schedule::parse(text, DEFAULT_TIME_ZONE).map(drop).map_err(rule_of)
}

fn time_zone(text: &str) -> Result<(), String> {
    parse_time_zone(text).map(drop).map_err(rule_of)
}

fn number(text: &str) -> Result<(), String> {
    let plain = text.strip_prefix('-').unwrap_or(text).bytes().all(|digit| digit.is_ascii_digit());
    if plain && text.parse::<i64>().is_ok() { Ok(()) } else { Err("it must be a whole number".to_owned()) }
}

/// An ARN, in which `$account` and `$region` may stand for what they are where a plan runs.
fn arn(text: &str) -> Result<(), String> {
    filled(text, "123456789012", "us-east-1")
        .parse::<Arn>()
        .map(drop)
        .map_err(|_| "it must be an ARN, in which $account and $region stand for those in which a plan runs".to_owned())
}

/// The ARN of a backup vault, with the same variables.
fn vault_arn(text: &str) -> Result<(), String> {
    arn(text)?;
    let is_vault = |arn: Arn| arn.service() == "backup" && arn.vault_name().is_some();
    match filled(text, "123456789012", "us-east-1").parse().map(is_vault) {
        Ok(true) => Ok(()),
        _ => Err("it must be the ARN of a backup vault".to_owned()),
    }
}

fn pattern(text: &str) -> Result<(), String> {
    if text == "*" || text.starts_with("arn:") {
        Ok(())
    } else {
        Err("it must be \"*\" or the ARN pattern of a resource type, such as arn:aws:ec2:*:*:volume/*".to_owned())
    }
}

fn condition_key(text: &str) -> Result<(), String> {
    match text.strip_prefix(CONDITION_PREFIX) {
        Some(key) if !key.is_empty() => Ok(()),
        _ => Err(format!("it must be {CONDITION_PREFIX}KEY")),
    }
}

fn enabled(text: &str) -> Result<(), String> {
    if matches!(text, "enabled" | "disabled") { Ok(()) } else { Err("it must be enabled or disabled".to_owned()) }
}
