//! Making in a folder what the walk through a foreign tree meets.

use std::collections::HashMap;
use std::io;

use super::walk::{Met, Walk};
use super::{ForeignTree, Handle, Stretch};
use crate::repository::item_path::ItemPath;
use crate::repository::restore::report::Report;
use crate::repository::restore::sink::{MissingMetadata, RandomSink, Refusal, Shape};
use crate::repository::{Control, Error, Node, NodeKind};

/// Of how many files with several names it is remembered where they were made; further ones become a file for each name.
const LINKED: usize = 200_000;

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
}

impl<'a, S: RandomSink> Pour<'a, S> {
    pub(super) fn new(tree: &'a dyn ForeignTree, sink: &'a S, root: Option<Node>, control: &'a Control) -> Self {
        let folders = vec![(sink.root(), root)];
        Self { tree, sink, control, report: Report::default(), folders, linked: HashMap::new() }
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
            return match self.sink.link((folder, name), (&self.here(), &node.name)) {
                Ok(()) => self.report.item(),
                Err(refusal) => self.refused(&path, refusal),
            };
        }
        let mut made = None;
        let file = match self.sink.open(&self.here(), node, Shape::Parts, &mut made) {
            Ok(file) => file,
            Err(refusal) => return self.refused(&path, refusal),
        };
        let (mut at, mut refused) = (0_u64, None);
        let read = self.tree.read(place, &mut |piece| {
            let length = match piece {
                Stretch::Bytes(bytes) => bytes.len() as u64,
                Stretch::Zeros(count) => count,
            };
            let end = at.saturating_add(length);
            if self.control.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if end > node.size {
                return Err(io::Error::other(format!("it has more than its {} bytes", node.size)));
            }
            // The file was made as long as it is: its zeros are there.
            let written = match piece {
                Stretch::Bytes(bytes) => self.sink.write_at(&file, bytes, at, node.size),
                Stretch::Zeros(_) => Ok(()),
            };
            if let Err(refusal) = written {
                refused = Some(refusal);
                return Err(io::ErrorKind::Other.into());
            }
            self.control.progress.advance(0, length);
            at = end;
            Ok(())
        });
        match (refused, read) {
            (Some(refusal), _) => self.refused(&path, refusal),
            // The restore was stopped, and says so itself.
            (None, Err(_)) if self.control.is_cancelled() => {}
            (None, Err(error)) => self.report.failure(&path, error),
            (None, Ok(())) if at != node.size => {
                self.report.failure(&path, format!("{at} bytes were read of it, and it should have {}", node.size));
            }
            (None, Ok(())) => {
                self.control.progress.advance(1, 0);
                self.report.bytes(at);
                self.finished(&path, &self.sink.finish_file(&file, node));
                if node.links > 1 && self.linked.len() < LINKED {
                    self.linked.insert(place, (self.here(), node.name.clone()));
                }
            }
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
