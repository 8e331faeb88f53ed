//! The restore's side of a driver.

use crate::domain::continuous::Moment;
use crate::domain::types::Metadata;
use crate::domain::types::location::Location;
use crate::domain::{Arn, PointDetails, Resource, Secret, Time};
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::{Fault, Mark};
use crate::repository::{
    self, BlobKind, Control, Error, FileKind, Id, ItemPath, Node, OpenFolder, Repository, RestoreOutcome, RestoreSize,
    SnapshotEntries, StreamSink,
};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A resource that is registered.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The resource.
    pub resource: Resource,
    /// What the driver remembered of it, at its registration or its last backup.
    pub mark: Option<Mark>,
    /// What its service asks for.
    pub secret: Option<Secret>,
}

/// A restore that is asked for.
pub struct RestoreAsk<'a> {
    /// With which metadata.
    pub metadata: &'a Metadata,
    /// What was backed up.
    pub resource_arn: &'a Arn,
    /// What the driver said of the recovery point when it was made.
    pub details: &'a PointDetails,
    /// Whether it is restored to a moment of a log: the recovery point is a continuous one, of which the engine has judged which
    /// moment is asked for, or a snapshot of such a one.
    pub is_continuous: bool,
    /// The same, if the caller has it registered still.
    pub source: Option<&'a Registered>,
    /// Where the caller may have folders restored to.
    pub roots: &'a RestoreRoots,
    /// The engine's data directory, which no restore may write to.
    pub data_dir: &'a Path,
    /// The folder for restores that name none; an error where the engine can write nothing there.
    pub restored: &'a dyn Fn() -> Result<PathBuf, Fault>,
    /// The engine's time.
    pub now: Time,
}

/// What a restore will do, as decided when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePlan {
    /// Where it writes: what the new resource is registered with, if it makes one.
    pub target: Location,
    /// The id of the resource that it makes; `None` for a restore into one that is there.
    pub makes: Option<String>,
    /// Whether it restores all of the recovery point.
    pub is_whole: bool,
}

/// A restore that runs.
pub struct RestoreCx<'a> {
    /// The metadata that it was asked for with.
    pub metadata: &'a Metadata,
    /// See [`RestorePlan::target`].
    pub target: &'a Location,
    /// What was backed up.
    pub resource_arn: &'a Arn,
    /// What the driver said of the recovery point when it was made.
    pub details: &'a PointDetails,
    /// Where a restore into the source writes to, as it is registered now; `None` for one that makes a new resource, and when
    /// it is not registered any more.
    pub source: Option<&'a Registered>,
    /// What the service asks for: that of what is registered at the target, else of what was backed up, as it is registered now.
    pub secret: Option<&'a Secret>,
    /// What the recovery point holds.
    pub content: &'a Inside<'a>,
    /// Makes an empty folder for this restore alone, which other users can go through and which goes with the restore.
    pub scratch: &'a (dyn Fn() -> Result<PathBuf, Fault> + Sync),
    /// Whether it makes a new resource.
    pub makes_new: bool,
    /// To which moment what was backed up continuously is restored, with the log that [`Self::content`] has.
    pub moment: Option<Moment>,
    /// Whether the file system with this device gives so many bytes though they are set aside.
    pub lend: &'a (dyn Fn(u64, u64) -> bool + Sync),
}

/// What a recovery point holds, by paths from the root of what was backed up.
pub struct Inside<'a> {
    /// Where it lies.
    pub repository: &'a Arc<Repository>,
    /// Its snapshot.
    pub snapshot: Id,
    /// The root of what was backed up, in the snapshot.
    pub root: &'a ItemPath,
}

impl Inside<'_> {
    fn at(&self, path: &ItemPath) -> ItemPath {
        path.components().iter().fold(self.root.clone(), |path, name| path.join(name))
    }

    /// The names in a folder.
    pub fn names(&self, folder: &ItemPath) -> Result<Vec<Vec<u8>>, Fault> {
        Ok(self.entries(folder)?.into_iter().map(|node| node.name).collect())
    }

    /// What is in a folder, by names.
    pub(super) fn entries(&self, folder: &ItemPath) -> Result<Vec<Node>, Fault> {
        steady(|| self.repository.entries(&self.snapshot, &self.at(folder)))
    }

    /// What is in a folder that was found ([`Node::subtree`]), by names: at most so many items, and whether there are more.
    pub(super) fn items_of(&self, tree: &Id, most: usize) -> Result<SnapshotEntries, Fault> {
        steady(|| self.repository.page_of(tree, None, most))
    }

    /// The folder that is the root. What it holds can be read by it also when the snapshot is gone and another one has it too.
    pub(super) fn tree(&self) -> Result<Id, Fault> {
        steady(|| self.repository.tree_of_folder(&self.snapshot, self.root))
    }

    /// The content of one piece of a file that was found.
    pub(super) fn piece(&self, id: &Id) -> Result<Vec<u8>, Fault> {
        steady(|| self.repository.load_blob(BlobKind::Data, id))
    }

    /// Tells all files below the root, each with its path from there, but those in the folder of it that is left out; whether there were no
    /// more than so many items, folders among them. Each folder is read once, whatever lies above it.
    pub(super) fn each_file(
        &self,
        but: &str,
        most: usize,
        tell: &mut dyn FnMut(&ItemPath, &Node),
    ) -> Result<bool, Fault> {
        let (mut left, mut folders) = (most, vec![(ItemPath::root(), self.tree()?)]);
        while let Some((folder, tree)) = folders.pop() {
            let page = self.items_of(&tree, left)?;
            if page.more {
                return Ok(false);
            }
            left -= page.nodes.len();
            for node in page.nodes {
                let path = folder.join(&node.name);
                let is_left_out = folder.components().is_empty() && node.name == but.as_bytes();
                match node.subtree {
                    _ if is_left_out => {}
                    Some(tree) => folders.push((path, tree)),
                    None => tell(&path, &node),
                }
            }
        }
        Ok(true)
    }

    /// The content of a file of at most so many bytes; nothing where there is none.
    pub fn read(&self, path: &ItemPath, longest: u64) -> Result<Option<Vec<u8>>, Fault> {
        let Some(node) = self.find(path)?.filter(Node::is_file) else { return Ok(None) };
        if node.size > longest {
            return Err(Fault::Failed(format!("{path} has {} bytes, and at most {longest} are read", node.size)));
        }
        self.content_of(&node).map(Some)
    }

    /// The content of a file that was found.
    pub(super) fn content_of(&self, node: &Node) -> Result<Vec<u8>, Fault> {
        let mut content = Vec::new();
        for id in &node.content {
            content.extend(self.piece(id)?);
        }
        Ok(content)
    }

    /// The content of a file as it is read, however much it is; nothing where there is none.
    pub fn open(&self, path: &ItemPath) -> Result<Option<impl Read>, Fault> {
        let Some(node) = self.find(path)?.filter(Node::is_file) else { return Ok(None) };
        let (repository, pieces) = (self.repository.as_ref(), node.content.into_iter());
        Ok(Some(Content { repository, pieces, piece: Cursor::default() }))
    }

    /// The item at a path; nothing where there is none.
    pub fn find(&self, path: &ItemPath) -> Result<Option<Node>, Fault> {
        steady(|| match self.repository.find(&self.snapshot, &self.at(path)) {
            Err(Error::NoSuchPath { .. } | Error::NotAFolder { .. }) => Ok(None),
            found => found,
        })
    }
}

/// Reads, also where no pass holds what is read in its place: a collection may move it into another pack between the look into the index
/// and the reading, and then the index knows better by now.
pub(super) fn steady<T>(read: impl Fn() -> repository::Result<T>) -> Result<T, Fault> {
    let mut tries_left = 3;
    loop {
        tries_left -= 1;
        match read() {
            Err(Error::NotFound { kind: FileKind::Pack, .. }) if tries_left > 0 => {}
            outcome => return outcome.map_err(|error| Fault::Failed(error.to_string())),
        }
    }
}

/// The content of a file, piece by piece.
struct Content<'a> {
    repository: &'a Repository,
    pieces: std::vec::IntoIter<Id>,
    piece: Cursor<Vec<u8>>,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.piece.read(buffer)? {
                0 if !buffer.is_empty() => {}
                length => return Ok(length),
            }
            let Some(next) = self.pieces.next() else { return Ok(0) };
            self.piece = Cursor::new(self.repository.load_blob(BlobKind::Data, &next).map_err(io::Error::other)?);
        }
    }
}

/// Where a restore writes.
///
/// The job calls, in this order, [`Self::begin`] at its first attempt or [`Self::resume`] at a later one, [`Self::sink`], and when
/// all is written [`Self::finish`]. Dropped before, the restore failed, was stopped or is tried again later: what was written stays,
/// and nothing else may.
pub trait Target: Send {
    /// What of the recovery point is wanted; all of it when empty.
    fn items(&self) -> &[ItemPath];

    /// How large the restore will be, where that is not what the items of the snapshot are: one that takes by itself what it wants
    /// ([`Sink::Own`]) measures it so.
    fn measure(&mut self, _control: &Control) -> Option<repository::Result<RestoreSize>> {
        None
    }

    /// Makes sure that there is room and that nobody's data is in the way. The mark is durable before anything is written.
    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault>;

    /// Finds what an earlier attempt began, which is written over: `before` is what [`Self::begin`] said.
    fn resume(&mut self, before: &Mark) -> Result<(), Fault>;

    /// Where the content goes.
    fn sink(&mut self) -> Result<Sink<'_>, Fault>;

    /// All that could be written is there. What else is to be done is done here: a database recovers, a change set is made.
    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault>;
}

/// How a target takes content.
pub enum Sink<'a> {
    /// A folder of this machine, in any order.
    Folder(OpenFolder),
    /// Item by item, the content of each from its beginning to its end.
    InOrder(&'a dyn StreamSink),
    /// Nothing as the snapshot has it: what is wanted lies within its items, and the target takes it out by itself.
    Own(&'a mut dyn Extraction),
}

/// Takes out of a recovery point what is no item of its snapshot, as a file of a file system in a volume.
pub trait Extraction {
    /// Restores it. What comes back is as of [`Repository::restore`].
    fn extract(&mut self, control: &Control) -> repository::Result<RestoreOutcome>;
}

/// What a driver says of a restore that is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// What is worth saying though nothing failed, as sentences.
    pub notes: Vec<String>,
    /// The id of what it wrote into, where that is neither new nor what was backed up.
    pub into: Option<String>,
    /// Whether that is nothing that could be a resource: a file, or a database of some server.
    pub is_of_no_resource: bool,
    /// What the resource is to be called that it made, where the metadata says so.
    pub name: Option<String>,
    /// Whether the resource that it made is reached with the secret of what was backed up: it is registered with that.
    pub shares_secret: bool,
}
