//! What is different between two recovery points, and where something is in all of them: read by pages, for whoever may.

use crate::bench::Bench;
use crate::harness::caller;
use chrono::Duration;
use std::fs;
use vaultdeck::domain::Arn;
use vaultdeck::domain::extension::{ChangedItem, ItemChange};
use vaultdeck::domain::pattern::Pattern;
use vaultdeck::engine::PageRequest;
use vaultdeck::engine::points::explore::Where;

struct Scene {
    bench: Bench,
    resource: Arn,
    /// The oldest first.
    points: Vec<Arn>,
}

/// Three backups: a report that is written, written again, and deleted.
fn scene() -> Scene {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let mut points = Vec::new();
    for text in [Some("first"), Some("the second"), None] {
        let report = bench.path("projects/docs/report.txt");
        match text {
            Some(text) => fs::write(report, text).unwrap(),
            None => fs::remove_file(report).unwrap(),
        }
        points.push(bench.backup(&resource).recovery_point_arn.unwrap());
        bench.advance(Duration::minutes(1));
    }
    Scene { bench, resource, points }
}

/// All pages of the changes, each with so many.
fn changes(scene: &Scene, newer: usize, older: usize, size: i64) -> Vec<ChangedItem> {
    let (mut all, mut next_token) = (Vec::new(), None);
    loop {
        let page = PageRequest { max_results: Some(size), next_token };
        let (newer, older) = (&scene.points[newer], &scene.points[older]);
        let told = scene.bench.engine().recovery_point_changes(&scene.bench.caller, newer, older, &page).unwrap();
        assert!(told.changes.len() <= size as usize);
        all.extend(told.changes);
        next_token = told.next_token;
        if next_token.is_none() {
            return all;
        }
    }
}

fn told(changes: &[ChangedItem]) -> Vec<(&str, ItemChange, Option<u64>, Option<u64>)> {
    changes.iter().map(|item| (item.path.as_str(), item.change, item.size_before, item.size_after)).collect()
}

#[test]
fn what_changed_is_told_page_by_page_in_both_directions() {
    let scene = scene();
    let changed = [("/docs/report.txt", ItemChange::Changed, Some(5), Some(10))];
    assert_eq!(told(&changes(&scene, 1, 0, 1000)), changed);
    assert_eq!(told(&changes(&scene, 2, 1, 1)), [("/docs/report.txt", ItemChange::Removed, Some(10), None)]);
    assert_eq!(told(&changes(&scene, 0, 2, 1)), [("/docs/report.txt", ItemChange::Added, None, Some(5))]);
    assert_eq!(changes(&scene, 1, 1, 1), []);
}

#[test]
fn a_point_of_another_resource_a_stranger_and_a_foreign_token_are_refused() {
    let scene = scene();
    let (engine, page) = (scene.bench.engine(), PageRequest::default());
    let other = scene.bench.resource("other", &[]);
    let other = scene.bench.backup(&other).recovery_point_arn.unwrap();
    let refused = engine.recovery_point_changes(&scene.bench.caller, &scene.points[0], &other, &page).unwrap_err();
    assert!(refused.to_string().contains("since"), "{refused}");
    let stranger = caller("999999999999", "us-east-1");
    assert!(engine.recovery_point_changes(&stranger, &scene.points[1], &scene.points[0], &page).is_err());
    let token = |text: &str| PageRequest { max_results: Some(1), next_token: Some(text.to_owned()) };
    assert!(
        engine.recovery_point_changes(&scene.bench.caller, &scene.points[1], &scene.points[0], &token("x")).is_err()
    );
    let place = Where::Resource(scene.resource.clone());
    let found = engine.find_items(&stranger, &place, &Pattern::glob("*").unwrap(), &page).unwrap();
    assert_eq!(found.recovery_points, [], "its account has none of these points");
}

/// What is found, point by point, the newest first: the number of the point and the paths.
fn found(scene: &Scene, place: &Where, name: &str, size: i64) -> Vec<(usize, Vec<String>)> {
    let pattern = Pattern::glob(name).unwrap();
    let (mut all, mut next_token): (Vec<(usize, Vec<String>)>, _) = (Vec::new(), None);
    loop {
        let page = PageRequest { max_results: Some(size), next_token };
        let told = scene.bench.engine().find_items(&scene.bench.caller, place, &pattern, &page).unwrap();
        for point in told.recovery_points {
            let number = scene.points.iter().position(|arn| *arn == point.recovery_point_arn).unwrap();
            let paths = point.items.into_iter().map(|item| item.path);
            match all.last_mut().filter(|(last, _)| *last == number) {
                Some((_, known)) => known.extend(paths),
                None => all.push((number, paths.collect())),
            }
        }
        next_token = told.next_token;
        if next_token.is_none() {
            return all;
        }
    }
}

#[test]
fn a_deleted_file_is_found_in_the_points_that_hold_it() {
    let scene = scene();
    let report = || vec!["/docs/report.txt".to_owned()];
    let vault = scene.bench.points()[0].vault_name.parse().unwrap();
    for place in [Where::Resource(scene.resource.clone()), Where::Vault(vault)] {
        for size in [1, 1000] {
            assert_eq!(found(&scene, &place, "report.*", size), [(1, report()), (0, report())], "{place:?}, {size}");
            assert_eq!(
                found(&scene, &place, "docs/rep*.txt", size),
                [(1, report()), (0, report())],
                "{place:?}, {size}"
            );
        }
        assert_eq!(found(&scene, &place, "nothing-of-this-name", 1000), []);
    }
}

#[test]
fn pages_of_one_item_tell_the_same_as_one_page() {
    let scene = scene();
    let place = Where::Resource(scene.resource.clone());
    let whole = found(&scene, &place, "*", 1000);
    assert!(whole.iter().map(|(_, paths)| paths.len()).sum::<usize>() > 6, "{whole:?}");
    for size in [1, 2, 3] {
        assert_eq!(found(&scene, &place, "*", size), whole, "{size}");
    }
}

#[test]
fn a_point_that_cannot_be_read_is_told_and_hides_none_before_it() {
    let scene = scene();
    let snapshots = crate::checks::files(&scene.bench, "snapshots");
    assert_eq!(snapshots.len(), 3);
    for path in &snapshots {
        let kept = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let place = Where::Resource(scene.resource.clone());
        let (engine, pattern) = (scene.bench.engine(), Pattern::glob("notes*").unwrap());
        let told = engine.find_items(&scene.bench.caller, &place, &pattern, &PageRequest::default()).unwrap();
        assert_eq!(told.unread.len(), 1, "{told:?}");
        fs::write(path, kept).unwrap();
    }
}

#[test]
fn what_is_in_a_volume_is_neither_compared_nor_searched_and_it_says_so() {
    let bench = Bench::simulated();
    let image = bench.path("disk.img");
    let mut points = Vec::new();
    let volume = {
        fs::write(&image, vec![1_u8; 1 << 20]).unwrap();
        bench.register_as("EBS", "disk", &image, &[])
    };
    for fill in [1_u8, 2] {
        fs::write(&image, vec![fill; 1 << 20]).unwrap();
        points.push(bench.backup(&volume).recovery_point_arn.unwrap());
        bench.advance(Duration::minutes(1));
    }
    let (engine, page) = (bench.engine(), PageRequest::default());
    let refused = engine.recovery_point_changes(&bench.caller, &points[1], &points[0], &page).unwrap_err();
    assert!(refused.to_string().contains("neither compared nor searched"), "{refused}");
    let place = Where::Resource(volume);
    let told = engine.find_items(&bench.caller, &place, &Pattern::glob("*").unwrap(), &page).unwrap();
    assert_eq!((told.recovery_points.len(), told.unread.len()), (0, 2));
    assert!(told.unread[0].reason.contains("neither compared nor searched"), "{told:?}");
}
