//! A snapshot with some of its items changed, as a source: all else is taken over as it is stored, and nothing of it is read.

use super::{Child, Children, Cut, FileState, Piece, SourceItem, SourceReader, TreeSource};
use crate::repository::{Id, Node, NodeKind, Repository, Result, Timestamp};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// What is at a path instead of what the snapshot has there.
#[derive(Debug)]
pub enum Change {
    /// A file, of the first bytes of one of this machine and zeros behind them.
    File {
        /// The file.
        from: PathBuf,
        /// How many of its bytes count.
        length: u64,
        /// All but the content; its size may be larger than the length.
        node: Node,
        /// How it is cut.
        cut: Cut,
    },
    /// A file that is read from [elsewhere](Overlay::reading).
    Elsewhere {
        /// What it is called there.
        name: PathBuf,
        /// All that is known of it before it is opened.
        item: Box<SourceItem>,
    },
    /// What lies in the repository already, with the content or the subtree that the node has.
    Stored(Node),
    /// Nothing.
    Gone,
}

/// Opens files that are none of this machine.
pub trait ReadElsewhere: Send + Sync {
    /// Opens a file by its name there.
    fn open(&self, name: &Path) -> io::Result<Box<dyn SourceReader + '_>>;
}

/// See the module. Its root is `/`.
pub struct Overlay<'a> {
    repository: &'a Repository,
    snapshot: Id,
    changes: BTreeMap<PathBuf, Change>,
    elsewhere: Option<&'a dyn ReadElsewhere>,
}

impl<'a> Overlay<'a> {
    /// A snapshot, with these changes at absolute paths.
    pub fn new(repository: &'a Repository, snapshot: Id, changes: BTreeMap<PathBuf, Change>) -> Self {
        Self { repository, snapshot, changes, elsewhere: None }
    }

    /// The same, with whoever opens what lies [elsewhere](Change::Elsewhere).
    #[must_use]
    pub fn reading(self, elsewhere: Option<&'a dyn ReadElsewhere>) -> Self {
        Self { elsewhere, ..self }
    }

    /// What is at a path, of which the snapshot has this.
    fn at(&self, path: &Path, stored: Option<Node>) -> Option<SourceItem> {
        let stored = match self.changes.get(path) {
            Some(Change::Gone) => return None,
            Some(Change::File { node, cut, .. }) => {
                return Some(SourceItem { node: node.clone(), cut: *cut, ..SourceItem::default() });
            }
            Some(Change::Elsewhere { item, .. }) => {
                let (node, cut) = (item.node.clone(), item.cut);
                let attributes_when_opened = item.attributes_when_opened;
                return Some(SourceItem { node, cut, attributes_when_opened, ..SourceItem::default() });
            }
            Some(Change::Stored(node)) => Some(node.clone()),
            None => stored,
        };
        if self.below(path).next().is_none() {
            return stored.map(taken_over);
        }
        let folder = Node { kind: NodeKind::Directory, permissions: 0o700, ..Node::default() };
        let node = Node { subtree: None, ..stored.unwrap_or(folder) };
        Some(SourceItem { node, ..SourceItem::default() })
    }

    /// What is stored in a folder: of what lies in the repository already and is put there, or in the snapshot.
    fn stored_in(&self, folder: &Path) -> Result<Vec<Node>> {
        let put = folder.ancestors().find_map(|above| match self.changes.get(above) {
            Some(Change::Stored(node)) => Some((above, node.subtree)),
            _ => None,
        });
        let (mut tree, below) = match put {
            Some((above, subtree)) => (subtree, folder.strip_prefix(above)),
            None => (Some(self.repository.load_snapshot(&self.snapshot)?.tree), folder.strip_prefix("/")),
        };
        for name in below.into_iter().flat_map(Path::components) {
            let Some(above) = tree else { break };
            let found = self.repository.find_in(&above, name.as_os_str().as_bytes())?;
            tree = found.and_then(|node| node.subtree);
        }
        tree.map_or(Ok(Vec::new()), |tree| self.repository.items_of(&tree))
    }

    /// The names in a folder below which something changes.
    fn below<'s>(&'s self, folder: &'s Path) -> impl Iterator<Item = OsString> + 's {
        let name = move |path: &'s PathBuf| {
            let below = path.strip_prefix(folder).ok()?;
            below.components().next().map(|name| name.as_os_str().to_owned())
        };
        // All that lies in a folder follows upon it.
        let within = self.changes.range(folder.to_owned()..).map(|(path, _)| path);
        within.take_while(move |path| path.starts_with(folder)).filter_map(name)
    }
}

fn taken_over(node: Node) -> SourceItem {
    SourceItem { node, is_stored: true, ..SourceItem::default() }
}

impl TreeSource for Overlay<'_> {
    fn item(&self, _: &Path) -> io::Result<SourceItem> {
        // Each is told by its folder.
        Err(io::ErrorKind::NotFound.into())
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let stored = self.stored_in(folder).map_err(io::Error::other)?;
        let named = stored.into_iter().map(|node| (OsString::from_vec(node.name.clone()), Some(node)));
        let mut items: BTreeMap<OsString, Option<Node>> = self.below(folder).map(|name| (name, None)).collect();
        items.extend(named);
        let folder = folder.to_owned();
        Ok(Box::new(items.into_iter().filter_map(move |(name, node)| {
            let item = self.at(&folder.join(&name), node)?;
            Some(Ok(Child { name, item: Some(item) }))
        })))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        let (from, length, node) = match (self.changes.get(path), self.elsewhere) {
            (Some(Change::File { from, length, node, .. }), _) => (from, length, node),
            (Some(Change::Elsewhere { name, .. }), Some(elsewhere)) => return elsewhere.open(name),
            _ => return Err(io::ErrorKind::NotFound.into()),
        };
        let (size, modified) = (node.size, node.modified);
        let zeros = size.saturating_sub(*length);
        Ok(Box::new(Prefix { file: File::open(from)?, left: *length, zeros, size, modified }))
    }
}

/// The first bytes of a file, and zeros behind them.
struct Prefix {
    file: File,
    left: u64,
    zeros: u64,
    size: u64,
    modified: Timestamp,
}

impl SourceReader for Prefix {
    fn state(&mut self) -> io::Result<FileState> {
        // Of a file that grows only what was there when it was looked at counts, whatever its times say by now.
        Ok(FileState { size: self.size, modified: self.modified, changed: self.modified, inode: 0 })
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        let most = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let (data, zeros) = (most(self.left), most(self.zeros));
        if data > 0 {
            let read = self.file.read(&mut buffer[..data])?;
            if read == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than it was"));
            }
            self.left -= read as u64;
            return Ok(Piece::Data(read));
        }
        // As bytes, not as a hole: so pieces are cut at the same places when more of them have come to mean something.
        buffer[..zeros].fill(0);
        self.zeros -= zeros as u64;
        Ok(if zeros > 0 { Piece::Data(zeros) } else { Piece::End })
    }
}
