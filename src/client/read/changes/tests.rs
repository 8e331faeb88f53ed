use super::*;
use crate::client::pace::Bucket;
use crate::client::{Key, Query};
use aws_sdk_backup::types as sdk;
use std::ops::Range;

const MINUTE: i64 = 60;

fn job(id: &str, created_minute: i64, state: &str) -> Arc<BackupJob> {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let at = |minute: i64| aws_smithy_types::DateTime::from_secs(1_800_000_000 + minute * MINUTE);
    let told = sdk::BackupJob::builder()
        .backup_job_id(id)
        .creation_date(at(created_minute))
        .set_completion_date((state == "COMPLETED").then(|| at(created_minute + 1)))
        .state(sdk::BackupJobState::from(state))
        .build();
    Arc::new(map::backup_job(&scope, &told).unwrap())
}

fn ids(rows: &Rows<BackupJob>) -> Vec<&str> {
    rows.iter().map(|job| job.id.as_str()).collect()
}

#[test]
fn nothing_known_is_read_as_a_whole() {
    assert_eq!(since::<BackupJob>(&Rows::from([])), None);
}

#[test]
fn open_jobs_older_than_the_new_ones_are_asked_for_one_by_one() {
    let known = merge(
        &Rows::from([]),
        vec![job("old-open", 0, "RUNNING"), job("old", 1, "COMPLETED"), job("new", 60, "RUNNING")],
    );
    let since = since(&known).unwrap();
    assert_eq!(since.created, known[0].created - OVERLAP);
    assert_eq!(since.open.iter().map(JobId::as_str).collect::<Vec<_>>(), ["old-open"], "new comes with the list");
    assert_eq!(since.completed, known[1].completed.map(|time| time - OVERLAP));
}

#[test]
fn many_old_open_jobs_are_read_as_a_whole() {
    let mut jobs: Vec<_> = (0..9).map(|n| job(&format!("open-{n}"), n, "PENDING")).collect();
    jobs.push(job("new", 600, "COMPLETED"));
    assert_eq!(since(&merge(&Rows::from([]), jobs)), None);
}

#[test]
fn changes_replace_what_they_change_and_new_jobs_come_first() {
    let known = merge(&Rows::from([]), vec![job("a", 1, "RUNNING"), job("b", 2, "COMPLETED")]);
    let changed = vec![job("c", 3, "CREATED"), job("a", 1, "COMPLETED"), job("b", 2, "COMPLETED")];
    let merged = merge(&known, changed);
    assert_eq!(ids(&merged), ["c", "b", "a"]);
    assert!(merged[2].state.is_final());
    assert!(Arc::ptr_eq(&merged[1], &known[0]), "what says the same stays the same allocation");
    assert!(Arc::ptr_eq(&merge(&merged, vec![job("c", 3, "CREATED")]), &merged), "and so does the whole");
}

#[test]
fn a_whole_list_that_is_read_again_has_the_rows_of_before_where_they_say_the_same() {
    let jobs = |changed: Range<i64>| {
        let state = move |nth| if changed.contains(&nth) { "FAILED" } else { "COMPLETED" };
        (0..1000).map(move |nth| job(&format!("job-{nth}"), nth, state(nth)))
    };
    let known = merge(&Rows::from([]), jobs(0..0).collect());
    let scope = known[0].scope.clone();
    let question = Question {
        key: Key::scoped(scope, Query::BackupJobs),
        previous: Some(Answer::BackupJobs(known.clone())),
        whole: true,
        bucket: Arc::new(Bucket::of(true)),
        told: Arc::new(|_| {}),
    };
    let before = Before::of(&question, Part::Whole);
    let again = jobs(10..13).map(|job| before.or_new(Arc::unwrap_or_clone(job))).collect();
    let again = merge(&Rows::from([]), again);
    let others = again.iter().zip(known.iter()).filter(|(new, old)| !Arc::ptr_eq(new, old));
    assert_eq!((again.len(), others.count()), (1000, 3));
}
