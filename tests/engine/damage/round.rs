//! One damage to one vault, and all that must hold after it.

use super::shapes::{Point, Shape};
use crate::bench::{Bench, VAULT, pairs};
use crate::checks;
use crate::tree::{Item, assert_items, items};
use crate::wounds::{Dice, Way, Wound, inflict, scratch};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use vaultdeck::domain::Arn;
use vaultdeck::domain::extension::{CheckKind, CheckProblem, CheckReport, RepairRequest};
use vaultdeck::domain::job::{JobState, RestoreJob};

/// How a round goes.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// The engine has the vault open when it is damaged.
    pub live: bool,
    /// All of the vault was read since it came to its place.
    pub proven: bool,
    /// It is repaired before it is backed up into too, not only after.
    pub repaired_first: bool,
    /// The engine is opened anew before the backup.
    pub reopened: bool,
    /// restic looks at it in the end.
    pub restic: bool,
}

impl Course {
    pub fn drawn(dice: &mut Dice, restic: bool) -> Self {
        let mut heads = || dice.below(2) == 0;
        Self { live: heads(), proven: heads(), repaired_first: heads(), reopened: heads(), restic }
    }
}

/// A vault that suffers.
pub struct Round<'a> {
    shape: &'a Shape,
    bench: Bench,
    wounds: Vec<Wound>,
    /// What was there right after the damage.
    before: BTreeMap<PathBuf, Vec<u8>>,
    told: String,
}

/// How long nothing comes and goes before a vault is at rest.
const REST: Duration = Duration::from_millis(200);

/// Every file of a vault at rest: an engine that lives may still be giving back its lock, or putting aside what it found bad.
fn files_at_rest(vault: &Path) -> Vec<PathBuf> {
    let mut found = files(vault);
    loop {
        std::thread::sleep(REST);
        let again = files(vault);
        if again == found {
            return found;
        }
        found = again;
    }
}

/// Every file of a vault, sorted. One that an engine which lives is just writing is none yet.
pub fn files(vault: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![vault.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !is_temporary(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

impl<'a> Round<'a> {
    /// Damages a file of a copy of a vault: `draw` says which one of the files, and how.
    pub fn begin(
        shape: &'a Shape,
        course: Course,
        told: &str,
        draw: impl FnOnce(&[PathBuf]) -> Option<(usize, Way)>,
    ) -> Option<Self> {
        let mut bench = shape.copy();
        let vault = checks::vault(&bench);
        if course.live || course.proven {
            bench.start();
            assert_eq!(checks::check(&bench).problems, [], "{told}: before");
        }
        if !course.live && bench.engine.is_some() {
            bench.stop();
        }
        let files = if bench.engine.is_some() { files_at_rest(&vault) } else { files(&vault) };
        let (victim, way) = draw(&files)?;
        let name = files[victim].strip_prefix(&vault).unwrap().display().to_string();
        let told = format!("{told}: {}, {name} {way:?}, {course:?}", shape.name);
        let wounds = inflict(&files, victim, way);
        let before = contents(&vault);
        if bench.engine.is_none() {
            bench.start();
        }
        Some(Self { shape, bench, wounds, before, told })
    }

    /// All that must hold.
    pub fn judge(mut self, course: Course) {
        let report = checks::check(&self.bench);
        self.assert_named(&report);
        self.assert_untouched_restores(false);
        if course.repaired_first {
            self.repair();
        }
        if course.reopened {
            self.bench.restart();
        }
        let new = self.backup();
        // Also where that was done before: the backup may have stored what was lost then.
        self.repair();
        self.assert_untouched_restores(true);
        self.assert_restores_source(&new);
        self.assert_only_what_is_lost_is_left();
        self.assert_nothing_was_deleted();
        if course.restic {
            self.assert_restic_agrees(&new);
        }
    }

    fn vault(&self) -> PathBuf {
        checks::vault(&self.bench)
    }

    /// The path of a wound in the vault.
    fn name(&self, wound: &Wound) -> String {
        wound.path.strip_prefix(self.vault()).unwrap().display().to_string()
    }

    /// A check names each damaged file, or the recovery point that it costs.
    fn assert_named(&self, report: &CheckReport) {
        let text = lines(&report.problems) + &report.notes.join("\n");
        for wound in &self.wounds {
            let name = self.name(wound);
            let id = wound.path.file_stem().unwrap().to_str().unwrap();
            let gone = !wound.path.exists();
            let point = self.shape.points.iter().find(|point| name.ends_with(&point.snapshot.to_hex()));
            let named = match name.as_str() {
                "config" => text.contains("the config file"),
                "vaultdeck/copies/config" => text.contains("the copy of the config file"),
                "vaultdeck/integrity" => text.contains("the record of the packs"),
                _ if name.starts_with("vaultdeck/damaged/") => true,
                // A lock that is gone is one that was released, and a key file of another program one that was removed.
                _ if gone && (name.starts_with("locks/") || self.is_foreign_key(&name)) => true,
                _ if gone && name.starts_with("index/") => text.contains("index file"),
                _ => text.contains(id) || point.is_some_and(|point| text.contains(&point.id)),
            };
            assert!(named, "{}: not named is {name} in\n{text}", self.told);
        }
        if self.wounds.is_empty() {
            assert_eq!(report.problems, [], "{}", self.told);
        }
    }

    fn is_foreign_key(&self, name: &str) -> bool {
        name.starts_with("keys/") && !self.recovery_key().is_some_and(|key| name.ends_with(&key))
    }

    /// The file name of the recovery key, as the catalog knows it.
    fn recovery_key(&self) -> Option<String> {
        let catalog = rusqlite::Connection::open(self.bench.path("data/catalog.sqlite")).unwrap();
        catalog.query_row("SELECT key_id FROM recovery_keys", [], |row| row.get(0)).ok()
    }

    /// What of each point was not touched; nothing of one whose snapshot was, while that is not repaired.
    fn untouched(&self, repaired: bool) -> Vec<Option<BTreeSet<PathBuf>>> {
        self.shape.untouched(&self.vault(), |file, start, end| {
            let hit = |wound: &Wound| wound.bytes.is_some_and(|(from, to)| from < end && start < to);
            // A snapshot is one whole: any damage costs it, and its manifest brings it back.
            let is_snapshot = end == u64::MAX;
            let touched = |wound: &Wound| if is_snapshot { !repaired } else { hit(wound) };
            self.wounds.iter().any(|wound| wound.path == file && touched(wound))
        })
    }

    fn assert_untouched_restores(&self, repaired: bool) {
        for (point, paths) in self.shape.points.iter().zip(self.untouched(repaired)) {
            let Some(paths) = paths else { continue };
            let (job, found) = self.restore(&point.arn);
            for path in &paths {
                let (mut expected, mut found) = (point.items[path].clone(), found.get(path).cloned());
                if let Some(found) = found.as_mut().filter(|_| !paths.contains(&expected.same_as)) {
                    // The first name of the same file is lost.
                    (found.same_as, expected.same_as) = (PathBuf::new(), PathBuf::new());
                }
                assert!(found == Some(expected), "{}: {} of {}: {job:?}", self.told, path.display(), point.id);
            }
            if paths.len() == point.items.len() {
                let job = job.unwrap();
                assert_eq!(job.state, JobState::Completed, "{}: {:?}", self.told, job.status_message);
                assert_items(&point.items, &found);
            }
        }
    }

    /// Restores a point, and what came out of it.
    fn restore(&self, point: &Arn) -> (Result<RestoreJob, String>, BTreeMap<PathBuf, Item>) {
        let folder = scratch();
        let target = folder.path().join("restored");
        let (engine, caller) = (self.bench.engine(), &self.bench.caller);
        let mut metadata = engine.recovery_point_restore_metadata(caller, VAULT, point).unwrap();
        metadata.extend(pairs(&[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]));
        let started = engine.start_restore_job(caller, self.bench.restore_request(point, metadata));
        let job = started.map(|id| self.bench.wait_restore(&id)).map_err(|error| error.to_string());
        let found = if target.exists() { items(&target) } else { BTreeMap::new() };
        (job, found)
    }

    /// What is in one file, or in two, never keeps a backup from being made.
    fn backup(&self) -> Point {
        self.bench.advance(chrono::Duration::hours(1));
        let job = self.bench.backup(&self.shape.resource);
        assert_eq!(job.state, JobState::Completed, "{}: {:?}", self.told, job.status_message);
        let arn = job.recovery_point_arn.unwrap();
        let id = arn.as_str().rsplit(':').next().unwrap().to_owned();
        let catalog = rusqlite::Connection::open(self.bench.path("data/catalog.sqlite")).unwrap();
        let snapshot: String = catalog
            .query_row("SELECT snapshot_id FROM recovery_points WHERE arn = ?1", [arn.as_str()], |row| row.get(0))
            .unwrap();
        Point { arn, id, snapshot: snapshot.parse().unwrap(), items: items(&self.shape.source()) }
    }

    fn assert_restores_source(&self, new: &Point) {
        let (job, found) = self.restore(&new.arn);
        let job = job.unwrap();
        assert_eq!(job.state, JobState::Completed, "{}: the new point: {:?}", self.told, job.status_message);
        assert!(new.items == found, "{}: the new point is not the source", self.told);
    }

    fn repair(&self) {
        let (scope, vault) = (self.bench.caller.scope(), VAULT.parse().unwrap());
        let report = self.bench.engine().repair_vault(&scope, &vault, &RepairRequest { dry_run: false });
        let report = report.unwrap_or_else(|error| panic!("{}: repair: {error}", self.told));
        let failed: Vec<_> = report.steps.iter().filter(|step| !step.done).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}", self.told);
    }

    /// After a repair only this is told: recovery points that lost something, the packs that held it, and a recovery key of
    /// which nobody knows what it was.
    fn assert_only_what_is_lost_is_left(&self) {
        let report = checks::check(&self.bench);
        let untouched = self.untouched(true);
        let lossy: BTreeSet<&str> = self
            .shape
            .points
            .iter()
            .zip(&untouched)
            .filter(|(point, paths)| paths.as_ref().is_some_and(|paths| paths.len() < point.items.len()))
            .map(|(point, _)| point.arn.as_str())
            .collect();
        let damaged: BTreeSet<&str> =
            report.problems.iter().filter_map(|problem| problem.recovery_point_arn.as_deref()).collect();
        let names = |folder: &str| -> Vec<String> {
            let names = self.wounds.iter().map(|wound| self.name(wound)).filter(|name| name.starts_with(folder));
            names.map(|name| name.rsplit('/').next().unwrap().to_owned()).collect()
        };
        let (packs, keys) = (names("data/"), names("keys/"));
        for problem in &report.problems {
            let really = match problem.kind {
                CheckKind::RecoveryPoint => lossy.contains(problem.recovery_point_arn.as_deref().unwrap()),
                CheckKind::File => !damaged.is_empty() && packs.iter().any(|pack| problem.subject.contains(pack)),
                CheckKind::RecoveryKey => keys.iter().any(|key| problem.subject.contains(key)),
                _ => false,
            };
            assert!(really, "{}: left after a repair:\n{}", self.told, lines(&report.problems));
        }
    }

    /// What was in the vault is in it still, or was moved aside. Files that only say what others say may be written anew.
    fn assert_nothing_was_deleted(&self) {
        let now = contents(&self.vault());
        let kept: BTreeSet<&Vec<u8>> = now.values().collect();
        let derived = |path: &Path| {
            let name = path.strip_prefix(self.vault()).unwrap();
            let wounded = self.wounds.iter().any(|wound| wound.path == path);
            name.starts_with("locks")
                || name == Path::new("vaultdeck/integrity")
                || name == Path::new("vaultdeck/copies/config")
                || (name.starts_with("index") && !wounded)
        };
        for (path, content) in self.before.iter().filter(|(path, _)| !derived(path)) {
            assert!(kept.contains(content), "{}: {} is nowhere any more", self.told, path.display());
        }
    }

    /// restic restores the new point with a new recovery key, and complains of nothing that is new.
    fn assert_restic_agrees(&self, new: &Point) {
        let scope = self.bench.caller.scope();
        let key = self.bench.engine().make_recovery_key(&scope, &VAULT.parse().unwrap()).unwrap();
        let restic = |arguments: &[&str]| -> Output {
            let mut command = Command::new("restic");
            command.args(["--no-cache", "--no-lock", "--quiet", "--repo"]).arg(self.vault());
            command.env("RESTIC_PASSWORD", &key.password).args(arguments);
            command.output().expect("restic must be installed: tests/run does it")
        };
        let target = scratch();
        let restored = restic(&["restore", &new.snapshot.to_hex(), "--target", target.path().to_str().unwrap()]);
        let words = String::from_utf8_lossy(&restored.stderr).into_owned();
        assert!(restored.status.success(), "{}: restic restore: {words}", self.told);
        assert_items(&new.items, &items(&target.path().join(self.shape.source().strip_prefix("/").unwrap())));
        let words = String::from_utf8_lossy(&restic(&["check", "--read-data"]).stderr).into_owned();
        for path in files(&self.vault().join("data")).iter().filter(|path| !self.before.contains_key(*path)) {
            let pack = &path.file_name().unwrap().to_str().unwrap()[..8];
            assert!(!words.contains(pack), "{}: restic check names new pack {pack}: {words}", self.told);
        }
        let snapshot = &new.snapshot.to_hex()[..8];
        assert!(!words.contains(snapshot), "{}: restic check names the new snapshot: {words}", self.told);
    }
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.contains("-tmp-vaultdeck-") || name.ends_with(".new")
}

/// What every file holds. One that an engine which lives has put aside meanwhile is none any more.
fn contents(vault: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let content = |path: PathBuf| match fs::read(&path) {
        Ok(content) => Some((path, content)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    files(vault).into_iter().filter_map(content).collect()
}

fn lines(problems: &[CheckProblem]) -> String {
    let line = |problem: &CheckProblem| {
        let point = problem.recovery_point_arn.as_deref().unwrap_or_default();
        format!("{:?} {}: {} {point}", problem.kind, problem.subject, problem.message)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}
