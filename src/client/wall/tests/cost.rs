//! What a refresh costs: counted, not timed.

use super::*;
use crate::domain::resource::ProtectedResource;

#[test]
fn a_refresh_costs_what_changed_and_not_what_is_there() {
    let (resources_there, days) = (500, 60);
    let mut jobs: Vec<Arc<BackupJob>> = Vec::new();
    for ago in 0..days {
        jobs.extend((0..resources_there).map(|nth| job(ago * 1000 + nth, nth, JobState::Completed, night(ago as i64))));
    }
    let mut told = Told::new(jobs.clone(), resources(0..resources_there));
    assert_eq!(told.look(now()), Work { jobs: 30_000, rows: 500, past: 0 });
    told.jobs = jobs.clone().into();
    assert_eq!(told.look(now()), Work::default(), "the same jobs in another list");
    // One job goes on, a new one comes, the oldest leaves the list.
    jobs[7] = job(7, 7, JobState::Failed, night(0));
    jobs.insert(0, job(99_999, 3, JobState::Running, now()));
    jobs.pop();
    told.jobs = jobs.into();
    assert_eq!(told.look(now()), Work { jobs: 4, rows: 3, past: 0 });
    assert_eq!((told.worst(7, 0), told.worst(499, 59)), (DayState::Failed, DayState::NoneDue));
    assert_eq!(told.wall.open().count(), 1);
    assert_eq!(told.wall.counts(now()).failed, 1);
}

#[test]
fn at_a_hundred_thousand_jobs_a_refresh_costs_what_changed() {
    let (there, runs) = (500, 200);
    // Over sixty days.
    let at = |run: u64| now() - Duration::minutes(432 * run as i64 + 60);
    let of_run = |run: u64| (0..there).map(move |nth| (run * there + nth, nth, at(run)));
    let jobs = (0..runs).flat_map(of_run).map(|(number, nth, at)| job(number, nth, JobState::Completed, at));
    let mut told = Told::new(jobs.collect(), resources(0..there));
    assert_eq!(told.look(now()), Work { jobs: 100_000, rows: 500, past: 0 });
    assert_eq!(told.look(now()), Work::default(), "the same again costs nothing");
    for changed in [1, 10, 100] {
        let mut jobs = told.jobs.to_vec();
        for nth in 0..changed {
            jobs[nth * 7] = job(1_000_000 + (changed * 1_000 + nth) as u64, nth as u64, JobState::Failed, now());
        }
        told.jobs = jobs.into();
        let work = told.look(now());
        assert_eq!(work.jobs, 2 * changed, "each is put in for one that is taken out");
        assert!(work.rows <= 2 * changed, "{work:?}");
    }
}

#[test]
fn one_more_backup_of_one_resource_costs_one_row() {
    let protected = |newest: u64| {
        query::rows((0..500).map(|nth| ProtectedResource {
            arn: arn(nth),
            scope: scope(),
            name: None,
            resource_type: FACTS.resource_type(),
            last_backup_time: Some(if nth == newest { now() } else { night(0) }),
            last_backup_vault_arn: None,
            last_recovery_point_arn: None,
            latest_restore_execution_minutes: Known::Unknown,
            latest_restore_job_creation: Known::Unknown,
            latest_restore_recovery_point_creation: Known::Unknown,
        }))
    };
    let (mut wall, listed) = (Wall::default(), resources(0..500));
    let mut cost = |protected: &Rows<ProtectedResource>, listed: &Rows<SelectableResource>| {
        let before = wall.work();
        let seen = Seen {
            protected: Some(protected),
            resources: Some(listed),
            plans_known: true,
            whole: true,
            ..Seen::default()
        };
        wall.update(&scope(), &seen, now());
        since(before, wall.work()).rows
    };
    assert_eq!(cost(&protected(0), &listed), 500);
    assert_eq!(cost(&protected(0), &listed), 0, "a list that says the same");
    assert_eq!(cost(&protected(1), &listed), 2, "the one that is newer now, and the one that is not");
    let mut tagged = listed.iter().map(|one| one.as_ref().clone()).collect::<Vec<_>>();
    tagged[7].tags.insert("env".to_owned(), "prod".to_owned());
    tagged.pop();
    assert_eq!(cost(&protected(1), &query::rows(tagged)), 2, "one has another tag, and one is gone");
}

#[test]
fn as_time_goes_on_only_those_jobs_are_looked_at_that_leave_the_list() {
    let past = past((0..60).map(|ago| job(ago as u64, 1, JobState::Completed, night(ago))).collect(), 60);
    let mut told = Told::new(Vec::new(), resources(1..2));
    assert_eq!(look_with_past(&mut told, &past, now()).past, 30);
    assert_eq!(look_with_past(&mut told, &past, now() + Duration::hours(1)).past, 0);
    let later = look_with_past(&mut told, &past, now() + Duration::days(2));
    assert_eq!((later.past, later.jobs), (2, 2));
    // Back again, as after a time in which nothing answered.
    assert_eq!(look_with_past(&mut told, &past, now()).jobs, 2);
    assert_eq!((told.worst(1, 29), told.worst(1, 30)), (DayState::Missing, DayState::Good));
}
