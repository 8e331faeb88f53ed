//! A restored tree against the snapshot that it came from: what there is, and one hash over all of it.
//!
//! The snapshot has the hash of every piece of every file, taken when it was backed up. What lies on the disk is read back, and hashed
//! in the same pieces.

use super::ProofCx;
use crate::domain::proof::Check;
use crate::engine::drivers::Fault;
use crate::repository::{
    BlobKind, Error, Id, ItemPath, LocalSource, Node, NodeKind, Piece, Repository, SourceReader, TreeSource as _,
};
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// An attribute that systems give to files by themselves.
const OF_THE_SYSTEM: &str = "security.selinux";

/// What lets a program run as its file's owner, or as that one's group.
const SET_ID: u32 = 0o6000;

/// What is counted on one side.
#[derive(Default)]
struct Side {
    items: u64,
    bytes: u64,
    hash: Sha256,
}

impl Side {
    fn add(&mut self, path: &Path, node: &Node, has_owners: bool, content: &[Id]) {
        self.items += 1;
        self.bytes += if node.kind == NodeKind::File { node.size } else { 0 };
        self.hash.update(path.as_os_str().as_bytes());
        self.hash.update([0]);
        self.hash.update(said(node, has_owners).as_bytes());
        for id in content {
            self.hash.update(id.as_bytes());
        }
    }
}

/// What counts of an item beside its name and its content.
fn said(node: &Node, has_owners: bool) -> String {
    let is_link = node.kind == NodeKind::Symlink;
    let size = if node.kind == NodeKind::File { node.size } else { 0 };
    // Whoever cannot give a file to its owner does not let it run as that one.
    let kept = if has_owners { !0 } else { !SET_ID };
    let permissions = if is_link { 0 } else { node.permissions & kept };
    let modified = (node.modified.seconds, node.modified.nanoseconds);
    let owners = has_owners.then(|| {
        let own = node.extended_attributes.iter().filter(|attribute| attribute.name != OF_THE_SYSTEM);
        let own: Vec<_> = own.map(|attribute| (&attribute.name, &attribute.value)).collect();
        format!("{}:{} {own:?}", node.uid, node.gid)
    });
    format!(
        "{} {size} {permissions:o} {modified:?} {:?} {} {owners:?}",
        node.kind.as_str(),
        node.link_target,
        node.device
    )
}

/// Compares everything below a restored folder with the snapshot; `what` is what the files are.
pub(in crate::engine::drivers) fn compare(cx: &ProofCx<'_>, what: &str) -> Result<Vec<Check>, Fault> {
    let mut walk = Walk { cx, source: None, expected: Side::default(), found: Side::default(), difference: None };
    walk.run()?;
    let Walk { expected, found, difference, .. } = walk;
    let (expected_hash, found_hash) = (hex::encode(expected.hash.finalize()), hex::encode(found.hash.finalize()));
    let found_hash = difference.unwrap_or(found_hash);
    let owners = if cx.has_owners { ", owners and attributes" } else { "" };
    Ok(vec![
        Check::new(format!("Number of {what}"), expected.items, found.items),
        Check::new(format!("Bytes in {what}"), expected.bytes, found.bytes),
        Check::new(
            format!("SHA-256 of {what}, read back from the disk: names, content, times, modes{owners}"),
            expected_hash,
            found_hash,
        ),
    ])
}

struct Walk<'a, 'c> {
    cx: &'a ProofCx<'c>,
    source: Option<LocalSource>,
    expected: Side,
    found: Side,
    /// The first item that differs, with what of it.
    difference: Option<String>,
}

impl Walk<'_, '_> {
    fn run(&mut self) -> Result<(), Fault> {
        let cx = self.cx;
        let unread = |error: Error| Fault::Failed(error.to_string());
        let source = match LocalSource::new(cx.at) {
            Ok(source) => source,
            Err(error) => {
                self.differs(Path::new("/"), &error.to_string());
                return Ok(());
            }
        };
        let top = cx.content.entries(&ItemPath::root())?;
        let mut folders = vec![(PathBuf::from("/"), top)];
        self.source = Some(source);
        while let Some((folder, nodes)) = folders.pop() {
            cx.go_on()?;
            self.extra(&folder, &nodes);
            for node in nodes {
                let path = folder.join(OsStr::from_bytes(&node.name));
                self.item(&path, &node)?;
                if let Some(tree) = &node.subtree {
                    folders.push((path, cx.content.repository.items_of(tree).map_err(unread)?));
                }
            }
        }
        Ok(())
    }

    fn differs(&mut self, path: &Path, why: &str) {
        self.difference.get_or_insert_with(|| format!("{}: {why}", path.display()));
    }

    /// Where an item lies on the disk.
    fn on_disk(&self, path: &Path) -> PathBuf {
        path.strip_prefix("/").map_or_else(|_| self.cx.at.to_owned(), |below| self.cx.at.join(below))
    }

    /// What lies in a folder that is not in the snapshot.
    fn extra(&mut self, folder: &Path, nodes: &[Node]) {
        let Some(source) = &self.source else { return };
        let listed = source.children(&self.on_disk(folder)).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return self.differs(folder, &error.to_string()),
        };
        let known = |name: &OsStr| nodes.binary_search_by(|node| node.name.as_slice().cmp(name.as_bytes())).is_ok();
        for child in listed.iter().filter(|child| !known(&child.name)) {
            self.found.items += 1;
            self.differs(&folder.join(&child.name), "it is not in the recovery point");
        }
    }

    fn item(&mut self, path: &Path, node: &Node) -> Result<(), Fault> {
        let has_owners = self.cx.has_owners;
        self.expected.add(path, node, has_owners, &node.content);
        let at = self.on_disk(path);
        let Some(source) = &self.source else { return Ok(()) };
        let there = match source.item(&at) {
            Ok(there) => there.node,
            Err(error) => {
                self.differs(path, &error.to_string());
                return Ok(());
            }
        };
        let content = match node.kind {
            NodeKind::File => {
                source.open(&at).and_then(|mut file| pieces(self.cx.content.repository, node, &mut *file))
            }
            _ => Ok(Vec::new()),
        };
        match content {
            Ok(content) => {
                self.found.add(path, &there, has_owners, &content);
                if content != node.content {
                    self.differs(path, "its content differs");
                } else if said(&there, has_owners) != said(node, has_owners) {
                    self.differs(path, "its kind, size, time, mode or owner differs");
                }
            }
            Err(error) => self.differs(path, &error.to_string()),
        }
        self.cx.go_on()
    }
}

/// The hashes of a file's content, in the pieces in which a node has it.
fn pieces(repository: &Repository, node: &Node, file: &mut dyn SourceReader) -> io::Result<Vec<Id>> {
    let mut content = Content { file, left: 0 };
    let mut found = Vec::with_capacity(node.content.len());
    let mut buffer = Vec::new();
    for id in &node.content {
        let location = repository.find_blob(BlobKind::Data, id).map_err(io::Error::other)?;
        buffer.resize(location.content_length() as usize, 0);
        let read = content.fill(&mut buffer)?;
        found.push(Id::of(&buffer[..read]));
    }
    if content.fill(&mut [0])? > 0 {
        return Err(io::Error::other("it is longer than it was"));
    }
    Ok(found)
}

/// A file as it is read, holes as zeros.
struct Content<'a> {
    file: &'a mut dyn SourceReader,
    /// Zeros of a hole that are not given yet.
    left: u64,
}

impl Content<'_> {
    /// Fills the buffer as far as there is anything.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut at = 0;
        while at < buffer.len() {
            if self.left > 0 {
                let zeros = self.left.min((buffer.len() - at) as u64);
                buffer[at..at + zeros as usize].fill(0);
                (at, self.left) = (at + zeros as usize, self.left - zeros);
                continue;
            }
            match self.file.read(&mut buffer[at..])? {
                Piece::Data(read) => at += read,
                Piece::Hole(length) => self.left = length,
                Piece::AsBefore(_) => return Err(io::Error::other("nothing was there before")),
                Piece::End => break,
            }
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_as_its_owner_is_compared_only_where_owners_were_restored() {
        let node = |permissions| Node { kind: NodeKind::File, permissions, ..Node::default() };
        assert_eq!(said(&node(0o4755), false), said(&node(0o755), false));
        assert_ne!(said(&node(0o4755), true), said(&node(0o755), true));
        assert_ne!(said(&node(0o755), false), said(&node(0o700), false));
    }
}
