//! The form's fields and the document that they stand for.

use crate::domain::frequency::{Frequency, MonthDay, Weekday};
use crate::domain::plan::{CopyAction, Rule};
use crate::domain::schedule::DEFAULT_TIME_ZONE;
use crate::domain::selection::{SelectionDocument, TagCondition};
use crate::domain::{Invalid, Lifecycle, types};
use crate::tui::dialogs::parse::{parse_days, parse_tags};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::widgets::picker::Choice;

/// The frequency's choices: value and label.
const FREQUENCIES: &[(&str, &str)] = &[
    ("Hourly", "every hour"),
    ("Every 12 hours", "every 12 hours"),
    ("Daily", "every day"),
    ("Weekly", "every week"),
    ("Monthly", "every month"),
    ("Cron", "cron expression"),
];

const WEEKDAYS: &[(&str, &str)] = &[
    ("SUN", "Sunday"),
    ("MON", "Monday"),
    ("TUE", "Tuesday"),
    ("WED", "Wednesday"),
    ("THU", "Thursday"),
    ("FRI", "Friday"),
    ("SAT", "Saturday"),
];

/// Adds the fields of one rule to a form.
pub fn add_rule_fields(form: &mut Form) {
    let continuous: Vec<&str> = types::continuous().map(|facts| facts.name).collect();
    let zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| Choice::new(zone.name(), zone.name(), "")).collect();
    form.note("rule heading", "Rule", Role::Title)
        .text("rule", "Rule name", "")
        .pick("vault", "Into vault", Vec::new(), "")
        .pick("gap", "Air-gapped vault", Vec::new(), "")
        .hide("gap", true)
        .turn("frequency", "How often", FREQUENCIES, "Daily")
        .text("cron", "Cron expression", "")
        .hint("cron", "cron(minutes hours day-of-month month day-of-week year), one of the days is ?")
        .turn("weekday", "On", WEEKDAYS, "SUN")
        .text("day", "On day", "1")
        .hint("day", "1 to 31, or last")
        .text("time", "At", "05:00")
        .hint("time", "hours:minutes in the time zone below")
        .text("minute", "At minute", "0")
        .hint("minute", "0 to 59")
        .pick("zone", "Time zone", zones, DEFAULT_TIME_ZONE)
        .text("start", "Start within", "8h")
        .hint("start", "a job that has not started by then expires; at least 1h (also 90m, 2d)")
        .text("complete", "Complete within", "7d")
        .hint("complete", "counted from the scheduled time; at least an hour more than the start")
        .text("keep", "Keep for days", "35")
        .hint("keep", "1 to 36500, or weeks or years as in 7y; empty keeps recovery points for ever")
        .text("cold", "Cold after days", "")
        .hint("cold", "at least 90 days before the end; empty never moves them to cold storage")
        .toggle("archive", "Archive EBS too", false)
        .hint("archive", "snapshots of EBS move only so, and only by rules that run once a month or less often")
        .hide("archive", true)
        .text("copy", "Copy to vault", "")
        .hint("copy", "ARN of a vault in any region or account of the organization; empty copies nowhere")
        .toggle("continuous", "Continuous backup", false)
        .hint("continuous", &format!("point-in-time restore of the last 1 to 35 days, for {}", continuous.join(", ")));
}

/// Shows the fields that the chosen frequency has, and no others, and what cold storage asks besides.
pub fn show_frequency_fields(form: &mut Form) {
    let stays_warm = form.value("cold").trim().is_empty();
    form.hide("archive", stays_warm);
    let frequency = form.value("frequency").to_owned();
    let is = |names: &[&str]| names.contains(&frequency.as_str());
    form.hide("cron", !is(&["Cron"]))
        .hide("weekday", !is(&["Weekly"]))
        .hide("day", !is(&["Monthly"]))
        .hide("time", is(&["Hourly", "Cron"]))
        .hide("minute", !is(&["Hourly"]));
}

/// Puts a rule into the fields.
pub fn load_rule(form: &mut Form, rule: &Rule) {
    form.set("rule", &rule.rule_name);
    form.set("vault", &rule.target_backup_vault_name);
    form.set("gap", rule.target_logically_air_gapped_backup_vault_arn.as_deref().unwrap_or_default());
    let expression = rule.schedule_expression.as_deref().unwrap_or(crate::domain::schedule::DEFAULT_EXPRESSION);
    load_frequency(form, &Frequency::from_expression(expression));
    form.set("cron", expression);
    form.set("zone", rule.schedule_expression_timezone.as_deref().unwrap_or(DEFAULT_TIME_ZONE));
    form.set("start", &span(rule.start_window()));
    form.set("complete", &span(rule.completion_window()));
    let lifecycle = rule.lifecycle.unwrap_or_default();
    form.set("keep", &lifecycle.delete_days().map(|days| days.to_string()).unwrap_or_default());
    form.set("cold", &lifecycle.cold_days().map(|days| days.to_string()).unwrap_or_default());
    let archive = lifecycle.opt_in_to_archive_for_supported_resources == Some(true);
    form.set("archive", if archive { "true" } else { "false" });
    form.set("copy", rule.copy_actions.first().map_or("", |copy| &copy.destination_backup_vault_arn));
    form.set("continuous", if rule.enable_continuous_backup == Some(true) { "true" } else { "false" });
    show_frequency_fields(form);
}

fn load_frequency(form: &mut Form, frequency: &Frequency) {
    form.set("frequency", frequency.name());
    let clock = |hour: u8, minute: u8| format!("{hour:02}:{minute:02}");
    match frequency {
        Frequency::Hourly { minute } => form.set("minute", &minute.to_string()),
        Frequency::Every12Hours { hour, minute } | Frequency::Daily { hour, minute } => {
            form.set("time", &clock(*hour, *minute));
        }
        Frequency::Weekly { weekday, hour, minute } => {
            form.set("weekday", weekday.short());
            form.set("time", &clock(*hour, *minute));
        }
        Frequency::Monthly { day, hour, minute } => {
            form.set("day", &if *day == MonthDay::Last { "last".to_owned() } else { day.to_string() });
            form.set("time", &clock(*hour, *minute));
        }
        Frequency::Cron(_) => {}
    }
}

/// Reads the fields back into the rule they came from; what no field stands for stays as it was.
pub fn read_rule(form: &Form, base: &Rule, errors: &mut Vec<FieldError>) -> Rule {
    let mut rule = base.clone();
    form.value("rule").trim().clone_into(&mut rule.rule_name);
    form.value("vault").clone_into(&mut rule.target_backup_vault_name);
    let air_gapped = form.value("gap");
    rule.target_logically_air_gapped_backup_vault_arn = (!air_gapped.is_empty()).then(|| air_gapped.to_owned());
    match read_frequency(form) {
        Ok(frequency) => rule.schedule_expression = Some(frequency.expression()),
        Err(error) => errors.push(error),
    }
    rule.schedule_expression_timezone = Some(form.value("zone").to_owned());
    rule.start_window_minutes = read(form, "start", errors, parse_span);
    rule.completion_window_minutes = read(form, "complete", errors, parse_span);
    let keep = read(form, "keep", errors, parse_days).flatten();
    let cold = read(form, "cold", errors, parse_days).flatten();
    let opted = base.lifecycle.and_then(|lifecycle| lifecycle.opt_in_to_archive_for_supported_resources);
    let archive = (cold.is_some() && form.is_on("archive")).then_some(true).or(opted.map(|_| false));
    let lifecycle = Lifecycle {
        move_to_cold_storage_after_days: cold,
        delete_after_days: keep,
        opt_in_to_archive_for_supported_resources: archive,
    };
    rule.lifecycle = (lifecycle != Lifecycle::default()).then_some(lifecycle);
    read_copy(form, &mut rule);
    rule.enable_continuous_backup =
        form.is_on("continuous").then_some(true).or(base.enable_continuous_backup.map(|_| false));
    rule
}

/// The field holds the first copy; further ones stay as they are.
fn read_copy(form: &Form, rule: &mut Rule) {
    let destination = form.value("copy").trim();
    match (rule.copy_actions.first_mut(), destination.is_empty()) {
        (Some(copy), false) => destination.clone_into(&mut copy.destination_backup_vault_arn),
        (Some(_), true) => {
            rule.copy_actions.remove(0);
        }
        (None, false) => {
            rule.copy_actions
                .push(CopyAction { destination_backup_vault_arn: destination.to_owned(), lifecycle: None });
        }
        (None, true) => {}
    }
}

fn read<T>(
    form: &Form,
    id: &'static str,
    errors: &mut Vec<FieldError>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    parse(form.value(id).trim()).map_err(|text| errors.push(FieldError::new(id, text))).ok()
}

fn read_frequency(form: &Form) -> Result<Frequency, FieldError> {
    let time = || parse_time(form.value("time").trim()).map_err(|text| FieldError::new("time", text));
    Ok(match form.value("frequency") {
        "Hourly" => {
            let minute = form.value("minute").trim().parse().ok().filter(|minute| *minute < 60);
            Frequency::Hourly { minute: minute.ok_or_else(|| FieldError::new("minute", "must be 0 to 59"))? }
        }
        "Every 12 hours" => time().map(|(hour, minute)| Frequency::Every12Hours { hour, minute })?,
        "Daily" => time().map(|(hour, minute)| Frequency::Daily { hour, minute })?,
        "Weekly" => {
            let weekday: Weekday =
                form.value("weekday").parse().map_err(|e: Invalid| FieldError::new("weekday", e.message))?;
            time().map(|(hour, minute)| Frequency::Weekly { weekday, hour, minute })?
        }
        "Monthly" => {
            let day: MonthDay =
                form.value("day").trim().parse().map_err(|e: Invalid| FieldError::new("day", e.message))?;
            time().map(|(hour, minute)| Frequency::Monthly { day, hour, minute })?
        }
        _ => Frequency::Cron(form.value("cron").trim().to_owned()),
    })
}

fn parse_time(text: &str) -> Result<(u8, u8), String> {
    let parsed = text.split_once(':').and_then(|(hour, minute)| Some((hour.parse().ok()?, minute.parse().ok()?)));
    parsed.filter(|(hour, minute)| *hour < 24 && *minute < 60).ok_or_else(|| "must be a time such as 05:00".to_owned())
}

/// `90m`, `8h`, `7d`; a number alone is minutes.
fn parse_span(text: &str) -> Result<i64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'm')) => (&text[..at], 1),
        Some((at, 'h')) => (&text[..at], 60),
        Some((at, 'd')) => (&text[..at], 1_440),
        _ => (text, 1),
    };
    let number: Option<i64> = number.trim().parse().ok();
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "must be a time span such as 90m, 8h or 7d".to_owned())
}

/// Minutes as [`parse_span`] reads them.
pub fn span(minutes: i64) -> String {
    match minutes {
        n if n > 0 && n % 1_440 == 0 => format!("{}d", n / 1_440),
        n if n > 0 && n % 60 == 0 => format!("{}h", n / 60),
        n => format!("{n}m"),
    }
}

/// Adds the fields that say what a plan protects.
pub fn add_selection_fields(form: &mut Form, editing: bool) {
    const NEW: &[(&str, &str)] =
        &[("tag", "resources with a tag"), ("arn", "resources by ARN"), ("none", "nothing yet")];
    const CHANGE: &[(&str, &str)] = &[
        ("keep", "as it is now"),
        ("tag", "resources with a tag instead"),
        ("arn", "resources by ARN instead"),
        ("none", "nothing any more"),
    ];
    form.note("selection heading", "What it protects", Role::Title)
        .turn("by", "Protect", if editing { CHANGE } else { NEW }, "tag")
        .text("tags", "Tags", "")
        .hint("tags", "key=value; a resource with any one of them is taken")
        .pick("add", "Add a resource", Vec::new(), " ")
        .text("arns", "ARNs", "")
        .hint("arns", "ARNs or patterns with *, separated by spaces")
        .text("role", "IAM role", "")
        .hint("role", "the role that the jobs run under");
}

/// Shows the selection's fields that the choice needs.
pub fn show_selection_fields(form: &mut Form) {
    let by = form.value("by").to_owned();
    form.hide("tags", by != "tag")
        .hide("add", by != "arn")
        .hide("arns", by != "arn")
        .hide("role", by == "none" || by == "keep");
}

/// The selection that the fields say; none when they say that there is none, or that it stays.
pub fn read_selection(form: &Form, plan_name: &str, errors: &mut Vec<FieldError>) -> Option<SelectionDocument> {
    let mut selection = SelectionDocument {
        selection_name: plan_name.to_owned(),
        iam_role_arn: form.value("role").trim().to_owned(),
        ..SelectionDocument::default()
    };
    match form.value("by") {
        "tag" => match parse_tags(form.value("tags")) {
            Ok(tags) => {
                selection.list_of_tags = tags
                    .into_iter()
                    .map(|(condition_key, condition_value)| TagCondition {
                        condition_type: "STRINGEQUALS".to_owned(),
                        condition_key,
                        condition_value,
                    })
                    .collect();
            }
            Err(text) => errors.push(FieldError::new("tags", text)),
        },
        "arn" => selection.resources = form.value("arns").split_whitespace().map(str::to_owned).collect(),
        _ => return None,
    }
    Some(selection)
}

/// The field at which a broken rule of the domain is mended.
pub fn field_of(invalid: &Invalid) -> &'static str {
    const FIELDS: &[(&str, &str)] = &[
        ("BackupPlanName", "name"),
        ("RuleName", "rule"),
        ("TargetBackupVaultName", "vault"),
        ("TargetLogicallyAirGappedBackupVaultArn", "gap"),
        ("ScheduleExpressionTimezone", "zone"),
        ("ScheduleExpression", "cron"),
        ("StartWindowMinutes", "start"),
        ("CompletionWindowMinutes", "complete"),
        ("MoveToColdStorageAfterDays", "cold"),
        ("DeleteAfterDays", "keep"),
        ("OptInToArchiveForSupportedResources", "archive"),
        ("Lifecycle", "keep"),
        ("DestinationBackupVaultArn", "copy"),
        ("CopyActions", "copy"),
        ("EnableContinuousBackup", "continuous"),
        ("IamRoleArn", "role"),
        ("ListOfTags", "tags"),
        ("Resources", "arns"),
    ];
    FIELDS.iter().find(|(member, _)| invalid.field.contains(member)).map_or("name", |(_, field)| field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(expression: &str) -> Rule {
        Rule {
            rule_name: "nightly".to_owned(),
            target_backup_vault_name: "Default".to_owned(),
            schedule_expression: Some(expression.to_owned()),
            schedule_expression_timezone: Some("Europe/Berlin".to_owned()),
            start_window_minutes: Some(90),
            completion_window_minutes: Some(2_880),
            lifecycle: Some(Lifecycle::delete_after(30)),
            ..Rule::default()
        }
    }

    #[test]
    fn a_rule_survives_its_way_through_the_form() {
        let vault = "arn:aws:backup:us-east-1:123456789012:backup-vault:safe";
        for expression in [
            "cron(15 * ? * * *)",
            "cron(30 4/12 ? * * *)",
            "cron(0 5 ? * * *)",
            "cron(0 5 ? * MON *)",
            "cron(0 5 L * ? *)",
            "cron(0 5 15 * ? *)",
            "cron(0/30 8-17 ? * MON-FRI 2027)",
        ] {
            let mut form = Form::default();
            add_rule_fields(&mut form);
            let air_gapped = expression.starts_with("cron(0").then(|| vault.to_owned());
            let rule = Rule { target_logically_air_gapped_backup_vault_arn: air_gapped, ..rule(expression) };
            load_rule(&mut form, &rule);
            let mut mistakes = Vec::new();
            assert_eq!(read_rule(&form, &rule, &mut mistakes), rule, "{expression}");
            assert!(mistakes.is_empty(), "{mistakes:?}");
        }
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(parse_span("90"), Ok(90));
        assert_eq!(parse_span("8h"), Ok(480));
        assert_eq!(parse_span("7d"), Ok(10_080));
        assert!(parse_span("soon").is_err());
        assert!(parse_span("").is_err());
        assert_eq!(span(10_080), "7d");
        assert_eq!(span(90), "90m");
    }
}
