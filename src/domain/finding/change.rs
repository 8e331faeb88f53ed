//! Of the backups of a resource: whether far more changed, or far less is there, than its own history lets expect, or what
//! is new in it does not compress though it always did. That is how it looks when somebody encrypts or deletes what is backed up.

use super::jobs::{Lane, lane};
use super::{Facts, Finding, FindingKind, Severity, Subject, name_of};
use crate::domain::extension::NewDataOfBackup;
use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::{Arn, Scope, Time, sizes};
use chrono::Duration;
use std::collections::{BTreeMap, HashMap};

/// A history has at least so many backups before the newest.
const LEAST: usize = 5;

/// It looks at so many of them, the newest.
const MOST: usize = 30;

/// So many times the median is unusual.
const TIMES: i64 = 10;

/// Where less than this moves, or is there, nothing is unusual.
const FLOOR: i64 = 1 << 20;

/// What is new compressed to this share at most, in percent, where it is unusual that it does not.
const COMPRESSIBLE: u64 = 70;

/// And it is so large a part of all there is: a film among texts is nothing unusual.
const PART: u64 = 20;

/// A backup that is older is not news any more.
const NEWS: Duration = Duration::days(7);

/// The newest backup of each resource and rule of which something is unusual. That those after it were as always makes it no
/// less so: what was encrypted at night lies there unchanged in the morning.
pub(super) fn unusual(facts: &Facts<'_>) -> Vec<Finding> {
    let mut lanes: HashMap<Lane<'_>, Vec<&BackupJob>> = HashMap::new();
    for job in facts.backup_jobs.iter().copied().filter(|job| is_whole(job)) {
        lanes.entry(lane(job)).or_default().push(job);
    }
    let points: Sizes<'_> =
        facts.recovery_points.iter().filter_map(|point| Some((&point.arn, point.size_bytes?))).collect();
    let mut found: BTreeMap<&JobId, Finding> =
        lanes.into_values().filter_map(|jobs| of_lane(jobs, facts, &points)).collect();
    for new_data in &facts.new_data {
        if let Some(why) = incompressible(new_data, facts.now) {
            match found.get_mut(&new_data.backup_job_id) {
                Some(finding) => finding.detail = format!("{}; {why}", finding.detail),
                None => drop(found.insert(&new_data.backup_job_id, of_new_data(new_data, why))),
            }
        }
    }
    let mut found: Vec<Finding> = found.into_values().collect();
    found.sort_by(|a, b| a.title.cmp(&b.title));
    found
}

/// Whether a job tells of a whole backup. What is nested is told of by itself, and not by its parent.
fn is_whole(job: &BackupJob) -> bool {
    job.state == JobState::Completed && !job.is_parent
}

/// A backup with how much there was for it, where that is known.
struct Backup<'a> {
    job: &'a BackupJob,
    size: Option<i64>,
}

fn of_lane<'a>(jobs: Vec<&'a BackupJob>, facts: &Facts<'_>, points: &Sizes<'_>) -> Option<(&'a JobId, Finding)> {
    let mut backups: Vec<_> = jobs.into_iter().map(|job| Backup { job, size: size(job, points) }).collect();
    backups.sort_unstable_by_key(|backup| std::cmp::Reverse(backup.job.created));
    let is_news = |nth: &usize| facts.now - backups[*nth].job.created <= NEWS;
    (0..backups.len().min(MOST)).take_while(is_news).find_map(|nth| {
        let (backup, before) = backups[nth..].split_first()?;
        Some((&backup.job.id, of_backup(backup, &before[..before.len().min(MOST)])?))
    })
}

fn of_backup(backup: &Backup<'_>, before: &[Backup<'_>]) -> Option<Finding> {
    if before.len() < LEAST {
        return None;
    }
    let detail =
        [moved(backup.job, before), shrank(backup, before)].into_iter().flatten().collect::<Vec<_>>().join("; ");
    if detail.is_empty() {
        return None;
    }
    let job = backup.job;
    let of = Of {
        scope: &job.scope,
        job: &job.id,
        resource: &job.resource_arn,
        name: job.resource_name.as_deref(),
        at: job.completed.unwrap_or(job.created),
    };
    Some(of.finding(detail))
}

/// What a finding is of.
struct Of<'a> {
    scope: &'a Scope,
    job: &'a JobId,
    resource: &'a Arn,
    name: Option<&'a str>,
    at: Time,
}

impl Of<'_> {
    fn finding(&self, detail: String) -> Finding {
        Finding {
            severity: Severity::Warning,
            kind: FindingKind::UnusualChange,
            scope: self.scope.clone(),
            subject: Subject::BackupJob(self.job.clone()),
            at: self.at,
            title: format!("Unusual change: {}", name_of(self.name, self.resource)),
            detail,
            identity: format!("backup {}", self.resource),
            occasion: None,
            recovered: false,
        }
    }
}

/// That what is new does not compress, where it did in enough backups before. What was always encrypted or packed never did.
fn incompressible(new: &NewDataOfBackup, now: Time) -> Option<String> {
    let is_part = new.size_bytes.is_none_or(|size| new.new_bytes >= size / PART);
    let usual = new.usual.filter(|usual| usual.backups >= LEAST as u64 && usual.percent <= COMPRESSIBLE)?;
    let is_news = now - new.completion_date <= NEWS;
    (is_news && is_part && new.is_incompressible()).then(|| {
        let (size, percent) = (sizes::bytes(new.new_bytes), new.percent().unwrap_or(100));
        format!(
            "{size} are new and compressed to {percent} %, where {} % are usual in {} backups before",
            usual.percent, usual.backups
        )
    })
}

fn of_new_data(new: &NewDataOfBackup, detail: String) -> Finding {
    let of = Of {
        scope: &new.scope,
        job: &new.backup_job_id,
        resource: &new.resource_arn,
        name: new.resource_name.as_deref(),
        at: new.completion_date,
    };
    of.finding(detail)
}

/// What a backup moved, where that is far more than usual. The first of a history moved everything, which its median forgives.
/// After nights without a backup one moves what all of them would have.
fn moved(job: &BackupJob, before: &[Backup<'_>]) -> Option<String> {
    let moved = job.bytes_transferred.filter(|moved| *moved >= FLOOR)?;
    let told: Vec<i64> = before.iter().filter_map(|backup| backup.job.bytes_transferred).collect();
    let count = told.len();
    let usual = sizes::median(told).filter(|usual| count >= LEAST && moved / TIMES >= *usual)?;
    (moved / TIMES / nights(job, before) >= usual)
        .then(|| format!("it moved {}, where {} are usual in {count} backups before", bytes(moved), bytes(usual)))
}

/// How many of the usual times between two backups lie between one and the one before it.
fn nights(job: &BackupJob, before: &[Backup<'_>]) -> i64 {
    let seconds = |later: &BackupJob, earlier: &BackupJob| (later.created - earlier.created).num_seconds();
    let usual = sizes::median(before.windows(2).map(|two| seconds(two[0].job, two[1].job)).collect());
    match (before.first(), usual) {
        (Some(last), Some(usual)) if usual > 0 => ((seconds(job, last.job) + usual / 2) / usual).max(1),
        _ => 1,
    }
}

/// The sizes of the recovery points that are known.
type Sizes<'a> = HashMap<&'a Arn, i64>;

/// How much there was for a backup: as its recovery point tells it, or the job itself, unless that tells only what it moved.
fn size(job: &BackupJob, points: &Sizes<'_>) -> Option<i64> {
    let of_point = job.recovery_point_arn.as_ref().and_then(|arn| points.get(arn).copied());
    of_point.or_else(|| job.size_bytes.filter(|size| job.bytes_transferred != Some(*size)))
}

/// What there is, where that is far less than usual.
fn shrank(backup: &Backup<'_>, before: &[Backup<'_>]) -> Option<String> {
    let size = backup.size?;
    let told: Vec<i64> = before.iter().filter_map(|backup| backup.size).collect();
    let count = told.len();
    let usual = sizes::median(told).filter(|usual| *usual >= FLOOR && count >= LEAST)?;
    (size < usual / 2).then(|| {
        let (size, usual) = (bytes(size), bytes(usual));
        format!("{size} are left of it, where {usual} are usual in {count} backups before")
    })
}

fn bytes(number: i64) -> String {
    sizes::bytes(number.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::super::fixture::{FILE_SYSTEM, at, by_rule, job, point, scope};
    use super::*;
    use crate::domain::KnownPoint;
    use crate::domain::extension::Usual;

    const NOW: &str = "2026-11-23T12:00:00Z";
    const GIB: u64 = 1 << 30;

    /// Tonight's backup of a terabyte's tenth: all of 12 GiB that were new stayed as large as they were, where texts are usual.
    fn encrypted() -> NewDataOfBackup {
        NewDataOfBackup {
            backup_job_id: "n6".parse().unwrap(),
            scope: scope(),
            resource_arn: FILE_SYSTEM.parse().unwrap(),
            resource_name: Some("projects".to_owned()),
            completion_date: at("2026-11-23T05:10:00Z"),
            new_bytes: 12 * GIB,
            compressed_bytes: 12 * GIB - GIB / 20,
            size_bytes: Some(100 * GIB),
            usual: Some(Usual { percent: 31, backups: 6 }),
        }
    }

    fn told(new_data: &NewDataOfBackup, jobs: &[BackupJob]) -> Vec<Finding> {
        let facts = Facts {
            now: at(NOW),
            since: at("2026-11-20T12:00:00Z"),
            backup_jobs: jobs.iter().collect(),
            new_data: vec![new_data],
            ..Facts::default()
        };
        findings(&facts).into_iter().filter(|found| found.kind == FindingKind::UnusualChange).collect()
    }

    #[test]
    fn new_data_that_does_not_compress_though_it_always_did_is_told_with_the_numbers() {
        let found = told(&encrypted(), &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "Unusual change: projects");
        assert_eq!(found[0].detail, "12 GiB are new and compressed to 99 %, where 31 % are usual in 6 backups before");
        assert_eq!(found[0].subject, Subject::BackupJob("n6".parse().unwrap()));
        assert_eq!(found[0].identity, format!("backup {FILE_SYSTEM}"));
    }

    #[test]
    fn each_condition_of_it_is_needed() {
        let without = |change: &dyn Fn(&mut NewDataOfBackup)| {
            let mut new_data = encrypted();
            change(&mut new_data);
            told(&new_data, &[]).len()
        };
        let usual = |percent, backups| Some(Usual { percent, backups });
        assert_eq!(without(&|new| new.usual = usual(70, 5)), 1);
        assert_eq!(without(&|new| new.usual = usual(71, 6)), 0, "it hardly ever compressed");
        assert_eq!(
            without(&|new| new.usual = usual(99, 30)),
            0,
            "it never compressed: films, or encrypted by its owner"
        );
        assert_eq!(without(&|new| new.usual = usual(31, 4)), 0, "four before it say little");
        assert_eq!(without(&|new| new.usual = None), 0, "nothing is known of those before");
        assert_eq!(without(&|new| new.compressed_bytes = new.new_bytes * 94 / 100), 0, "it does compress");
        assert_eq!(
            without(&|new| (new.new_bytes, new.compressed_bytes) = (FLOOR as u64 - 1, FLOOR as u64)),
            0,
            "little is new"
        );
        assert_eq!(without(&|new| new.size_bytes = Some(12 * 21 * GIB)), 0, "a film among texts");
        assert_eq!(without(&|new| new.size_bytes = None), 1, "its point is gone, and its figures are there still");
        assert_eq!(without(&|new| new.completion_date = at("2026-11-16T11:59:00Z")), 0, "a week ago");
    }

    /// A night's backup, the last of which is number 6, with what it moved in MiB.
    fn night(number: i64, moved: i64) -> BackupJob {
        let created = at("2026-11-17T05:00:00Z") + Duration::days(number);
        let mut job = by_rule(job(&format!("n{number}"), JobState::Completed, &created.to_rfc3339()), "nightly");
        job.bytes_transferred = Some(moved << 20);
        job
    }

    /// Which jobs are told of where there is one every night, up to tonight's.
    fn of_nights(nights: &[(i64, i64)]) -> Vec<Subject> {
        let jobs: Vec<BackupJob> = nights.iter().map(|(number, moved)| night(*number, *moved)).collect();
        let facts = Facts { now: at(NOW), backup_jobs: jobs.iter().collect(), ..Facts::default() };
        let found = findings(&facts).into_iter().filter(|found| found.kind == FindingKind::UnusualChange);
        found.map(|found| found.subject).collect()
    }

    #[test]
    fn it_is_told_for_a_week_whatever_the_backups_after_it_moved() {
        let moved = |number: i64| (number, if number == 2 { 400 } else { 20 });
        let of_last = |last: i64| of_nights(&(-8..=last).map(moved).collect::<Vec<_>>());
        assert_eq!(of_last(2), [Subject::BackupJob("n2".parse().unwrap())]);
        assert_eq!(of_last(6), [Subject::BackupJob("n2".parse().unwrap())]);
        let long_ago = |number: i64| (number, if number == -2 { 400 } else { 20 });
        assert!(of_nights(&(-9..=6).map(long_ago).collect::<Vec<_>>()).is_empty(), "it is no news any more");
    }

    #[test]
    fn the_first_backup_after_nights_without_one_may_move_what_these_would_have() {
        let with_gap = |gap: i64, moved: i64| {
            let before = (-9..6 - gap).map(|number| (number, 20));
            of_nights(&before.chain([(6, moved)]).collect::<Vec<_>>()).len()
        };
        assert_eq!(with_gap(0, 200), 1, "ten times in one night");
        assert_eq!(with_gap(2, 590), 0, "of three nights");
        assert_eq!(with_gap(2, 600), 1, "ten times in three nights");
    }

    #[test]
    fn what_is_unusual_in_two_ways_is_told_once_with_both() {
        let jobs: Vec<BackupJob> = (0..7).map(|number| night(number, if number == 6 { 12_288 } else { 20 })).collect();
        let found = told(&encrypted(), &jobs);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].detail,
            "it moved 12 GiB, where 20 MiB are usual in 6 backups before; 12 GiB are new and compressed to 99 %, where 31 % are usual in 6 backups before"
        );
    }

    #[test]
    fn what_is_there_is_what_the_recovery_points_hold_where_jobs_tell_what_they_moved() {
        let night = |number: i64, moved: i64| {
            let created = at("2026-11-17T05:00:00Z") + Duration::days(number);
            let mut job = by_rule(job(&format!("n{number}"), JobState::Completed, &created.to_rfc3339()), "nightly");
            // As of a file system: what its job is told to be large is what was moved.
            (job.bytes_transferred, job.size_bytes) = (Some(moved << 20), Some(moved << 20));
            job.recovery_point_arn = Some(Arn::recovery_point(&scope(), &format!("p{number}")));
            job
        };
        let jobs: Vec<BackupJob> = (0..7).map(|number| night(number, if number == 6 { 20 } else { 100 })).collect();
        let found = |last: Option<i64>| {
            let size = |number: usize| if number == 6 { last } else { Some(1000 << 20) };
            let point = |(number, job): (usize, &BackupJob)| KnownPoint {
                size_bytes: size(number),
                ..point(job.recovery_point_arn.clone().unwrap())
            };
            let points: Vec<KnownPoint> = jobs.iter().enumerate().map(point).collect();
            let facts = Facts {
                now: at(NOW),
                since: at("2026-11-20T12:00:00Z"),
                backup_jobs: jobs.iter().collect(),
                recovery_points: points.iter().collect(),
                ..Facts::default()
            };
            let found = findings(&facts).into_iter().filter(|found| found.kind == FindingKind::UnusualChange);
            found.map(|found| found.detail).collect::<Vec<_>>()
        };
        assert!(found(Some(1000 << 20)).is_empty(), "less was moved, and all is there");
        assert!(found(None).is_empty(), "nobody knows how much is there");
        assert_eq!(found(Some(300 << 20)), ["300 MiB are left of it, where 1.0 GiB are usual in 6 backups before"]);
    }
}
