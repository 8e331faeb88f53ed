//! The rules that a plan's document obeys, and its defaults: those of [CreateBackupPlan](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupPlan.html).

use crate::domain::copies;
use crate::domain::lifecycle::unsupported;
use crate::domain::plan::{AdvancedBackupSetting, CopyAction, PlanDocument, Rule};
use crate::domain::schedule::{DEFAULT_EXPRESSION, DEFAULT_TIME_ZONE, Schedule};
use crate::domain::{Arn, Invalid, Lifecycle, PlanName, ResourceType, RuleName, Scope, Time, VaultName, air_gap, tags};
use chrono::Duration;
use std::collections::HashSet;

/// The member of a rule that names an air-gapped vault.
pub const AIR_GAPPED_TARGET: &str = "TargetLogicallyAirGappedBackupVaultArn";

/// Minutes in which a job must start when a rule does not say.
pub const DEFAULT_START_WINDOW: i64 = 480;

/// Minutes in which a job must end when a rule does not say.
pub const DEFAULT_COMPLETION_WINDOW: i64 = 10_080;

/// The shortest start window, and the least that a completion window is longer, in minutes.
pub const MIN_WINDOW: i64 = 60;

/// The longest window in minutes: a hundred years.
pub const MAX_WINDOW: i64 = 52_560_000;

/// What a lifecycle says where snapshots of EBS are to go to their archive.
const ARCHIVE: &str = "OptInToArchiveForSupportedResources";

/// How many runs tell how often a rule runs.
const RUNS_OF_A_YEAR: usize = 14;

/// The most rules of a plan.
pub const MAX_RULES: usize = 10;

/// The most copy actions of a rule.
pub const MAX_COPY_ACTIONS: usize = 5;

/// The most tags that a rule adds to its recovery points.
pub const MAX_RECOVERY_POINT_TAGS: usize = 10;

impl PlanDocument {
    /// Checks every rule that AWS checks; the first one broken is told.
    pub fn validate(&self) -> Result<(), Invalid> {
        if self.backup_plan_name.is_empty() {
            return Err(Invalid::missing("BackupPlanName"));
        }
        self.backup_plan_name.parse::<PlanName>()?;
        if self.rules.is_empty() {
            return Err(Invalid::missing("Rules"));
        }
        if self.rules.len() > MAX_RULES {
            return Err(Invalid::value(
                "Rules",
                format_args!("a plan has at most {MAX_RULES} rules, {} were given", self.rules.len()),
            ));
        }
        let mut names = HashSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.rule_name.is_empty() {
                return Err(Invalid::missing(format!("Rules[{index}].RuleName")));
            }
            rule.validate().map_err(|e| rule.blame(e))?;
            if !names.insert(rule.rule_name.as_str()) {
                return Err(rule.blame(Invalid::value("RuleName", "two rules of a plan cannot have the same name")));
            }
        }
        self.advanced_backup_settings.iter().try_for_each(AdvancedBackupSetting::validate)
    }

    /// Refuses rules whose air-gapped vault is not in the account and region of the plan.
    pub fn validate_targets(&self, scope: &Scope) -> Result<(), Invalid> {
        for rule in &self.rules {
            if let Some(text) = &rule.target_logically_air_gapped_backup_vault_arn {
                air_gap::target(AIR_GAPPED_TARGET, text, scope).map_err(|e| rule.blame(e))?;
            }
        }
        Ok(())
    }

    /// Refuses, by the member's name, what AWS has and the engine does not carry out yet.
    pub fn unsupported_members(&self) -> Result<(), Invalid> {
        if self.advanced_backup_settings.is_empty() { Ok(()) } else { Err(unsupported("AdvancedBackupSettings")) }
    }

    /// The document as GetBackupPlan returns it: what a rule leaves out has AWS's default.
    #[must_use]
    pub fn with_defaults(mut self) -> Self {
        for rule in &mut self.rules {
            rule.schedule_expression.get_or_insert_with(|| DEFAULT_EXPRESSION.to_owned());
            rule.schedule_expression_timezone.get_or_insert_with(|| DEFAULT_TIME_ZONE.to_owned());
            rule.start_window_minutes.get_or_insert(DEFAULT_START_WINDOW);
            rule.completion_window_minutes.get_or_insert(DEFAULT_COMPLETION_WINDOW);
            rule.enable_continuous_backup.get_or_insert(false);
        }
        self
    }

    /// Whether both say the same: defaults given or left out, lifecycles without a member, and the ids of rules make no
    /// difference.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let empty = |lifecycle: &mut Lifecycle| *lifecycle == Lifecycle::default();
        let plain = |document: &Self| {
            let mut document = document.clone().with_defaults();
            for rule in &mut document.rules {
                rule.rule_id = None;
                rule.lifecycle.take_if(empty);
                for copy in &mut rule.copy_actions {
                    copy.lifecycle.take_if(empty);
                }
            }
            document
        };
        plain(self) == plain(other)
    }
}

impl Rule {
    /// Its schedule, with the defaults for what it does not say.
    pub fn schedule(&self) -> Result<Schedule, Invalid> {
        Schedule::of(self.schedule_expression.as_deref(), self.schedule_expression_timezone.as_deref())
    }

    /// Minutes in which its jobs must start.
    pub fn start_window(&self) -> i64 {
        self.start_window_minutes.unwrap_or(DEFAULT_START_WINDOW)
    }

    /// Minutes, from the scheduled time, in which its jobs must end.
    pub fn completion_window(&self) -> i64 {
        self.completion_window_minutes.unwrap_or(DEFAULT_COMPLETION_WINDOW)
    }

    fn validate(&self) -> Result<(), Invalid> {
        self.rule_name.parse::<RuleName>()?;
        if self.target_backup_vault_name.is_empty() {
            return Err(Invalid::missing("TargetBackupVaultName"));
        }
        self.target_backup_vault_name.parse::<VaultName>().map_err(|e| Invalid {
            message: e.message.replace("BackupVaultName", "TargetBackupVaultName"),
            field: "TargetBackupVaultName".to_owned(),
            ..e
        })?;
        self.schedule()?;
        validate_windows("CompletionWindowMinutes", self.start_window(), self.completion_window())?;
        self.validate_lifecycle()?;
        if self.recovery_point_tags.len() > MAX_RECOVERY_POINT_TAGS {
            return Err(Invalid::value(
                "RecoveryPointTags",
                format_args!("a rule adds at most {MAX_RECOVERY_POINT_TAGS} tags"),
            ));
        }
        tags::validate("RecoveryPointTags", &self.recovery_point_tags)?;
        if self.copy_actions.len() > MAX_COPY_ACTIONS {
            return Err(Invalid::value(
                "CopyActions",
                format_args!("a rule has at most {MAX_COPY_ACTIONS} copy actions"),
            ));
        }
        self.copy_actions.iter().try_for_each(CopyAction::validate)
    }

    fn validate_lifecycle(&self) -> Result<(), Invalid> {
        let lifecycle = self.lifecycle.unwrap_or_default();
        lifecycle.validate()?;
        if lifecycle.opt_in_to_archive_for_supported_resources == Some(true) && !self.runs_monthly_at_most()? {
            let rule = format!("{ARCHIVE} is for rules that run once a month or less often");
            return Err(Invalid::with_message(ARCHIVE, format!("Invalid lifecycle. {rule}")));
        }
        if self.enable_continuous_backup == Some(true) { lifecycle.validate_continuous() } else { Ok(()) }
    }

    /// Whether a month lies between any two of its runs. The shortest has 28 days, and may lose an hour where clocks are put
    /// forward.
    fn runs_monthly_at_most(&self) -> Result<bool, Invalid> {
        let schedule = self.schedule()?;
        let runs: Vec<Time> = schedule.runs_after(Time::UNIX_EPOCH).take(RUNS_OF_A_YEAR).collect();
        Ok(runs.windows(2).all(|two| two[1] - two[0] > Duration::days(27)))
    }

    /// AWS's way to say which rule it is about.
    pub fn blame(&self, invalid: Invalid) -> Invalid {
        Invalid { message: format!("Error in rule {} : {}", self.rule_name, invalid.message), ..invalid }
    }
}

impl CopyAction {
    /// The vault that is copied into.
    pub fn destination(&self) -> Result<Arn, Invalid> {
        copies::destination(&self.destination_backup_vault_arn)
    }

    fn validate(&self) -> Result<(), Invalid> {
        self.destination()?;
        self.lifecycle.unwrap_or_default().validate()
    }
}

impl AdvancedBackupSetting {
    fn validate(&self) -> Result<(), Invalid> {
        let resource_type = ResourceType::from(self.resource_type.clone());
        let allowed = resource_type.facts().map_or(&[][..], |facts| facts.backup_options);
        if allowed.is_empty() {
            return Err(Invalid::with_message(
                "AdvancedBackupSettings",
                format!("Invalid Resource Type : {resource_type}"),
            ));
        }
        for (option, value) in &self.backup_options {
            if !allowed.contains(&option.as_str()) || !matches!(value.as_str(), "enabled" | "disabled") {
                return Err(Invalid::value(
                    "AdvancedBackupSettings",
                    format_args!(
                        "{option}={value} is not an option of {}; {} can be enabled or disabled",
                        self.resource_type,
                        allowed.join(" and ")
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// Checks a start and a completion window, both in minutes; plans and on-demand jobs name the second one differently.
pub fn validate_windows(completion_field: &str, start: i64, completion: i64) -> Result<(), Invalid> {
    if start < MIN_WINDOW {
        return Err(Invalid::value(
            "StartWindowMinutes",
            format_args!("must be at least {MIN_WINDOW} minutes, it is {start}"),
        ));
    }
    if start > MAX_WINDOW {
        return Err(Invalid::value(
            "StartWindowMinutes",
            format_args!("must be at most {MAX_WINDOW} minutes, it is {start}"),
        ));
    }
    if completion < start + MIN_WINDOW {
        return Err(Invalid::value(
            completion_field,
            format_args!(
                "must be at least {MIN_WINDOW} minutes longer than StartWindowMinutes ({start}), it is {completion}"
            ),
        ));
    }
    if completion > MAX_WINDOW {
        return Err(Invalid::value(
            completion_field,
            format_args!("must be at most {MAX_WINDOW} minutes, it is {completion}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::InvalidKind;

    fn rule(name: &str) -> Rule {
        Rule { rule_name: name.to_owned(), target_backup_vault_name: "Default".to_owned(), ..Rule::default() }
    }

    fn plan(rules: Vec<Rule>) -> PlanDocument {
        PlanDocument { backup_plan_name: "nightly".to_owned(), rules, ..PlanDocument::default() }
    }

    fn refusal_of(change: impl FnOnce(&mut Rule)) -> Invalid {
        let mut one = rule("daily");
        change(&mut one);
        plan(vec![one]).validate().unwrap_err()
    }

    #[test]
    fn a_rule_needs_only_a_name_and_a_vault() {
        assert_eq!(plan(vec![rule("daily")]).validate(), Ok(()));
    }

    #[test]
    fn what_is_required_is_missed_by_name() {
        let table = [
            (PlanDocument::default(), "BackupPlanName"),
            (plan(vec![]), "Rules"),
            (plan(vec![rule("")]), "Rules[0].RuleName"),
            (plan(vec![Rule { target_backup_vault_name: String::new(), ..rule("daily") }]), "TargetBackupVaultName"),
        ];
        for (document, field) in table {
            let refused = document.validate().unwrap_err();
            assert_eq!((refused.kind, refused.field.as_str()), (InvalidKind::Missing, field));
        }
    }

    #[test]
    fn names_rules_and_their_number_are_checked() {
        let long = "x".repeat(51);
        assert!(PlanDocument { backup_plan_name: long, ..plan(vec![rule("a")]) }.validate().is_err());
        assert!(plan(vec![rule("a b")]).validate().unwrap_err().message.contains("RuleName"));
        let eleven = (0..11).map(|i| rule(&format!("r{i}"))).collect();
        assert!(plan(eleven).validate().unwrap_err().message.contains("at most 10 rules"));
        let twice = plan(vec![rule("a"), rule("b"), rule("a")]).validate().unwrap_err();
        assert!(twice.message.starts_with("Error in rule a : "), "{}", twice.message);
    }

    #[test]
    fn lifecycle_errors_have_awss_words() {
        let refused = refusal_of(|rule| {
            rule.lifecycle = Some(Lifecycle {
                move_to_cold_storage_after_days: Some(30),
                delete_after_days: Some(60),
                ..Lifecycle::default()
            });
        });
        assert_eq!(
            refused.message,
            "Error in rule daily : Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart from \
             MoveToColdStorageAfterDays"
        );
    }

    #[test]
    fn windows_are_bounded_and_nested() {
        let table = [
            (Some(59), None, "StartWindowMinutes"),
            (Some(MAX_WINDOW + 1), None, "StartWindowMinutes"),
            (Some(60), Some(119), "CompletionWindowMinutes"),
            (Some(10_080), None, "CompletionWindowMinutes"),
            (Some(60), Some(MAX_WINDOW + 1), "CompletionWindowMinutes"),
            (Some(i64::MIN), Some(i64::MAX), "StartWindowMinutes"),
        ];
        for (start, completion, field) in table {
            let refused = refusal_of(|rule| {
                rule.start_window_minutes = start;
                rule.completion_window_minutes = completion;
            });
            assert_eq!(refused.field, field, "{start:?} {completion:?}");
        }
        let mut one = rule("daily");
        (one.start_window_minutes, one.completion_window_minutes) = (Some(60), Some(120));
        assert_eq!(plan(vec![one]).validate(), Ok(()));
    }

    #[test]
    fn schedule_vault_tags_and_copies_name_rule_and_member() {
        let messages = [
            refusal_of(|rule| rule.schedule_expression = Some("rate(1 day)".to_owned())),
            refusal_of(|rule| rule.schedule_expression_timezone = Some("UTC+1".to_owned())),
            refusal_of(|rule| rule.target_backup_vault_name = "x".to_owned()),
            refusal_of(|rule| rule.recovery_point_tags = (0..11).map(|i| (format!("k{i}"), String::new())).collect()),
            refusal_of(|rule| {
                rule.copy_actions = vec![CopyAction {
                    destination_backup_vault_arn: "arn:aws:s3:::bucket".to_owned(),
                    lifecycle: None,
                }];
            }),
        ]
        .map(|refused| refused.message);
        let fields = [
            "ScheduleExpression:",
            "ScheduleExpressionTimezone:",
            "TargetBackupVaultName:",
            "RecoveryPointTags:",
            "DestinationBackupVaultArn:",
        ];
        for (message, field) in messages.iter().zip(fields) {
            assert!(message.starts_with(&format!("Error in rule daily : Invalid {field}")), "{message}");
        }
    }

    #[test]
    fn the_engine_refuses_by_name_what_aws_would_take() {
        let far = "arn:aws:backup:us-east-1:123456789012:backup-vault:far".to_owned();
        let copied = Rule {
            lifecycle: Some(Lifecycle::delete_after(7)),
            enable_continuous_backup: Some(true),
            copy_actions: vec![CopyAction { destination_backup_vault_arn: far, lifecycle: None }],
            ..rule("daily")
        };
        assert_eq!(plan(vec![copied]).unsupported_members(), Ok(()));
        let setting = AdvancedBackupSetting {
            resource_type: "EC2".to_owned(),
            backup_options: std::collections::BTreeMap::new(),
        };
        let document = PlanDocument { advanced_backup_settings: vec![setting], ..plan(vec![rule("daily")]) };
        let refused = document.unsupported_members().unwrap_err();
        assert_eq!(refused.message, "AdvancedBackupSettings is not supported by this engine yet");
    }

    #[test]
    fn the_archive_is_for_rules_that_run_once_a_month_or_less_often() {
        let archived = |expression: &str| {
            let lifecycle = Lifecycle {
                move_to_cold_storage_after_days: Some(30),
                opt_in_to_archive_for_supported_resources: Some(true),
                ..Lifecycle::default()
            };
            let schedule = Some(expression.to_owned());
            plan(vec![Rule { lifecycle: Some(lifecycle), schedule_expression: schedule, ..rule("daily") }]).validate()
        };
        for expression in ["cron(0 5 1 * ? *)", "cron(0 5 L * ? *)", "cron(0 5 ? * MON#1 *)", "cron(0 5 1 1,7 ? *)"] {
            assert_eq!(archived(expression), Ok(()), "{expression}");
        }
        for expression in ["cron(0 5 ? * * *)", "cron(0 5 1,15 * ? *)", "cron(0 5 ? * SUN *)", "cron(0 5,6 1 1 ? *)"] {
            assert_eq!(
                archived(expression).unwrap_err().message,
                "Error in rule daily : Invalid lifecycle. OptInToArchiveForSupportedResources is for rules that run once a month \
                 or less often"
            );
        }
    }

    #[test]
    fn a_document_with_its_defaults_says_the_same_as_without() {
        let short = plan(vec![rule("daily")]);
        let full = short.clone().with_defaults();
        assert_eq!(full.rules[0].schedule_expression.as_deref(), Some("cron(0 5 ? * * *)"));
        assert_eq!(full.rules[0].schedule_expression_timezone.as_deref(), Some("Etc/UTC"));
        assert_eq!(
            (full.rules[0].start_window_minutes, full.rules[0].completion_window_minutes),
            (Some(480), Some(10080))
        );
        assert!(short.says_the_same(&full));
        assert!(!short.says_the_same(&plan(vec![rule("weekly")])));
        let mut empty = short.clone();
        empty.rules[0].lifecycle = Some(Lifecycle::default());
        assert!(short.says_the_same(&empty));
        empty.rules[0].lifecycle = Some(Lifecycle::delete_after(7));
        assert!(!short.says_the_same(&empty));
    }

    #[test]
    fn an_advanced_setting_must_be_one_that_its_type_has() {
        let with = |resource_type: &str, option: &str, value: &str| {
            let setting = AdvancedBackupSetting {
                resource_type: resource_type.to_owned(),
                backup_options: [(option.to_owned(), value.to_owned())].into(),
            };
            PlanDocument { advanced_backup_settings: vec![setting], ..plan(vec![rule("daily")]) }
        };
        assert_eq!(with("EC2", "WindowsVSS", "enabled").validate(), Ok(()));
        assert!(with("EC2", "WindowsVSS", "Enabled").validate().is_err());
        assert_eq!(with("EFS", "x", "y").validate().unwrap_err().message, "Invalid Resource Type : EFS");
        assert!(with("EC2", "WindowsVSS", "enabled").unsupported_members().is_err());
    }
}
