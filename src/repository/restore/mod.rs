//! Restoring: streamed, in parallel, in bounded memory, every blob verified.
//!
//! There are two ways, for the two kinds of places that a restore writes to ([`sink`]). One that takes content only in its
//! order is served item by item ([`stream`]). A folder, or whatever else takes any part at any time, is served in the order
//! in which packs have the content, which reads least:
//!
//! The walk over the snapshot's folders makes folders, links and devices as it meets them, and gathers files into a batch.
//! A full batch is carried out: its pieces are sorted by pack, so that each range of a pack is read once, and workers
//! write them to their places. A file gets its metadata when its last piece is written, a folder when everything in it is
//! there. What cannot be restored is listed and costs nothing else.

mod batch;
mod content;
mod elsewhere;
mod folder;
mod foreign;
mod plan;
mod report;
mod run;
mod selection;
mod sink;
mod stream;
mod walk;
mod zeros;

use std::path::PathBuf;

pub use foreign::{ForeignItem, ForeignTree, Handle, Listed, Stretch, Take, measure_foreign, restore_foreign};
pub use report::{Failure, RestoreOutcome};
pub use sink::{MissingMetadata, Put, RandomSink, Refusal, Shape, StreamSink, Wanted};

use self::folder::FolderSink;
use self::plan::Planner;
use self::report::Report;
use self::run::Run;
use self::selection::Selection;
use self::walk::{Step, Walk};
use self::zeros::Zeros;
use super::hard_links::Original;
use super::item_path::ItemPath;
use super::open_folder::OpenFolder;
use super::{BlobKind, Control, Error, Id, Node, Repository, Result};

/// What to restore, and where to.
#[derive(Debug, Clone)]
pub struct RestoreRequest {
    /// The snapshot.
    pub snapshot: Id,
    /// The folder in the snapshot that becomes the target; the root puts the snapshot's whole path there.
    pub strip: ItemPath,
    /// The wanted items below that folder, folders with all that is in them. None: everything.
    pub items: Vec<ItemPath>,
    /// The folder to restore into. It is made if it is absent.
    pub target: PathBuf,
    /// Whether the target may hold something already. Then files and links in the way are replaced, folders are entered.
    pub merge: bool,
}

/// How large a restore will be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoreSize {
    /// Files, hard links not counted.
    pub files: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// Bytes that the target needs free, all blocks counted, holes not.
    pub required_bytes: u64,
}

impl Repository {
    /// Restores items of a snapshot into the folder that the request names, made if it is absent. No part of its path may be
    /// a symbolic link.
    ///
    /// What cannot be restored is in the outcome's failures, and all else is restored and on the disk. An error says that
    /// nothing could be done at all, or that the restore was stopped: cancelled, or no space left.
    pub fn restore(&self, request: &RestoreRequest, control: &Control) -> Result<RestoreOutcome> {
        control.check()?;
        self.sync_index()?;
        self.folder(&request.snapshot, &request.strip)?;
        let failed = |source| Error::Target { path: request.target.clone(), source };
        self.restore_into(request, OpenFolder::open_or_make(&request.target).map_err(failed)?, control)
    }

    /// Restores items of a snapshot into a folder that the caller has opened and judged; the request's target is not looked at.
    pub fn restore_into(
        &self,
        request: &RestoreRequest,
        into: OpenFolder,
        control: &Control,
    ) -> Result<RestoreOutcome> {
        control.check()?;
        self.sync_index()?;
        let (root, tree) = self.folder(&request.snapshot, &request.strip)?;
        let path = into.path().to_owned();
        let failed = |source| Error::Target { path: path.clone(), source };
        if !request.merge && !into.is_empty().map_err(failed)? {
            return Err(Error::Invalid(format!("cannot restore into {}: it is not empty", path.display())));
        }
        let walk = Walk::new(self, &tree, Selection::of(&request.items))?;
        self.restore_walk(walk, root, &FolderSink::new(into, request.merge), control)
    }

    /// Restores items of a snapshot into a sink that takes any part of any file at any time.
    ///
    /// What comes back is as of [`restore`](Self::restore).
    pub fn restore_random<S: RandomSink>(
        &self,
        wanted: Wanted<'_>,
        sink: &S,
        control: &Control,
    ) -> Result<RestoreOutcome> {
        control.check()?;
        self.sync_index()?;
        let (root, tree) = self.folder(&wanted.snapshot, wanted.strip)?;
        self.restore_walk(Walk::new(self, &tree, Selection::of(wanted.items))?, root, sink, control)
    }

    fn restore_walk<S: RandomSink>(
        &self,
        walk: Walk<'_>,
        root: Option<Node>,
        sink: &S,
        control: &Control,
    ) -> Result<RestoreOutcome> {
        let run = Run {
            repository: self,
            control,
            sink,
            report: Report::default(),
            // Twice the processors, for half of the workers wait for the disk at any time.
            workers: (2 * std::thread::available_parallelism().map_or(2, usize::from)).clamp(4, 8),
        };
        Planner::new(&run, root).carry_out(walk);
        self.try_to_save_integrity();
        control.check()?;
        if !run.report.stopped() {
            sink.sync().map_err(|source| Error::Target { path: sink.place(), source })?;
        }
        run.report.finish()
    }

    /// Measures a restore before it is begun, so that too little space is seen in time.
    pub fn measure(&self, request: &RestoreRequest, control: &Control) -> Result<RestoreSize> {
        let (_, tree) = self.folder(&request.snapshot, &request.strip)?;
        let mut walk = Walk::new(self, &tree, Selection::of(&request.items))?;
        let mut size = RestoreSize::default();
        let mut linked = std::collections::HashSet::new();
        let mut zeros = Zeros::default();
        while let Some(step) = walk.next() {
            control.check()?;
            match step {
                Step::Enter(_) => size.required_bytes += BLOCK,
                Step::Item(node) if node.is_file() => {
                    if let Some(original) = Original::of(&node)
                        && !linked.insert(original)
                    {
                        continue;
                    }
                    size.files += 1;
                    size.bytes += node.size;
                    size.required_bytes += self.space_of(&node, &mut zeros);
                }
                Step::Item(node) => size.required_bytes += (node.link_target.len() as u64).next_multiple_of(BLOCK),
                Step::Leave | Step::Fault(..) => {}
            }
        }
        Ok(size)
    }

    /// The space of a file's content without its holes.
    fn space_of(&self, node: &Node, zeros: &mut Zeros) -> u64 {
        let index = self.index();
        let holes = node.content.iter().filter_map(|id| {
            let location = index.find(BlobKind::Data, id)?;
            zeros.contains(id, &location).then(|| u64::from(location.content_length()))
        });
        node.size.saturating_sub(holes.sum()).next_multiple_of(BLOCK)
    }
}

/// The unit in which file systems give out space.
const BLOCK: u64 = 4096;
