//! Walking the source, folder by folder, alongside the parent snapshot.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::folder::{Folder, Place};
use super::previous::{Previous, PreviousFolder};
use super::session::{Session, add};
use super::work::FileJob;
use crate::repository::item_path::is_name;
use crate::repository::packing::Encoder;
use crate::repository::source::{Child, Children, Cut, SourceItem};
use crate::repository::{BlobKind, Error, Id, Node, NodeKind, Result};

/// Walks all roots. Returns when every file is queued; the workers finish the rest. `help` is called once, as soon as there
/// is anything for others to do.
pub(super) fn walk(
    session: &Session<'_>,
    paths: &[PathBuf],
    previous: Previous<'_>,
    help: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut help = Some(help);
    let roots = Roots::new(paths)?;
    let encoder = Encoder::new(session.repository.options().compression_level);
    let mut walker = Walker { session, previous, encoder, frames: Vec::new(), path: PathBuf::new() };
    let folder = Folder::new(None, Node::default(), None);
    let before = walker.previous.root();
    walker.enter(folder, PathBuf::from("/"), before, &roots)?;
    while !walker.frames.is_empty() {
        session.control.check()?;
        walker.step()?;
        if session.needs_help()
            && let Some(help) = help.take()
        {
            help()?;
        }
    }
    Ok(())
}

/// The roots and the folders above them.
#[derive(Default)]
struct Roots {
    /// This is a root: all below it belongs to the backup.
    whole: bool,
    below: BTreeMap<OsString, Roots>,
}

/// What a path is: above the roots, a root, or below one.
#[derive(Clone, Copy)]
enum Position<'r> {
    Above(&'r Roots),
    Root,
    Below,
}

impl Roots {
    fn new(paths: &[PathBuf]) -> Result<Self> {
        let mut roots = Self::default();
        for path in paths {
            let mut place = &mut roots;
            for component in path.components() {
                match component {
                    Component::RootDir => {}
                    Component::Normal(name) => place = place.below.entry(name.to_owned()).or_default(),
                    _ => return Err(Error::Invalid(format!("{} is not an absolute, plain path", path.display()))),
                }
            }
            if !path.is_absolute() {
                return Err(Error::Invalid(format!("{} is not an absolute path", path.display())));
            }
            place.whole = true;
        }
        if paths.is_empty() { Err(Error::Invalid("there is no path to back up".into())) } else { Ok(roots) }
    }

    fn position(&self) -> Position<'_> {
        if self.whole { Position::Root } else { Position::Above(self) }
    }
}

struct Walker<'s, 'a, 'r> {
    session: &'s Session<'a>,
    previous: Previous<'a>,
    encoder: Encoder,
    frames: Vec<Frame<'r>>,
    /// The path of the innermost folder. One for all: a path for each level of a deep tree would fill the memory.
    path: PathBuf,
}

/// A folder that is being walked.
struct Frame<'r> {
    folder: Arc<Folder>,
    children: Children<'r>,
    /// The name that came last.
    last: OsString,
    slots: u64,
    before: Option<PreviousFolder>,
    position: Position<'r>,
}

impl<'a: 'r, 'r> Walker<'_, 'a, 'r> {
    /// Handles the next item of the innermost folder, or leaves the folder.
    fn step(&mut self) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        match frame.children.next() {
            Some(Ok(child)) => self.child(child),
            Some(Err(error)) => self.break_off(error),
            None => self.leave(),
        }
    }

    fn child(&mut self, child: Child) -> Result<()> {
        let Child { name, item } = child;
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let position = match frame.position {
            Position::Above(roots) => roots.below.get(&name).map_or(Position::Below, Roots::position),
            Position::Root | Position::Below => {
                add(&self.session.counts.items, 1);
                Position::Below
            }
        };
        let path = self.path.join(&name);
        if !is_name(name.as_bytes()) || name <= frame.last {
            self.session
                .missing(&path, "its folder gives it a name that no file can have, names it twice, or out of order");
            return Ok(());
        }
        frame.last.clone_from(&name);
        let place = Place { folder: frame.folder.clone(), slot: frame.slots };
        frame.slots += 1;
        let before = self.find_before(&name);
        self.visit(place, path, &name, item, before, position)
    }

    /// A listing that broke off: what it gave until then is stored, and the rest is told to be missing. Of a root nothing
    /// may be missing unseen.
    fn break_off(&mut self, error: io::Error) -> Result<()> {
        if self.frames.last().is_some_and(|frame| matches!(frame.position, Position::Root)) {
            return Err(unreadable_root(self.path.clone(), error));
        }
        self.session.issue(&self.path, &io::Error::new(error.kind(), format!("its listing broke off: {error}")));
        self.leave()
    }

    fn leave(&mut self) -> Result<()> {
        let Some(Frame { folder, slots, .. }) = self.frames.pop() else { return Ok(()) };
        self.path.pop();
        let tree = folder.close(slots);
        self.session.complete(&mut self.encoder, folder, tree)
    }

    /// The node of the parent with that name in the innermost folder.
    fn find_before(&mut self, name: &OsStr) -> Option<Node> {
        let is_in_root = self.frames.len() == 1;
        let frame = self.frames.last_mut()?;
        let name = name.as_bytes();
        let name = if is_in_root { self.previous.name_in_root(name) } else { name };
        match frame.before.as_mut()?.find(name) {
            Ok(node) => node,
            Err(error) => {
                frame.before = None;
                self.session.note(&self.path, format!("all in it is read again: {error}"));
                None
            }
        }
    }

    fn visit(
        &mut self,
        place: Place,
        path: PathBuf,
        name: &OsStr,
        listed: Option<SourceItem>,
        before: Option<Node>,
        position: Position<'r>,
    ) -> Result<()> {
        let mut looked = listed.map_or_else(|| self.session.source.item(&path), Ok);
        if looked.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) && self.session.is_listed(&path)
        {
            // Another file was put in its place between the two questions.
            looked = self.session.source.item(&path);
        }
        let looked = match looked {
            Ok(item) => item,
            Err(error) => return self.give_up(&place, path, error, position),
        };
        let SourceItem { mut node, not_entered, problems, cut, .. } = looked;
        let SourceItem { unchanged_since_parent, attributes_when_opened, is_stored, .. } = looked;
        for problem in &problems {
            self.session.issue(&path, problem);
        }
        node.name = name.as_bytes().to_vec();
        if is_stored && matches!(position, Position::Below) {
            return self.take_over(&place, &path, node);
        }
        match (node.kind, position) {
            (NodeKind::Directory, Position::Above(roots)) => {
                let before = before.and_then(|before| before.subtree);
                self.enter(Folder::new(Some(place), node, before), path, before, roots)
            }
            (_, Position::Above(_)) => Err(unreadable_root(path, io::ErrorKind::NotADirectory.into())),
            (NodeKind::Directory, _) => self.visit_folder(place, path, node, before, position, not_entered),
            (NodeKind::File, _) => {
                let vouched = before
                    .as_ref()
                    .filter(|before| unchanged_since_parent && before.is_file() && before.size == node.size);
                let unchanged = vouched.or(before.as_ref().filter(|before| self.previous.is_unchanged(&node, before)));
                if attributes_when_opened && let Some(unchanged) = unchanged {
                    node.extended_attributes.clone_from(&unchanged.extended_attributes);
                }
                self.visit_file(
                    FileJob { path, node, cut, place: Some(place), before: None },
                    before.as_ref(),
                    unchanged,
                )
            }
            (NodeKind::Other, _) => {
                self.session.missing(&path, "it is of a kind that cannot be stored");
                self.session.deliver(&mut self.encoder, &place, None)
            }
            _ => self.session.deliver(&mut self.encoder, &place, Some(node)),
        }
    }

    fn visit_folder(
        &mut self,
        place: Place,
        path: PathBuf,
        node: Node,
        before: Option<Node>,
        position: Position<'r>,
        not_entered: Option<String>,
    ) -> Result<()> {
        let before = before.and_then(|before| before.subtree);
        let nothing = || Box::new(std::iter::empty());
        let children = match not_entered {
            Some(reason) => {
                self.session.missing(&path, reason);
                nothing()
            }
            None => match self.session.source.children(&path) {
                Ok(children) => children,
                Err(error) if matches!(position, Position::Root) || error.kind() == io::ErrorKind::NotFound => {
                    return self.give_up(&place, path, error, position);
                }
                // The folder itself is known and is stored, empty.
                Err(error) => {
                    self.session.issue(&path, &error);
                    nothing()
                }
            },
        };
        self.push_frame(Folder::new(Some(place), node, before), path, before, children, position);
        Ok(())
    }

    /// Takes over what came of a file already, or what the parent has of it, or has it read.
    fn visit_file(&mut self, mut job: FileJob, before: Option<&Node>, unchanged: Option<&Node>) -> Result<()> {
        let counts = &self.session.counts;
        if let Some(content) = self.session.arrived.take(&job.path)
            && let Some(place) = job.place.take()
        {
            let counter = match before {
                None => &counts.files_new,
                Some(before) if before.is_file() && before.content == content.pieces => &counts.files_unmodified,
                Some(_) => &counts.files_changed,
            };
            add(counter, 1);
            add(&counts.bytes_total, content.size);
            self.session.control.progress.advance(1, 0);
            let node = Node { size: content.size, content: content.pieces, ..job.node };
            return self.session.deliver(&mut self.encoder, &place, Some(node));
        }
        if let Some(unchanged) = unchanged
            && self.content_is_stored(unchanged)?
            && let Some(place) = job.place.take()
        {
            let mut node = job.node;
            node.content.clone_from(&unchanged.content);
            add(&counts.files_unmodified, 1);
            add(&counts.bytes_total, node.size);
            self.session.control.progress.advance(1, node.size);
            return self.session.deliver(&mut self.encoder, &place, Some(node));
        }
        job.before = self.pieces_before(&job, before)?;
        add(if before.is_some() { &counts.files_changed } else { &counts.files_new }, 1);
        self.session.source.expect(&job.path, job.node.size);
        if self.session.queue.push_file(job) { Ok(()) } else { Err(Error::Cancelled) }
    }

    /// Takes over what is stored already, a folder with all that is in it.
    fn take_over(&mut self, place: &Place, path: &Path, node: Node) -> Result<()> {
        let stored = match &node.subtree {
            Some(tree) => self.session.packing.is_stored(BlobKind::Tree, tree)?,
            None => self.content_is_stored(&node)?,
        };
        if !stored {
            let what = format!("{} in the snapshot before", path.display());
            return Err(Error::damaged(what, "it is to be taken over, and not all of it can be read"));
        }
        if node.is_file() {
            add(&self.session.counts.files_unmodified, 1);
            add(&self.session.counts.bytes_total, node.size);
        }
        self.session.deliver(&mut self.encoder, place, Some(node))
    }

    /// Whether everything that the parent has of a file can be counted on.
    fn content_is_stored(&self, before: &Node) -> Result<bool> {
        for id in &before.content {
            if !self.session.packing.is_stored(BlobKind::Data, id)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The parent's pieces of a file that is cut in pieces of one size, if it was cut at the same places then, and all of them
    /// can be counted on.
    fn pieces_before(&self, job: &FileJob, before: Option<&Node>) -> Result<Option<Vec<Id>>> {
        let (Cut::Fixed(size), Some(before)) = (job.cut, before) else { return Ok(None) };
        let size = u64::from(size.max(1));
        let count = before.size.div_ceil(size);
        if !before.is_file() || before.size != job.node.size || before.content.len() as u64 != count {
            return Ok(None);
        }
        for (number, id) in before.content.iter().enumerate() {
            let length = size.min(before.size - number as u64 * size);
            if !self.session.packing.is_stored(BlobKind::Data, id)? {
                return Ok(None);
            }
            let stored = self.session.repository.index.read().find(BlobKind::Data, id);
            if stored.is_none_or(|stored| u64::from(stored.content_length()) != length) {
                return Ok(None);
            }
        }
        Ok(Some(before.content.clone()))
    }

    /// What cannot be looked at is not stored. For a root that is an error of the whole backup.
    fn give_up(&mut self, place: &Place, path: PathBuf, error: io::Error, position: Position<'_>) -> Result<()> {
        if !matches!(position, Position::Below) {
            return Err(unreadable_root(path, error));
        }
        self.session.not_stored(&path, &error);
        self.session.deliver(&mut self.encoder, place, None)
    }

    /// Enters a folder above the roots, or the top.
    fn enter(&mut self, folder: Arc<Folder>, path: PathBuf, before: Option<Id>, roots: &'r Roots) -> Result<()> {
        let position = roots.position();
        let children: Children<'r> = if roots.whole {
            self.session.source.children(&path).map_err(|error| unreadable_root(path.clone(), error))?
        } else {
            Box::new(roots.below.keys().cloned().map(|name| Ok(Child::named(name))))
        };
        self.push_frame(folder, path, before, children, position);
        Ok(())
    }

    fn push_frame(
        &mut self,
        folder: Arc<Folder>,
        path: PathBuf,
        before: Option<Id>,
        children: Children<'r>,
        position: Position<'r>,
    ) {
        let before = before.and_then(|tree| match self.previous.folder(&tree, &self.session.packing) {
            Ok(before) => Some(before),
            Err(error) => {
                self.session.note(Path::new(&path), format!("all in it is read again: {error}"));
                None
            }
        });
        self.path = path;
        self.frames.push(Frame { folder, children, last: OsString::new(), slots: 0, before, position });
    }
}

/// An unreadable root: nothing can be backed up.
fn unreadable_root(path: PathBuf, source: io::Error) -> Error {
    Error::Source { path, source }
}
