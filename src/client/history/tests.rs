use super::keeper::changed;
use super::*;
use crate::client::Rows;
use crate::client::query;
use crate::domain::finding::fixture::{at, by_rule, job, scope};
use crate::domain::job::{BackupJob, JobState};
use crate::domain::{Scope, Time};
use chrono::Duration;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};

const WAIT: std::time::Duration = std::time::Duration::from_secs(20);

fn now() -> Time {
    at("2026-11-23T12:00:00Z")
}

/// A job of the nightly rule, so many days ago.
fn night(ago: i64, state: JobState) -> BackupJob {
    let mut job = by_rule(job(&format!("night-{ago}"), state, "2026-11-23T01:00:00Z"), "nightly");
    job.created -= Duration::days(ago);
    job.initiated = Some(job.created);
    job.completed = job.state.is_final().then(|| job.created + Duration::minutes(10));
    job
}

/// Jobs in the order of lists.
fn list(jobs: impl IntoIterator<Item = BackupJob>) -> Rows<BackupJob> {
    query::rows(jobs)
}

fn completed(days: impl Iterator<Item = i64>) -> Rows<BackupJob> {
    list(days.map(|ago| night(ago, JobState::Completed)))
}

fn file(folder: &tempfile::TempDir) -> HistoryFile {
    HistoryFile::of(&folder.path().join("state"))
}

/// Writes a list; how many jobs were new or others.
fn write(file: &HistoryFile, context: &str, scope: &Scope, jobs: &Rows<BackupJob>, at: Time) -> usize {
    let mut connection = file.open().unwrap();
    file.write(&mut connection, (context, scope), &jobs.iter().collect::<Vec<_>>(), at).unwrap()
}

fn past(file: &HistoryFile, context: &str, scope: &Scope, at: Time) -> Past {
    let connection = file.open().unwrap();
    file.past(&connection, (context, scope), at).unwrap()
}

/// How many days ago the jobs of a past were.
fn nights(past: &Past) -> Vec<i64> {
    past.jobs.iter().map(|job| (now() - job.created).num_days()).collect()
}

fn start(file: &HistoryFile) -> (Keeper, Receiver<News>) {
    let (told, news) = channel();
    let keeper = Keeper::start(file.clone(), "AWS prod".to_owned(), move |news| drop(told.send(news)));
    (keeper, news)
}

#[test]
fn only_jobs_that_are_over_are_written_and_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let jobs = list([night(0, JobState::Running), night(1, JobState::Completed), night(2, JobState::Failed)]);
    assert_eq!(write(&file, "AWS", &scope(), &jobs, now()), 2);
    assert_eq!(write(&file, "AWS", &scope(), &jobs, now()), 0, "they are there");
    let mut told_more = night(2, JobState::Failed);
    told_more.status_message = Some("The vault is gone".to_owned());
    let jobs = list([night(0, JobState::Completed), night(1, JobState::Completed), told_more]);
    assert_eq!(write(&file, "AWS", &scope(), &jobs, now()), 2, "one has ended, and one tells more");
}

#[test]
fn of_a_list_only_what_changed_since_the_list_before_is_passed_on() {
    let before = list([night(0, JobState::Running), night(1, JobState::Completed), night(3, JobState::Completed)]);
    let ids = |before: &Rows<BackupJob>, now: &Rows<BackupJob>| {
        changed(before, now).into_iter().map(|job| job.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&list([]), &before), [night(1, JobState::Completed).id.to_string(), "night-3".to_owned()]);
    // A list that was read as a whole has new allocations of the same records.
    let now = list([night(0, JobState::Completed), night(1, JobState::Completed), night(2, JobState::Expired)]);
    assert_eq!(ids(&before, &now), ["night-0", "night-2"]);
    assert_eq!(ids(&now, &now), Vec::<String>::new());
}

#[test]
fn what_is_kept_comes_back_as_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let mut job = night(45, JobState::Failed);
    job.status_message = Some("kaputt \u{1F4A5} 'quoted'; DROP TABLE jobs".to_owned());
    (job.size_bytes, job.bytes_transferred) = (Some(7), Some(3));
    write(&file, "AWS", &scope(), &list([job.clone()]), now());
    let found = past(&file, "AWS", &scope(), now()).jobs;
    let known = &found[0];
    assert_eq!((&known.id, &known.state, &known.status_message), (&job.id, &job.state, &job.status_message));
    assert_eq!((known.created, known.initiated, known.completed), (job.created, job.initiated, job.completed));
    assert_eq!((known.size_bytes, known.bytes_transferred), (job.size_bytes, job.bytes_transferred));
    assert_eq!((&known.resource_arn, &known.vault_arn), (&job.resource_arn, &job.vault_arn));
    let rule =
        |job: &BackupJob| job.created_by.as_ref().map(|by| (by.backup_plan_id.clone(), by.backup_rule_id.clone()));
    assert_eq!(rule(known), rule(&job));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.path()), 0o600);
    assert_eq!(mode(file.path().parent().unwrap()), 0o700);
}

#[test]
fn what_somebody_else_wrote_into_the_file_is_harmless_or_damage() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let mut job = night(45, JobState::Failed);
    job.status_message = Some("plain".to_owned());
    write(&file, "AWS", &scope(), &list([job]), now());
    let tamper = |what: &str| file.open().unwrap().execute_batch(what).unwrap();
    tamper("UPDATE jobs SET message = 'a' || char(27) || '[2J' || char(8238) || 'b'");
    assert_eq!(past(&file, "AWS", &scope(), now()).jobs[0].status_message.as_deref(), Some("a[2Jb"));
    tamper("UPDATE jobs SET vault = 'no arn'");
    let connection = file.open().unwrap();
    let told = file.past(&connection, ("AWS", &scope()), now());
    assert!(matches!(told, Err(HistoryError::Damaged { .. })), "{told:?}");
}

#[test]
fn of_the_time_that_the_service_lists_the_past_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(&file, "AWS", &scope(), &completed(0..60), now() - Duration::days(0));
    let past = past(&file, "AWS", &scope(), now());
    let beyond = |listed: &Rows<BackupJob>| {
        past.beyond(listed, now()).into_iter().map(|job| (now() - job.created).num_days()).collect::<Vec<_>>()
    };
    // The service forgot what it told before, be it that it is another one: so it is.
    assert_eq!(beyond(&list([])), (30..60).collect::<Vec<_>>());
    assert_eq!(beyond(&completed(0..30)), (30..60).collect::<Vec<_>>());
    // One that it lists all the same is its own.
    assert_eq!(beyond(&completed((0..30).chain([40]))), (30..40).chain(41..60).collect::<Vec<_>>());
}

#[test]
fn of_what_is_older_than_a_wall_only_medians_and_the_begin_of_a_failure_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let good = (200..300).map(|ago| night(ago, JobState::Completed));
    let bad = (31..200).map(|ago| night(ago, JobState::Failed));
    for ago in (0..=290).rev().step_by(29) {
        write(&file, "AWS", &scope(), &list([]), now() - Duration::days(ago));
    }
    write(&file, "AWS", &scope(), &list(bad.chain(good)), now());
    let whole = 31..61;
    let begin_of_failure = 199..200;
    let newest_good = 200..214;
    let expected: Vec<i64> = whole.chain(begin_of_failure).chain(newest_good).collect();
    assert_eq!(nights(&past(&file, "AWS", &scope(), now())), expected);
}

#[test]
fn two_contexts_and_two_accounts_of_one_never_mix() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let other = Scope { account: "210987654321".parse().unwrap(), ..scope() };
    write(&file, "AWS prod", &scope(), &completed(40..41), now());
    write(&file, "https://elsewhere", &scope(), &completed(41..43), now());
    assert_eq!(nights(&past(&file, "AWS prod", &scope(), now())), [40]);
    assert_eq!(nights(&past(&file, "https://elsewhere", &scope(), now())), [41, 42]);
    assert_eq!(nights(&past(&file, "AWS prod", &other, now())), Vec::<i64>::new());
    // What a list has of another account is none of this one.
    assert_eq!(write(&file, "AWS prod", &other, &completed(50..51), now()), 0);
    assert_eq!(file.clear("AWS prod").unwrap(), 1);
    assert_eq!(nights(&past(&file, "AWS prod", &scope(), now())), Vec::<i64>::new());
    assert_eq!(nights(&past(&file, "https://elsewhere", &scope(), now())), [41, 42]);
}

#[test]
fn a_year_of_nights_in_which_nobody_looked_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let seen = |ago: i64| {
        let moment = now() - Duration::days(ago);
        write(&file, "AWS", &scope(), &completed(ago..ago + 30), moment);
        let since = past(&file, "AWS", &scope(), moment).whole_since.unwrap();
        (now() - since).num_days()
    };
    assert_eq!(seen(200), 230, "the first list reaches thirty days back");
    assert_eq!(seen(171), 230, "and the next goes on where it ended");
    assert_eq!(seen(100), 130, "between this one and the one before, jobs came and went unseen");
}

#[test]
fn a_failure_of_before_a_time_in_which_nobody_looked_is_no_begin() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let failed = |range: std::ops::Range<i64>| list(range.map(|ago| night(ago, JobState::Failed)));
    write(&file, "AWS", &scope(), &failed(200..205), now() - Duration::days(200));
    // Of the list of today nothing could be noted yet.
    let whole_days = |past: &Past| (now() - past.whole_since.unwrap()).num_days();
    let before = past(&file, "AWS", &scope(), now());
    assert_eq!((nights(&before), whole_days(&before)), (Vec::new(), 30));
    write(&file, "AWS", &scope(), &failed(0..35), now());
    let after = past(&file, "AWS", &scope(), now());
    assert_eq!((nights(&after), whole_days(&after)), ((29..35).collect(), 30));
}

#[test]
fn what_a_clock_noted_that_was_ahead_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let since = |at: Time| {
        write(&file, "AWS", &scope(), &list([]), at);
        past(&file, "AWS", &scope(), at).whole_since.unwrap()
    };
    let ahead = now() + Duration::days(900);
    assert_eq!(since(ahead), ahead - Duration::days(30));
    assert_eq!(since(now()), now() - Duration::days(30));
    assert_eq!(since(now() + Duration::days(2)), now() - Duration::days(30), "and goes on from there");
}

#[test]
fn the_oldest_leaves_first_when_it_is_too_old_or_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds { age: Duration::days(100), bytes: 96 << 10 };
    let file = file(&folder).with(bounds);
    assert_eq!(write(&file, "AWS", &scope(), &completed(95..105), now()), 5, "what is too old does not come in");
    write(&file, "AWS", &scope(), &completed(0..1), now() + Duration::days(3));
    assert_eq!(file.summary().unwrap().contexts[0].since, Some(night(96, JobState::Completed).created));
    let many = (0..90).flat_map(|ago| {
        (0..20).map(move |nth| {
            let mut job = night(ago, JobState::Completed);
            job.id = format!("night-{ago}-{nth}").parse().unwrap();
            job
        })
    });
    write(&file, "AWS", &scope(), &list(many), now());
    let summary = file.summary().unwrap();
    assert!(summary.bytes <= bounds.bytes, "{}", summary.bytes);
    let kept = &summary.contexts[0];
    let days = (now() - kept.since.unwrap()).num_days();
    assert!((5..90).contains(&days) && kept.jobs > 100, "{kept:?}");
    let since = past(&file, "AWS", &scope(), now()).whole_since.unwrap();
    assert!(
        since <= kept.since.unwrap() && now() - since < Duration::days(days + 2),
        "what left is not whole: {since}"
    );
}

#[test]
fn sessions_side_by_side_lose_nothing_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    std::thread::scope(|threads| {
        for session in 0..6 {
            let file = file.clone();
            threads.spawn(move || {
                for step in 0..5 {
                    let first = 40 + session * 50 + step * 10;
                    write(&file, "AWS", &scope(), &completed(first..first + 10), now());
                }
            });
        }
    });
    assert_eq!(file.summary().unwrap().jobs(), 300);
}

#[test]
fn a_keeper_tells_the_past_and_writes_a_list_that_says_the_same_no_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(&file, "AWS prod", &scope(), &completed(31..50), now());
    let (keeper, news) = start(&file);
    let jobs = completed(0..30);
    keeper.seen(&scope(), &jobs, now());
    let News::Past(of, past) = news.recv_timeout(WAIT).unwrap() else { panic!("it told of trouble") };
    assert_eq!((of, nights(&past)), (scope(), [29].into_iter().chain(31..50).collect()));
    let watching = file.open().unwrap();
    let commits = || watching.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).unwrap();
    let before = commits();
    keeper.seen(&scope(), &jobs, now() + Duration::minutes(10));
    // A list that was read as a whole is another allocation.
    keeper.seen(&scope(), &completed(0..30), now() + Duration::minutes(20));
    drop(keeper);
    assert!(news.recv_timeout(WAIT).is_err(), "there is nothing else to tell");
    assert_eq!(commits(), before);
}

#[test]
fn a_keeper_goes_on_when_another_session_held_the_file_over_its_first_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let other = Scope { region: "eu-central-1".parse().unwrap(), ..scope() };
    write(&file, "AWS prod", &scope(), &completed(40..41), now());
    let (keeper, news) = start(&file);
    keeper.seen(&other, &list([]), now());
    assert!(matches!(news.recv_timeout(WAIT).unwrap(), News::Past(..)), "it has the file");
    let holding = file.open().unwrap();
    holding.execute_batch("BEGIN EXCLUSIVE").unwrap();
    keeper.seen(&scope(), &completed(0..2), now());
    let told = news.recv_timeout(WAIT).unwrap();
    assert!(matches!(&told, News::Trouble(why) if why.contains("locked")), "{told:?}");
    holding.execute_batch("ROLLBACK").unwrap();
    keeper.seen(&scope(), &completed(0..2), now());
    let News::Past(of, past) = news.recv_timeout(WAIT).unwrap() else { panic!("it told of trouble") };
    assert_eq!((of, nights(&past)), (scope(), vec![40]));
    drop(keeper);
    assert!(news.recv_timeout(WAIT).is_err(), "there is nothing else to tell");
    assert_eq!(file.summary().unwrap().jobs(), 3);
}

#[test]
fn a_full_disk_is_of_now_and_what_was_there_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(&file, "AWS", &scope(), &completed(40..41), now());
    let mut connection = file.open().unwrap();
    let room = |connection: &super::rows::Connection, pages: i64| {
        let set = format!("PRAGMA max_page_count = {pages}");
        connection.query_row(&set, [], |row| row.get::<_, i64>(0)).unwrap();
    };
    let many = completed(0..400);
    let many: Vec<_> = many.iter().collect();
    room(&connection, 1);
    let refused = file.write(&mut connection, ("AWS", &scope()), &many, now()).unwrap_err();
    assert!(refused.is_of_now() && refused.to_string().contains("full"), "{refused}");
    assert_eq!(file.summary().unwrap().jobs(), 1);
    room(&connection, 1 << 20);
    assert_eq!(file.write(&mut connection, ("AWS", &scope()), &many, now()).unwrap(), 399, "one is there");
}

#[test]
fn a_file_that_others_may_read_is_no_longer_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(&file, "AWS", &scope(), &completed(40..41), now());
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
    file.open().unwrap();
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

/// What is said of a file that cannot be used, and how often.
fn trouble(file: &HistoryFile) -> String {
    let (keeper, news) = start(file);
    for minutes in 0..3 {
        keeper.seen(&scope(), &completed(0..2), now() + Duration::minutes(minutes));
    }
    drop(keeper);
    let mut told = Vec::new();
    while let Ok(news) = news.recv_timeout(WAIT) {
        if let News::Trouble(why) = news {
            told.push(why);
        }
    }
    assert_eq!(told.len(), 1, "it is told once: {told:?}");
    told.remove(0)
}

#[test]
fn a_damaged_file_is_told_of_once_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    fs::create_dir(folder.path().join("state")).unwrap();
    let rubbish = "no database at all, but long enough to be taken for one ".repeat(100);
    fs::write(file.path(), &rubbish).unwrap();
    let told = trouble(&file);
    assert!(told.contains("history.sqlite is damaged") && told.contains("vaultdeck history clear"), "{told}");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), rubbish);
    assert!(file.summary().is_err());
    file.remove().unwrap();
    assert_eq!(file.summary().unwrap(), Summary::default());
}

#[test]
fn a_damaged_page_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(&file, "AWS prod", &scope(), &completed(0..400), now());
    let mut bytes = fs::read(file.path()).unwrap();
    let half = bytes.len() / 4;
    bytes[half..].fill(0xA5);
    fs::write(file.path(), bytes).unwrap();
    let told = trouble(&file);
    assert!(told.contains("is damaged"), "{told}");
}

#[test]
fn a_file_of_a_newer_version_is_told_of_once_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(&file, "AWS prod", &scope(), &completed(0..2), now());
    file.open().unwrap().pragma_update(None, "user_version", 2).unwrap();
    let before = fs::read(file.path()).unwrap();
    let told = trouble(&file);
    assert!(told.contains("is of version 2, which is newer than 1, which this vaultdeck knows"), "{told}");
    assert_eq!(fs::read(file.path()).unwrap(), before);
}

#[test]
fn another_sessions_database_is_not_taken_for_a_history() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(&file, "AWS prod", &scope(), &completed(0..2), now());
    file.open().unwrap().execute_batch("DROP TABLE jobs").unwrap();
    let told = trouble(&file);
    assert!(told.contains("is damaged: no such table: jobs"), "{told}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("state"), "a file").unwrap();
    let told = trouble(&file(&folder));
    assert!(told.starts_with("the history of jobs "), "{told}");
}
