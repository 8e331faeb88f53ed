//! The disk of the data directory is full: nobody is locked out, and what makes room goes on.
//!
//! Only root may mount a small disk. The rules of the reserve itself have tests beside it, which need nobody's rights.

use crate::bench::{Bench, VAULT, assert_completed, tree};
use crate::mounted::Mounted;
use chrono::Duration;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::catalog::{Catalog, migrations, state};
use vaultdeck::engine::data_dir::reserve::Reserve;
use vaultdeck::engine::{Error, NewVault, PageRequest, StartBackup};

/// A data directory on a disk of its own.
struct Scene {
    bench: Bench,
    disk: Mounted,
    /// What the reserve should be.
    reserve: u64,
}

/// The disks that the tests are run on: of blocks that are smaller than pages, and in memory.
fn scenes() -> Vec<Scene> {
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let ext4 = |folder: &Path| Mounted::ext4(&folder.join("image"), &folder.join("data"), 96 << 20);
    let tmpfs = |folder: &Path| Mounted::tmpfs(&folder.join("data"), 96 << 20);
    let disks: [&dyn Fn(&Path) -> Mounted; 2] = [&ext4, &tmpfs];
    disks.into_iter().map(Scene::on).collect()
}

impl Scene {
    fn on(disk: &dyn Fn(&Path) -> Mounted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path());
        let bench = Bench::in_folder(folder);
        let reserve = fs::metadata(bench.path("data/reserve")).unwrap().len();
        assert!((2 << 20..=3 << 20).contains(&reserve), "{reserve} bytes are a small part of the disk");
        Self { bench, disk, reserve }
    }

    /// A resource of one file of so many bytes, which nothing makes smaller.
    fn noise(&self, name: &str, bytes: usize) -> Arn {
        let folder = self.bench.path(name);
        fs::create_dir_all(&folder).unwrap();
        let mut content = vec![0; bytes];
        getrandom::fill(&mut content).unwrap();
        fs::write(folder.join("noise"), content).unwrap();
        self.bench.register(name, &folder, &[])
    }

    fn problems(&self) -> Vec<String> {
        self.bench.engine().health().problems.into_iter().map(|problem| problem.code).collect()
    }

    fn laid(&self) -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(self.bench.path("data/reserve")).map_or(0, |facts| facts.blocks() * 512)
    }

    fn free(&self) -> u64 {
        let facts = rustix::fs::statvfs(self.bench.path("data")).unwrap();
        facts.f_bavail * facts.f_frsize
    }

    fn packs(&self) -> usize {
        let data = self.bench.path("data/vaults/123456789012/us-east-1").join(VAULT).join("data");
        tree(&data).keys().filter(|path| path.components().count() == 2).count()
    }

    fn delete(&self, point: &Arn) {
        self.bench.engine().delete_recovery_point(&self.bench.caller, VAULT, point).unwrap();
    }

    fn restores_to(&self, point: &Arn, target: &str, source: &str) {
        let target = self.bench.path(target);
        let job = self.bench.restore(point, &[("vaultdeck:path", target.to_str().unwrap())]);
        assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
        assert_eq!(tree(&target), tree(&self.bench.path(source)));
    }
}

#[test]
fn on_a_full_disk_all_goes_on_but_backups_and_a_deletion_gives_the_room_back() {
    for mut scene in scenes() {
        let (large, small) = (scene.noise("large", 20 << 20), scene.noise("small", 1 << 20));
        let gone = scene.bench.backup(&large).recovery_point_arn.unwrap();
        let kept = scene.bench.backup(&small).recovery_point_arn.unwrap();
        scene.bench.engine().create_vault(&scene.bench.caller, &"empty".parse().unwrap(), NewVault::default()).unwrap();
        // Packs are collected once they are known for a day.
        scene.bench.advance(Duration::hours(25));
        assert_eq!(scene.problems(), [""; 0]);
        let before = scene.packs();
        scene.disk.fill();

        assert_eq!(scene.problems(), ["DiskFull"]);
        let check = |scene: &Scene, target: &str| {
            assert_eq!(scene.bench.points().len(), 2);
            let engine = scene.bench.engine();
            let (scope, vault) = (scene.bench.caller.scope(), VAULT.parse().unwrap());
            assert_eq!(engine.list_vaults(&scene.bench.caller, None, &PageRequest::default()).unwrap().items.len(), 3);
            assert_eq!(engine.check_vault(&scope, &vault).unwrap().problems, []);
            scene.restores_to(&kept, target, "small");
        };
        check(&scene, "restored 1");
        assert!(scene.laid() < scene.reserve, "what was written found its room there");
        let refused = scene.bench.backup(&small);
        assert_eq!(refused.state, JobState::Failed);
        let why = refused.status_message.unwrap();
        let told = format!("The disk of the vault is full: the disk of {} has ", scene.bench.path("data").display());
        assert!(why.starts_with(&told) && why.contains("Delete recovery points"), "{why}");
        scene.bench.restart();
        check(&scene, "restored 2");

        scene.delete(&gone);
        assert_eq!(scene.bench.points().len(), 1);
        scene.bench.engine().delete_vault(&scene.bench.caller, "empty").unwrap();
        scene.bench.advance(Duration::seconds(1));

        assert!(scene.packs() < before, "the vault was collected at once");
        assert_eq!(scene.laid() / 1024, scene.reserve / 1024, "the reserve is laid again");
        assert_eq!(scene.problems(), [""; 0]);
        assert_completed(&scene.bench.backup(&small));
        scene.restores_to(&kept, "restored 3", "small");
        let index = fs::metadata(scene.bench.path("data/catalog.sqlite-shm")).unwrap();
        assert!(index.blocks() * 512 >= 256 << 10, "no hole of a mapped file is left to be filled on a full disk");
    }
}

#[test]
fn hundreds_of_changes_find_their_room_on_a_full_disk() {
    for scene in scenes() {
        let resource = scene.noise("small", 1000);
        let point = scene.bench.backup(&resource).recovery_point_arn.unwrap();
        let doomed: Vec<Arn> = (0..100).map(|_| scene.bench.backup(&resource).recovery_point_arn.unwrap()).collect();
        scene.disk.fill();
        for arn in &doomed {
            scene.delete(arn);
        }
        for number in 0..100 {
            scene.restores_to(&point, &format!("restored/{number}"), "small");
        }
        // Those that met a collection wait for its end.
        scene.bench.advance(Duration::seconds(1));
        assert_eq!(scene.bench.points().len(), 1);
        assert!(scene.laid() > 0, "and some of the reserve is left");
    }
}

#[test]
fn a_disk_that_somebody_goes_on_filling_leaves_room_for_several_steps() {
    for scene in scenes() {
        let resource = scene.noise("small", 1000);
        let points: Vec<Arn> = (0..2).map(|_| scene.bench.backup(&resource).recovery_point_arn.unwrap()).collect();
        for point in &points {
            scene.disk.fill();
            scene.delete(point);
        }
        scene.bench.advance(Duration::seconds(1));
        assert_eq!(scene.bench.points().len(), 0);
    }
}

#[test]
fn what_expires_makes_room_on_a_full_disk() {
    for scene in scenes() {
        let (large, small) = (scene.noise("large", 20 << 20), scene.noise("small", 1000));
        let lifecycle = Some(Lifecycle::delete_after(1));
        let request = StartBackup { lifecycle, ..scene.bench.backup_request(&large) };
        let job = scene.bench.engine().start_backup_job(&scene.bench.caller, request).unwrap();
        assert_completed(&scene.bench.wait(&job.id));
        let before = scene.packs();
        scene.disk.fill();
        scene.bench.advance(Duration::days(3));
        assert_eq!((scene.bench.points().len(), scene.problems()), (0, Vec::new()));
        assert!(scene.packs() < before);
        assert_completed(&scene.bench.backup(&small));
    }
}

#[test]
fn a_backup_that_does_not_fit_leaves_the_reserve_and_as_much_again() {
    for scene in scenes() {
        let (large, small) = (scene.noise("large", 100 << 20), scene.noise("small", 1000));
        let job = scene.bench.backup(&large);
        assert_eq!(job.state, JobState::Failed);
        let why = job.status_message.unwrap();
        assert!(why.starts_with("The disk of the vault is full: ") && why.contains("must leave"), "{why}");
        assert!(scene.laid() >= scene.reserve, "none of it is a backup's");
        // What was read of the folder in the file system's own books is not all of what a backup writes.
        assert!(scene.free() + (256 << 10) >= scene.reserve, "{} are free", scene.free());
        assert_eq!(scene.bench.points().len(), 0);
        // What was stored in vain is nobody's, and a day later it goes.
        scene.bench.advance(Duration::hours(30));
        assert_completed(&scene.bench.backup(&small));
    }
}

#[test]
fn a_directory_that_has_no_reserve_on_a_full_disk_is_read_and_restored_from() {
    for mut scene in scenes() {
        let resource = scene.noise("small", 1000);
        let point = scene.bench.backup(&resource).recovery_point_arn.unwrap();
        scene.bench.stop();
        fs::remove_file(scene.bench.path("data/reserve")).unwrap();
        scene.disk.fill();
        scene.bench.start();
        assert_eq!(scene.bench.points().len(), 1);
        scene.restores_to(&point, "restored", "small");
        let refused = scene.bench.engine().delete_recovery_point(&scene.bench.caller, VAULT, &point).unwrap_err();
        assert!(matches!(refused, Error::ReadOnly(_)) && refused.to_string().contains("No space left"), "{refused}");
        scene.bench.stop();
        fs::remove_file(scene.bench.path("data/filler")).unwrap();
        scene.bench.start();
        assert!(scene.laid() >= scene.reserve);
        scene.delete(&point);
    }
}

#[test]
fn a_commit_has_its_room_though_the_disk_fills_up_in_its_midst() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let ext4 = Mounted::ext4(&path("image"), &path("ext4"), 96 << 20);
    let tmpfs = Mounted::tmpfs(&path("tmpfs"), 96 << 20);
    for (disk, root) in [(ext4, path("ext4")), (tmpfs, path("tmpfs"))] {
        let catalog = Catalog::open_with(&root.join("catalog.sqlite"), Arc::new(Reserve::open(&root))).unwrap();
        let changed = catalog.write(|tx| {
            state::set(tx, "text", &"x".repeat(100_000))?;
            disk.fill();
            Ok(())
        });
        changed.unwrap();
        assert_eq!(catalog.read(|c| state::get(c, "text")).unwrap().unwrap().len(), 100_000);
    }
}

#[test]
fn a_schema_changes_on_a_full_disk_though_its_copy_finds_no_room() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = Mounted::ext4(&folder.path().join("image"), &folder.path().join("data"), 96 << 20);
    let root = folder.path().join("data");
    let path = root.join("catalog.sqlite");
    let mut before = rusqlite::Connection::open(&path).unwrap();
    migrations::run(&mut before, &path, &migrations::ALL[..migrations::ALL.len() - 1]).unwrap();
    // Larger than the room that there will be.
    before.execute_batch("CREATE TABLE ballast (x BLOB); INSERT INTO ballast VALUES (zeroblob(8000000))").unwrap();
    drop(before);
    let reserve = Arc::new(Reserve::open(&root));
    disk.fill();

    let catalog = Catalog::open_with(&path, reserve).unwrap();

    assert_eq!(catalog.read(|c| Ok(migrations::version(c)?)).unwrap(), migrations::ALL.len() as i64);
    let copies = tree(&root.join("catalog-copies"));
    assert!(copies.is_empty(), "half a copy is none, and leaves nothing: {:?}", copies.keys());
}

#[test]
fn a_copy_begins_on_a_full_disk_as_little_as_a_backup_does() {
    for scene in scenes() {
        let point = scene.bench.backup(&scene.noise("small", 1000)).recovery_point_arn.unwrap();
        scene
            .bench
            .engine()
            .create_vault(&scene.bench.caller, &"copies".parse().unwrap(), NewVault::default())
            .unwrap();
        scene.disk.fill();
        let refused = crate::guards::copied(&scene.bench, &point);
        assert_eq!(refused.state, JobState::Failed);
        let why = refused.status_message.unwrap();
        let told = format!("The disk of the vault is full: the disk of {} has ", scene.bench.path("data").display());
        assert!(why.starts_with(&told) && why.contains("Delete recovery points"), "{why}");
    }
}
