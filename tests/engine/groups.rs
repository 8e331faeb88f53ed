//! Backups that become recovery points together.

use crate::bench::{Bench, VAULT, assert_completed};
use chrono::Duration;
use std::fs;
use std::time::Instant;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::{Arn, Time};

/// Waits, in real time, until a job has done its work and only lasts on; until when it does.
fn held(bench: &Bench, id: &JobId) -> Time {
    let (started, now) = (Instant::now(), bench.engine().now());
    loop {
        let job = bench.job(id);
        if let Some(until) = job.expected_completion.filter(|until| *until > now + Duration::hours(1)) {
            return until;
        }
        assert!(started.elapsed().as_secs() < 60, "the job is not held: {job:?}");
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}

#[test]
fn a_backup_that_cannot_be_committed_costs_no_other_of_its_group() {
    // A byte a second: the three are held for hours, and come to their end in one moment.
    let bench = Bench::with_rate(1);
    // Of one length, so that they read as much.
    let names = ["one", "two", "six"];
    let resources: Vec<Arn> = names.iter().map(|name| bench.resource(name, &[])).collect();
    let start = |resource| bench.engine().start_backup_job(&bench.caller, bench.backup_request(resource)).unwrap().id;
    let jobs: Vec<JobId> = resources.iter().map(start).collect();
    let end = jobs.iter().map(|job| held(&bench, job)).max().unwrap();
    // given a manifest that cannot be written, for a folder lies in its place
    let point = bench.job(&jobs[1]).recovery_point_arn.unwrap();
    let id = point.as_str().rsplit(':').next().unwrap();
    let points = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/vaultdeck/points"));
    fs::create_dir_all(points.join(format!("{id}.json"))).unwrap();

    bench.advance_to(end);

    let told: Vec<(JobState, bool)> =
        jobs.iter().map(|job| bench.job(job)).map(|job| (job.state, job.status_message.is_some())).collect();
    assert_eq!(told, [(JobState::Completed, false), (JobState::Running, true), (JobState::Completed, false)]);
    assert_eq!(bench.points().iter().filter(|point| point.status.as_str() == "COMPLETED").count(), 2);

    // when it can, the job is begun again and comes to its end
    fs::remove_dir(points.join(format!("{id}.json"))).unwrap();
    bench.advance(Duration::hours(8));
    for job in &jobs {
        assert_completed(&bench.job(job));
    }
    let report = bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
}
