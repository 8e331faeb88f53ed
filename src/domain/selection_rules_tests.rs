use super::*;
use crate::domain::{Tags, types};
use proptest::prelude::*;

const PROJECTS: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0123456789abcdef0";

fn region() -> Region {
    "us-east-1".parse().unwrap()
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn judge(selection: &SelectionDocument, arn: &str, pairs: &[(&str, &str)], opted_in: bool) -> Decision {
    let (arn, tags) = (arn.parse().unwrap(), tags(pairs));
    decide(
        selection,
        &Candidate { arn: &arn, resource_type: &types::efs::FACTS.resource_type(), tags: &tags },
        opted_in,
    )
}

fn takes(selection: &SelectionDocument, pairs: &[(&str, &str)]) -> bool {
    judge(selection, PROJECTS, pairs, true).selected
}

fn by_arn(patterns: &[&str]) -> SelectionDocument {
    SelectionDocument {
        selection_name: "all".to_owned(),
        iam_role_arn: "arn:aws:iam::123456789012:role/backup".to_owned(),
        resources: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
        ..SelectionDocument::default()
    }
}

fn by_tag(key: &str, value: &str) -> SelectionDocument {
    let tag = TagCondition {
        condition_type: "STRINGEQUALS".to_owned(),
        condition_key: key.to_owned(),
        condition_value: value.to_owned(),
    };
    SelectionDocument { list_of_tags: vec![tag], ..by_arn(&[]) }
}

fn condition(key: &str, value: &str) -> Vec<ConditionParameter> {
    vec![ConditionParameter { condition_key: format!("{CONDITION_PREFIX}{key}"), condition_value: value.to_owned() }]
}

#[test]
fn a_star_stands_for_any_text_anywhere() {
    let table = [
        ("*", PROJECTS, true),
        ("arn:aws:elasticfilesystem:*:*:file-system/*", PROJECTS, true),
        ("arn:*:file-system/fs-0123456789abcdef0", PROJECTS, true),
        ("arn:aws:ec2:*", PROJECTS, false),
        ("a*b*c", "abc", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b", "ab-", false),
        ("ab*ba", "aba", false),
        ("", "", true),
        ("", "x", false),
        ("a?c", "abc", false),
        ("**", "", true),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn arns_and_tags_are_a_union() {
    let mut selection = by_tag("env", "prod");
    selection.resources.push("arn:aws:s3:::bucket".to_owned());
    assert!(takes(&selection, &[("env", "prod")]));
    assert!(!takes(&selection, &[("env", "test")]));
    assert!(judge(&selection, "arn:aws:s3:::bucket", &[], true).selected);
}

#[test]
fn keys_and_values_are_case_sensitive() {
    assert!(!takes(&by_tag("env", "prod"), &[("env", "Prod")]));
    assert!(!takes(&by_tag("env", "prod"), &[("Env", "prod")]));
}

#[test]
fn not_resources_always_exclude_and_say_so() {
    let mut selection = by_arn(&["*"]);
    selection.not_resources.push("arn:aws:elasticfilesystem:*".to_owned());
    let decision = judge(&selection, PROJECTS, &[], true);
    assert!(!decision.selected);
    assert_eq!(
        decision.reasons,
        [Reason::Resource("*".to_owned()), Reason::Excluded("arn:aws:elasticfilesystem:*".to_owned())]
    );
}

#[test]
fn all_conditions_must_hold() {
    let mut selection = by_arn(&["*"]);
    selection.conditions.string_equals = condition("env", "prod");
    selection.conditions.string_like = condition("team", "data-*");
    assert!(takes(&selection, &[("env", "prod"), ("team", "data-lake")]));
    assert!(!takes(&selection, &[("env", "prod"), ("team", "web")]));
    assert!(!takes(&selection, &[("team", "data-lake")]));
}

#[test]
fn negated_operators_pass_where_the_tag_is_absent() {
    let mut selection = by_arn(&["*"]);
    selection.conditions.string_not_equals = condition("env", "test");
    selection.conditions.string_not_like = condition("team", "tmp*");
    assert!(takes(&selection, &[]));
    assert!(!takes(&selection, &[("env", "test")]));
    assert!(!takes(&selection, &[("team", "tmp-1")]));
}

#[test]
fn a_failing_condition_tells_what_the_tag_is() {
    let mut selection = by_arn(&["*"]);
    selection.conditions.string_equals = condition("env", "prod");
    let texts =
        |pairs| judge(&selection, PROJECTS, pairs, true).reasons.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&[("env", "test")])[1], "StringEquals env prod does not hold: the tag is test");
    assert_eq!(texts(&[])[1], "StringEquals env prod does not hold: there is no such tag");
}

#[test]
fn the_opt_in_holds_unless_a_type_is_named() {
    let table = [
        ("*", false),
        ("arn:aws:elasticfilesystem:*", false),
        ("arn:aws:elasticfilesystem:*:*:*", false),
        ("arn:aws:elasticfilesystem:*:*:file-system/*", true),
        (PROJECTS, true),
    ];
    for (pattern, expected) in table {
        assert_eq!(judge(&by_arn(&[pattern]), PROJECTS, &[], false).selected, expected, "{pattern}");
    }
    assert!(!judge(&by_tag("env", "prod"), PROJECTS, &[("env", "prod")], false).selected);
    assert!(names_a_type("arn:aws:s3:::*"));
}

#[test]
fn what_restore_tests_leave_behind_is_ignored() {
    assert!(!takes(&by_arn(&["*"]), &[("awsbackup-restore-test", "x")]));
}

#[test]
fn select_all_keeps_the_order() {
    let (a, b): (Arn, Arn) = (PROJECTS.parse().unwrap(), "arn:aws:s3:::bucket".parse().unwrap());
    let none = Tags::new();
    let efs = types::efs::FACTS.resource_type();
    let candidate = |arn| Candidate { arn, resource_type: &efs, tags: &none };
    let taken = select_all(&by_arn(&["*"]), [candidate(&b), candidate(&a)], |_| true);
    assert_eq!(taken.iter().map(|c| c.arn.as_str()).collect::<Vec<_>>(), [b.as_str(), a.as_str()]);
}

#[test]
fn refusals_have_awss_words() {
    let refused = |selection: SelectionDocument| selection.validate(&region()).unwrap_err().message;
    assert_eq!(
        refused(by_arn(&[])),
        "Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty."
    );
    let foreign = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1";
    assert_eq!(refused(by_arn(&[foreign])), format!("Invalid ARN: {foreign}. Expected region is us-east-1"));
    let snapshot = "arn:aws:ec2:us-east-1::snapshot/snap-1";
    assert_eq!(refused(by_arn(&[snapshot])), format!("Unsupported resource type: {snapshot}"));
}

#[test]
fn shapes_and_limits_are_checked_by_member() {
    let refused = |selection: SelectionDocument| selection.validate(&region()).unwrap_err().field;
    let ok = || by_arn(&["*"]);
    assert_eq!(ok().validate(&region()), Ok(()));
    assert_eq!(by_arn(&["arn:aws:ec2:*"]).validate(&region()), Ok(()));
    assert_eq!(refused(SelectionDocument { selection_name: String::new(), ..ok() }), "SelectionName");
    assert_eq!(refused(SelectionDocument { iam_role_arn: String::new(), ..ok() }), "IamRoleArn");
    assert_eq!(refused(SelectionDocument { iam_role_arn: "arn:aws:iam::1:user/x".to_owned(), ..ok() }), "IamRoleArn");
    assert_eq!(refused(by_arn(&["fs-1"])), "Resources");
    assert_eq!(refused(by_arn(&["arn:aws:ec2"])), "Resources");
    assert_eq!(refused(by_arn(&["arn:aws:ec2:*:*:volume/ *"])), "Resources");
    assert_eq!(refused(SelectionDocument { not_resources: vec!["x".to_owned()], ..ok() }), "NotResources");
    let many = |count: usize, text: &str| vec![text.to_owned(); count];
    assert_eq!(refused(SelectionDocument { resources: many(31, "arn:aws:ec2:*"), ..ok() }), "Resources");
    assert_eq!(refused(SelectionDocument { resources: many(501, PROJECTS), ..ok() }), "Resources");
    let mut like = by_tag("env", "prod");
    like.list_of_tags[0].condition_type = "StringLike".to_owned();
    assert_eq!(refused(like), "ListOfTags");
    let mut bare = ok();
    bare.conditions.string_equals =
        vec![ConditionParameter { condition_key: "env".to_owned(), condition_value: "prod".to_owned() }];
    assert_eq!(refused(bare), "Conditions");
}

proptest! {
    /// The matcher agrees with the plain definition by recursion.
    #[test]
    fn the_matcher_is_right(pattern in "[ab*]{0,8}", text in "[ab]{0,8}") {
        fn plain(pattern: &[u8], text: &[u8]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some((b'*', rest)) => (0..=text.len()).any(|skip| plain(rest, &text[skip..])),
                Some((byte, rest)) => text.first() == Some(byte) && plain(rest, &text[1..]),
            }
        }
        prop_assert_eq!(matches(&pattern, &text), plain(pattern.as_bytes(), text.as_bytes()));
    }

    /// A decision always says why.
    #[test]
    fn every_decision_has_a_reason(key in "[a-c]", value in "[a-c]", opted_in: bool) {
        let decision = judge(&by_tag("a", "b"), PROJECTS, &[(&key, &value)], opted_in);
        prop_assert!(!decision.reasons.is_empty());
        prop_assert_eq!(decision.selected, key == "a" && value == "b" && opted_in);
    }
}
