//! A tree whose files a driver makes while they are read, each once, from the answers of a service.

use crate::engine::drivers::Fault;
use crate::repository::{
    Arrival, Arrivals, Child, Children, Control, Cut, Estimate, Node, NodeKind, SourceItem, SourceReader, Timestamp,
    TreeSource,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The files that a driver makes, one after the other. An error ends the backup.
pub(super) trait Files: Send {
    /// The path of the next file from the root; nothing when there is none any more.
    fn next(&mut self, stop: &Control) -> Result<Option<PathBuf>, Fault>;

    /// The next bytes of the file that came last; 0 at its end.
    fn read(&mut self, buffer: &mut [u8], stop: &Control) -> Result<usize, Fault>;
}

/// The tree of such files.
pub(super) struct Feed<F> {
    root: PathBuf,
    expected: u64,
    time: Timestamp,
    state: Mutex<State<F>>,
}

struct State<F> {
    coming: Option<F>,
    came: Option<F>,
    /// The files' sizes, by folder.
    folders: BTreeMap<PathBuf, BTreeMap<OsString, u64>>,
}

impl<F: Files> Feed<F> {
    /// A tree below `root` of about so many bytes.
    pub(super) fn new(root: &str, expected: u64, files: F) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let root = PathBuf::from(root);
        let folders = [(root.clone(), BTreeMap::new())].into();
        let state = State { coming: Some(files), came: None, folders };
        Self { root, expected, time: Timestamp::new(now, 0), state: Mutex::new(state) }
    }

    /// Where it begins.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What made the files, when all of them came.
    pub(super) fn into_files(self) -> Result<F, Fault> {
        let came = self.state.into_inner().came;
        came.ok_or_else(|| Fault::Failed("The backup did not come to its end.".to_owned()))
    }

    fn node(&self, kind: NodeKind, size: u64) -> Node {
        let permissions = if kind == NodeKind::Directory { 0o700 } else { 0o600 };
        Node {
            kind,
            permissions,
            size,
            modified: self.time,
            accessed: self.time,
            changed: self.time,
            ..Node::default()
        }
    }
}

impl<F> State<F> {
    /// What is in a folder: the sizes of files, and nothing of folders.
    fn children(&self, folder: &Path) -> io::Result<BTreeMap<OsString, Option<u64>>> {
        let files = self.folders.get(folder).ok_or(io::ErrorKind::NotFound)?;
        let files = files.iter().map(|(name, size)| (name.clone(), Some(*size)));
        let below = self.folders.keys().filter(|other| other.parent() == Some(folder));
        Ok(files.chain(below.filter_map(|other| Some((other.file_name()?.to_owned(), None)))).collect())
    }

    fn add(&mut self, root: &Path, path: &Path) -> io::Result<()> {
        let (folder, name) = parts(path)?;
        let mut above = Some(folder);
        while let Some(folder) = above.filter(|folder| folder.starts_with(root)) {
            self.folders.entry(folder.to_owned()).or_default();
            above = folder.parent();
        }
        match self.folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), 0) {
            None => Ok(()),
            Some(_) => Err(io::Error::other(format!("{} came twice", path.display()))),
        }
    }

    fn grow(&mut self, path: &Path, by: u64) -> io::Result<()> {
        let (folder, name) = parts(path)?;
        let size = self.folders.get_mut(folder).and_then(|files| files.get_mut(name)).ok_or(io::ErrorKind::NotFound)?;
        *size += by;
        Ok(())
    }
}

fn parts(path: &Path) -> io::Result<(&Path, &OsStr)> {
    path.parent().zip(path.file_name()).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

impl<F: Files> TreeSource for Feed<F> {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        let state = self.state.lock();
        let node = if state.folders.contains_key(path) {
            self.node(NodeKind::Directory, 0)
        } else {
            let (folder, name) = parts(path)?;
            let size = state.folders.get(folder).and_then(|files| files.get(name)).ok_or(io::ErrorKind::NotFound)?;
            self.node(NodeKind::File, *size)
        };
        Ok(SourceItem { node, ..SourceItem::default() })
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let children = self.state.lock().children(folder)?;
        Ok(Box::new(children.into_iter().map(|(name, size)| {
            let node = size.map_or_else(|| self.node(NodeKind::Directory, 0), |size| self.node(NodeKind::File, size));
            Ok(Child { name, item: Some(SourceItem { node, ..SourceItem::default() }) })
        })))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        Err(io::Error::other(format!("{} came only once and cannot be read again", path.display())))
    }

    fn arrivals<'a>(&'a self, control: &'a Control) -> Option<Box<dyn Arrivals + 'a>> {
        let files = self.state.lock().coming.take();
        Some(Box::new(Coming { feed: self, control, files, path: PathBuf::new() }))
    }

    fn estimate(&self, _: &Path, _: &Control) -> Option<Estimate> {
        Some(Estimate { files: 0, bytes: self.expected })
    }
}

/// The files while they come.
struct Coming<'a, F> {
    feed: &'a Feed<F>,
    control: &'a Control,
    files: Option<F>,
    /// The file that came last.
    path: PathBuf,
}

impl<F> Coming<'_, F> {
    fn files(&mut self) -> io::Result<&mut F> {
        self.files.as_mut().ok_or_else(|| io::Error::other("a backup of a service can be read only once"))
    }
}

impl<F: Files> Arrivals for Coming<'_, F> {
    fn next(&mut self) -> io::Result<Option<Arrival>> {
        let control = self.control;
        let Some(path) = self.files()?.next(control).map_err(Fault::into_io)? else {
            self.feed.state.lock().came = self.files.take();
            return Ok(None);
        };
        self.path = self.feed.root.join(path);
        self.feed.state.lock().add(&self.feed.root, &self.path)?;
        Ok(Some(Arrival::whole(self.path.clone(), Cut::AsRequested)))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let control = self.control;
        let read = self.files()?.read(buffer, control).map_err(Fault::into_io)?;
        self.feed.state.lock().grow(&self.path, read as u64)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told(std::vec::IntoIter<(&'static str, &'static [u8])>, &'static [u8]);

    impl Files for Told {
        fn next(&mut self, _: &Control) -> Result<Option<PathBuf>, Fault> {
            let Some((path, content)) = self.0.next() else { return Ok(None) };
            if path == "gone" {
                return Err(Fault::Gone("It is gone.".to_owned()));
            }
            self.1 = content;
            Ok(Some(path.into()))
        }

        fn read(&mut self, buffer: &mut [u8], _: &Control) -> Result<usize, Fault> {
            let length = buffer.len().min(self.1.len()).min(2);
            let (piece, rest) = self.1.split_at(length);
            buffer[..length].copy_from_slice(piece);
            self.1 = rest;
            Ok(length)
        }
    }

    fn feed(files: Vec<(&'static str, &'static [u8])>) -> Feed<Told> {
        Feed::new("/root", 9, Told(files.into_iter(), b""))
    }

    fn take(feed: &Feed<Told>) -> io::Result<Vec<PathBuf>> {
        let control = Control::new();
        let mut arrivals = feed.arrivals(&control).unwrap();
        let mut paths = Vec::new();
        while let Some(arrival) = arrivals.next()? {
            let mut buffer = [0; 64];
            while arrivals.read(&mut buffer)? > 0 {}
            paths.push(arrival.path);
        }
        Ok(paths)
    }

    #[test]
    fn what_came_is_the_tree() {
        let feed = feed(vec![("b/2", b"12345"), ("b/1", b""), ("a", b"xyz"), ("empty-before/c/d", b"1")]);
        assert_eq!(take(&feed).unwrap()[0], Path::new("/root/b/2"));
        let names = |folder: &str| -> Vec<_> {
            let children = feed.children(Path::new(folder)).unwrap().map(Result::unwrap);
            children.map(|child| (child.name, child.item.unwrap().node.size)).collect()
        };
        assert_eq!(names("/root"), [("a".into(), 3), ("b".into(), 0), ("empty-before".into(), 0)]);
        assert_eq!(names("/root/b"), [("1".into(), 0), ("2".into(), 5)]);
        assert_eq!(names("/root/empty-before/c"), [("d".into(), 1)]);
        assert_eq!(feed.item(Path::new("/root/b")).unwrap().node.kind, NodeKind::Directory);
        assert!(feed.into_files().is_ok());
    }

    #[test]
    fn what_broke_off_is_no_backup_and_a_job_hears_the_drivers_own_fault() {
        let feed = feed(vec![("a", b"1"), ("gone", b"")]);
        let error = take(&feed).unwrap_err();
        assert_eq!(Fault::behind(&error), Some(&Fault::Gone("It is gone.".to_owned())));
        assert!(feed.into_files().map(drop).unwrap_err().to_string().contains("its end"));
    }

    #[test]
    fn no_file_comes_twice() {
        assert!(take(&feed(vec![("a", b"1"), ("a", b"2")])).unwrap_err().to_string().contains("came twice"));
    }
}
