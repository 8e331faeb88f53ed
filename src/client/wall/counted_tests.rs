//! CloudWatch's counts on the wall.

use crate::client::Rows;
use crate::client::wall::tests::{day, job, night, now, scope};
use crate::client::wall::{Only, Seen, Turn, Wall};
use crate::domain::day::{DayState, Owner};
use crate::domain::job::{BackupJob, JobState};
use crate::domain::metric::JobCounts;
use std::sync::Arc;

#[test]
fn the_days_of_an_account_that_no_list_reaches_are_cloudwatchs_counts_and_the_others_are_not() {
    let jobs: Rows<BackupJob> =
        [job(1, 1, JobState::Failed, night(1)), job(2, 1, JobState::Completed, night(35))].into();
    let ended = [
        (50, JobState::Completed, 3),
        (40, JobState::Expired, 1),
        (35, JobState::Completed, 2),
        (1, JobState::Completed, 9),
    ];
    let ended = ended.map(|(ago, state, number)| (night(ago), state, number)).into();
    let counts = Arc::new(JobCounts { since: night(60), ended });
    let account = Owner::Account(scope().account);
    let told = |jobs: Option<&Rows<BackupJob>>, counts: Option<&Arc<JobCounts>>, only| {
        let mut wall = Wall::default();
        wall.update(&scope(), &Seen { jobs, counts, ..Seen::default() }, now());
        let lines = wall.lines(Turn::Accounts, only, now());
        let days: Vec<(i64, u32, DayState)> = (lines.iter().flat_map(|line| line.days.iter()))
            .map(|(at, counts)| ((day(0) - *at).num_days(), counts.jobs(), counts.worst()))
            .collect();
        let unseen = wall.unseen(&account, only).map(|at| (day(0) - at).num_days());
        (days, unseen, wall.is_counted(&account, only, day(40)), wall.is_counted(&account, only, day(29)))
    };
    let (good, failed, expired) = (DayState::Good, DayState::Failed, DayState::Expired);
    let listed = vec![(35, 1, good), (1, 1, failed)];
    assert_eq!(told(Some(&jobs), None, Only::All), (listed.clone(), Some(30), false, false));
    // Of the day thirty-five nights ago one job happened to be listed still, and CloudWatch counts both.
    let with = vec![(50, 3, good), (40, 1, expired), (35, 2, good), (1, 1, failed)];
    assert_eq!(told(Some(&jobs), Some(&counts), Only::All), (with, Some(60), true, false));
    // Where some resources alone are meant, counts of all say nothing of them.
    assert_eq!(told(Some(&jobs), Some(&counts), Only::Unprotected), (listed, Some(30), false, false));
    // Where no list is told, the counts are all that is known.
    let alone = vec![(50, 3, good), (40, 1, expired), (35, 2, good), (1, 9, good)];
    assert_eq!(told(None, Some(&counts), Only::All), (alone, Some(60), true, true));
}
