//! The archive that `pg_basebackup` writes, as files that come, and the tree of what came.

use super::address::Address;
use super::archive::{Archive, Archiver, Came, State};
use super::coming::Coming;
use super::incremental::{Base, Reads};
use super::manifest::Contents;
use super::server::Server;
use super::tree::{CUT, ROOT, Tree};
use crate::engine::drivers::Fault;
use crate::repository::{Arrivals, Child, Children, Control, Estimate, SourceItem, SourceReader, TreeSource};
use parking_lot::Mutex;
use std::io;
use std::path::Path;

/// The archive that comes, and the tree of what came.
pub(super) struct Stream {
    archive: Archive,
    size_bytes: u64,
}

impl Stream {
    /// Starts the program.
    pub(super) fn begin(archiver: Archiver, server: &Server, reads: Reads) -> Result<Self, Fault> {
        let (mut base, whole) = match reads {
            Reads::Changes(base) => (Some(base), None),
            Reads::All(whole) => (None, Some(whole)),
        };
        let manifest = base.as_deref_mut().map(Base::take_manifest);
        let running = archiver.start(manifest.as_deref())?;
        let (tree, manifest, contents) = (Tree::new(Path::new(ROOT)), Vec::new(), Contents::new());
        let came = Came { program: None, tree, manifest, contents, whole };
        let state = Mutex::new(State { coming: Some((running, base)), broke_off: None, came });
        let archive = Archive { archiver, division: server.division, state };
        Ok(Self { archive, size_bytes: server.size_bytes })
    }

    /// Why the archive came to no end.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.archive.state.lock().broke_off.clone()
    }

    /// Whose archive it is, and what came of it.
    pub(super) fn into_what_came(self) -> (Address, Came) {
        (self.archive.archiver.address, self.archive.state.into_inner().came)
    }
}

impl TreeSource for Stream {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.archive.state.lock().came.tree.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let children = self.archive.state.lock().came.tree.children(folder)?;
        Ok(Box::new(children.into_iter().map(|(name, node)| {
            Ok(Child { name, item: Some(SourceItem { node, cut: CUT, ..SourceItem::default() }) })
        })))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        Err(io::Error::other(format!("{} came only once and cannot be read again", path.display())))
    }

    fn arrivals<'a>(&'a self, control: &'a Control) -> Option<Box<dyn Arrivals + 'a>> {
        let coming = self.archive.state.lock().coming.take();
        Some(Box::new(Coming::new(&self.archive, coming, control)))
    }

    fn estimate(&self, _: &Path, _: &Control) -> Option<Estimate> {
        Some(Estimate { files: 0, bytes: self.size_bytes })
    }
}
