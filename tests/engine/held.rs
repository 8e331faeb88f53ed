//! One vault is held, by a collection or a restore that stands still in the middle of its work: the others go on, and what
//! waits for it goes on when it ends. What is asserted is the order, never how long anything takes.

use crate::bench::{Bench, VAULT, assert_completed};
use chrono::Duration;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{NewVault, StartBackup};

/// A file of a vault whose next reader stands still until it is let go: a pipe lies at its place.
struct Held {
    path: PathBuf,
    pipe: PathBuf,
    content: Vec<u8>,
    away: PathBuf,
}

/// Somebody reads the file and waits for its bytes.
struct Reading {
    held: Held,
    pipe: fs::File,
}

impl Held {
    fn new(path: &Path, room: &Path) -> Self {
        let (pipe, away) = (room.join("pipe"), room.join("away"));
        let content = fs::read(path).unwrap();
        rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        fs::hard_link(path, &away).unwrap();
        let held = Self { path: path.to_owned(), pipe, content, away };
        // Two names for the pipe, so that it can still be written to when the file is back.
        fs::hard_link(&held.pipe, room.join("second")).unwrap();
        fs::rename(room.join("second"), path).unwrap();
        held
    }

    /// Waits until somebody reads: from then on that one stands still. Meanwhile `nudge` is called about once a second.
    fn wait_until_read(self, nudge: impl Fn()) -> Reading {
        let mut polls = 0;
        let pipe = until("nobody reads the file", || {
            polls += 1;
            if polls % 200 == 0 {
                nudge();
            }
            // A pipe that nobody reads refuses its writer.
            let pipe = rustix::fs::open(&self.pipe, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
            pipe.ok().map(fs::File::from)
        });
        Reading { held: self, pipe }
    }
}

impl Reading {
    /// The file is back at its place, and whoever waits for its bytes gets them.
    fn let_go(mut self) {
        fs::rename(&self.held.away, &self.held.path).unwrap();
        self.pipe.write_all(&self.held.content).unwrap();
    }
}

/// Waits until `look` gives something; only what is held up for ever takes as long as this.
fn until<T>(otherwise: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed().as_secs() < 60, "{otherwise}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn folder(bench: &Bench, vault: &str) -> PathBuf {
    bench.path(&format!("data/vaults/123456789012/us-east-1/{vault}"))
}

fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

fn packs(bench: &Bench) -> usize {
    let folders = fs::read_dir(folder(bench, VAULT).join("data")).unwrap();
    folders.map(|folder| fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

fn backup_for(bench: &Bench, resource: &Arn, days: Option<i64>) -> Arn {
    let request = StartBackup { lifecycle: days.map(Lifecycle::delete_after), ..bench.backup_request(resource) };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let job = bench.wait(&job.id);
    assert_completed(&job);
    job.recovery_point_arn.unwrap()
}

fn status_of(bench: &Bench, point: &Arn) -> Option<String> {
    bench.points().into_iter().find(|found| found.arn == *point).map(|found| found.status.as_str().to_owned())
}

#[test]
fn while_a_collection_stands_still_other_vaults_work_and_nothing_of_its_own_vault_waits_under_the_turn() {
    let bench = Bench::on_fake_clocks();
    bench.engine().create_vault(&bench.caller, &"other".parse().unwrap(), NewVault::default()).unwrap();
    let resource = bench.resource("projects", &[]);
    let expiring = backup_for(&bench, &resource, Some(2));
    let deleted = backup_for(&bench, &resource, None);
    let garbage = bench.resource("garbage", &[]);
    fs::write(bench.path("garbage/only here"), vec![3; 50_000]).unwrap();
    let garbage = backup_for(&bench, &garbage, None);
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &garbage).unwrap();
    let stored = packs(&bench);

    // A collection of the vault stands still: it reads an index file, alone in the vault and under restic's exclusive lock.
    let index = fs::read_dir(folder(&bench, VAULT).join("index")).unwrap().next().unwrap().unwrap().path();
    let held = Held::new(&index, bench.folder.path());
    bench.clocks().pass(Duration::hours(25));
    bench.engine().confirm_clock().unwrap();
    let collection = held.wait_until_read(|| {
        // Something was just inside: the collection comes again after ten minutes.
        bench.clocks().pass(Duration::minutes(11));
        bench.engine().confirm_clock().unwrap();
    });

    // A day later a job in another vault runs from its start to its end …
    bench.clocks().pass(Duration::hours(47));
    let started = Instant::now();
    let request = StartBackup { vault_name: "other".to_owned(), ..bench.backup_request(&resource) };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let job = bench.wait(&job.id);
    println!("the job in the other vault took {} ms", started.elapsed().as_millis());
    assert_completed(&job);
    // … what expires in the collected vault is on its way, a deletion answers, and a job that wants into it waits outside …
    until("the point does not expire", || (status_of(&bench, &expiring)? == "DELETING").then_some(()));
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &deleted).unwrap();
    assert_eq!(status_of(&bench, &deleted).as_deref(), Some("DELETING"));
    let waiting = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    // … and so does the next job of the other vault, whose turn comes after all of these.
    let others = bench.resource("others", &[]);
    let request = StartBackup { vault_name: "other".to_owned(), ..bench.backup_request(&others) };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    assert_completed(&bench.wait(&job.id));
    assert_eq!(bench.job(&waiting.id).state, JobState::Created);
    assert_eq!(packs(&bench), stored, "the collection has not come to its end meanwhile");

    // Let go, it ends, and what waited for it goes on.
    collection.let_go();
    let made = bench.wait(&waiting.id);
    assert_completed(&made);
    until("what expired and what was deleted stay", || (bench.points().len() == 1).then_some(()));
    assert_eq!(bench.points()[0].arn, made.recovery_point_arn.unwrap());
    let report = bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap();
    assert_eq!(report.problems, []);
}

#[test]
fn a_point_that_is_being_restored_is_deleting_until_the_restore_ends() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &point).unwrap();

    // The restore stands still: it reads its snapshot.
    let held = Held::new(&only_file(&folder(&bench, VAULT).join("snapshots")), bench.folder.path());
    let restore = bench.engine().start_restore_job(&bench.caller, bench.restore_request(&point, metadata)).unwrap();
    let reading = held.wait_until_read(|| {});

    bench.engine().delete_recovery_point(&bench.caller, VAULT, &point).unwrap();
    assert_eq!(status_of(&bench, &point).as_deref(), Some("DELETING"));
    // Nor does a later turn of the conductor take it away: this job's end comes after one.
    bench.engine().create_vault(&bench.caller, &"other".parse().unwrap(), NewVault::default()).unwrap();
    let request = StartBackup { vault_name: "other".to_owned(), ..bench.backup_request(&resource) };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    assert_completed(&bench.wait(&job.id));
    assert_eq!(status_of(&bench, &point).as_deref(), Some("DELETING"));
    let state = || bench.engine().describe_restore_job(&bench.caller, &restore).unwrap().state;
    assert_eq!(state(), JobState::Running);

    reading.let_go();
    let restored = bench.wait_restore(&restore);
    assert_eq!(restored.state, JobState::Completed, "{:?}", restored.status_message);
    until("the point stays though its restore has ended", || bench.points().is_empty().then_some(()));
}

#[test]
fn a_job_that_is_being_stopped_when_its_work_is_done_is_aborted_and_leaves_nothing() {
    // Under a rate it lasts after its work, until its time has come.
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.engine().settle_now().unwrap();
    // It hears of the stop too late: its thread has come to its end.
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let stop = "UPDATE backup_jobs SET state = 'ABORTING' WHERE id = ?1 AND state = 'RUNNING'";
    assert_eq!(catalog.execute(stop, [job.id.as_str()]).unwrap(), 1);
    only_file(&folder(&bench, VAULT).join("snapshots"));
    bench.advance(Duration::days(1));
    assert_eq!(bench.job(&job.id).state, JobState::Aborted);
    assert!(bench.points().is_empty());
    assert_eq!(fs::read_dir(folder(&bench, VAULT).join("snapshots")).unwrap().count(), 0);
}
