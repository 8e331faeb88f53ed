//! Following the walk: folders, links and devices are made at once, files gathered into batches.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;

use super::batch::{Batch, Fate, FileState, FirstName, PendingLink};
use super::content::Content;
use super::inheritance;
use super::metadata::{self, Lacking};
use super::target::{Entered, Folder};
use super::walk::{Step, Walk};
use super::zeros::Zeros;
use super::{ItemPath, Run};
use crate::repository::hard_links::Original;
use crate::repository::{BlobKind, Error, Location, Node, NodeKind};

/// A file with several names, of which some were met.
struct Linked {
    first: Arc<FirstName>,
    met: u64,
}

/// Makes what the walk meets.
pub(super) struct Planner<'a> {
    run: &'a Run<'a>,
    /// The folders on the way, each with its node; the target itself has one only if it was a folder in the snapshot.
    folders: Vec<(Arc<Folder>, Option<Node>)>,
    linked: HashMap<Original, Linked>,
    zeros: Zeros,
    batch: Batch,
}

impl<'a> Planner<'a> {
    pub(super) fn new(run: &'a Run<'a>, root: Option<Node>) -> Self {
        let folders = vec![(Arc::clone(run.target.root()), root)];
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

    fn here(&self) -> Arc<Folder> {
        self.folders.last().map_or_else(|| Arc::clone(self.run.target.root()), |(folder, _)| Arc::clone(folder))
    }

    fn enter(&mut self, node: Node, walk: &mut Walk<'_>) {
        let here = self.here();
        match self.run.target.enter(&here, &node.name) {
            Ok(Entered::Made(folder)) => self.folders.push((folder, Some(node))),
            Ok(Entered::Found(folder)) if self.run.merge => self.folders.push((folder, Some(node))),
            Ok(Entered::Found(_)) => {
                walk.skip();
                self.failure(&here, &node.name, "a folder of this name is already there");
            }
            Err(error) => {
                walk.skip();
                self.fault(&here, &node.name, error);
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
        let fate = match self.link_of(&here, &node) {
            LinkOf::Known(first) => return self.batch.add_link(here, node.name, first),
            LinkOf::First(fate) => Some(fate),
            LinkOf::None => None,
        };
        if node.is_file() {
            self.file(here, node, fate);
        } else {
            self.special(&here, &node, fate);
        }
    }

    /// Whether the node is a further name of a file that was met before.
    fn link_of(&mut self, here: &Arc<Folder>, node: &Node) -> LinkOf {
        let Some(original) = Original::of(node) else { return LinkOf::None };
        match self.linked.entry(original) {
            Entry::Vacant(vacant) => {
                let fate = Arc::new(Fate::default());
                let first = FirstName { folder: Arc::clone(here), name: node.name.clone(), fate: Arc::clone(&fate) };
                vacant.insert(Linked { first: Arc::new(first), met: 1 });
                LinkOf::First(fate)
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

    fn file(&mut self, here: Arc<Folder>, node: Node, fate: Option<Arc<Fate>>) {
        let (places, state) = self.places(&node);
        let zeros = node.size
            - places.iter().map(|(_, location, _)| u64::from(location.content_length())).sum::<u64>().min(node.size);
        self.run.control.progress.expect(1, node.size);
        self.run.control.progress.advance(0, zeros);
        self.batch.add_file(here, node, fate, &places, state);
    }

    /// Where a file's blobs lie and where each goes, zeros left out; what the index does not know is lost.
    fn places(&mut self, node: &Node) -> (Vec<(u32, Location, u64)>, FileState) {
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
    fn special(&mut self, here: &Arc<Folder>, node: &Node, fate: Option<Arc<Fate>>) {
        let is_device = matches!(node.kind, NodeKind::BlockDevice | NodeKind::CharacterDevice);
        let made = self.in_place(here, &node.name, |place| match node.kind {
            NodeKind::Symlink => rustix::fs::symlinkat(node.link_target.as_slice(), place, node.name.as_slice()),
            kind => {
                let device = if is_device { node.device } else { 0 };
                rustix::fs::mknodat(place, node.name.as_slice(), file_type(kind), Mode::RUSR | Mode::WUSR, device)?;
                if here.passes_on() { inheritance::disown_name(place, &node.name) } else { Ok(()) }
            }
        });
        let lacking = match made {
            Ok(place) => metadata::apply_to_name(&place, node),
            Err(Errno::PERM) if is_device => {
                return self.failure(here, &node.name, "it is a device, and only root with CAP_MKNOD may make one");
            }
            Err(error) => return self.fault(here, &node.name, error),
        };
        if let Some(fate) = fate {
            fate.decide(true, lacking.faults.is_empty());
        }
        self.settle(here, &node.name, lacking);
    }

    /// Makes something in a folder; when merging, what stands in its place goes first.
    fn in_place(
        &self,
        here: &Arc<Folder>,
        name: &[u8],
        make: impl Fn(&OwnedFd) -> rustix::io::Result<()>,
    ) -> rustix::io::Result<Arc<OwnedFd>> {
        let place = self.run.target.descriptor(here)?;
        match make(&place) {
            Err(Errno::EXIST) if self.run.merge => {
                self.run.target.clear(here, name)?;
                make(&place)?;
            }
            made => made?,
        }
        Ok(place)
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

    fn link(&self, link: &PendingLink) {
        let source = &link.source;
        if !source.fate.exists() {
            return self.failure(
                &link.folder,
                &link.name,
                "the file that this is another name of could not be restored",
            );
        }
        let made = self.run.target.descriptor(&source.folder).and_then(|from| {
            self.in_place(&link.folder, &link.name, |to| {
                rustix::fs::linkat(&from, source.name.as_slice(), to, link.name.as_slice(), AtFlags::empty())
            })
        });
        match made {
            Err(error) => self.fault(&link.folder, &link.name, error),
            Ok(_) if source.fate.is_whole() => self.run.report.item(),
            Ok(_) => {
                let first = source.folder.path().join(&source.name);
                self.failure(&link.folder, &link.name, &format!("it is another name of {first}, which is incomplete"));
            }
        }
    }

    fn finish_folder(&self, folder: &Arc<Folder>, node: &Node) {
        match self.run.target.descriptor(folder) {
            Ok(descriptor) => {
                let lacking = metadata::apply_to_open(&descriptor, node);
                self.settle_at(|| folder.path(), lacking);
            }
            Err(error) => self.run.report.failure(&folder.path(), format!("its metadata could not be set: {error}")),
        }
    }

    fn settle(&self, here: &Arc<Folder>, name: &[u8], lacking: Lacking) {
        self.settle_at(|| here.path().join(name), lacking);
    }

    /// The path is asked for only where it is told: in a deep tree it is long.
    fn settle_at(&self, path: impl Fn() -> ItemPath, lacking: Lacking) {
        if lacking.privileged {
            self.run.report.ownership_skipped();
        }
        if lacking.faults.is_empty() {
            self.run.report.item();
        } else {
            self.run.report.failure(&path(), lacking.faults.join("; "));
        }
    }

    fn failure(&self, here: &Arc<Folder>, name: &[u8], reason: &str) {
        self.run.report.failure(&here.path().join(name), reason);
    }

    /// Something could not be made; when nothing else could either, all stops.
    fn fault(&self, here: &Arc<Folder>, name: &[u8], error: Errno) {
        match error {
            Errno::NOSPC | Errno::DQUOT | Errno::ROFS => {
                self.run.report.stop(Error::Target { path: self.run.path.to_owned(), source: error.into() });
            }
            Errno::EXIST => self.failure(here, name, "something of this name is already there"),
            Errno::LOOP | Errno::NOTDIR => self.failure(here, name, "something that is no folder is in its place"),
            error => self.failure(here, name, &format!("it could not be made: {error}")),
        }
    }
}

/// What a node is to a file with several names.
enum LinkOf {
    /// Nothing: it has one name.
    None,
    /// The first name that was met.
    First(Arc<Fate>),
    /// A further name.
    Known(Arc<FirstName>),
}

fn file_type(kind: NodeKind) -> rustix::fs::FileType {
    match kind {
        NodeKind::BlockDevice => rustix::fs::FileType::BlockDevice,
        NodeKind::CharacterDevice => rustix::fs::FileType::CharacterDevice,
        NodeKind::Socket => rustix::fs::FileType::Socket,
        _ => rustix::fs::FileType::Fifo,
    }
}
