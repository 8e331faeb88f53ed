use super::*;
use crate::domain::error::InvalidKind;
use crate::domain::plan::PlanDocument;
use crate::domain::{AccountId, Lifecycle};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::$account:role/MyIamRole";
pub(super) const AIR_GAPPED: &str = "target_logically_air_gapped_backup_vault_arn";
const COPY: &str = "arn:aws:backup:us-east-1:$account:backup-vault:secondary_vault";

pub(super) fn policy(json: &Value) -> BackupPolicy {
    BackupPolicy::parse(&json.to_string()).unwrap()
}

/// What holds under these policies, each attached one level below the one before.
fn merged(levels: &[Value]) -> Value {
    let policies: Vec<BackupPolicy> = levels.iter().map(policy).collect();
    Effective::of(policies.iter().map(std::slice::from_ref)).to_json()
}

/// What holds under these policies, attached to one thing in this order.
pub(super) fn beside(policies: &[Value]) -> Effective {
    let policies: Vec<BackupPolicy> = policies.iter().map(policy).collect();
    Effective::of([&policies])
}

pub(super) fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

/// A plan that lacks nothing.
pub(super) fn whole() -> Value {
    json!({
        "regions": { "@@assign": ["us-east-1", "eu-north-1"] },
        "rules": { "Hourly": {
            "schedule_expression": { "@@assign": "cron(0 5/1 ? * * *)" },
            "target_backup_vault_name": { "@@assign": "FortKnox" },
        } },
        "selections": { "tags": { "DataType": {
            "iam_role_arn": { "@@assign": ROLE },
            "tag_key": { "@@assign": "dataType" },
            "tag_value": { "@@assign": ["PII", "RED"] },
        } } },
    })
}

pub(super) fn plans(plan: Value) -> Value {
    json!({ "plans": { "PII_Backup_Plan": plan } })
}

/// A policy whose selection has this `tag_value`, of which AWS's examples of inheritance tell.
fn values(setting: Value) -> Value {
    plans(json!({ "selections": { "tags": { "costcenter": { "tag_value": setting } } } }))
}

fn values_of(effective: &Value) -> &Value {
    &effective["plans"]["PII_Backup_Plan"]["selections"]["tags"]["costcenter"]["tag_value"]
}

fn refusal(policy: &Value) -> String {
    BackupPolicy::parse(&policy.to_string()).unwrap_err().message
}

mod examples_of_aws {
    use super::*;

    #[test]
    fn one_a_policy_of_a_parent_holds_as_it_is() {
        let lifecycle = |cold: &str, delete: &str| {
            json!({
                "move_to_cold_storage_after_days": { "@@assign": cold },
                "delete_after_days": { "@@assign": delete },
                "opt_in_to_archive_for_supported_resources": { "@@assign": "false" },
            })
        };
        let mut plan = whole();
        let rule = &mut plan["rules"]["Hourly"];
        rule["start_backup_window_minutes"] = json!({ "@@assign": "480" });
        rule["complete_backup_window_minutes"] = json!({ "@@assign": "10080" });
        rule["lifecycle"] = lifecycle("180", "270");
        rule[AIR_GAPPED] = json!({ "@@assign": "arn:aws:backup:$region:$account:backup-vault:AirGappedVault" });
        rule["index_actions"] = json!({ "resource_types": { "@@assign": ["EBS", "S3"] } });
        rule["copy_actions"] = json!({ COPY: {
            "target_backup_vault_arn": { "@@assign": COPY },
            "lifecycle": lifecycle("30", "120"),
        } });
        plan["advanced_backup_settings"] = json!({ "ec2": { "windows_vss": { "@@assign": "enabled" } } });
        let plain = |cold: &str, delete: &str| {
            json!({
                "move_to_cold_storage_after_days": cold,
                "delete_after_days": delete,
                "opt_in_to_archive_for_supported_resources": "false",
            })
        };
        let expected = plans(json!({
            "regions": ["us-east-1", "eu-north-1"],
            "rules": { "hourly": {
                "schedule_expression": "cron(0 5/1 ? * * *)",
                "start_backup_window_minutes": "480",
                "complete_backup_window_minutes": "10080",
                "lifecycle": plain("180", "270"),
                "target_backup_vault_name": "FortKnox",
                AIR_GAPPED: "arn:aws:backup:$region:$account:backup-vault:AirGappedVault",
                "index_actions": { "resource_types": ["EBS", "S3"] },
                "copy_actions": { COPY: { "target_backup_vault_arn": COPY, "lifecycle": plain("30", "120") } },
            } },
            "selections": { "tags": { "datatype": {
                "iam_role_arn": ROLE, "tag_key": "dataType", "tag_value": ["PII", "RED"],
            } } },
            "advanced_backup_settings": { "ec2": { "windows_vss": "enabled" } },
        }));
        assert_eq!(merged(&[plans(plan)]), expected);
    }

    #[test]
    fn two_plans_of_parent_and_child_hold_both() {
        let child = json!({ "plans": { "Monthly_Backup_Plan": {
            "regions": { "@@append": ["us-east-1", "eu-central-1"] },
            "rules": { "Monthly": { "schedule_expression": { "@@assign": "cron(0 5 1 * ? *)" } } },
        } } });
        let effective = merged(&[plans(whole()), child]);
        assert_eq!(effective["plans"]["PII_Backup_Plan"]["regions"], json!(["us-east-1", "eu-north-1"]));
        assert_eq!(
            effective["plans"]["Monthly_Backup_Plan"],
            json!({
                "regions": ["us-east-1", "eu-central-1"],
                "rules": { "monthly": { "schedule_expression": "cron(0 5 1 * ? *)" } },
            })
        );
    }

    #[test]
    fn three_a_parent_prevents_any_change() {
        let locked = locked(&plans(whole()));
        let alone = merged(std::slice::from_ref(&locked));
        let mut other = whole();
        other["regions"] = json!({ "@@append": ["us-west-2"] });
        other["rules"]["HOURLY"] = other["rules"]["Hourly"].take();
        other["rules"].as_object_mut().unwrap().remove("Hourly");
        other["rules"]["HOURLY"]["schedule_expression"]["@@assign"] = json!("cron(0 0 1 1 ? *)");
        other["rules"]["HOURLY"]["lifecycle"] = json!({ "delete_after_days": { "@@assign": "1" } });
        other["selections"]["tags"]["DataType"]["tag_value"] = json!({ "@@remove": ["PII"] });
        other["selections"]["tags"]["more"] = other["selections"]["tags"]["DataType"].clone();
        let spelled = json!({ "plans": { "pii_backup_PLAN": other, "Another": whole() } });
        assert_eq!(merged(&[locked.clone(), spelled.clone(), spelled]), alone);
    }

    #[test]
    fn four_a_parent_prevents_changes_of_one_plan_and_others_may_be_added() {
        let mut parent = locked(&plans(whole()));
        parent["plans"][CHILD_CONTROL] = json!(["@@append"]);
        let mut changed = whole();
        changed["regions"] = json!({ "@@assign": ["us-west-2"] });
        let child = json!({ "plans": { "MonthlyBackupPlan": whole(), "PII_Backup_Plan": changed } });
        let effective = merged(&[parent.clone(), child]);
        let (before, added) = (merged(&[parent]), merged(&[plans(whole())]));
        assert_eq!(effective["plans"]["PII_Backup_Plan"], before["plans"]["PII_Backup_Plan"]);
        assert_eq!(effective["plans"]["MonthlyBackupPlan"], added["plans"]["PII_Backup_Plan"]);
    }

    #[test]
    fn five_a_child_overrides_what_it_says_and_inherits_the_rest() {
        let child = plans(json!({
            "regions": { "@@assign": ["us-west-2", "eu-central-1"] },
            "rules": { "Hourly": {
                "schedule_expression": { "@@assign": "cron(0 0/2 ? * * *)" },
                "start_backup_window_minutes": { "@@assign": "80" },
                "target_backup_vault_name": { "@@assign": "Default" },
                "lifecycle": { "delete_after_days": { "@@assign": "365" } },
            } },
        }));
        let expected = plans(json!({
            "regions": ["us-west-2", "eu-central-1"],
            "rules": { "hourly": {
                "schedule_expression": "cron(0 0/2 ? * * *)",
                "start_backup_window_minutes": "80",
                "target_backup_vault_name": "Default",
                "lifecycle": { "delete_after_days": "365" },
            } },
            "selections": { "tags": { "datatype": {
                "iam_role_arn": ROLE, "tag_key": "dataType", "tag_value": ["PII", "RED"],
            } } },
        }));
        assert_eq!(merged(&[plans(whole()), child]), expected);
    }

    #[test]
    fn values_are_overwritten_appended_and_removed() {
        let parent = values(json!({ "@@assign": ["Development", "Support"] }));
        let under = |child: Value| values_of(&merged(&[parent.clone(), values(child)])).clone();
        assert_eq!(under(json!({ "@@assign": ["Sandbox"] })), json!(["Sandbox"]));
        assert_eq!(under(json!({ "@@append": ["Marketing"] })), json!(["Development", "Support", "Marketing"]));
        // What is not there is removed without an error, and what has no value any more is not shown.
        assert_eq!(under(json!({ "@@remove": ["Development", "Marketing"] })), json!(["Support"]));
        assert_eq!(under(json!({ "@@remove": ["Development", "Support"] })), Value::Null);
        let third = values(json!({ "@@remove": ["Development", "Marketing"] }));
        let both = merged(&[parent.clone(), values(json!({ "@@append": ["Marketing"] })), third]);
        assert_eq!(values_of(&both), &json!(["Support"]));
    }

    #[test]
    fn a_child_may_do_what_its_parents_allow_alone() {
        let parent = values(json!({ CHILD_CONTROL: ["@@append"], "@@assign": ["Maintenance", "Escalations"] }));
        let under = |child: Value| values_of(&merged(&[parent.clone(), values(child)])).clone();
        let inherited = json!(["Maintenance", "Escalations"]);
        assert_eq!(under(json!({ "@@append": ["Research"] })), json!(["Maintenance", "Escalations", "Research"]));
        assert_eq!(under(json!({ "@@assign": ["Research"] })), inherited);
        assert_eq!(under(json!({ "@@remove": ["Maintenance"] })), inherited);
        // Not even after a policy between that would allow it again.
        let loosened = values(json!({ CHILD_CONTROL: ["@@all"] }));
        let last = values(json!({ "@@assign": ["Research"] }));
        assert_eq!(values_of(&merged(&[parent.clone(), loosened, last])), &inherited);
    }

    #[test]
    fn on_one_level_what_all_allow_is_allowed() {
        let one = values(json!({ CHILD_CONTROL: ["@@append"], "@@assign": ["Maintenance"] }));
        let other = values(json!({ CHILD_CONTROL: ["@@append", "@@remove"] }));
        let child = policy(&values(json!({ "@@append": ["More"], "@@remove": ["Maintenance"] })));
        for level in [[&one, &other], [&other, &one]] {
            let level = level.map(policy);
            let effective = Effective::of([&level[..], std::slice::from_ref(&child)]).to_json();
            assert_eq!(values_of(&effective), &json!(["Maintenance", "More"]));
        }
    }

    #[test]
    fn on_one_level_what_was_attached_first_is_assigned() {
        let key = |text: &str| plans(json!({ "selections": { "tags": { "x": { "tag_key": { "@@assign": text } } } } }));
        let (first, second) = (key("PROJECT"), key("project"));
        let key_of = |effective: &Effective| {
            effective.to_json()["plans"]["PII_Backup_Plan"]["selections"]["tags"]["x"]["tag_key"].clone()
        };
        assert_eq!(key_of(&beside(&[first.clone(), second.clone()])), "PROJECT");
        assert_eq!(key_of(&beside(&[second, first])), "project");
    }
}

/// The same policy with `@@none` at every node.
pub(super) fn locked(node: &Value) -> Value {
    let Value::Object(members) = node else { return node.clone() };
    let mut locked: serde_json::Map<String, Value> =
        members.iter().map(|(name, value)| (name.clone(), locked(value))).collect();
    if !members.contains_key("plans") {
        locked.insert(CHILD_CONTROL.to_owned(), json!(["@@none"]));
    }
    Value::Object(locked)
}

#[test]
fn what_is_removed_on_a_level_is_removed_from_what_is_inherited_alone() {
    let set = values(json!({ "@@append": ["Kept"] }));
    let removing = values(json!({ "@@remove": ["Kept"] }));
    for level in [[set.clone(), removing.clone()], [removing, set]] {
        assert_eq!(values_of(&beside(&level).to_json()), &json!(["Kept"]));
    }
}

#[test]
fn a_refusal_names_the_place_and_the_rule() {
    let changed = |path: &str, value: Value| {
        let mut policy = plans(whole());
        *policy.pointer_mut(&format!("/plans/PII_Backup_Plan{path}")).unwrap() = value;
        refusal(&policy)
    };
    let rule = "plans.PII_Backup_Plan.rules.Hourly";
    let table = [
        ("/rules/Hourly/schedule_expression", json!({ "@@assign": "rate(1 day)" }), format!("Invalid {rule}.schedule_expression.@@assign: rate(1 day): ")),
        ("/rules/Hourly/schedule_expression", json!("cron(0 5 ? * * *)"), format!("Invalid {rule}.schedule_expression: it must be an object with operators, such as @@assign, not a string")),
        ("/rules/Hourly/schedule_expression", json!({ "@@append": ["cron(0 5 ? * * *)"] }), format!("Invalid {rule}.schedule_expression.@@append: this setting has one value, and takes @@assign alone")),
        ("/rules/Hourly", json!({ "lifecycle": { "delete_after_days": { "@@assign": 30 } } }), format!("Invalid {rule}.lifecycle.delete_after_days.@@assign: it must be a string, not a number")),
        ("/rules/Hourly", json!({ "lifecycle": { "delete_after_days": { "@@assign": "a month" } } }), format!("Invalid {rule}.lifecycle.delete_after_days.@@assign: a month: it must be a whole number")),
        ("/rules/Hourly", json!({ "lifecycle": { "to_delete_after_days": { "@@assign": "30" } } }), format!("Invalid {rule}.lifecycle.to_delete_after_days: it is not known; here may stand move_to_cold_storage_after_days, delete_after_days, opt_in_to_archive_for_supported_resources")),
        ("/rules/Hourly", json!({ "enable_continuous_backup": { "@@assign": "false" } }), format!("Invalid {rule}.enable_continuous_backup.@@assign: it must be true or false, not a string")),
        ("/rules/Hourly", json!({ "target_backup_vault_name": { "@@assign": "$account" } }), format!("Invalid {rule}.target_backup_vault_name.@@assign: $account: must be 2 to 50 letters, digits, hyphens or underscores")),
        ("/rules/Hourly", json!({ AIR_GAPPED: { "@@assign": "AirGappedVault" } }), format!("Invalid {rule}.{AIR_GAPPED}.@@assign: AirGappedVault: it must be an ARN, in which $account and $region")),
        ("/rules/Hourly", json!({ AIR_GAPPED: { "@@assign": "arn:aws:iam::$account:role/Vault" } }), format!("Invalid {rule}.{AIR_GAPPED}.@@assign: arn:aws:iam::$account:role/Vault: it must be the ARN of a backup vault")),
        ("/rules/Hourly", json!({ AIR_GAPPED: { "@@append": ["arn:aws:backup:$region:$account:backup-vault:Safe"] } }), format!("Invalid {rule}.{AIR_GAPPED}.@@append: this setting has one value, and takes @@assign alone")),
        ("/rules", json!({ "@@assign": {} }), "Invalid plans.PII_Backup_Plan.rules.@@assign: an operator stands at a setting; here may stand @@operators_allowed_for_child_policies alone".to_owned()),
        ("/rules", json!({ "Hourly": {}, "hourly": {} }), "Invalid plans.PII_Backup_Plan.rules.hourly: Hourly is the same name: case makes no difference".to_owned()),
        ("/rules", json!({ "not a name": {} }), "Invalid plans.PII_Backup_Plan.rules.not a name: the name not a name: must be 1 to 50 letters, digits, hyphens, underscores or periods".to_owned()),
        ("/regions", json!({ "@@assign": "us-east-1" }), "Invalid plans.PII_Backup_Plan.regions.@@assign: it must be a list of strings, not a string".to_owned()),
        ("/regions", json!({ "@@assign": [] }), "Invalid plans.PII_Backup_Plan.regions.@@assign: there must be one at least".to_owned()),
        ("/regions", json!({ "@@prepend": ["us-east-1"] }), "Invalid plans.PII_Backup_Plan.regions.@@prepend: the operators are @@assign, @@append, @@remove and @@operators_allowed_for_child_policies".to_owned()),
        ("/regions", json!({ CHILD_CONTROL: ["@@none", "@@append"] }), format!("Invalid plans.PII_Backup_Plan.regions.{CHILD_CONTROL}: @@none stands alone")),
        ("/regions", json!({ CHILD_CONTROL: ["@@some"] }), format!("Invalid plans.PII_Backup_Plan.regions.{CHILD_CONTROL}: @@some: it must be @@all, @@none, or some of @@assign, @@append, @@remove")),
        ("/selections", json!({ "tags": {}, "resources": {} }), "Invalid plans.PII_Backup_Plan.selections: resources and tags exclude each other".to_owned()),
        ("/selections/tags/DataType/tag_value", json!({ "@@assign": (0..31).map(|n| n.to_string()).collect::<Vec<_>>() }), "Invalid plans.PII_Backup_Plan.selections.tags.DataType.tag_value: there may be 30 at most, and there are 31".to_owned()),
        ("/selections/tags/DataType/tag_key", json!({ "@@assign": "x", "inner": {} }), "Invalid plans.PII_Backup_Plan.selections.tags.DataType.tag_key.inner: a setting has operators alone: @@assign, @@append, @@remove".to_owned()),
        ("/selections/tags/DataType/iam_role_arn", json!({ "@@assign": "MyRole" }), "Invalid plans.PII_Backup_Plan.selections.tags.DataType.iam_role_arn.@@assign: MyRole: it must be an ARN, in which $account and $region stand for those in which a plan runs".to_owned()),
    ];
    for (path, value, expected) in table {
        let message = changed(path, value);
        assert!(message.starts_with(&expected), "{message}\n{expected}");
    }
    let many: serde_json::Map<String, Value> = (0..31).map(|n| (format!("s{n}"), json!({}))).collect();
    assert!(
        changed("/selections/tags", Value::Object(many))
            .ends_with("selections.tags: there may be 30 at most, and there are 31")
    );
}

#[test]
fn what_is_no_policy_at_all_is_refused() {
    for text in ["", "nonsense", "[]", "null", "\"plans\"", "{\"plans\": 1}", "{\"Plans\": {}}"] {
        assert!(BackupPolicy::parse(text).is_err(), "{text}");
    }
    let twice = BackupPolicy::parse("{\"plans\": {}, \"plans\": {}}").unwrap_err();
    assert!(twice.message.starts_with("Invalid Content: it is not JSON: the key \"plans\" is there twice"));
    assert_eq!(BackupPolicy::parse("{}").unwrap_err().kind, InvalidKind::Missing);
}

#[test]
fn what_the_engine_does_not_carry_out_is_named() {
    let unsupported = |path: &str, setting: Value| {
        let mut plan = whole();
        let (parent, name) = path.rsplit_once('/').unwrap();
        plan.pointer_mut(parent).unwrap()[name] = setting;
        policy(&plans(plan)).supported().map_err(|invalid| invalid.message)
    };
    let refused = |path: &str| Err(format!("plans.PII_Backup_Plan.{path} is not supported by this engine yet"));
    assert_eq!(unsupported("/rules/Hourly/enable_continuous_backup", json!({ "@@assign": true })), Ok(()));
    let vss = json!({ "ec2": { "windows_vss": { "@@assign": "enabled" } } });
    assert_eq!(unsupported("/advanced_backup_settings", vss), refused("advanced_backup_settings"));
    let indexed = json!({ "resource_types": { "@@assign": ["EBS"] } });
    assert_eq!(unsupported("/rules/Hourly/index_actions", indexed), refused("rules.Hourly.index_actions"));
}

#[test]
fn a_plan_is_made_in_each_of_its_regions_with_its_variables_filled_in() {
    let mut plan = whole();
    let local = "arn:aws:backup:$region:$account:backup-vault:Second";
    plan["rules"]["Hourly"]["copy_actions"] = json!({
        "arn:aws:backup:us-west-2:$account:backup-vault:ThIrD": {
            "lifecycle": { "delete_after_days": { "@@assign": "7" } },
        },
        local: { "target_backup_vault_arn": { "@@assign": local } },
    });
    plan["rules"]["Hourly"]["lifecycle"] = json!({ "delete_after_days": { "@@assign": "35" } });
    plan["rules"]["Hourly"]["recovery_point_tags"] =
        json!({ "owner": { "tag_key": { "@@assign": "Owner" }, "tag_value": { "@@assign": "Backup" } } });
    plan["backup_plan_tags"] =
        json!({ "stage": { "tag_key": { "@@assign": "Stage" }, "tag_value": { "@@assign": "Beta" } } });
    plan["selections"]["tags"]["DataType"]["conditions"] = json!({ "string_not_equals": { "Not": {
        "condition_key": { "@@assign": "aws:ResourceTag/backup" }, "condition_value": { "@@assign": "false" },
    } } });
    let made = beside(&[plans(plan)]).plans(&account());
    assert_eq!(made.errors, []);
    let regions: Vec<&str> = made.plans.iter().map(|plan| plan.region.as_str()).collect();
    assert_eq!(regions, ["us-east-1", "eu-north-1"]);
    let north = &made.plans[1];
    assert_eq!(north.tags, crate::domain::Tags::from([("Stage".to_owned(), "Beta".to_owned())]));
    let expected: PlanDocument = serde_json::from_value(json!({
        "BackupPlanName": "PII_Backup_Plan",
        "Rules": [{
            "RuleName": "hourly",
            "TargetBackupVaultName": "FortKnox",
            "ScheduleExpression": "cron(0 5/1 ? * * *)",
            "Lifecycle": { "DeleteAfterDays": 35 },
            "RecoveryPointTags": { "Owner": "Backup" },
            // Without a target, the name of the copy in lower case is taken.
            "CopyActions": [
                { "DestinationBackupVaultArn": "arn:aws:backup:eu-north-1:111122223333:backup-vault:Second" },
                {
                    "DestinationBackupVaultArn": "arn:aws:backup:us-west-2:111122223333:backup-vault:third",
                    "Lifecycle": { "DeleteAfterDays": 7 },
                },
            ],
        }],
    }))
    .unwrap();
    let mut document = north.document.clone();
    document.rules[0].copy_actions.sort_by_key(|copy| copy.destination_backup_vault_arn.clone());
    assert_eq!(document, expected);
    assert_eq!(document.rules[0].lifecycle, Some(Lifecycle::delete_after(35)));
    let selection = serde_json::to_value(&north.selections).unwrap();
    let tag = |value| json!({ "ConditionType": "STRINGEQUALS", "ConditionKey": "dataType", "ConditionValue": value });
    let condition = json!({ "ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "false" });
    let conditions = json!({ "StringNotEquals": [condition] });
    assert_eq!(
        selection,
        json!([{
            "SelectionName": "datatype", "IamRoleArn": "arn:aws:iam::111122223333:role/MyIamRole",
            "ListOfTags": [tag("PII"), tag("RED")], "Conditions": conditions,
        }])
    );
}

#[test]
fn a_selection_by_resources_names_types() {
    let mut plan = whole();
    plan["selections"] = json!({ "resources": { "All": {
        "iam_role_arn": { "@@assign": ROLE },
        "resource_types": { "@@assign": ["*"] },
        "not_resource_types": { "@@assign": ["arn:aws:ec2:*:*:volume/*"] },
    } } });
    let made = beside(&[plans(plan)]).plans(&account());
    let selection = &made.plans[0].selections[0];
    assert_eq!((selection.selection_name.as_str(), &selection.list_of_tags[..]), ("all", &[][..]));
    assert_eq!(selection.resources, ["*"]);
    assert_eq!(selection.not_resources, ["arn:aws:ec2:*:*:volume/*"]);
}

#[test]
fn a_plan_that_lacks_something_is_not_made_and_the_others_are() {
    let errors = |change: fn(&mut Value)| {
        let mut plan = whole();
        change(&mut plan);
        let policy = json!({ "plans": { "PII_Backup_Plan": plan, "Other": whole() } });
        let made = beside(&[policy]).plans(&account());
        assert!(made.plans.len() == 2 && made.plans.iter().all(|plan| plan.document.backup_plan_name == "Other"));
        let told = made.errors.into_iter().map(|error| format!("{} {}: {}", error.code, error.path, error.message));
        told.collect::<Vec<_>>()
    };
    let without = |name: &'static str| format!("KEY_REQUIRED /plans/PII_Backup_Plan: '{name}' is missing");
    let gone = |plan: &mut Value, name: &str| plan.as_object_mut().unwrap().remove(name);
    assert_eq!(errors(|plan| plan["selections"] = json!({})), [without("selections")]);
    assert_eq!(errors(|plan| plan["regions"] = json!({})), [without("regions")]);
    let rule = "/plans/PII_Backup_Plan/rules/hourly";
    assert_eq!(
        errors(|plan| drop(plan["rules"]["Hourly"].as_object_mut().unwrap().remove("target_backup_vault_name"))),
        [format!("KEY_REQUIRED {rule}: 'target_backup_vault_name' is missing")]
    );
    let lifecycle = errors(|plan| {
        plan["rules"]["Hourly"]["lifecycle"] = json!({
            "move_to_cold_storage_after_days": { "@@assign": "28" }, "delete_after_days": { "@@assign": "100" },
        });
    });
    assert_eq!(
        lifecycle,
        [
            "INVALID_VALUE /plans/PII_Backup_Plan/rules: Error in rule hourly : Invalid lifecycle. DeleteAfterDays cannot \
          be less than 90 days apart from MoveToColdStorageAfterDays"
        ]
    );
    let rules = errors(|plan| {
        for n in 0..10 {
            plan["rules"][format!("r{n}")] = plan["rules"]["Hourly"].clone();
        }
    });
    assert_eq!(
        rules[0],
        "ELEMENTS_TOO_MANY /plans/PII_Backup_Plan/rules: 'rules' exceeds the allowed maximum limit 10"
    );
    let mut one = whole();
    assert!(gone(&mut one, "rules").is_some());
    // What a parent selects by tags and a child by resources excludes each other only once they come together.
    let by_resource = plans(json!({ "selections": { "resources": { "All": {
        "iam_role_arn": { "@@assign": ROLE }, "resource_types": { "@@assign": ["*"] },
    } } } }));
    let policies = [policy(&plans(whole())), policy(&by_resource)];
    let made = Effective::of(policies.iter().map(std::slice::from_ref)).plans(&account());
    assert_eq!((made.plans.len(), made.errors[0].message.as_str()), (0, "'tags' and 'resources' exclude each other"));
}
