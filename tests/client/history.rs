//! Jobs that were seen are kept on this machine: on a service that is not an engine, and on disks that fail.

use crate::child::{given_url, in_child};
use crate::kept_job;
use crate::mounted::Mounted;
use crate::recorder::{options, scope};
use crate::standin::{Asked, Told, serve};
use chrono::Utc;
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vaultdeck::client::audit::Audit;
use vaultdeck::client::connect::{Connection, Options, Transport};
use vaultdeck::client::history::{HistoryFile, Keeper, News, Past};
use vaultdeck::client::mutes::MutesFile;
use vaultdeck::client::views::ViewsFile;
use vaultdeck::client::{Event, Key, Query, Rows};
use vaultdeck::domain::job::BackupJob;
use vaultdeck::tui::msg::{Effect, Msg};
use vaultdeck::tui::{Backend, Files};

/// So long nothing is waited for that must come.
const WAIT: Duration = Duration::from_secs(30);

/// What the service lists: jobs of these ages, in days.
fn listed(ages: &[i64]) -> Told {
    let jobs = ages.iter().map(|age| {
        let created = Utc::now() - chrono::Duration::days(*age);
        json!({
            "AccountId": "123456789012", "BackupJobId": format!("job-{age}"), "State": "COMPLETED",
            "BackupVaultName": "Default", "BackupVaultArn": "arn:aws:backup:us-east-1:123456789012:backup-vault:Default",
            "ResourceArn": "arn:aws:rds:us-east-1:123456789012:db:ledger", "ResourceType": "RDS",
            "CreationDate": created.timestamp(), "CompletionDate": created.timestamp() + 60,
        })
    });
    Told::json(&json!({"BackupJobs": jobs.collect::<Vec<_>>()}))
}

/// A service that lists the jobs of these ages, which may become others; its URL.
async fn service(ages: Arc<Mutex<Vec<i64>>>, is_engine: bool) -> String {
    serve(move |asked: &Asked| {
        let told = match asked.line.as_str() {
            line if line.starts_with("GET /backup-jobs") => listed(&ages.lock().unwrap()),
            "POST /" => Told::identity(),
            _ => Told::unknown(),
        };
        Told { is_engine, ..told }
    })
    .await
}

/// A session of the dashboard, until it has the list of jobs, and what it remembers where it keeps anything.
async fn session(url: &str, folder: &Path, keeps: bool) -> Option<Arc<Past>> {
    let options = Options {
        regions: vec!["us-east-1".parse().unwrap()],
        profile: Some("moto".to_owned()),
        ..options(Transport::Endpoint(url.to_owned()))
    };
    let files = Files {
        mutes: MutesFile::new(folder.join("mutes.json"), "here", "ada"),
        views: ViewsFile::new(folder.join("views.json")),
        history: HistoryFile::of(folder),
    };
    let audit = Arc::new(Audit::open(&folder.join("audit.jsonl"), "ada").unwrap());
    let mut backend = Backend::client(Connection::new(options).unwrap(), audit, files);
    let key = Key::scoped(scope(), Query::BackupJobs);
    backend.effects.send(Effect::Want { visible: vec![key], hidden: Vec::new() }).unwrap();
    let (mut has_list, mut past) = (false, None);
    while !has_list || (keeps && past.is_none()) {
        match tokio::time::timeout(WAIT, backend.news.recv()).await.expect("it tells").expect("it runs") {
            Msg::Past(News::Past(_, told)) => past = Some(told),
            Msg::Past(News::Trouble(why)) => panic!("{why}"),
            Msg::Data(event) => {
                if let Event::Answered(reply) = *event {
                    has_list |= reply.result.map(|_| true).expect("the list is told");
                }
            }
            _ => {}
        }
    }
    past
}

fn ids(past: &Past) -> Vec<&str> {
    past.jobs.iter().map(|job| job.id.as_str()).collect()
}

#[test]
fn what_the_service_has_forgotten_is_known_to_the_next_session() {
    let Some(_) = given_url() else {
        return in_child(
            "history::what_the_service_has_forgotten_is_known_to_the_next_session",
            "none",
            ("AKIAHISTORY", "secret"),
        );
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let ages = Arc::new(Mutex::new(vec![1, 28, 40]));
        let url = service(Arc::clone(&ages), false).await;
        assert_eq!(ids(&session(&url, folder.path(), true).await.unwrap()), ["job-40"]);
        *ages.lock().unwrap() = vec![0, 1];
        assert_eq!(ids(&session(&url, folder.path(), true).await.unwrap()), ["job-40"]);
        let summary = HistoryFile::of(folder.path()).summary().unwrap();
        assert_eq!(summary.jobs(), 4, "0, 1, 28 and 40");
        assert_eq!(summary.contexts[0].context, format!("{url} moto"));
        let other = service(ages, false).await;
        assert_eq!(ids(&session(&other, folder.path(), true).await.unwrap()), Vec::<&str>::new(), "it is another one");
    });
}

#[test]
fn of_an_engine_nothing_is_kept() {
    let Some(_) = given_url() else {
        return in_child("history::of_an_engine_nothing_is_kept", "none", ("AKIAHISTORY", "secret"));
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = service(Arc::new(Mutex::new(vec![1, 40])), true).await;
        assert!(session(&url, folder.path(), false).await.is_none());
        assert!(!HistoryFile::of(folder.path()).path().exists());
    });
}

fn jobs(ages: &[i64]) -> Rows<BackupJob> {
    let job = |age: &i64| {
        let job = kept_job::job(&scope(), &format!("job-{age}"), Utc::now() - chrono::Duration::days(*age));
        // Long enough for a small disk to be full of a few.
        Arc::new(BackupJob { status_message: Some("x".repeat(2_000)), ..job })
    };
    ages.iter().map(job).collect()
}

fn keeper(file: &HistoryFile) -> (Keeper, Receiver<News>) {
    let (told, news) = channel();
    (Keeper::start(file.clone(), "AWS".to_owned(), move |news| drop(told.send(news))), news)
}

/// What a keeper tells of lists of jobs: how much it remembers, and of what trouble it spoke. It has ended then.
fn told(file: &HistoryFile, lists: &[Rows<BackupJob>]) -> (Vec<usize>, Vec<String>) {
    let (keeper, news) = keeper(file);
    for jobs in lists {
        keeper.seen(&scope(), jobs, Utc::now());
        // Each list by itself: of several that wait only the newest counts.
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(keeper);
    let (mut known, mut trouble) = (Vec::new(), Vec::new());
    loop {
        match news.recv_timeout(WAIT) {
            Ok(News::Past(_, past)) => known.push(past.jobs.len()),
            Ok(News::Trouble(why)) => trouble.push(why),
            Err(RecvTimeoutError::Disconnected) => return (known, trouble),
            Err(RecvTimeoutError::Timeout) => panic!("the keeper hangs"),
        }
    }
}

/// A file that cannot be written until this is dropped: by its rights, or for root, whom they do not hold, by its file system.
enum ReadOnly {
    Mounted { _mounted: Mounted },
    Rights(HistoryFile),
}

impl ReadOnly {
    fn make(file: &HistoryFile) -> Self {
        let state = file.path().parent().unwrap();
        if rustix::process::geteuid().is_root() {
            return Self::Mounted { _mounted: Mounted::read_only(state) };
        }
        fs::set_permissions(file.path(), Permissions::from_mode(0o400)).unwrap();
        fs::set_permissions(state, Permissions::from_mode(0o500)).unwrap();
        Self::Rights(file.clone())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if let Self::Rights(file) = self {
            // The folder cannot be removed otherwise.
            fs::set_permissions(file.path().parent().unwrap(), Permissions::from_mode(0o700)).unwrap();
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_is_read_all_the_same_and_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = HistoryFile::of(&folder.path().join("state"));
    assert_eq!(told(&file, &[jobs(&[40])]), (vec![1], Vec::new()));
    let _read_only = ReadOnly::make(&file);
    let (known, trouble) = told(&file, &[jobs(&[1]), jobs(&[1, 2]), jobs(&[1, 2, 3])]);
    assert_eq!(known, [1]);
    assert!(trouble.len() == 1 && trouble[0].contains("readonly database"), "{trouble:?}");
    assert_eq!(file.summary().unwrap().jobs(), 1);
}

#[test]
fn a_full_disk_is_told_of_once_and_what_came_meanwhile_is_written_when_there_is_room() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can mount a small disk");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let disk = Mounted::tmpfs(&state, 1 << 20);
    let file = HistoryFile::of(&state);
    assert_eq!(told(&file, &[jobs(&[40])]).1, Vec::<String>::new());
    disk.fill();
    let many: Vec<i64> = (0..30).collect();
    let (_, trouble) = told(&file, &[jobs(&many), jobs(&many)]);
    assert!(trouble.len() == 1 && trouble[0].contains("full"), "{trouble:?}");
    assert_eq!(file.summary().unwrap().jobs(), 1, "what was there is whole");
    let (keeper, news) = keeper(&file);
    keeper.seen(&scope(), &jobs(&many), Utc::now());
    let is_trouble = |news: News| matches!(news, News::Trouble(_));
    while !is_trouble(news.recv_timeout(WAIT).unwrap()) {}
    fs::remove_file(state.join("filler")).unwrap();
    keeper.seen(&scope(), &jobs(&many), Utc::now());
    drop(keeper);
    assert!(news.recv_timeout(WAIT).is_err(), "there is no more to tell");
    assert_eq!(file.summary().unwrap().jobs(), 31);
}
