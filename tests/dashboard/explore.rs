//! What changed between two recovery points, and where a file is in all of them.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::client::Query;
use vaultdeck::domain::extension::{ChangedItem, FoundItem, ItemChange, PointMatches};

fn change(path: &str, change: ItemChange) -> ChangedItem {
    ChangedItem {
        path: path.to_owned(),
        change,
        kind: "file".to_owned(),
        size_before: (change != ItemChange::Added).then_some(5 << 20),
        size_after: (change != ItemChange::Removed).then_some(7 << 20),
        modified_before: None,
        modified_after: None,
    }
}

/// A dashboard on an engine that tells of changes and places.
fn driver(size: (u16, u16)) -> Driver {
    let mut fixture = fixture::organization();
    let newest = fixture.points[0].clone();
    let mut older = newest.clone();
    older.arn = format!("{}0", newest.arn).parse().unwrap();
    older.created = newest.created - chrono::Duration::days(1);
    fixture.changes = vec![
        change("/conf/new.toml", ItemChange::Added),
        change("/data/ledger.db", ItemChange::Changed),
        change("/report.txt", ItemChange::Removed),
    ];
    let item = |size| FoundItem { path: "/report.txt".to_owned(), kind: "file".to_owned(), size, modified: None };
    let matches = |point: &vaultdeck::domain::KnownPoint, size| PointMatches {
        recovery_point_arn: point.arn.clone(),
        resource_arn: point.resource_arn.clone(),
        resource_name: point.resource_name.clone(),
        backup_vault_name: point.vault_name.clone(),
        creation_date: point.created,
        items: vec![item(size)],
    };
    fixture.found = vec![matches(&newest, 5 << 20), matches(&older, 3 << 20)];
    fixture.points.insert(1, older);
    Driver::start(Start { size, fixture, ..Start::default() })
}

#[test]
fn what_changed_is_one_key_from_a_point_and_what_was_removed_is_restored_from_the_older_one() {
    for size in [(80, 24), (160, 45)] {
        let mut driver = driver(size);
        driver
            .press("2 /")
            .write("prod-vault")
            .press("enter enter c")
            .sees("1 added, 1 removed, 1 changed")
            .sees("/data/ledger.db")
            .sees("- removed");
        driver.press("/").write("removed").press("enter a").sees("Restore");
        driver.press("esc y").sees("copied /report.txt");
    }
}

#[test]
fn a_name_is_found_in_all_points_of_what_is_selected_and_opens_the_newest_that_holds_it() {
    let mut driver = driver((120, 40));
    driver.press("2 /").write("prod-vault").press("enter enter w").sees("Find in all recovery points of");
    driver.press("ctrl-s").sees("must have 1 to");
    driver.write("report.*").press("ctrl-s").sees("report.* in all recovery points").sees("5.0 MiB").sees("3.0 MiB");
    let asked = driver.wants().into_iter().any(|key| matches!(key.query, Query::Find { is_regex: false, .. }));
    assert!(asked);
    driver.press("a").sees("Restore").press("esc enter").sees("Files / ");
}

#[test]
fn without_a_point_or_on_aws_it_says_what_is_missing() {
    Driver::usual().press("3 c").sees("select a recovery point first");
    Driver::usual().press("3 w").sees("select a resource, a vault or a recovery point first");
    let mut oldest = driver((120, 40));
    oldest.fixture().points.truncate(1);
    oldest.answer_again();
    oldest.press("2 /").write("prod-vault").press("enter enter c").sees("no older recovery point");
}

/// Which two points are compared now: the newer, and the older.
fn compared(driver: &mut Driver) -> Option<(String, String)> {
    driver.wants().into_iter().find_map(|key| match key.query {
        Query::Changes { recovery_point, since } => Some((recovery_point.to_string(), since.to_string())),
        _ => None,
    })
}

#[test]
fn two_marked_points_of_one_resource_are_compared_the_older_first_whichever_was_marked_first() {
    for marking in ["G space g space", "g space G space"] {
        let mut driver = driver((120, 40));
        let of_projects = |driver: &mut Driver| {
            let points =
                driver.fixture().points.iter().filter(|point| point.resource_name.as_deref() == Some("projects"));
            points.map(|point| (point.created, point.arn.to_string())).collect::<Vec<_>>()
        };
        let points = of_projects(&mut driver);
        driver.press("2 /").write("prod-vault").press("enter enter /").write("projects").press("enter").press(marking);
        driver.sees("2 marked").press("c").sees("1 added, 1 removed, 1 changed");
        let (newest, oldest) = (points.iter().max().unwrap(), points.iter().min().unwrap());
        assert_eq!(compared(&mut driver), Some((newest.1.clone(), oldest.1.clone())));
    }
}

#[test]
fn points_in_two_vaults_are_compared_too() {
    let mut driver = driver((120, 40));
    let moved = &mut driver.fixture().points[1];
    moved.vault_name = "Default".to_owned();
    moved.vault_arn = vaultdeck::domain::Arn::vault(&moved.scope, &"Default".parse().unwrap());
    let (newer, older) = (driver.fixture().points[0].arn.to_string(), driver.fixture().points[1].arn.to_string());
    driver.press("6 /").write("projects").press("enter enter").sees("prod-vault").sees("Default");
    driver
        .press("/")
        .write("vault:Default")
        .press("enter g space esc /")
        .write("vault:prod-vault")
        .press("enter g space c");
    assert_eq!(compared(&mut driver), Some((newer, older)));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let mut driver = driver((120, 40));
    driver.press("2 /").write("prod-vault").press("enter enter *").press("c");
    driver.sees("mark two recovery points to compare: 13 rows are marked");
    driver.press("* / m a i l enter g space esc / p r o j e c t s enter g space").press("c");
    driver.sees("only points of one resource are compared");
    let mut aws = Driver::start(Start { capabilities: fixture::aws(), ..Start::default() });
    aws.press("2 /").write("prod-vault").press("enter enter space space c");
    assert_eq!(compared(&mut aws), None);
}
