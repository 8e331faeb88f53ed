//! What holds of any policies, in any order.

use super::tests::locked;
use super::{BackupPolicy, CHILD_CONTROL, Effective};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const OPERATORS: [&str; 3] = ["@@assign", "@@append", "@@remove"];

fn object(members: Vec<(String, Value)>) -> Value {
    Value::Object(members.into_iter().collect())
}

/// What a node says of children: often nothing.
fn control() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    let some = prop::sample::subsequence(&OPERATORS[..], 1..3);
    prop_oneof![4 => Just(None), 1 => Just(Some(vec!["@@none"])), 1 => Just(Some(vec!["@@all"])), 2 => some.prop_map(Some)]
}

fn with_control((mut node, control): (Value, Option<Vec<&'static str>>)) -> Value {
    if let (Some(control), Some(members)) = (control, node.as_object_mut()) {
        members.insert(CHILD_CONTROL.to_owned(), json!(control));
    }
    node
}

/// A setting of several values, with some operators.
fn many(assigns: bool) -> impl Strategy<Value = Value> {
    let values = || prop::sample::subsequence(&["us-east-1", "eu-north-1", "us-west-2", "sa-east-1"][..], 1..4);
    let operators = prop::sample::subsequence(if assigns { &OPERATORS[..] } else { &OPERATORS[1..] }, 1..3);
    let setting = (operators, values(), values()).prop_map(|(operators, one, other)| {
        object(operators.iter().zip([one, other]).map(|(name, values)| ((*name).to_owned(), json!(values))).collect())
    });
    (setting, control()).prop_map(with_control)
}

fn one() -> impl Strategy<Value = Value> {
    let setting = prop::sample::select(&["30", "60", "90"][..]).prop_map(|text| json!({ "@@assign": text }));
    (setting, control()).prop_map(with_control)
}

/// A policy over few names, in several spellings, so that they meet.
fn policy(assigns: bool) -> impl Strategy<Value = Value> {
    let lifecycle = prop::option::of(one()).prop_map(move |days| days.filter(|_| assigns));
    let rule = (lifecycle, control()).prop_map(|(days, control)| {
        let lifecycle = object(days.map(|days| ("delete_after_days".to_owned(), days)).into_iter().collect());
        with_control((json!({ "lifecycle": lifecycle }), control))
    });
    let rules = prop::collection::btree_map(prop::sample::select(&["Nightly", "WEEKLY"][..]), rule, 0..3);
    let plan = (prop::option::of(many(assigns)), rules, control(), control()).prop_map(
        |(regions, rules, on_rules, control)| {
            let rules = object(rules.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect());
            let mut members = vec![("rules".to_owned(), with_control((rules, on_rules)))];
            members.extend(regions.map(|regions| ("regions".to_owned(), regions)));
            with_control((object(members), control))
        },
    );
    let spelled = prop::sample::select(&["A", "B"][..]);
    (prop::collection::btree_map(spelled, plan, 1..3), control(), any::<bool>()).prop_map(|(plans, control, small)| {
        let spelled = |name: &str| if small { name.to_lowercase() } else { name.to_owned() };
        let plans = object(plans.into_iter().map(|(name, plan)| (spelled(name), plan)).collect());
        json!({ "plans": with_control((plans, control)) })
    })
}

fn policies(assigns: bool) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(policy(assigns), 0..4)
}

fn read(policies: &[Value]) -> Vec<BackupPolicy> {
    policies.iter().map(|policy| BackupPolicy::parse(&policy.to_string()).unwrap()).collect()
}

fn effective(levels: &[Vec<BackupPolicy>]) -> Value {
    Effective::of(levels).to_json()
}

/// The values by their path, without regard to the order of names and values, and to the spelling of names.
fn as_sets(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let items: BTreeSet<&str> = items.iter().filter_map(Value::as_str).collect();
            json!(items)
        }
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.iter().map(|(name, value)| (name.to_lowercase(), as_sets(value))).collect();
            Value::Object(members)
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn nothing_below_changes_what_a_level_locks(top in policy(true), below in prop::collection::vec(policies(true), 0..4)) {
        let top = read(&[locked(&top)]);
        let alone = effective(std::slice::from_ref(&top));
        let mut levels = vec![top];
        levels.extend(below.iter().map(|level| read(level)));
        prop_assert_eq!(effective(&levels), alone);
    }

    #[test]
    fn what_may_only_be_appended_to_is_never_less(values in prop::sample::subsequence(&["us-east-1", "eu-north-1"][..], 1..3), below in prop::collection::vec(policies(true), 0..4)) {
        let top = json!({ "plans": { "A": { "regions": { "@@assign": values, CHILD_CONTROL: ["@@append"] } } } });
        let mut levels = vec![read(&[top])];
        levels.extend(below.iter().map(|level| read(level)));
        let regions = as_sets(&effective(&levels))["plans"]["a"]["regions"].clone();
        let regions: BTreeSet<&str> = regions.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        prop_assert!(values.iter().all(|value| regions.contains(value)), "{:?}", regions);
    }

    #[test]
    fn the_order_on_a_level_makes_no_difference_where_nothing_is_assigned(above in policies(true), level in policies(false), below in policies(true)) {
        let (above, below) = (read(&above), read(&below));
        let mut turned = level.clone();
        turned.reverse();
        let one = effective(&[above.clone(), read(&level), below.clone()]);
        let other = effective(&[above, read(&turned), below]);
        prop_assert_eq!(as_sets(&one), as_sets(&other));
    }

    #[test]
    fn levels_without_policies_and_policies_attached_twice_make_no_difference(levels in prop::collection::vec(policies(true), 0..4)) {
        let levels: Vec<Vec<BackupPolicy>> = levels.iter().map(|level| read(level)).collect();
        let spread: Vec<Vec<BackupPolicy>> = levels.iter().flat_map(|level| [Vec::new(), level.clone()]).collect();
        prop_assert_eq!(effective(&spread), effective(&levels));
        let doubled: Vec<Vec<BackupPolicy>> = levels.iter().map(|level| [level.clone(), level.clone()].concat()).collect();
        prop_assert_eq!(effective(&doubled), effective(&levels));
    }
}
