//! Tags, and what the tagging API finds.

use crate::harness::{Harness, management, member, plan, tags_of, walk, whole};
use vaultdeck::domain::Arn;
use vaultdeck::engine::{ErrorKind, NewVault, PageRequest, TagFilter, TagQuery};

fn found(harness: &Harness, query: &TagQuery) -> Vec<Arn> {
    let all = walk(2, |page| harness.engine.tagged_resources(&management(), query, page));
    all.into_iter().map(|(arn, _)| arn).collect()
}

fn filter(key: &str, values: &[&str]) -> TagFilter {
    TagFilter { key: key.to_owned(), values: values.iter().map(|value| (*value).to_owned()).collect() }
}

#[test]
fn vaults_plans_and_resources_are_tagged_and_untagged() {
    let harness = Harness::new();
    let vault = harness.vault("nightly");
    let resource = harness.resource("projects", &[]);
    let made = harness.engine.create_plan(&management(), plan("p", &["r"]), tags_of(&[("x", "1")]), None).unwrap();
    for arn in [vault, resource, made.arn] {
        let tags = || harness.engine.list_tags(&management(), &arn, &whole()).unwrap().items;
        harness.engine.tag_resource(&management(), &arn, tags_of(&[("x", "2"), ("a", "é ü")])).unwrap();
        assert_eq!(tags(), [("a".to_owned(), "é ü".to_owned()), ("x".to_owned(), "2".to_owned())], "{arn}");
        let keys = ["x".to_owned(), "not there".to_owned()];
        harness.engine.untag_resource(&management(), &arn, &keys).unwrap();
        assert_eq!(tags(), [("a".to_owned(), "é ü".to_owned())]);
    }
}

#[test]
fn tags_are_listed_in_pages() {
    let harness = Harness::new();
    let names: Vec<String> = (10..45).map(|number| format!("k{number}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let arn = harness.resource("projects", &pairs);
    let listed = walk(4, |page| harness.engine.list_tags(&management(), &arn, page));
    assert_eq!(listed.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), names);
}

#[test]
fn a_fifty_first_tag_is_refused_and_nothing_is_changed() {
    let harness = Harness::new();
    let arn = harness.vault("nightly");
    let many = |range: std::ops::Range<u32>| range.map(|number| (format!("k{number}"), String::new())).collect();
    harness.engine.tag_resource(&management(), &arn, many(0..50)).unwrap();
    let error = harness.engine.tag_resource(&management(), &arn, many(50..51)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(harness.engine.list_tags(&management(), &arn, &whole()).unwrap().items.len(), 50);
}

#[test]
fn what_is_not_there_or_anothers_is_not_found() {
    let harness = Harness::with_member();
    let arn = harness.vault("mine");
    let missing: Arn = "arn:aws:backup:us-east-1:123456789012:backup-vault:none".parse().unwrap();
    let engine = &harness.engine;
    for error in [
        engine.list_tags(&member(), &arn, &whole()).unwrap_err(),
        engine.tag_resource(&member(), &arn, tags_of(&[("a", "b")])).unwrap_err(),
        engine.untag_resource(&member(), &arn, &["a".to_owned()]).unwrap_err(),
        engine.list_tags(&management(), &missing, &whole()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::ResourceNotFound);
    }
}

#[test]
fn the_tagging_api_finds_by_type_tag_and_arn() {
    let harness = Harness::new();
    let prod = harness.resource("prod", &[("env", "prod"), ("team", "a")]);
    let test = harness.resource("test", &[("env", "test")]);
    let bare = harness.resource("bare", &[]);
    let tagged = NewVault { tags: tags_of(&[("env", "prod")]), ..NewVault::default() };
    let vault = harness.engine.create_vault(&management(), &"tagged".parse().unwrap(), tagged).unwrap().arn;

    let mut all = vec![prod.clone(), test.clone(), bare.clone(), vault.clone()];
    all.sort();
    assert_eq!(found(&harness, &TagQuery::default()), all);
    let by_type = |kind: &str| TagQuery { resource_types: vec![kind.to_owned()], ..TagQuery::default() };
    assert_eq!(found(&harness, &by_type("backup")), std::slice::from_ref(&vault));
    assert_eq!(found(&harness, &by_type("backup:backup-vault")), std::slice::from_ref(&vault));
    assert_eq!(found(&harness, &by_type("elasticfilesystem:file-system")).len(), 3);
    assert!(found(&harness, &by_type("elasticfilesystem:file")).is_empty());
    let by_tags = |filters: Vec<TagFilter>| TagQuery { filters, ..TagQuery::default() };
    assert_eq!(
        found(&harness, &by_tags(vec![filter("env", &["prod"]), filter("team", &[])])),
        std::slice::from_ref(&prod)
    );
    let mut both = vec![prod.clone(), test.clone(), vault];
    both.sort();
    assert_eq!(found(&harness, &by_tags(vec![filter("env", &["prod", "test"])])), both);
    let by_arn = TagQuery { resource_arns: vec![bare.to_string()], ..TagQuery::default() };
    assert_eq!(found(&harness, &by_arn), [bare]);
}

#[test]
fn the_tagging_api_tells_the_tags_and_refuses_odd_types() {
    let harness = Harness::with_member();
    harness.resource("prod", &[("env", "prod")]);
    let page = PageRequest::default();
    let items = harness.engine.tagged_resources(&management(), &TagQuery::default(), &page).unwrap().items;
    assert_eq!(items[0].1, tags_of(&[("env", "prod")]));
    assert!(harness.engine.tagged_resources(&member(), &TagQuery::default(), &page).unwrap().items.is_empty());
    for odd in ["*", "a:b:c", "", "a:*"] {
        let query = TagQuery { resource_types: vec![odd.to_owned()], ..TagQuery::default() };
        let error = harness.engine.tagged_resources(&management(), &query, &page).unwrap_err();
        assert!(error.to_string().starts_with("Invalid ResourceTypeFilters"), "{error}");
    }
}
