//! What a job's screen tells of its way through time, of its speed, and of the runs before it.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture, ago, home};
use chrono::Duration;
use vaultdeck::client::{Answer, Key, Query};
use vaultdeck::domain::extension::{NewDataOfBackup, Usual};
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::tui::glyph::ASCII;

/// Twenty nights of one database, the fourth last of which failed, and one that runs now.
fn nights() -> Fixture {
    let mut world = fixture::organization();
    world.backups = (0..20)
        .map(|night: i64| {
            let state = match night {
                0 => JobState::Running,
                3 => JobState::Failed,
                _ => JobState::Completed,
            };
            let mut job = fixture::job(&home(), 500 + night as u64, "orders", state, ago(24 * night, 30));
            job.completed = job.completed.map(|_| job.created + Duration::minutes(1 + 3 * (night + 1)));
            job
        })
        .collect();
    let mut by_hand = fixture::job(&home(), 599, "orders", JobState::Completed, ago(5, 0));
    by_hand.created_by = None;
    world.backups.push(by_hand);
    world
}

fn open(size: (u16, u16), world: Fixture) -> Driver {
    let mut driver = Driver::start(Start { size, fixture: world, ..Start::default() });
    driver.press("4 enter");
    driver
}

/// The lines below a heading, up to the next blank one.
fn below(driver: &mut Driver, heading: &str) -> Vec<String> {
    let screen = driver.screen();
    let lines = screen.lines().skip_while(|line| !line.contains(heading)).skip(1);
    lines.take_while(|line| !line.trim_end_matches('┃').trim().is_empty()).map(str::to_owned).collect()
}

#[test]
fn its_screen_at_every_size() {
    for size in [(60, 15), (80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(format!("job-runs-{}x{}", size.0, size.1), open(size, nights()).screen());
    }
    let start = Start { size: (120, 40), theme: "mono", glyphs: ASCII, fixture: nights(), ..Start::default() };
    let screen = Driver::start(start).press("4 enter").screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("job-runs-ascii-120x40", screen);
}

#[test]
fn its_way_is_told_in_order_with_the_ends_of_its_windows() {
    let mut driver = open((120, 60), nights());
    let way = below(&mut driver, "Timeline, UTC");
    let words: Vec<&str> = way.iter().map(|line| line.trim_end()).collect();
    assert_eq!(words.len(), 5, "{way:#?}");
    for (line, said) in words.iter().zip([
        "11-23 02:30:00   created",
        "11-23 02:31:00   started, 1m 00s later",
        "11-23 03:00:00   now: ▸ RUNNING 47%, has run 29m",
        "11-23 10:30:00   must have started",
        "11-30 02:30:00   must be done: 6d 23h left",
    ]) {
        assert!(line.contains(said), "{said:?} is not in {line:?}");
    }
}

#[test]
fn a_window_that_was_missed_is_told_so() {
    let mut world = nights();
    let mut late = fixture::job(&home(), 700, "orders", JobState::Expired, ago(0, 1));
    late.initiated = None;
    late.created = ago(9, 0);
    late.start_by = Some(ago(1, 0));
    late.completed = Some(ago(1, 0));
    late.status_message = Some("Backup job expired before it could start".to_owned());
    world.backups = vec![late];
    open((120, 60), world).sees("must have started: missed").sees("✗ EXPIRED");
}

#[test]
fn the_last_14_runs_of_its_rule_are_bars_of_one_measure_with_how_each_ended() {
    let mut driver = open((120, 60), nights());
    let runs = below(&mut driver, "Last 14 runs of this rule");
    assert_eq!(runs.len(), 14, "{runs:#?}");
    assert!(runs[0].contains("11-23 02:30 ▌"), "the open one is marked: {}", runs[0]);
    assert!(runs[3].contains("✗ failed"), "{}", runs[3]);
    let full = |line: &str| line.matches('▄').count();
    let longest = runs.iter().map(|line| full(line)).max().unwrap();
    // The oldest of them took the longest of those that ended.
    assert!(full(&runs[13]) == longest && full(&runs[1]) < longest / 2, "{runs:#?}");
    assert!(!runs.iter().any(|line| line.contains("11-22 22:00")), "one by hand is of no rule");
    // One that stands alone has nothing to be compared with.
    let mut world = nights();
    world.backups.truncate(1);
    open((120, 60), world).sees("Timeline").sees_no("runs of this rule");
}

#[test]
fn its_speed_is_that_between_its_last_two_answers() {
    let mut driver = open((120, 60), nights());
    driver.sees("/s on average").sees_no("/s now");
    let job: BackupJob = driver.fixture().backups[0].clone();
    let key = Key::scoped(home(), Query::BackupJob { id: job.id.clone() });
    driver.wait(10);
    let more = BackupJob { bytes_transferred: job.bytes_transferred.map(|moved| moved + 10 * 5 * 1024 * 1024), ..job };
    driver.reply(key, Ok(Answer::BackupJob(std::sync::Arc::new(more))));
    driver.answer_all();
    driver.sees("5.0 MiB/s now");
    // The same answer again: it does not move any more.
    let key = Key::scoped(home(), Query::BackupJob { id: driver.fixture().backups[0].id.clone() });
    let stands = driver.app.world.store.slot(&key).answer.clone().unwrap();
    driver.wait(10).reply(key.clone(), Ok(stands.clone()));
    driver.answer_all();
    driver.sees("0 B/s now");
    // And of answers that lie far apart none knows how fast it is now.
    driver.wait(600).reply(key, Ok(stands));
    driver.answer_all();
    driver.sees_no("/s now");
}

/// The screen of one job of the plan, nine days old: it had to start within eight hours, and to be done within seven days.
fn only(state: JobState, change: impl FnOnce(&mut BackupJob)) -> Driver {
    let mut world = nights();
    let mut job = fixture::job(&home(), 700, "orders", state, ago(9 * 24, 0));
    change(&mut job);
    world.backups = vec![job];
    open((120, 60), world)
}

#[test]
fn what_ended_in_time_missed_nothing_however_it_ended() {
    for state in [JobState::Completed, JobState::Partial, JobState::Failed, JobState::Aborted] {
        only(state, |_| ()).sees("must be done").sees("must have started").sees_no("missed");
    }
    // Nor did what tells nothing of its start.
    for state in [JobState::Completed, JobState::Aborted] {
        only(state, |job| job.initiated = None).sees("must have started").sees_no("missed");
    }
}

#[test]
fn what_ended_late_or_still_runs_missed_its_end() {
    only(JobState::Completed, |job| job.completed = Some(ago(24, 0))).sees("must be done: missed");
    only(JobState::Running, |_| ()).sees("must be done: missed");
    only(JobState::Expired, |_| ()).sees("must be done: missed").sees_no("must have started: missed");
    only(JobState::Created, |_| ()).sees("must have started: missed");
    only(JobState::Running, |job| job.initiated = Some(ago(8 * 24, 0))).sees("must have started: missed");
}

#[test]
fn until_when_it_must_be_done_is_asked_of_its_plan_and_told_by_no_other_version_of_it() {
    let mut driver = only(JobState::Running, |_| ());
    driver.sees("must be done");
    let plan = Query::Plan { id: "11111111-1111-4111-8111-111111111111".parse().unwrap() };
    assert!(driver.wants().contains(&Key::scoped(home(), plan)));
    let older = |job: &mut BackupJob| {
        let creator = std::sync::Arc::make_mut(job.created_by.as_mut().unwrap());
        "another".clone_into(&mut creator.backup_plan_version);
    };
    only(JobState::Running, older).sees("must have started").sees_no("must be done");
}

#[test]
fn an_older_job_is_among_those_before_it() {
    let mut driver = Driver::start(Start { size: (120, 60), fixture: nights(), ..Start::default() });
    // The fifth from the end.
    driver.press("4 G k k k k enter");
    let runs = below(&mut driver, "Last 5 runs of this rule");
    assert!(runs.len() == 5 && runs[0].contains("▌"), "{runs:#?}");
}

#[test]
fn what_a_service_says_is_made_harmless_and_kept_in_its_columns() {
    let evil = "配列\u{1b}]0;x\u{7}\u{202e}gpj.exe 名前がとても長い資源のために書かれた文章";
    let mut world = nights();
    for job in &mut world.backups {
        job.resource_name = Some(evil.to_owned());
        job.status_message = Some(evil.repeat(4));
    }
    for size in [(60, 15), (120, 40), (200, 60)] {
        let mut driver = Driver::start(Start { size, fixture: world.clone(), ..Start::default() });
        for keys in ["4", "D", "esc enter"] {
            let screen = driver.press(keys).screen();
            assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{screen:?}");
            let widest = screen.lines().map(vaultdeck::tui::text::width).max().unwrap();
            assert!(widest <= usize::from(size.0), "{widest} columns at {size:?}:\n{screen}");
        }
    }
}

/// What the last night but one stored anew, which ended well.
fn new_data(compressed_bytes: u64, backups: u64) -> NewDataOfBackup {
    let job = &nights().backups[1];
    NewDataOfBackup {
        backup_job_id: job.id.clone(),
        scope: home(),
        resource_arn: job.resource_arn.clone(),
        resource_name: job.resource_name.clone(),
        completion_date: job.completed.unwrap(),
        new_bytes: 12 << 30,
        compressed_bytes,
        size_bytes: Some(20 << 30),
        usual: (backups > 0).then_some(Usual { percent: 31, backups }),
    }
}

#[test]
fn what_it_stored_anew_is_told_with_how_well_that_compressed_and_a_finding_is_made_of_what_is_unusual() {
    let told = |new_data: Option<NewDataOfBackup>, opened: &str| {
        let world = Fixture { new_data: new_data.into_iter().collect(), ..nights() };
        let mut driver = Driver::start(Start { size: (260, 60), fixture: world, ..Start::default() });
        driver.press(opened);
        driver
    };
    // The one that runs has stored nothing yet, and the one by hand lies between.
    let of_job = "4 j j enter";
    told(Some(new_data(12 << 30, 6)), of_job)
        .sees("New data")
        .sees("12 GiB new, compressed to 100 %; usually 31 % (6 backups before)");
    told(Some(new_data(3 << 30, 0)), of_job).sees("12 GiB new, compressed to 25 %").sees_no("usually");
    told(None, of_job).sees("Moved").sees_no("New data");
    let unusual = "12 GiB are new and compressed to 99 %, where 31 % are usual in 6 backups before";
    let of_findings = "7 / u n u s u a l enter";
    told(Some(new_data((12 << 30) - (1 << 25), 6)), of_findings).sees("UNUSUAL").sees("orders").sees(unusual);
    told(Some(new_data((12 << 30) - (1 << 25), 6)), "1").sees("UNUSUAL");
    told(Some(new_data(4 << 30, 6)), of_findings).sees_no("UNUSUAL");
    told(Some(new_data((12 << 30) - (1 << 25), 4)), of_findings).sees_no("UNUSUAL");
}
