//! A plan: its rules, its selections, its next runs.

use super::week::{self, Week};
use super::{Sheet, moment};
use crate::client::query::PlanDetail;
use crate::client::{Key, Query};
use crate::domain::backup_policy::{BackupPolicy, Policy};
use crate::domain::frequency::Frequency;
use crate::domain::plan::{Rule, ScheduledRun};
use crate::domain::plan_runs::PlanRuns;
use crate::domain::schedule::DEFAULT_EXPRESSION;
use crate::domain::selection::{Selection, SelectionDocument};
use crate::domain::{Arn, PlanId, Scope, Time};
use crate::tui::fmt;
use crate::tui::screens::details::Detail;
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::sync::Arc;

/// A plan.
pub fn sheet(scope: &Scope, id: &PlanId, world: &World) -> Sheet {
    let detail = world.store.plan(scope, id);
    let policies = id.is_of_organization().then(|| Key::context(Query::BackupPolicies));
    let own = Key::scoped(scope.clone(), Query::Plan { id: id.clone() });
    Sheet {
        kind: "Backup plan",
        name: detail.map_or_else(|| id.to_string(), |detail| detail.plan.document.backup_plan_name.clone()),
        keys: std::iter::once(own).chain(policies).collect(),
        facts: detail.map(|detail| facts(detail, world)),
        absent: &["There is no such plan."],
    }
}

/// The next runs of a plan: as the service told them, else by the domain's own rules.
pub fn next_runs(detail: &PlanDetail, now: Time, count: usize) -> Vec<ScheduledRun> {
    let told: Vec<ScheduledRun> = detail.next_runs.iter().filter(|run| run.at > now).take(count).cloned().collect();
    if told.len() >= count.min(detail.next_runs.len()) && !told.is_empty() {
        return told;
    }
    let document = &detail.plan.document;
    PlanRuns::new(document, None).map(|runs| runs.preview(document, now, count)).unwrap_or_default()
}

/// What a rule says about when, in English.
pub fn schedule(rule: &Rule) -> String {
    let zone = rule.schedule_expression_timezone.as_deref().unwrap_or("Etc/UTC");
    let expression = rule.schedule_expression.as_deref().unwrap_or(DEFAULT_EXPRESSION);
    match (Frequency::from_expression(expression), rule.schedule()) {
        (Frequency::Cron(_), Ok(schedule)) => format!("{} ({expression}, {zone})", schedule.describe()),
        (Frequency::Cron(_), Err(_)) => expression.to_owned(),
        (preset, _) => format!("{preset} ({zone})"),
    }
}

/// What a selection selects, one line each.
pub fn selects(document: &SelectionDocument) -> Vec<String> {
    let mut lines: Vec<String> = document.resources.iter().map(|arn| format!("resource {arn}")).collect();
    lines
        .extend(document.list_of_tags.iter().map(|tag| format!("tag {} = {}", tag.condition_key, tag.condition_value)));
    let conditions = &document.conditions;
    for (list, verb) in [
        (&conditions.string_equals, "="),
        (&conditions.string_not_equals, "is not"),
        (&conditions.string_like, "is like"),
        (&conditions.string_not_like, "is not like"),
    ] {
        lines.extend(list.iter().map(|condition| {
            let key = condition.condition_key.strip_prefix("aws:ResourceTag/").unwrap_or(&condition.condition_key);
            format!("only if tag {key} {verb} {}", condition.condition_value)
        }));
    }
    lines.extend(document.not_resources.iter().map(|arn| format!("never {arn}")));
    lines
}

fn facts(detail: &PlanDetail, world: &World) -> Vec<Detail> {
    let (plan, now) = (&detail.plan, world.now());
    let moment = |time| moment(time, now);
    let mut facts = vec![
        Detail::new("Plan", plan.document.backup_plan_name.clone()),
        Detail::new("Account, region", world.scope_name(&plan.scope)),
    ];
    if plan.id.is_of_organization() {
        facts.push(Detail::new("Made by", made_by(&plan.document.backup_plan_name, world)));
    }
    facts.push(Detail::new("Last run", plan.last_execution.map_or_else(|| "never".to_owned(), moment)));
    if let Some(week) = Week::of(&plan.document, plan.created, now, world.zone) {
        facts.extend(week.picture(&plan.document, world.zone, &world.glyphs));
    }
    for rule in &plan.document.rules {
        facts.push(Detail::heading(&format!("Rule {}", rule.rule_name)));
        facts.extend(rule_facts(rule));
    }
    match &detail.selections {
        Err(fault) => {
            facts.push(Detail::heading("Selections"));
            facts.push(Detail::cell("", Cell::new(fault.to_string(), Role::Warning)));
        }
        Ok(selections) if selections.is_empty() => {
            facts.push(Detail::heading("Selections"));
            let said = "none: this plan protects nothing. :edit-plan adds what it shall protect.";
            facts.push(Detail::cell("", Cell::new(said, Role::Warning)));
        }
        Ok(selections) => selections.iter().for_each(|selection| facts.extend(selection_facts(selection))),
    }
    facts.push(Detail::heading("Next runs"));
    let runs = next_runs(detail, now, 10);
    if runs.is_empty() {
        facts.push(Detail::new("", "none"));
    }
    for run in runs {
        let rule = plan.document.rules.iter().find(|rule| rule.rule_id.as_deref() == Some(&run.rule_id));
        let zone = rule.and_then(|rule| rule.schedule().ok()).map_or(chrono_tz::UTC, |schedule| schedule.time_zone());
        let name = rule.map(|rule| rule.rule_name.clone()).unwrap_or_default();
        facts.push(Detail::new(&fmt::relative(now, run.at), format!("{}  {name}", week::told(run.at, zone))));
    }
    facts.push(Detail::heading("Identity"));
    facts.push(Detail::new("Id", plan.id.to_string()));
    facts.push(Detail::new("Version", plan.version_id.clone()));
    facts.extend(Detail::maybe("Version made", plan.created.map(moment)));
    facts.push(Detail::new("ARN", plan.arn.to_string()));
    facts
}
/// Which backup policies of the organization speak of a plan, as far as they can be read here.
fn made_by(plan: &str, world: &World) -> String {
    let policies = world.store.backup_policies().map_or(&[][..], |policies| policies);
    let speaks = |policy: &&Arc<Policy>| BackupPolicy::parse(&policy.content).is_ok_and(|read| read.speaks_of(plan));
    let names: Vec<&str> = policies.iter().filter(speaks).map(|policy| policy.name.as_str()).collect();
    let who = match names.as_slice() {
        [] => "a backup policy".to_owned(),
        [one] => format!("backup policy {one}"),
        _ => format!("backup policies {}", names.join(", ")),
    };
    format!("{who} of the organization: read-only here")
}

fn rule_facts(rule: &Rule) -> Vec<Detail> {
    let mut facts = vec![
        Detail::new("When", schedule(rule)),
        Detail::new("Into vault", into(rule)),
        Detail::new(
            "Kept",
            match rule.lifecycle.and_then(|lifecycle| lifecycle.delete_after_days) {
                None | Some(-1) => "for ever".to_owned(),
                days => fmt::days(days),
            },
        ),
        Detail::new(
            "Windows",
            format!(
                "starts within {}, done within {}",
                fmt::minutes(rule.start_window()),
                fmt::minutes(rule.completion_window())
            ),
        ),
    ];
    let cold = rule.lifecycle.and_then(|lifecycle| lifecycle.move_to_cold_storage_after_days).filter(|days| *days > 0);
    facts.extend(Detail::maybe("Cold storage", cold.map(|days| format!("after {}", fmt::days(Some(days))))));
    facts.extend(
        rule.copy_actions.iter().map(|copy| Detail::new("Copied to", copy.destination_backup_vault_arn.clone())),
    );
    if rule.enable_continuous_backup == Some(true) {
        facts.push(Detail::new("Continuous", "yes, for point-in-time restores"));
    }
    facts
}

fn selection_facts(selection: &Selection) -> Vec<Detail> {
    let document = &selection.document;
    let mut facts = vec![Detail::heading(&format!("Selection {}", document.selection_name))];
    let lines = selects(document);
    if lines.is_empty() {
        facts.push(Detail::cell("Selects", Cell::new("nothing", Role::Warning)));
    } else {
        facts.push(Detail::new("Selects", lines.join("\n")));
    }
    facts.push(Detail::new("Role", document.iam_role_arn.clone()));
    facts
}

/// The vault that a rule's backups go into.
fn into(rule: &Rule) -> String {
    let air_gapped =
        rule.target_logically_air_gapped_backup_vault_arn.as_ref().and_then(|text| text.parse::<Arn>().ok());
    match air_gapped.as_ref().and_then(Arn::vault_name) {
        Some(name) => format!("{name} (air-gapped)"),
        None => rule.target_backup_vault_name.clone(),
    }
}
