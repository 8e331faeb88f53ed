//! The quotas that are too large to be filled by calls: most of what fills them is written into the catalog.

use crate::bench::Bench;
use crate::guards::is_over_quota;
use crate::harness::{Harness, management};
use crate::keys::new_key;
use rusqlite::params;
use vaultdeck::domain::ParentId;
use vaultdeck::domain::backup_policy::PolicyType;
use vaultdeck::engine::sharing::NewShare;
use vaultdeck::engine::{Error, NewPolicy};

fn fill(harness: &Harness, count: i64, insert: &str) {
    let connection = crate::guards::beside(harness);
    let tx = connection.unchecked_transaction().unwrap();
    for number in 0..count {
        tx.execute(insert, params![format!("n{number}")]).unwrap();
    }
    tx.commit().unwrap();
}

#[test]
fn a_key_has_at_most_50_aliases() {
    let bench = Bench::simulated();
    let key = new_key(&bench);
    let name = |number: u32| {
        let alias = format!("alias/a{number}").parse().unwrap();
        bench.engine().create_alias(&bench.caller, &alias, &key.id)
    };
    (0..50).for_each(|number| name(number).unwrap());
    is_over_quota(name(50), 50);
}

#[test]
fn an_account_has_at_most_5000_resource_shares_in_a_region() {
    let harness = Harness::new();
    let insert = "INSERT INTO resource_shares (arn, account, region, name, created, updated)
         VALUES ('arn:aws:ram:us-east-1:123456789012:resource-share/' || ?1, '123456789012', 'us-east-1', ?1, 0, 0)";
    fill(&harness, 4999, insert);
    let create = |name: &str| {
        let new = NewShare { name: name.to_owned(), vaults: Vec::new(), principals: Vec::new(), client_token: None };
        harness.engine.create_resource_share(&management(), &new)
    };
    create("last").unwrap();
    is_over_quota(create("one-too-many"), 5000);
}

/// That an organization's quota is named.
fn is_refused<T>(result: Result<T, Error>, number: &str) {
    let error = result.err().expect("it was taken").to_string();
    assert!(error.contains(number), "{error}");
}

#[test]
fn an_organization_has_at_most_2000_units() {
    let harness = Harness::new();
    fill(
        &harness,
        1999,
        "INSERT INTO organizational_units (id, name, created) VALUES ('ou-ab12-' || ?1 || '0000000', ?1, 0)",
    );
    let root = ParentId::Root(harness.engine.tree().unwrap().root);
    let create = |name: &str| harness.engine.create_unit((&management()).into(), &root, name);
    create("last").unwrap();
    is_refused(create("one-too-many"), "2000");
}

#[test]
fn an_organization_has_at_most_1000_backup_policies() {
    let harness = Harness::new();
    let insert = "INSERT INTO organization_policies (id, name, description, content, created)
         VALUES ('p-' || ?1, ?1, '', '{}', 0)";
    fill(&harness, 999, insert);
    let create = |name: &str| {
        let new = NewPolicy {
            kind: PolicyType::Backup,
            name: name.to_owned(),
            description: String::new(),
            content: r#"{"plans": {}}"#.to_owned(),
        };
        harness.engine.create_policy((&management()).into(), new)
    };
    create("last").unwrap();
    is_refused(create("one-too-many"), "1000");
}
