//! Vaults of every shape that damage may meet, each made once; a round works on a copy of one.

use crate::bench::{Bench, VAULT, assert_completed};
use crate::checks;
use crate::tree::{Item, items, noise};
use crate::wounds::{change, copy, scratch};
use chrono::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vaultdeck::domain::extension::RepairRequest;
use vaultdeck::domain::{Arn, VaultName};
use vaultdeck::engine::NewVault;
use vaultdeck::repository::{BlobKind, FileKind, Id, LocalStorage, Options, Repository};

/// A vault at rest, its source, and what each of its recovery points must restore.
pub struct Shape {
    pub name: &'static str,
    pub resource: Arn,
    pub points: Vec<Point>,
    rest: Bench,
    /// A copy of the vault that nothing happens to, to look up what lies where.
    known: Known,
}

/// A recovery point.
pub struct Point {
    pub arn: Arn,
    pub id: String,
    pub snapshot: Id,
    pub items: BTreeMap<PathBuf, Item>,
}

struct Known {
    repository: Arc<Repository>,
    _folder: tempfile::TempDir,
}

/// A vault in the making.
struct Maker {
    bench: Bench,
    resource: Arn,
    trees: BTreeMap<Arn, BTreeMap<PathBuf, Item>>,
}

/// What is done to a vault that was just made.
type Making = fn(&mut Maker);

/// How a vault of each shape comes to be.
const SHAPES: [(&str, Making); 10] = [
    ("one point", |maker| maker.backup()),
    ("many packs and index files", |maker| {
        maker.write("large", 7, 1_300_000);
        for number in 0..4 {
            maker.write(&format!("more/{number}/file"), 10 + number, 30_000);
            maker.backup();
        }
        maker.recovery_key();
    }),
    ("many points that share most of their data", |maker| {
        for number in 0..6 {
            maker.write("changing", 50 + number, 2_000);
            maker.backup();
        }
        fs::rename(maker.source().join("deep"), maker.source().join("moved")).unwrap();
        fs::remove_file(maker.source().join("a")).unwrap();
        maker.backup();
    }),
    ("several key files", |maker| {
        maker.backup();
        let password = maker.recovery_key();
        let storage = LocalStorage::new(checks::vault(&maker.bench));
        let key = Repository::unlock(&storage, &password).unwrap();
        let repository = Repository::open(Arc::new(storage), key, Options::default()).unwrap();
        for name in ["first", "second"] {
            repository.add_key_file(name, name, "another host", "2026-11-23T05:00:00Z".parse().unwrap()).unwrap();
        }
    }),
    ("made again, the first one in the trash", |maker| {
        maker.backup();
        maker.delete(0);
        maker.bench.advance(Duration::hours(30));
        let engine = maker.bench.engine();
        engine.delete_vault(&maker.bench.caller, VAULT).unwrap();
        let vault: VaultName = VAULT.parse().unwrap();
        engine.create_vault(&maker.bench.caller, &vault, NewVault::default()).unwrap();
        maker.backup();
        assert!(fs::read_dir(maker.bench.path("data/trash")).unwrap().count() > 0);
    }),
    ("after a collection", |maker| {
        for number in 0..4 {
            maker.write("changing", 70 + number, 20_000);
            maker.backup();
        }
        let before = checks::files(&maker.bench, "data").len();
        maker.delete(2);
        maker.delete(0);
        maker.bench.advance(Duration::days(3));
        maker.wait("the collection", |maker| checks::files(&maker.bench, "data").len() < before);
    }),
    ("hard links and deep folders", |maker| {
        let mut folder = maker.source().join("down");
        for level in 0..30 {
            folder.push(format!("level {level}"));
        }
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bottom"), noise(5, 9000)).unwrap();
        fs::hard_link(folder.join("bottom"), maker.source().join("top")).unwrap();
        fs::hard_link(maker.source().join("a"), maker.source().join("deep/a again")).unwrap();
        std::os::unix::fs::symlink("a", maker.source().join("link")).unwrap();
        maker.backup();
        fs::remove_file(maker.source().join("top")).unwrap();
        maker.backup();
    }),
    ("no point at all", |_| {}),
    ("a source that lost all, with issues", |maker| {
        maker.backup();
        for entry in fs::read_dir(maker.source()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        maker.backup();
        let points = maker.bench.points();
        assert!(points[1].status_message.is_some(), "it says so: {:?}", points[1]);
    }),
    ("repaired before", |maker| {
        maker.backup();
        maker.write("more", 90, 5_000);
        maker.backup();
        for folder in ["index", "snapshots", "vaultdeck/points"] {
            change(&checks::files(&maker.bench, folder)[0], |content| content[0] ^= 1);
        }
        change(&checks::vault(&maker.bench).join("config"), Vec::clear);
        let (scope, vault) = (maker.bench.caller.scope(), VAULT.parse().unwrap());
        maker.bench.engine().repair_vault(&scope, &vault, &RepairRequest { dry_run: false }).unwrap();
        assert_eq!(checks::check(&maker.bench).problems, []);
        assert!(fs::read_dir(checks::vault(&maker.bench).join("vaultdeck/damaged")).unwrap().count() > 2);
    }),
];

impl Maker {
    fn new() -> Self {
        let bench = Bench::simulated_in(scratch());
        let resource = bench.resource("projects", &[]);
        let maker = Self { bench, resource, trees: BTreeMap::new() };
        for (number, name) in ["a", "deep/er/b", "deep/c", "other/d"].into_iter().enumerate() {
            maker.write(name, number as u64, 3_000 + number * 1000);
        }
        fs::write(maker.source().join("empty"), b"").unwrap();
        maker
    }

    fn source(&self) -> PathBuf {
        self.bench.path("projects")
    }

    fn write(&self, name: &str, seed: u64, length: usize) {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, noise(seed, length)).unwrap();
    }

    fn backup(&mut self) {
        assert_completed(&self.bench.backup(&self.resource));
        let point = self.bench.points().pop().unwrap().arn;
        assert!(self.trees.insert(point, items(&self.source())).is_none(), "the newest is the last");
        self.bench.advance(Duration::minutes(5));
    }

    fn recovery_key(&self) -> String {
        let scope = self.bench.caller.scope();
        self.bench.engine().make_recovery_key(&scope, &VAULT.parse().unwrap()).unwrap().password
    }

    fn delete(&self, number: usize) {
        let before = self.bench.points();
        self.bench.engine().delete_recovery_point(&self.bench.caller, VAULT, &before[number].arn).unwrap();
        self.bench.advance(Duration::minutes(20));
        self.wait("the deletion", |maker| maker.bench.points().len() < before.len());
    }

    fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = std::time::Instant::now();
        while !done(self) {
            assert!(begun.elapsed().as_secs() < 60, "{what} does not come");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Shape {
    /// All of them, in their order.
    pub fn all() -> Vec<Self> {
        SHAPES.iter().map(|(name, make)| Self::make(name, *make)).collect()
    }

    fn make(name: &'static str, make: Making) -> Self {
        let mut maker = Maker::new();
        make(&mut maker);
        assert_eq!(checks::check(&maker.bench).problems, [], "{name}");
        let snapshots = snapshots(&maker.bench);
        let mut points = Vec::new();
        for point in maker.bench.points() {
            let id = point.arn.as_str().rsplit(':').next().unwrap().to_owned();
            let items = maker.trees.remove(&point.arn).unwrap();
            points.push(Point { snapshot: snapshots[&point.arn], id, items, arn: point.arn });
        }
        let Maker { bench: mut rest, resource, .. } = maker;
        rest.stop();
        let known = Known::of(&rest);
        Self { name, resource, points, rest, known }
    }

    pub fn source(&self) -> PathBuf {
        self.rest.path("projects")
    }

    /// A copy of the vault with all around it, and nobody at work on it yet.
    pub fn copy(&self) -> Bench {
        copy_of(&self.rest)
    }

    /// The paths of each point whose bytes lie all untouched; nothing for a point whose snapshot was touched. `touched` says
    /// whether bytes of a pack were.
    pub fn untouched(&self, vault: &Path, touched: impl Fn(&Path, u64, u64) -> bool) -> Vec<Option<BTreeSet<PathBuf>>> {
        let (storage, index) = (LocalStorage::new(vault), self.known.repository.index());
        let lost = |kind: BlobKind, id: &Id| {
            index.find_all(kind, id).iter().all(|place| {
                let pack = storage.path(FileKind::Pack, &place.pack);
                touched(&pack, u64::from(place.offset), u64::from(place.offset) + u64::from(place.length))
            })
        };
        let of = |point: &Point| {
            if touched(&storage.path(FileKind::Snapshot, &point.snapshot), 0, u64::MAX) {
                return None;
            }
            let mut paths = BTreeSet::new();
            let tree = self.known.repository.load_snapshot(&point.snapshot).unwrap().tree;
            let mut folders = vec![(tree, PathBuf::from("/"))];
            while let Some((tree, path)) = folders.pop() {
                if lost(BlobKind::Tree, &tree) {
                    continue;
                }
                paths.insert(path.clone());
                for node in self.known.repository.load_tree(&tree).unwrap().nodes {
                    let path = path.join(String::from_utf8(node.name.clone()).unwrap());
                    match node.subtree {
                        Some(subtree) => folders.push((subtree, path)),
                        None if node.content.iter().any(|blob| lost(BlobKind::Data, blob)) => {}
                        None => drop(paths.insert(path)),
                    }
                }
            }
            let below = |path: &PathBuf| path.strip_prefix(self.source()).ok().map(Path::to_owned);
            Some(paths.iter().filter_map(below).collect())
        };
        self.points.iter().map(of).collect()
    }
}

impl Known {
    fn of(rest: &Bench) -> Self {
        let mut bench = copy_of(rest);
        bench.start();
        let (scope, vault) = (bench.caller.scope(), VAULT.parse().unwrap());
        let password = bench.engine().make_recovery_key(&scope, &vault).unwrap().password;
        bench.stop();
        let storage = LocalStorage::new(checks::vault(&bench));
        let key = Repository::unlock(&storage, &password).unwrap();
        let repository = Arc::new(Repository::open(Arc::new(storage), key, Options::default()).unwrap());
        Self { repository, _folder: bench.into_folder() }
    }
}

fn copy_of(rest: &Bench) -> Bench {
    let folder = scratch();
    copy(&rest.path("data"), &folder.path().join("data"));
    Bench::at_rest(folder)
}

/// The snapshot of each recovery point, as the catalog has it.
fn snapshots(bench: &Bench) -> BTreeMap<Arn, Id> {
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let mut statement = catalog.prepare("SELECT arn, snapshot_id FROM recovery_points").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    rows.map(|row| row.map(|(arn, id)| (arn.parse().unwrap(), id.parse().unwrap())).unwrap()).collect()
}
