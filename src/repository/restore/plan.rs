//! Following the walk: folders, links and devices are made at once, files gathered into batches.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;

use super::batch::{Batch, FileState, FirstName, FirstNameState, PendingLink};
use super::content::Content;
use super::run::Run;
use super::sink::{MissingMetadata, RandomSink, Refusal};
use super::walk::{Step, Walk};
use super::zeros::Zeros;
use crate::repository::hard_links::Original;
use crate::repository::item_path::ItemPath;
use crate::repository::{BlobKind, Error, Location, Node, NodeKind};

/// A file with several names, of which some were met.
struct Linked<S: RandomSink> {
    first: Arc<FirstName<S>>,
    met: u64,
}

/// Makes what the walk meets.
pub(super) struct Planner<'a, S: RandomSink> {
    run: &'a Run<'a, S>,
    /// The folders on the way, each with its node; the target itself has one only if it was a folder in the snapshot.
    folders: Vec<(S::Folder, Option<Node>)>,
    linked: HashMap<Original, Linked<S>>,
    zeros: Zeros,
    batch: Batch<S>,
}

impl<'a, S: RandomSink> Planner<'a, S> {
    pub(super) fn new(run: &'a Run<'a, S>, root: Option<Node>) -> Self {
        let folders = vec![(run.sink.root(), root)];
        Self { run, folders, linked: HashMap::new(), zeros: Zeros::default(), batch: Batch::default() }
    }

    /// Restores all that the walk meets.
    pub(super) fn carry_out(mut self, mut walk: Walk<'_>) {
        while let Some(step) = walk.next() {
            if self.run.stopped() {
                return;
            }
            match step {
                Step::Enter(node) => self.enter(node, &mut walk),
                Step::Item(node) => self.item(node),
                Step::Leave => self.leave(),
                Step::Fault(path, reason) => self.run.report.failure(&path, reason),
            }
            if self.batch.is_full() {
                self.flush();
            }
        }
        self.flush();
    }

    fn here(&self) -> S::Folder {
        self.folders.last().map_or_else(|| self.run.sink.root(), |(folder, _)| folder.clone())
    }

    fn enter(&mut self, node: Node, walk: &mut Walk<'_>) {
        let here = self.here();
        match self.run.sink.enter(&here, &node.name) {
            Ok(folder) => self.folders.push((folder, Some(node))),
            Err(refusal) => {
                walk.skip();
                self.refused(&here, &node.name, refusal);
            }
        }
    }

    fn leave(&mut self) {
        if let Some((folder, Some(node))) = self.folders.pop() {
            self.batch.add_folder(folder, node);
        }
    }

    fn item(&mut self, node: Node) {
        let here = self.here();
        match node.kind {
            NodeKind::Directory | NodeKind::Other => {
                return self.failure(&here, &node.name, "it is of a kind that this program does not know");
            }
            _ => {}
        }
        let first_name = match self.link_of(&here, &node) {
            LinkOf::Known(first) => return self.batch.add_link(here, node.name, first),
            LinkOf::First(state) => Some(state),
            LinkOf::None => None,
        };
        if node.is_file() {
            self.file(here, node, first_name);
        } else {
            self.special(&here, &node, first_name);
        }
    }

    /// Whether the node is a further name of a file that was met before.
    fn link_of(&mut self, here: &S::Folder, node: &Node) -> LinkOf<S> {
        let Some(original) = Original::of(node) else { return LinkOf::None };
        match self.linked.entry(original) {
            Entry::Vacant(vacant) => {
                let state = Arc::new(FirstNameState::default());
                let first = FirstName { folder: here.clone(), name: node.name.clone(), state: Arc::clone(&state) };
                vacant.insert(Linked { first: Arc::new(first), met: 1 });
                LinkOf::First(state)
            }
            Entry::Occupied(mut occupied) => {
                occupied.get_mut().met += 1;
                let first = Arc::clone(&occupied.get().first);
                if occupied.get().met >= node.links {
                    occupied.remove();
                }
                LinkOf::Known(first)
            }
        }
    }

    fn file(&mut self, here: S::Folder, node: Node, first_name: Option<Arc<FirstNameState>>) {
        let (places, state) = self.places(&node);
        let zeros = node.size
            - places.iter().map(|(_, location, _)| u64::from(location.content_length())).sum::<u64>().min(node.size);
        self.run.control.progress.expect(1, node.size);
        self.run.control.progress.advance(0, zeros);
        self.batch.add_file(here, node, first_name, &places, state);
    }

    /// Where a file's blobs lie and where each goes, zeros left out; what the index does not know is lost.
    fn places(&mut self, node: &Node) -> (Vec<(u32, Location, u64)>, FileState<S>) {
        let index = self.run.repository.index();
        let mut state = FileState::default();
        let mut places = Vec::with_capacity(node.content.len());
        let mut at = 0;
        for (number, id) in node.content.iter().enumerate() {
            let Some(location) = index.find(BlobKind::Data, id) else {
                // Where the rest belongs cannot be told without this one's length.
                state.lost = (node.content.len() - number) as u32;
                state.reason = Some(Error::BlobMissing { kind: BlobKind::Data, id: *id }.to_string());
                return (places, state);
            };
            if !self.zeros.contains(id, &location) {
                places.push((number as u32, location, at));
            }
            at += u64::from(location.content_length());
        }
        if at != node.size {
            state.broken = Some(format!("its pieces make {at} bytes and it should have {}", node.size));
        }
        (places, state)
    }

    /// Makes a symbolic link, a pipe, a socket or a device.
    fn special(&mut self, here: &S::Folder, node: &Node, first_name: Option<Arc<FirstNameState>>) {
        match self.run.sink.make_special(here, node) {
            Ok(missing) => {
                if let Some(first_name) = first_name {
                    first_name.decide(true, missing.faults.is_empty());
                }
                self.settle(|| self.path(here, &node.name), missing);
            }
            Err(refusal) => self.refused(here, &node.name, refusal),
        }
    }

    /// Carries out what was gathered: content, then further names, then the metadata of complete folders.
    fn flush(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let units = batch.units();
        let content = Content::new(self.run, &batch, &units);
        content.write();
        if self.run.stopped() {
            return;
        }
        for link in &batch.links {
            self.link(link);
        }
        for (folder, node) in &batch.folders {
            self.finish_folder(folder, node);
        }
    }

    fn link(&self, link: &PendingLink<S>) {
        let first = &link.source;
        if !first.state.exists() {
            let reason = "the file that this is another name of could not be restored";
            return self.failure(&link.folder, &link.name, reason);
        }
        match self.run.sink.link((&first.folder, &first.name), (&link.folder, &link.name)) {
            Err(refusal) => self.refused(&link.folder, &link.name, refusal),
            Ok(()) if first.state.is_whole() => self.run.report.item(),
            Ok(()) => {
                let first = self.path(&first.folder, &first.name);
                self.failure(&link.folder, &link.name, &format!("it is another name of {first}, which is incomplete"));
            }
        }
    }

    fn finish_folder(&self, folder: &S::Folder, node: &Node) {
        let path = || self.run.sink.path(folder);
        match self.run.sink.finish_folder(folder, node) {
            Ok(missing) => self.settle(path, missing),
            Err(Refusal::Item(reason)) => self.run.report.failure(&path(), reason),
            Err(Refusal::All(error)) => self.stop(error),
        }
    }

    /// The path is asked for only where it is told: in a deep tree it is long.
    fn settle(&self, path: impl Fn() -> ItemPath, missing: MissingMetadata) {
        if missing.privileged {
            self.run.report.ownership_skipped();
        }
        if missing.faults.is_empty() {
            self.run.report.item();
        } else {
            self.run.report.failure(&path(), missing.faults.join("; "));
        }
    }

    fn path(&self, folder: &S::Folder, name: &[u8]) -> ItemPath {
        self.run.sink.path(folder).join(name)
    }

    fn failure(&self, here: &S::Folder, name: &[u8], reason: &str) {
        self.run.report.failure(&self.path(here, name), reason);
    }

    /// Something could not be made; when nothing else could either, all stops.
    fn refused(&self, here: &S::Folder, name: &[u8], refusal: Refusal) {
        match refusal {
            Refusal::Item(reason) => self.failure(here, name, &reason),
            Refusal::All(error) => self.stop(error),
        }
    }

    fn stop(&self, source: io::Error) {
        self.run.report.stop(Error::Target { path: self.run.sink.place(), source });
    }
}

/// What a node is to a file with several names.
enum LinkOf<S: RandomSink> {
    /// Nothing: it has one name.
    None,
    /// The first name that was met.
    First(Arc<FirstNameState>),
    /// A further name.
    Known(Arc<FirstName<S>>),
}
