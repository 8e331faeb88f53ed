//! A driver of stores that live in memory: the smallest service that is no folder. Its source is a flat store of keys, its
//! target takes items in order, and it can be told to fail.

use super::{Content, World};
use crate::domain::types::facts::ArnForm;
use crate::domain::types::keys::{Asked, Kind};
use crate::domain::types::location::{LocationForm, Part};
use crate::domain::types::{KeyFact, Location, Metadata, TypeFacts};
use crate::domain::{Arn, PointDetails, Resource, Scope, Secret, Tags, Time};
use crate::engine::drivers::{
    BackupCx, Broken, Continuous, Driver, Fault, Glimpse, Mark, PointFacts, ProbeCx, Probed, RestoreAsk, RestoreCx,
    RestorePlan, Restored, SightCx, Sink, Source, Target,
};
use crate::repository::{
    BackupOutcome, FileState, ItemPath, KeyItem, KeyStore, KeyTree, Keys, Node, Piece, Put, Refusal, RestoreOutcome,
    RestoreSize, SourceItem, SourceReader, StreamSink, Timestamp, TreeSource, key_of_item,
};
use chrono::Duration;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is known of the type.
static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "memory", resource: "bucket/*" }],
    locations: &[LocationForm { needs: &[Part::Bucket], may: &[], secret: true }],
    restore_keys: &[
        KeyFact { required: true, ..key("Bucket", "the new bucket's name") },
        KeyFact { kind: Kind::Time, ..key("RestoreTime", "a moment") },
        KeyFact { kind: Kind::Bool, ..key("UseLatestRestorableTime", "the latest moment") },
    ],
    can_be_continuous: true,
    ..TypeFacts::named("Memory")
};

const fn key(name: &'static str, help: &'static str) -> KeyFact {
    KeyFact {
        name,
        required: false,
        when: None,
        kind: Kind::Text,
        default: None,
        asked: Asked::Everywhere,
        label: None,
        words: &[],
        help,
    }
}

/// What the service would ask for; no fault tells it.
const PASSWORD: &str = "correct horse";

/// The service lets nobody in without its password.
fn let_in(secret: Option<&Secret>) -> Result<(), Fault> {
    match secret {
        Some(secret) if secret.reveal() == PASSWORD => Ok(()),
        _ => Err(Fault::Denied("The service does not let this user in.".to_owned())),
    }
}

/// An item with the number of its version.
type Stored = (Arc<Vec<u8>>, i64);

/// A change of the service's log: when, of what, and the new content.
pub(crate) type Entry = (i64, Vec<u8>, Vec<u8>);

#[derive(Default)]
pub(crate) struct State {
    buckets: BTreeMap<String, BTreeMap<Vec<u8>, Stored>>,
    versions: i64,
    denied: bool,
    /// How many backups fail for the time being.
    busy: usize,
    /// Whether the child process behind a backup ends with an error.
    breaks_at_end: bool,
    /// How many sources were dropped without an end.
    aborted: usize,
    /// All changes ever.
    pub(crate) log: Vec<Entry>,
    /// The second that it is there.
    pub(crate) second: i64,
    /// The names under which the log is kept.
    pub(crate) holds: BTreeSet<String>,
    /// Why the log cannot be followed.
    pub(crate) unfollowed: Option<Broken>,
}

/// The service, and its driver.
#[derive(Clone, Default)]
pub(crate) struct Store(pub(crate) Arc<Mutex<State>>);

impl Store {
    /// A service with one empty bucket.
    pub(crate) fn world() -> Self {
        let store = Self::default();
        store.0.lock().buckets.insert("source".to_owned(), BTreeMap::new());
        store
    }

    /// The next backups find no time for it.
    pub(super) fn busy(&self, times: usize) {
        self.0.lock().busy = times;
    }

    /// From now on all that is read looks well, and the end says that it was not.
    pub(super) fn break_at_end(&self) {
        self.0.lock().breaks_at_end = true;
    }

    /// How many backups were aborted.
    pub(super) fn aborted(&self) -> usize {
        self.0.lock().aborted
    }

    fn bucket(&self, name: &str) -> Result<BTreeMap<Vec<u8>, Stored>, Fault> {
        let state = self.0.lock();
        if state.denied {
            return Err(Fault::Denied(format!("The bucket {name} does not let this user in.")));
        }
        state.buckets.get(name).cloned().ok_or_else(|| Fault::Gone(format!("There is no bucket {name} any more.")))
    }

    fn store(&self, bucket: &str, name: &[u8], content: Vec<u8>) {
        let mut state = self.0.lock();
        state.versions += 1;
        let (version, second) = (state.versions, state.second);
        if bucket == "source" {
            state.log.push((second, name.to_vec(), content.clone()));
        }
        state.buckets.entry(bucket.to_owned()).or_default().insert(name.to_vec(), (Arc::new(content), version));
    }
}

fn bucket_of(location: &Location) -> &str {
    location.part(Part::Bucket).unwrap_or_default()
}

impl World for Store {
    fn driver(&self) -> &dyn Driver {
        self
    }

    fn resource(&self) -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        Resource {
            arn: FACTS.arn(&scope, "source").unwrap(),
            scope,
            resource_type: FACTS.resource_type(),
            name: "source".to_owned(),
            location: Location::of([(Part::Bucket, "source".to_owned())]),
            tags: Tags::new(),
        }
    }

    fn put(&self, name: &[u8], content: &[u8]) {
        self.store("source", name, content.to_vec());
    }

    fn remove(&self, name: &[u8]) {
        self.0.lock().buckets.get_mut("source").unwrap().remove(name);
    }

    fn deny(&self) -> bool {
        self.0.lock().denied = true;
        true
    }

    fn vanish(&self) {
        self.0.lock().buckets.remove("source");
    }

    fn content(&self, at: &Location) -> Content {
        let bucket = self.bucket(bucket_of(at)).unwrap_or_default();
        bucket.into_iter().map(|(name, (content, _))| (name, content.as_ref().clone())).collect()
    }

    fn hostile(&self) -> Vec<&'static [u8]> {
        vec![
            b"",
            b"/",
            b".",
            b"..",
            b"../x",
            b"a//b",
            b"a/",
            b"/etc/passwd",
            b"\xff\xfe",
            b"a\nb",
            b"%2F",
            b"a",
            b"a/b",
        ]
    }

    fn clear(&self, at: &Location) {
        self.0.lock().buckets.remove(bucket_of(at));
    }

    fn secret(&self) -> Option<Secret> {
        Some(Secret::new(PASSWORD.to_owned()))
    }
}

impl Driver for Store {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let_in(cx.secret)?;
        self.bucket(bucket_of(cx.at))?;
        Ok(Probed { location: cx.at.clone(), mark: None })
    }

    fn new_id(&self, _: &str, at: &Location) -> Result<String, Fault> {
        Ok(bucket_of(at).to_owned())
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        let_in(cx.of.secret.as_ref())?;
        let mut state = self.0.lock();
        if state.busy > 0 {
            state.busy -= 1;
            return Err(Fault::Temporary { why: "The service restarts.".to_owned(), after: Duration::zero() });
        }
        drop(state);
        let keys = self.bucket(bucket_of(&cx.of.resource.location))?;
        let tree = KeyTree::new(Listed(keys), PathBuf::from("/bucket"), cx.control);
        let tree = tree.map_err(|e| Fault::of_io("The bucket cannot be listed", &e))?;
        Ok(Box::new(Open { store: self.clone(), tree, ended: false }))
    }

    fn proposal(&self, _: &Arn, _: &PointDetails) -> Metadata {
        [("Bucket".to_owned(), format!("restored-{}", uuid::Uuid::new_v4()))].into()
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        FACTS.refuse_unknown_keys(ask.metadata)?;
        FACTS.check_keys(ask.metadata)?;
        let name = ask.metadata.get("Bucket").cloned().unwrap_or_default();
        let target = Location::of([(Part::Bucket, name.clone())]);
        Ok(RestorePlan { target, makes: Some(name), is_whole: true })
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        let_in(cx.secret)?;
        let (moment, log) = (cx.moment.map(|moment| moment.at.timestamp()), Mutex::default());
        Ok(Box::new(Into { store: self.clone(), bucket: bucket_of(cx.target).to_owned(), moment, log }))
    }

    fn sight(&self, cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
        let log = ItemPath::root().join(b"log");
        let files = if cx.content.find(&log)?.is_some() { cx.content.entries(&log)? } else { Vec::new() };
        let mut stored = 0;
        let is_all = cx.content.each_file("log", 8, &mut |_, _| stored += 1)?;
        let then = cx.log(&files).into_iter().chain([("Stored".to_owned(), format!("{stored} {is_all}"))]).collect();
        Ok(Glimpse { at_base: cx.of_base(&["End"]), then })
    }

    fn continuous(&self, _: &Location) -> Option<&dyn Continuous> {
        Some(self)
    }
}

/// A bucket as it was when the backup began.
struct Listed(BTreeMap<Vec<u8>, Stored>);

impl KeyStore for Listed {
    fn keys(&self, from: &[u8]) -> Keys<'_> {
        Box::new(self.0.range(from.to_vec()..).map(|(key, (content, version))| {
            let modified = Timestamp::new(*version, 0);
            let node = Node { size: content.len() as u64, modified, changed: modified, ..Node::default() };
            Ok(KeyItem { key: key.clone(), item: SourceItem { node, ..SourceItem::default() } })
        }))
    }

    fn open(&self, key: &[u8]) -> io::Result<Box<dyn SourceReader + '_>> {
        let (content, version) = self.0.get(key).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Reader { content, version: *version, at: 0 }))
    }
}

struct Reader<'a> {
    content: &'a [u8],
    version: i64,
    at: usize,
}

impl SourceReader for Reader<'_> {
    fn state(&mut self) -> io::Result<FileState> {
        let modified = Timestamp::new(self.version, 0);
        Ok(FileState { size: self.content.len() as u64, modified, changed: modified, inode: 0 })
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        let length = (&self.content[self.at..]).read(buffer)?;
        self.at += length;
        Ok(if length == 0 { Piece::End } else { Piece::Data(length) })
    }
}

/// A bucket that is open for a backup.
struct Open {
    store: Store,
    tree: KeyTree<Listed>,
    ended: bool,
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        Path::new("/bucket")
    }

    fn finish(mut self: Box<Self>, _: &BackupOutcome) -> Result<PointFacts, Fault> {
        self.ended = true;
        if self.store.0.lock().breaks_at_end {
            return Err(Fault::Failed("The child process ended with status 1.".to_owned()));
        }
        let state = self.store.0.lock();
        let end = [("End".to_owned(), state.log.len().to_string())];
        let restorable_from = Time::from_timestamp(state.second, 0);
        Ok(PointFacts { details: end.into(), restorable_from, ..PointFacts::default() })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.ended {
            self.store.0.lock().aborted += 1;
        }
    }
}

/// A bucket that is restored into.
struct Into {
    store: Store,
    bucket: String,
    /// The second that it is restored to.
    moment: Option<i64>,
    /// What came of the log.
    log: Mutex<Vec<Entry>>,
}

impl Target for Into {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        let mut state = self.store.0.lock();
        if state.buckets.contains_key(&self.bucket) {
            return Err(Fault::Failed(format!("The bucket {} exists already.", self.bucket)));
        }
        state.buckets.insert(self.bucket.clone(), BTreeMap::new());
        Ok(Mark::of(&self.bucket))
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        if before.read::<String>().as_ref() == Some(&self.bucket) {
            return Ok(());
        }
        Err(Fault::Failed(format!("The bucket {} was not begun by this job.", self.bucket)))
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        Ok(Sink::InOrder(self))
    }

    fn finish(self: Box<Self>, _: &RestoreOutcome) -> Result<Restored, Fault> {
        for (second, name, content) in self.log.lock().drain(..) {
            if self.moment.is_some_and(|moment| second <= moment) {
                self.store.store(&self.bucket, &name, content);
            }
        }
        Ok(Restored {
            notes: vec!["The bucket has no versions.".to_owned()],
            shares_secret: true,
            ..Restored::default()
        })
    }
}

impl StreamSink for Into {
    fn place(&self) -> PathBuf {
        PathBuf::from(&self.bucket)
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        let mut read = Vec::new();
        content.read_to_end(&mut read).map_err(Refusal::from)?;
        if node.is_file()
            && let Some(key) = key_of_item(path)
        {
            match path.components() {
                [folder, _] if folder == b"log" => {
                    self.log.lock().extend(serde_json::from_slice::<Vec<Entry>>(&read).map_err(io::Error::from)?);
                }
                _ => self.store.store(&self.bucket, &key, read),
            }
        }
        Ok(Put::Written)
    }
}
