//! Making in a folder what the walk through a foreign tree meets.

use std::collections::HashMap;
use std::io;

use super::filling::Filling;
use super::walk::{Met, Walk};
use super::{ForeignTree, Handle, LINKED, Stretch};
use crate::repository::item_path::ItemPath;
use crate::repository::restore::report::Report;
use crate::repository::restore::sink::{MissingMetadata, RandomSink, Refusal};
use crate::repository::{Control, Error, Node, NodeKind};

/// How much more than the tree says that it takes may be written, beside as much again: what it says may be a little wrong, and
/// where no link can be made a file comes again.
const SLACK: u64 = 64 << 20;

const TOO_MUCH: &str = "files have more in them than they say that they take, and no more is written; restore it alone";

/// Makes what it is told of.
pub(super) struct Pour<'a, S: RandomSink> {
    tree: &'a dyn ForeignTree,
    sink: &'a S,
    control: &'a Control,
    report: Report,
    /// The folders on the way, each with its node.
    folders: Vec<(S::Folder, Option<Node>)>,
    /// Where files were made that have further names.
    linked: HashMap<Handle, (S::Folder, Vec<u8>)>,
    /// How many more bytes are written: files of a hostile image may all have the same blocks, and would fill the disk.
    left: u64,
}

impl<'a, S: RandomSink> Pour<'a, S> {
    pub(super) fn new(
        tree: &'a dyn ForeignTree,
        sink: &'a S,
        root: Option<Node>,
        room: u64,
        control: &'a Control,
    ) -> Self {
        let folders = vec![(sink.root(), root)];
        let left = room.saturating_mul(2).saturating_add(SLACK);
        Self { tree, sink, control, report: Report::default(), folders, linked: HashMap::new(), left }
    }

    /// Restores all that the walk meets.
    pub(super) fn carry_out(mut self, mut walk: Walk<'_>) -> Report {
        while let Some(met) = walk.next() {
            if self.control.is_cancelled() || self.report.stopped() {
                break;
            }
            match met {
                Met::Enter(node) => self.enter(*node, &mut walk),
                Met::Item(at, item) if item.node.is_file() => self.file(&walk.path(), at, &item.node),
                Met::Item(_, item) => self.special(&walk.path(), &item.node),
                Met::Leave => self.leave(),
                Met::Passed => {}
                Met::Fault(path, reason) => self.report.failure(&path, reason),
            }
        }
        self.report
    }

    fn here(&self) -> S::Folder {
        self.folders.last().map_or_else(|| self.sink.root(), |(folder, _)| folder.clone())
    }

    fn enter(&mut self, node: Node, walk: &mut Walk<'_>) {
        match self.sink.enter(&self.here(), &node.name) {
            Ok(folder) => self.folders.push((folder, Some(node))),
            Err(refusal) => {
                self.refused(&walk.path(), refusal);
                walk.skip();
            }
        }
    }

    fn leave(&mut self) {
        let Some((folder, Some(node))) = self.folders.pop() else { return };
        let path = self.sink.path(&folder);
        match self.sink.finish_folder(&folder, &node) {
            Ok(missing) => self.settle(&path, &missing),
            Err(refusal) => self.refused(&path, refusal),
        }
    }

    fn special(&mut self, folder: &ItemPath, node: &Node) {
        let path = folder.join(&node.name);
        if matches!(node.kind, NodeKind::Directory | NodeKind::Other) {
            return self.report.failure(&path, "it is of a kind that this program does not know");
        }
        match self.sink.make_special(&self.here(), node) {
            Ok(missing) => self.settle(&path, &missing),
            Err(refusal) => self.refused(&path, refusal),
        }
    }

    fn file(&mut self, folder: &ItemPath, place: Handle, node: &Node) {
        let path = folder.join(&node.name);
        if let Some((folder, name)) = self.linked.get(&place) {
            match self.sink.link((folder, name), (&self.here(), &node.name)) {
                Ok(()) => return self.report.item(),
                Err(refusal @ Refusal::All(_)) => return self.refused(&path, refusal),
                // Where no link can be made, the content under each name is better than nothing.
                Err(Refusal::Item(_)) => {}
            }
        }
        let mut filling = Filling::new(self.sink, self.here(), node);
        let left = &mut self.left;
        let read = self.tree.read(place, &mut |piece| {
            if self.control.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if let Stretch::Bytes(bytes) = piece {
                let rest = left.checked_sub(bytes.len() as u64);
                *left = rest.ok_or_else(|| io::Error::other(TOO_MUCH))?;
            }
            let length = filling.take(piece)?;
            self.control.progress.advance(0, length);
            Ok(())
        });
        match filling.end(read) {
            Ok(file) => {
                self.control.progress.advance(1, 0);
                self.report.bytes(node.size);
                self.finished(&path, &self.sink.finish_file(&file, node));
                if node.links > 1 && self.linked.len() < LINKED {
                    self.linked.insert(place, (self.here(), node.name.clone()));
                }
            }
            // The restore was stopped, and says so itself.
            Err(Refusal::Item(_)) if self.control.is_cancelled() => {}
            Err(refusal) => self.refused(&path, refusal),
        }
    }

    /// A file that has all its content.
    fn finished(&self, path: &ItemPath, missing: &MissingMetadata) {
        if missing.faults.is_empty() {
            if missing.privileged {
                self.report.ownership_skipped();
            }
            self.report.file();
        } else {
            self.settle(path, missing);
        }
    }

    fn settle(&self, path: &ItemPath, missing: &MissingMetadata) {
        if missing.privileged {
            self.report.ownership_skipped();
        }
        if missing.faults.is_empty() {
            self.report.item();
        } else {
            self.report.failure(path, missing.faults.join("; "));
        }
    }

    /// Something could not be made; when nothing else could either, all stops.
    fn refused(&self, path: &ItemPath, refusal: Refusal) {
        match refusal {
            Refusal::Item(reason) => self.report.failure(path, reason),
            Refusal::All(source) => self.report.stop(Error::Target { path: self.sink.place(), source }),
        }
    }
}
