//! The backup plans that an effective policy makes in an account.

use super::inherit::Merged;
use super::schema::{AIR_GAPPED_TARGET, filled};
use super::{Effective, MAX_TAGS};
use crate::domain::plan::{CopyAction, PlanDocument, Rule};
use crate::domain::plan_rules::{MAX_COPY_ACTIONS, MAX_RULES};
use crate::domain::selection::{ConditionParameter, Conditions, SelectionDocument, TagCondition};
use crate::domain::{AccountId, Lifecycle, Region, Scope, Tags, tags};

/// A plan that a policy makes in one region of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPlan {
    /// Where.
    pub region: Region,
    /// Its document; the plan's name is the policy's.
    pub document: PlanDocument,
    /// Its tags.
    pub tags: Tags,
    /// Its selections; there is one at least.
    pub selections: Vec<SelectionDocument>,
}

/// What an effective policy makes in an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plans {
    /// The plans that it makes.
    pub plans: Vec<AccountPlan>,
    /// Why others are not made.
    pub errors: Vec<ValidationError>,
}

/// Why an effective policy does not make a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError {
    /// The plan, as the effective policy names it.
    pub plan: String,
    /// AWS's code: `KEY_REQUIRED`, `ELEMENTS_TOO_MANY`, …
    pub code: &'static str,
    /// Where, in the effective policy: `/plans/Daily/rules`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// A rule of plans or selections that is broken in what was merged.
const INVALID_VALUE: &str = "INVALID_VALUE";
const KEY_REQUIRED: &str = "KEY_REQUIRED";
const TOO_MANY: &str = "ELEMENTS_TOO_MANY";

impl Effective {
    /// The plans of this policy in an account, each in each of its regions, with `$account` and `$region` filled in. A plan
    /// in which something is missing or wrong is not made anywhere. Whether there are such roles, vaults or regions is not
    /// looked at.
    pub fn plans(&self, account: &AccountId) -> Plans {
        let mut all = Plans::default();
        for (name, plan) in self.root.named("plans") {
            let mut wrong = Wrong { plan: name, errors: Vec::new() };
            let made = wrong.plan(plan, account);
            if wrong.errors.is_empty() {
                all.plans.extend(made);
            } else {
                all.errors.append(&mut wrong.errors);
            }
        }
        all
    }
}

/// Where a plan is to be made.
struct Place<'a> {
    account: &'a AccountId,
    region: &'a Region,
}

impl Place<'_> {
    fn scope(&self) -> Scope {
        Scope::new(self.account.clone(), self.region.clone())
    }

    fn filled(&self, text: &str) -> String {
        filled(text, self.account.as_str(), self.region.as_str())
    }
}

/// What is wrong with a plan, as it is found.
struct Wrong<'a> {
    plan: &'a str,
    errors: Vec<ValidationError>,
}

impl Wrong<'_> {
    fn add(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        let path = format!("/plans/{}{path}", self.plan);
        let error = ValidationError { plan: self.plan.to_owned(), code, path, message: message.into() };
        // The same is found in each region.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn require(&mut self, node: &Merged, path: &str, names: &[&str]) {
        for name in names {
            let there = node.text(name).is_some() || !node.list(name).is_empty() || node.named(name).next().is_some();
            if !there {
                self.add(KEY_REQUIRED, path, format!("'{name}' is missing"));
            }
        }
    }

    fn count(&mut self, path: &str, name: &str, count: usize, most: usize) {
        if count > most {
            self.add(TOO_MANY, &format!("{path}/{name}"), format!("'{name}' exceeds the allowed maximum limit {most}"));
        }
    }

    fn plan(&mut self, plan: &Merged, account: &AccountId) -> Vec<AccountPlan> {
        self.require(plan, "", &["regions", "rules", "selections"]);
        self.count("", "rules", plan.named("rules").count(), MAX_RULES);
        let mut made = Vec::new();
        for region in plan.list("regions") {
            let Ok(region) = region.parse::<Region>() else {
                self.add(INVALID_VALUE, "/regions", format!("'{region}' is no region"));
                continue;
            };
            let place = Place { account, region: &region };
            let rules: Vec<Rule> = plan.named("rules").map(|(name, rule)| self.rule(name, rule, &place)).collect();
            let document = PlanDocument { backup_plan_name: self.plan.to_owned(), rules, ..PlanDocument::default() };
            if self.errors.is_empty()
                && let Err(invalid) = document.validate().and_then(|()| document.validate_targets(&place.scope()))
            {
                self.add(INVALID_VALUE, "/rules", invalid.message);
            }
            let plan_tags = self.tags("", "backup_plan_tags", plan);
            let selections = self.selections(plan, &place);
            made.push(AccountPlan { region, document, tags: plan_tags, selections });
        }
        made
    }

    fn rule(&mut self, name: &str, rule: &Merged, place: &Place<'_>) -> Rule {
        let path = format!("/rules/{}", name.to_lowercase());
        self.require(rule, &path, &["schedule_expression", "target_backup_vault_name"]);
        self.count(&path, "copy_actions", rule.named("copy_actions").count(), MAX_COPY_ACTIONS);
        let copy = |(key, copy): (&str, &Merged)| {
            let destination = copy.text("target_backup_vault_arn").map_or_else(|| key.to_lowercase(), str::to_owned);
            CopyAction { destination_backup_vault_arn: place.filled(&destination), lifecycle: lifecycle(copy) }
        };
        Rule {
            rule_name: name.to_lowercase(),
            target_backup_vault_name: rule.text("target_backup_vault_name").unwrap_or_default().to_owned(),
            target_logically_air_gapped_backup_vault_arn: rule.text(AIR_GAPPED_TARGET).map(|text| place.filled(text)),
            schedule_expression: rule.text("schedule_expression").map(str::to_owned),
            schedule_expression_timezone: rule.text("schedule_expression_timezone").map(str::to_owned),
            start_window_minutes: number(rule, "start_backup_window_minutes"),
            completion_window_minutes: number(rule, "complete_backup_window_minutes"),
            lifecycle: lifecycle(rule),
            recovery_point_tags: self.tags(&path, "recovery_point_tags", rule),
            copy_actions: rule.named("copy_actions").map(copy).collect(),
            enable_continuous_backup: rule.flag("enable_continuous_backup"),
            ..Rule::default()
        }
    }

    fn tags(&mut self, path: &str, member: &str, node: &Merged) -> Tags {
        let mut all = Tags::new();
        for (name, tag) in node.named(member) {
            self.require(tag, &format!("{path}/{member}/{}", name.to_lowercase()), &["tag_key", "tag_value"]);
            let text = |name| tag.text(name).unwrap_or_default().to_owned();
            all.insert(text("tag_key"), text("tag_value"));
        }
        if let Err(invalid) = tags::validate(member, &all) {
            self.add(INVALID_VALUE, &format!("{path}/{member}"), invalid.message);
        }
        all
    }

    fn selections(&mut self, plan: &Merged, place: &Place<'_>) -> Vec<SelectionDocument> {
        let Some(selections) = plan.member("selections") else { return Vec::new() };
        let (by_tag, by_resource) = (selections.named("tags").count(), selections.named("resources").count());
        if by_tag > 0 && by_resource > 0 {
            self.add(INVALID_VALUE, "/selections", "'tags' and 'resources' exclude each other");
        }
        self.count("/selections", "tags", by_tag, MAX_TAGS);
        let mut all = Vec::new();
        for (name, selection) in selections.named("tags") {
            let path = format!("/selections/tags/{}", name.to_lowercase());
            self.require(selection, &path, &["iam_role_arn", "tag_key", "tag_value"]);
            // Each policy has so many at most, and all of them may append.
            self.count(&path, "tag_value", selection.list("tag_value").len(), MAX_TAGS);
            let key = selection.text("tag_key").unwrap_or_default();
            let tag = |value: &String| TagCondition {
                condition_type: "STRINGEQUALS".to_owned(),
                condition_key: key.to_owned(),
                condition_value: value.clone(),
            };
            let list_of_tags = selection.list("tag_value").iter().map(tag).collect();
            let rest = self.selection(name, &path, selection, place);
            all.push((path, SelectionDocument { list_of_tags, ..rest }));
        }
        for (name, selection) in selections.named("resources") {
            let path = format!("/selections/resources/{}", name.to_lowercase());
            self.require(selection, &path, &["iam_role_arn", "resource_types"]);
            let patterns = |name| selection.list(name).iter().map(|pattern| place.filled(pattern)).collect();
            let (resources, not_resources) = (patterns("resource_types"), patterns("not_resource_types"));
            let rest = self.selection(name, &path, selection, place);
            all.push((path, SelectionDocument { resources, not_resources, ..rest }));
        }
        for (path, document) in &all {
            if self.errors.is_empty()
                && let Err(invalid) = document.validate(place.region)
            {
                self.add(INVALID_VALUE, path, invalid.message);
            }
        }
        all.into_iter().map(|(_, document)| document).collect()
    }

    /// What selections by tag and by resource have in common.
    fn selection(&mut self, name: &str, path: &str, selection: &Merged, place: &Place<'_>) -> SelectionDocument {
        let conditions = selection.member("conditions");
        let mut of = |operator: &str| {
            let Some(conditions) = conditions else { return Vec::new() };
            let condition = |(name, condition): (&str, &Merged)| {
                let path = format!("{path}/conditions/{operator}/{}", name.to_lowercase());
                self.require(condition, &path, &["condition_key", "condition_value"]);
                let text = |name| condition.text(name).unwrap_or_default().to_owned();
                ConditionParameter { condition_key: text("condition_key"), condition_value: text("condition_value") }
            };
            conditions.named(operator).map(condition).collect()
        };
        SelectionDocument {
            selection_name: name.to_lowercase(),
            iam_role_arn: place.filled(selection.text("iam_role_arn").unwrap_or_default()),
            conditions: Conditions {
                string_equals: of("string_equals"),
                string_not_equals: of("string_not_equals"),
                string_like: of("string_like"),
                string_not_like: of("string_not_like"),
            },
            ..SelectionDocument::default()
        }
    }
}

fn number(node: &Merged, name: &str) -> Option<i64> {
    node.text(name).and_then(|text| text.parse().ok())
}

fn lifecycle(node: &Merged) -> Option<Lifecycle> {
    let lifecycle = node.member("lifecycle")?;
    Some(Lifecycle {
        move_to_cold_storage_after_days: number(lifecycle, "move_to_cold_storage_after_days"),
        delete_after_days: number(lifecycle, "delete_after_days"),
        opt_in_to_archive_for_supported_resources: lifecycle
            .text("opt_in_to_archive_for_supported_resources")
            .map(|text| text == "true"),
    })
}
