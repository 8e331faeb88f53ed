//! The versions of what was found in many recovery points.

use crate::domain::extension::{FoundItem, PointMatches};
use crate::domain::{Arn, Time};
use serde::Serialize;
use std::collections::BTreeMap;

/// One version of an item: what has the same resource, path, kind, size and time of change is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Version {
    /// The resource, from whose root the path is.
    pub resource_arn: Arn,
    /// What that is called, where it is known.
    pub resource_name: Option<String>,
    /// The item.
    #[serde(flatten)]
    pub item: FoundItem,
    /// How many recovery points hold it.
    pub recovery_points: usize,
    /// When the oldest of these was made.
    pub oldest_creation_date: Time,
    /// When the newest of these was made.
    pub newest_creation_date: Time,
    /// The newest of these.
    pub newest_recovery_point_arn: Arn,
    /// The vault of that one.
    pub newest_backup_vault_name: String,
}

/// The versions, by path, the one that was seen last first.
pub fn versions(points: &[PointMatches]) -> Vec<Version> {
    let mut known: BTreeMap<(&Arn, &str, &str, u64, Option<Time>), Version> = BTreeMap::new();
    for point in points {
        for item in &point.items {
            let new = || Version {
                resource_arn: point.resource_arn.clone(),
                resource_name: point.resource_name.clone(),
                item: item.clone(),
                recovery_points: 0,
                oldest_creation_date: point.creation_date,
                newest_creation_date: point.creation_date,
                newest_recovery_point_arn: point.recovery_point_arn.clone(),
                newest_backup_vault_name: point.backup_vault_name.clone(),
            };
            let version = known
                .entry((&point.resource_arn, &item.path, &item.kind, item.size, item.modified))
                .or_insert_with(new);
            version.recovery_points += 1;
            version.oldest_creation_date = version.oldest_creation_date.min(point.creation_date);
            if point.creation_date > version.newest_creation_date {
                version.newest_creation_date = point.creation_date;
                version.newest_recovery_point_arn = point.recovery_point_arn.clone();
                version.newest_backup_vault_name.clone_from(&point.backup_vault_name);
            }
        }
    }
    let mut versions: Vec<Version> = known.into_values().collect();
    let place = |version: &Version| (version.item.path.clone(), version.resource_arn.clone());
    versions.sort_by_cached_key(|version| (place(version), std::cmp::Reverse(version.newest_creation_date)));
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(number: u8, items: &[(&str, u64)]) -> PointMatches {
        let item = |(path, size): &(&str, u64)| FoundItem {
            path: (*path).to_owned(),
            kind: "file".to_owned(),
            size: *size,
            modified: None,
        };
        PointMatches {
            recovery_point_arn: format!("arn:aws:backup:us-east-1:123456789012:recovery-point:{number}")
                .parse()
                .unwrap(),
            resource_arn: "arn:aws:s3:::data".parse().unwrap(),
            resource_name: None,
            backup_vault_name: "Default".to_owned(),
            creation_date: format!("2026-11-{number:02}T05:00:00Z").parse().unwrap(),
            items: items.iter().map(item).collect(),
        }
    }

    #[test]
    fn what_is_the_same_in_several_points_is_one_version_with_the_first_and_last_that_hold_it() {
        let points = [point(4, &[("/a", 2)]), point(3, &[("/a", 1), ("/b", 7)]), point(2, &[("/a", 1)])];
        let told = versions(&points);
        let told: Vec<_> = told
            .iter()
            .map(|version| {
                let day = |at: Time| at.format("%d").to_string();
                (
                    version.item.path.as_str(),
                    version.item.size,
                    version.recovery_points,
                    day(version.oldest_creation_date),
                    day(version.newest_creation_date),
                )
            })
            .collect();
        let day = |text: &str| text.to_owned();
        assert_eq!(
            told,
            [
                ("/a", 2, 1, day("04"), day("04")),
                ("/a", 1, 2, day("02"), day("03")),
                ("/b", 7, 1, day("03"), day("03"))
            ]
        );
    }

    #[test]
    fn the_same_path_of_two_resources_is_two_things() {
        let mut other = point(3, &[("/a", 1)]);
        other.resource_arn = "arn:aws:s3:::other".parse().unwrap();
        let told = versions(&[point(4, &[("/a", 1)]), other]);
        assert_eq!(told.iter().map(|version| version.recovery_points).collect::<Vec<_>>(), [1, 1]);
    }
}
