//! Plans under simulated time: which jobs they make, and when.

use crate::bench::{Bench, VAULT, assert_completed, rule};
use chrono::{Duration, Timelike};
use std::collections::BTreeMap;
use std::fs;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::{Arn, Time};
use vaultdeck::engine::{AdvanceTo, NewVault};

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

/// Days to the next first of January, from where every test can count.
fn to_new_year(bench: &Bench) -> Time {
    use chrono::Datelike;
    let year = bench.engine().now().year() + 1;
    bench.advance_to(at(&format!("{year}-01-01T00:00:00Z")))
}

#[test]
fn a_daily_rule_makes_one_job_a_day_for_what_its_selection_takes() {
    let bench = Bench::simulated();
    let chosen = bench.resource("chosen", &[("backup", "yes")]);
    bench.resource("other", &[("backup", "no")]);
    to_new_year(&bench);
    let plan = bench.plan(vec![rule("daily", "cron(0 5 ? * * *)", None)]);

    let now = bench.advance(Duration::days(5));

    let jobs = bench.jobs();
    assert_eq!(jobs.len(), 5);
    for (day, job) in jobs.iter().enumerate() {
        assert_completed(job);
        assert_eq!(job.resource_arn, chosen);
        assert_eq!(job.created, now - Duration::days(5 - day as i64) + Duration::hours(5));
        assert_eq!(job.start_by, Some(job.created + Duration::hours(8)));
        let creator = job.created_by.as_ref().unwrap();
        assert_eq!((creator.backup_plan_id.as_str(), creator.backup_rule_name.as_str()), (plan.id.as_str(), "daily"));
        assert_eq!(creator.backup_rule_cron, "cron(0 5 ? * * *)");
    }
    let last = bench.engine().get_plan(&bench.caller, &plan.id, None).unwrap().last_execution;
    assert_eq!(last, Some(jobs[4].created));
}

#[test]
fn five_runs_and_a_retention_of_three_days_leave_three_points() {
    let bench = Bench::simulated();
    bench.resource("projects", &[("backup", "yes")]);
    to_new_year(&bench);
    bench.plan(vec![rule("daily", "cron(0 5 ? * * *)", Some(3))]);

    let now = bench.advance(Duration::days(5));

    let points = bench.points();
    // The run of the second day has its day behind it since 05:00 of this one; it goes within eight hours after.
    assert!((3..=4).contains(&points.len()), "{}", points.len());
    assert!(points.iter().all(|point| point.created > now - Duration::days(3) - Duration::hours(27)));
    bench.advance(Duration::hours(1));
    let ages: Vec<i64> = bench.points().iter().map(|point| (bench.engine().now() - point.created).num_days()).collect();
    assert!(ages.iter().all(|age| *age <= 3), "{ages:?}");
    assert_eq!(bench.jobs().len(), 5, "the records of jobs stay");
}

#[test]
fn four_hundred_days_of_two_rules_keep_what_the_rules_say() {
    let bench = Bench::simulated();
    bench.resource("projects", &[("backup", "yes")]);
    to_new_year(&bench);
    bench.plan(vec![rule("daily", "cron(0 5 ? * * *)", Some(35)), rule("monthly", "cron(0 5 1 * ? *)", Some(365))]);

    let now = bench.advance(Duration::days(400) + Duration::hours(14));

    let mut by_rule: BTreeMap<String, usize> = BTreeMap::new();
    for point in bench.points() {
        let rule = point.created_by.unwrap().backup_rule_name;
        let kept = if rule == "daily" { 35 } else { 365 };
        let age = now - point.created;
        assert!(age <= Duration::days(kept) + Duration::hours(8), "{rule} {age}");
        *by_rule.entry(rule).or_default() += 1;
    }
    // Each first of the month is the monthly rule's alone; the last day's daily point is in its hours of grace or not.
    assert_eq!(by_rule["monthly"], 12, "{by_rule:?}");
    assert!((33..=36).contains(&by_rule["daily"]), "{by_rule:?}");
    let jobs = bench.jobs();
    assert!(jobs.iter().all(|job| job.state == JobState::Completed));
    assert!(jobs.iter().all(|job| now - job.completed.unwrap() <= Duration::days(401)));
}

#[test]
fn overlapping_rules_make_one_job_with_the_longer_retention() {
    // The reference's example: hourly with a window of one hour, and every twelve hours with one of eight.
    let bench = Bench::simulated();
    bench.resource("projects", &[("backup", "yes")]);
    to_new_year(&bench);
    let mut hourly = rule("hourly", "cron(0 * ? * * *)", Some(1));
    hourly.start_window_minutes = Some(60);
    let mut half_daily = rule("half-daily", "cron(0 0/12 ? * * *)", Some(7));
    half_daily.start_window_minutes = Some(480);
    bench.plan(vec![hourly, half_daily]);
    bench.advance(Duration::hours(12));
    let start = bench.engine().now();

    bench.advance(Duration::hours(24));

    let mut by_rule: BTreeMap<String, usize> = BTreeMap::new();
    for job in bench.jobs().iter().filter(|job| job.created > start) {
        *by_rule.entry(job.created_by.as_ref().unwrap().backup_rule_name.clone()).or_default() += 1;
    }
    assert_eq!((by_rule["half-daily"], by_rule["hourly"]), (2, 8), "{by_rule:?}");
}

#[test]
fn a_run_in_the_hour_that_daylight_saving_skips_happens_after_it() {
    let bench = Bench::simulated();
    bench.resource("projects", &[("backup", "yes")]);
    let start = to_new_year(&bench);
    let mut nightly = rule("nightly", "cron(30 2 ? * * *)", None);
    nightly.schedule_expression_timezone = Some("Europe/Berlin".to_owned());
    bench.plan(vec![nightly]);
    bench.advance_to(start + Duration::days(120));
    let jobs = bench.jobs();
    assert_eq!(jobs.len(), 120, "no day is left out");
    let hours: std::collections::BTreeSet<(u32, u32)> =
        jobs.iter().map(|job| (job.created.hour(), job.created.minute())).collect();
    // 02:30 is 01:30 UTC in winter and 00:30 in summer; on the day of the change, 03:00 summer time is 01:00 UTC.
    assert_eq!(hours.into_iter().collect::<Vec<_>>(), [(0, 30), (1, 0), (1, 30)]);
}

#[test]
fn runs_that_were_missed_leave_expired_jobs_unless_their_window_is_open() {
    let mut bench = Bench::new(vaultdeck::engine::ClockKind::Simulated, None);
    bench.resource("projects", &[("backup", "yes")]);
    let start = to_new_year(&bench);
    bench.plan(vec![rule("daily", "cron(0 5 ? * * *)", None)]);
    bench.advance(Duration::days(2));
    assert_eq!(bench.jobs().len(), 2);
    bench.stop();

    // The engine is off for three days and a half: the last run's window of eight hours is still open.
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let later = start + Duration::days(5) + Duration::hours(7);
    catalog
        .execute("UPDATE engine_state SET value = ?1 WHERE name = 'clock-seen'", [later.timestamp_millis().to_string()])
        .unwrap();
    drop(catalog);
    bench.start();
    bench.advance(Duration::minutes(1));

    let jobs = bench.jobs();
    let states: Vec<&str> = jobs.iter().map(|job| job.state.as_str()).collect();
    assert_eq!(states, ["COMPLETED", "COMPLETED", "EXPIRED", "EXPIRED", "EXPIRED", "COMPLETED"]);
    for missed in &jobs[2..5] {
        assert!(missed.status_message.as_ref().unwrap().contains("engine was not running"));
        assert_eq!((missed.initiated, missed.completed), (None, missed.start_by));
    }
    assert_eq!(jobs[5].created, start + Duration::days(5) + Duration::hours(5));
}

#[test]
fn a_long_absence_leaves_at_most_a_hundred_expired_jobs_a_rule() {
    let mut bench = Bench::simulated();
    bench.resource("projects", &[("backup", "yes")]);
    let start = to_new_year(&bench);
    bench.plan(vec![rule("daily", "cron(0 5 ? * * *)", None)]);
    bench.advance(Duration::minutes(1));
    bench.stop();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let later = start + Duration::days(300);
    catalog
        .execute("UPDATE engine_state SET value = ?1 WHERE name = 'clock-seen'", [later.timestamp_millis().to_string()])
        .unwrap();
    drop(catalog);
    bench.start();
    bench.advance(Duration::minutes(1));
    let expired: Vec<_> = bench.jobs().into_iter().filter(|job| job.state == JobState::Expired).collect();
    assert_eq!(expired.len(), 100);
    assert!(expired.iter().all(|job| job.created > later - Duration::days(101)), "the latest ones");
}

#[test]
fn a_role_that_was_removed_makes_no_jobs() {
    let bench = Bench::simulated();
    bench.resource("projects", &[("backup", "yes")]);
    to_new_year(&bench);
    bench.plan(vec![rule("daily", "cron(0 5 ? * * *)", None)]);
    bench.advance(Duration::days(1));
    bench.engine().remove_role(&bench.role()).unwrap();
    bench.advance(Duration::days(3));
    assert_eq!(bench.jobs().len(), 1);
}

#[test]
fn a_path_that_is_gone_fails_only_its_own_jobs() {
    let bench = Bench::simulated();
    let gone: Arn = bench.resource("gone", &[("backup", "yes")]);
    bench.resource("there", &[("backup", "yes")]);
    to_new_year(&bench);
    bench.plan(vec![rule("daily", "cron(0 5 ? * * *)", None)]);
    bench.advance(Duration::days(1));
    fs::remove_dir_all(bench.path("gone")).unwrap();
    bench.advance(Duration::days(1));
    let jobs = bench.jobs();
    assert_eq!(jobs.len(), 4);
    for job in jobs {
        let fails = job.resource_arn == gone && job.created > bench.engine().now() - Duration::days(1);
        assert_eq!(job.state == JobState::Failed, fails, "{job:?}");
    }
}

#[test]
fn a_plan_whose_jobs_cannot_be_written_holds_up_no_other_of_its_moment() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[("backup", "yes")]);
    bench.engine().create_vault(&bench.caller, &"other".parse().unwrap(), NewVault::default()).unwrap();
    to_new_year(&bench);
    let mut bad = rule("daily", "cron(0 5 ? * * *)", None);
    bad.target_backup_vault_name = "other".to_owned();
    // The good one is neither the first nor the last of them.
    for rule in [bad.clone(), rule("daily", "cron(0 5 ? * * *)", None), bad] {
        let name = format!("plan-{}", bench.engine().now().timestamp());
        bench.advance(Duration::seconds(1));
        bench.plan_named(&name, vec![rule]);
    }
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON backup_jobs WHEN new.vault_name = 'other'
                  BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    catalog.execute_batch(refuse).unwrap();

    let refused = bench.engine().advance(AdvanceTo::By(Duration::hours(6))).unwrap_err().to_string();

    assert!(refused.contains("not this one"), "{refused}");
    let made: Vec<_> = bench.jobs().into_iter().map(|job| (job.vault_name.clone(), bench.wait(&job.id))).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!((made[0].0.as_str(), &made[0].1.resource_arn), (VAULT, &resource));
    assert_completed(&made[0].1);

    // when they can be, each is made once
    catalog.execute_batch("DROP TRIGGER refuse").unwrap();
    bench.advance(Duration::hours(1));
    let vaults: Vec<String> = bench.jobs().into_iter().map(|job| job.vault_name).collect();
    assert_eq!((vaults.len(), vaults.iter().filter(|name| *name == "other").count()), (3, 2));
}
