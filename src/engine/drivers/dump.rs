//! A tree of folders and files that a service tells once, one file after the other, each of a length that nobody knows before its end.

use crate::domain::Time;
use crate::engine::drivers::Fault;
use crate::repository::{
    Arrival, Arrivals, Child, Children, Control, Cut, Estimate, Node, NodeKind, SourceItem, SourceReader, Timestamp,
    TreeSource,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// What tells the files.
pub(super) trait Teller: Send {
    /// The path of the next file, from the root; nothing when all were told. The one before has been read to its end.
    fn next(&mut self, stop: &Control) -> io::Result<Option<PathBuf>>;

    /// The next bytes of the file that came last; 0 at its end. An error soon after the job was stopped, though nothing comes.
    fn read(&mut self, buffer: &mut [u8], stop: &Control) -> io::Result<usize>;
}

/// A fault as an error of what was asked for.
pub(super) fn refusal(fault: &Fault) -> io::Error {
    let kind = if fault.meaning().is_denied { io::ErrorKind::PermissionDenied } else { io::ErrorKind::Other };
    io::Error::new(kind, fault.to_string())
}

/// The tree of what was told.
pub(super) struct Dump<T> {
    root: PathBuf,
    bytes: u64,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// Whom nobody has listened to yet.
    coming: Option<T>,
    /// Who told everything.
    came: Option<T>,
    folders: BTreeMap<PathBuf, BTreeMap<OsString, Node>>,
    time: Timestamp,
}

impl<T: Teller> Dump<T> {
    /// A tree below `root` of what will be told, some so many bytes, with a time at all that is in it.
    pub(super) fn new(root: &Path, teller: T, bytes: u64, at: Time) -> Self {
        let time = Timestamp::new(at.timestamp(), 0);
        let folders = [(root.to_owned(), BTreeMap::new())].into();
        Self {
            root: root.to_owned(),
            bytes,
            state: Mutex::new(State { coming: Some(teller), came: None, folders, time }),
        }
    }

    /// The root.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Who told everything; nothing where that was not so.
    pub(super) fn into_teller(self) -> Option<T> {
        self.state.into_inner().came
    }
}

impl<T> State<T> {
    /// Adds a file, and the folders that it lies in. Two of one name would be one of them.
    fn add(&mut self, root: &Path, path: &Path) -> io::Result<()> {
        let file = self.node(NodeKind::File);
        let mut below = (path.to_owned(), file);
        while let (Some(above), Some(name)) = (below.0.parent().map(Path::to_owned), below.0.file_name()) {
            let there = self.folders.entry(above.clone()).or_default().insert(name.to_owned(), below.1.clone());
            if there.is_some_and(|there| there.kind != NodeKind::Directory || below.1.kind != NodeKind::Directory) {
                let shown = below.0.display();
                return Err(io::Error::other(format!("{shown} would be there twice: two things are called so")));
            }
            if above == root {
                break;
            }
            below = (above, self.node(NodeKind::Directory));
        }
        Ok(())
    }

    /// Like what a program of the user's would have written that keeps it from others.
    fn node(&self, kind: NodeKind) -> Node {
        let permissions = if kind == NodeKind::Directory { 0o700 } else { 0o600 };
        let (modified, accessed, changed) = (self.time, self.time, self.time);
        Node { kind, permissions, modified, accessed, changed, links: 1, ..Node::default() }
    }
}

impl<T: Teller> TreeSource for Dump<T> {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        let state = self.state.lock();
        let found = || state.folders.get(path.parent()?)?.get(path.file_name()?).cloned();
        let node = if path == self.root { Some(state.node(NodeKind::Directory)) } else { found() };
        Ok(SourceItem { node: node.ok_or(io::ErrorKind::NotFound)?, ..SourceItem::default() })
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let children = self.state.lock().folders.get(folder).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(
            children
                .into_iter()
                .map(|(name, node)| Ok(Child { name, item: Some(SourceItem { node, ..SourceItem::default() }) })),
        ))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        Err(io::Error::other(format!("{} came only once and cannot be read again", path.display())))
    }

    fn arrivals<'a>(&'a self, control: &'a Control) -> Option<Box<dyn Arrivals + 'a>> {
        let teller = self.state.lock().coming.take();
        Some(Box::new(Coming { dump: self, control, teller }))
    }

    fn estimate(&self, _: &Path, _: &Control) -> Option<Estimate> {
        Some(Estimate { files: 0, bytes: self.bytes })
    }
}

struct Coming<'a, T> {
    dump: &'a Dump<T>,
    control: &'a Control,
    teller: Option<T>,
}

impl<T> Coming<'_, T> {
    fn teller(&mut self) -> io::Result<&mut T> {
        self.teller.as_mut().ok_or_else(|| io::Error::other("what was told once cannot be read again"))
    }
}

impl<T: Teller> Arrivals for Coming<'_, T> {
    fn next(&mut self) -> io::Result<Option<Arrival>> {
        let control = self.control;
        let next = self.teller()?.next(control)?;
        let mut state = self.dump.state.lock();
        let Some(path) = next else {
            state.came = self.teller.take();
            return Ok(None);
        };
        let path = self.dump.root.join(path);
        state.add(&self.dump.root, &path)?;
        Ok(Some(Arrival::whole(path, Cut::AsRequested)))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let control = self.control;
        self.teller()?.read(buffer, control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells files of one byte.
    struct Names(Vec<&'static str>, bool);

    impl Teller for Names {
        fn next(&mut self, _: &Control) -> io::Result<Option<PathBuf>> {
            self.1 = true;
            Ok(self.0.pop().map(PathBuf::from))
        }

        fn read(&mut self, buffer: &mut [u8], _: &Control) -> io::Result<usize> {
            let more = std::mem::take(&mut self.1);
            buffer[0] = b'x';
            Ok(usize::from(more))
        }
    }

    #[test]
    fn folders_are_there_when_their_files_came_and_the_teller_when_it_told_all() {
        let dump = Dump::new(Path::new("/dump"), Names(vec!["b/2", "a", "b/c/1"], false), 3, Time::default());
        let control = Control::new();
        let names = |folder: &str| -> Vec<_> {
            dump.children(Path::new(folder)).unwrap().map(|child| child.unwrap().name.into_string().unwrap()).collect()
        };
        let mut arrivals = dump.arrivals(&control).unwrap();
        let mut came = Vec::new();
        while let Some(arrival) = arrivals.next().unwrap() {
            assert_eq!(arrivals.read(&mut [0; 8]).unwrap(), 1);
            assert_eq!(arrivals.read(&mut [0; 8]).unwrap(), 0);
            came.push(arrival.path.display().to_string());
        }
        assert!(arrivals.next().is_err());
        drop(arrivals);
        assert_eq!(came, ["/dump/b/c/1", "/dump/a", "/dump/b/2"]);
        assert_eq!((names("/dump"), names("/dump/b")), (vec!["a".into(), "b".into()], vec!["2".into(), "c".into()]));
        let kind = |path: &str| dump.item(Path::new(path)).unwrap().node.kind;
        assert_eq!((kind("/dump/b/c"), kind("/dump/b/c/1")), (NodeKind::Directory, NodeKind::File));
        assert!(dump.item(Path::new("/dump/x")).is_err() && dump.into_teller().is_some());
    }

    #[test]
    fn what_is_called_like_another_one_ends_the_backup() {
        for names in [vec!["a", "a"], vec!["a/b", "a"], vec!["a", "a/b"]] {
            let dump = Dump::new(Path::new("/dump"), Names(names, false), 2, Time::default());
            let control = Control::new();
            let mut arrivals = dump.arrivals(&control).unwrap();
            arrivals.next().unwrap();
            let twice = arrivals.next().unwrap_err().to_string();
            assert!(twice.contains("/dump/a would be there twice"), "{twice}");
        }
    }

    #[test]
    fn who_was_not_heard_to_the_end_told_nothing() {
        let dump = Dump::new(Path::new("/dump"), Names(vec!["a"], false), 1, Time::default());
        let control = Control::new();
        dump.arrivals(&control).unwrap().next().unwrap();
        assert!(dump.into_teller().is_none());
    }
}
