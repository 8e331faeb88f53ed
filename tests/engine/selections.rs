//! Selections.

use crate::harness::{Harness, MEMBER, management, member, plan, selection, walk, whole};
use vaultdeck::domain::extension::AddRole;
use vaultdeck::domain::selection::SelectionDocument;
use vaultdeck::domain::{PlanId, Tags};
use vaultdeck::engine::{Error, ErrorKind};

struct WithPlan {
    harness: Harness,
    plan: PlanId,
}

fn with_plan() -> WithPlan {
    let harness = Harness::with_member();
    let plan = harness.engine.create_plan(&management(), plan("nightly", &["daily"]), Tags::new(), None).unwrap().id;
    WithPlan { harness, plan }
}

impl WithPlan {
    fn refused(&self, change: impl Fn(&mut SelectionDocument)) -> Error {
        let mut document = selection("all");
        change(&mut document);
        self.harness.engine.create_selection(&management(), &self.plan, document, None).unwrap_err()
    }
}

#[test]
fn a_selection_is_told_as_it_was_given() {
    let WithPlan { harness, plan } = with_plan();
    let made = harness.engine.create_selection(&management(), &plan, selection("all"), None).unwrap();
    assert_eq!(made.document, selection("all"));
    assert_eq!(harness.engine.get_selection(&management(), &plan, &made.id).unwrap(), made);
    assert_eq!(
        harness.engine.list_selections(&management(), &plan, &whole()).unwrap().items,
        std::slice::from_ref(&made)
    );
    harness.engine.delete_selection(&management(), &plan, &made.id).unwrap();
    let gone = harness.engine.get_selection(&management(), &plan, &made.id).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::ResourceNotFound);
}

#[test]
fn a_role_must_be_assumable_by_aws_backup_in_the_callers_account() {
    let setting = with_plan();
    let other = "arn:aws:iam::123456789012:role/Other";
    for role in [
        other.to_owned(),
        format!("arn:aws:iam::{MEMBER}:role/service-role/AWSBackupDefaultServiceRole"),
        format!("arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"),
    ] {
        let error = setting.refused(|document| document.iam_role_arn.clone_from(&role));
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        assert_eq!(error.to_string(), format!("IAM Role {role} cannot be assumed by AWS Backup"));
    }
    setting.harness.engine.add_role(AddRole { role_arn: other.to_owned() }).unwrap();
    let document = SelectionDocument { iam_role_arn: other.to_owned(), ..selection("all") };
    setting.harness.engine.create_selection(&management(), &setting.plan, document, None).unwrap();
}

#[test]
fn an_empty_or_foreign_selection_is_refused_in_the_words_of_aws() {
    let setting = with_plan();
    let empty = setting.refused(|document| document.list_of_tags.clear());
    assert_eq!(
        empty.to_string(),
        "Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty."
    );
    let foreign = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1";
    let elsewhere = setting.refused(|document| document.resources.push(foreign.to_owned())).to_string();
    assert!(elsewhere.contains(foreign) && elsewhere.contains("Expected region is us-east-1"), "{elsewhere}");
    let snapshot = "arn:aws:ec2:us-east-1::snapshot/snap-1";
    let unsupported = setting.refused(|document| document.resources.push(snapshot.to_owned())).to_string();
    assert!(unsupported.contains("Unsupported resource type") && unsupported.contains(snapshot), "{unsupported}");
}

#[test]
fn a_plan_that_is_not_there_or_not_the_callers_is_a_bad_parameter() {
    let WithPlan { harness, plan } = with_plan();
    let engine = &harness.engine;
    let unknown: PlanId = "none".parse().unwrap();
    let errors = [
        engine.create_selection(&management(), &unknown, selection("all"), None).unwrap_err(),
        engine.list_selections(&member(), &plan, &whole()).unwrap_err(),
        engine.get_selection(&member(), &plan, &"x".parse().unwrap()).unwrap_err(),
        engine.delete_selection(&member(), &plan, &"x".parse().unwrap()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        assert!(error.to_string().starts_with("Cannot find Backup plan"), "{error}");
    }
}

#[test]
fn a_name_is_taken_once_unless_the_token_is_the_same() {
    let WithPlan { harness, plan } = with_plan();
    let create = |token: Option<&str>| {
        harness.engine.create_selection(&management(), &plan, selection("all"), token.map(str::to_owned))
    };
    let first = create(Some("a")).unwrap();
    assert_eq!(create(Some("a")).unwrap(), first);
    assert!(matches!(create(None).unwrap_err().kind(), ErrorKind::AlreadyExists { .. }));
}

#[test]
fn a_plan_has_at_most_a_hundred_selections() {
    let WithPlan { harness, plan } = with_plan();
    let create = |name: &str| {
        let mut by_name = selection(name);
        by_name.list_of_tags.clear();
        by_name.resources = vec!["arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/*".to_owned()];
        harness.engine.create_selection(&management(), &plan, by_name, None)
    };
    create("first").unwrap();
    // With the first there are 99.
    let connection = rusqlite::Connection::open(harness.folder.path().join("data/catalog.sqlite")).unwrap();
    for number in 0..98 {
        connection
            .execute(
                "INSERT INTO selections (id, plan_id, name, document, created)
                 SELECT ?1, plan_id, ?1, document, created FROM selections WHERE name = 'first'",
                [format!("s{number}")],
            )
            .unwrap();
    }
    create("last").unwrap();
    assert_eq!(create("one-too-many").unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn a_plan_has_at_most_ten_selections_by_tag_and_all_are_listed() {
    let WithPlan { harness, plan } = with_plan();
    let create = |name: &str| harness.engine.create_selection(&management(), &plan, selection(name), None);
    let mut made: Vec<_> = (0..10).map(|number| create(&format!("s{number}")).unwrap().id).collect();
    assert_eq!(create("one-too-many").unwrap_err().kind(), ErrorKind::LimitExceeded);
    let listed = walk(3, |page| harness.engine.list_selections(&management(), &plan, page));
    let mut listed: Vec<_> = listed.into_iter().map(|selection| selection.id).collect();
    made.sort();
    listed.sort();
    assert_eq!(listed, made);
}
