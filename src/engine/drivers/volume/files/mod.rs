//! The files of the file systems in a volume, out of a recovery point: listed and restored one by one, with nothing restored
//! that they do not need.
//!
//! A volume with a table of partitions shows one folder for each, `p1`, `p2`, and so on, as the system counts; one with a file
//! system alone shows its files at once. Read are ext2, ext3, ext4 and NTFS. Whatever else is found is named, and the way is to
//! restore the volume and to mount it. Nobody vouches for an image: what the readers of file systems make of a damaged one is an
//! error of the item, whatever it is.

mod browse;
mod disk;
mod ext;
mod lately;
mod ntfs;
mod signs;
mod table;
mod target;
#[cfg(test)]
mod tests;

pub(in crate::engine::drivers) use browse::entries;
pub(in crate::engine::drivers) use target::{plan, target};

use crate::engine::drivers::{Fault, Inside};
use crate::repository::{ForeignTree, ItemPath, Listed, Node, NodeKind};
use disk::{Disk, Window};
use ext::Ext;
use ntfs::NtfsFiles;
use signs::Found;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// The most names of one folder that are read.
const MOST_NAMES: usize = 1_000_000;

/// A file system that is read.
trait FileSystem {
    /// What it is called, where it has a name.
    fn label(&self) -> Option<String>;

    /// Its root.
    fn root(&self) -> io::Result<Node>;

    /// See [`ForeignTree::names`].
    fn names(&self, folder: &ItemPath) -> io::Result<Vec<Listed>>;

    /// See [`ForeignTree::node`].
    fn node(&self, folder: &ItemPath, listed: &Listed) -> io::Result<Node>;

    /// What an item is, in the plural, that cannot be restored out of it.
    fn left_out(&self, node: &Node) -> Option<&'static str>;

    /// See [`ForeignTree::read`].
    fn read(&self, path: &ItemPath, node: &Node, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>;

    /// What is worth saying of all that comes out of it.
    fn caveat(&self) -> Option<&'static str>;
}

/// Refuses a folder with more names than are read.
fn bound(names: usize) -> io::Result<()> {
    if names <= MOST_NAMES {
        return Ok(());
    }
    Err(io::Error::other(format!("it has more than {MOST_NAMES} names, and is not read")))
}

/// A place in which a file system may lie.
struct Part {
    /// The folder that it is shown as; nothing for one that is all of the volume.
    name: String,
    /// What its table calls it.
    label: String,
    window: Window,
}

/// The files of a volume.
pub(super) struct Files {
    disk: Rc<Disk>,
    parts: Vec<Part>,
    /// Whether it has a table of partitions.
    has_table: bool,
    opened: RefCell<HashMap<usize, Rc<dyn FileSystem>>>,
    /// How many items of which sort were passed over.
    left_out: RefCell<BTreeMap<&'static str, u64>>,
    /// What there is to say of the file systems that were looked into.
    caveats: RefCell<BTreeSet<&'static str>>,
}

impl Files {
    /// Looks at what is in a volume; no file system is opened yet.
    pub(super) fn open(content: &Inside<'_>) -> Result<Self, Fault> {
        Self::of(Disk::open(content)?)
    }

    fn of(disk: Disk) -> Result<Self, Fault> {
        let disk = Rc::new(disk);
        let whole = Window::new(&disk, 0, disk.size());
        let unread = |error| Fault::Failed(format!("The partitions of the volume cannot be read: {error}"));
        let table = table::read(&whole).map_err(unread)?;
        let has_table = table.is_some();
        let parts = match table {
            None => vec![Part { name: String::new(), label: String::new(), window: whole }],
            Some(table) => table
                .into_iter()
                .map(|partition| Part {
                    name: format!("p{}", partition.number),
                    label: partition.name,
                    window: Window::new(&disk, partition.bytes.start, partition.bytes.end - partition.bytes.start),
                })
                .collect(),
        };
        let (opened, left_out, caveats) = (RefCell::default(), RefCell::default(), RefCell::default());
        Ok(Self { disk, parts, has_table, opened, left_out, caveats })
    }

    /// How many bytes were taken out of the repository.
    pub(super) fn bytes_read(&self) -> u64 {
        self.disk.bytes_read()
    }

    /// What is to be said of a restore: what was passed over, and what such files come without.
    pub(super) fn notes(&self) -> Vec<String> {
        let left_out = self.left_out.borrow();
        let left_out = left_out.iter().map(|(what, count)| format!("Left out: {what} ({count})."));
        left_out.chain(self.caveats.borrow().iter().map(|caveat| (*caveat).to_owned())).collect()
    }

    /// The part that a path leads into, and the path in it; nothing for the list of partitions.
    fn part_of(&self, path: &ItemPath) -> io::Result<Option<(usize, ItemPath)>> {
        if !self.has_table {
            return Ok(Some((0, path.clone())));
        }
        let Some((first, rest)) = path.components().split_first() else { return Ok(None) };
        let part = self.parts.iter().position(|part| part.name.as_bytes() == first.as_slice());
        Ok(Some((part.ok_or(io::ErrorKind::NotFound)?, ItemPath::of_names(rest.iter().cloned()))))
    }

    fn file_system(&self, number: usize) -> io::Result<Rc<dyn FileSystem>> {
        if let Some(known) = self.opened.borrow().get(&number) {
            return Ok(Rc::clone(known));
        }
        let part = &self.parts[number];
        let what = if part.name.is_empty() { "The volume" } else { "The partition" };
        let found = Found::any(&part.window)?;
        let opened: io::Result<Rc<dyn FileSystem>> = match found {
            Found::Ext(_) => guarded(|| Ok(Rc::new(Ext::open(&part.window)?) as _)),
            Found::Ntfs => guarded(|| Ok(Rc::new(NtfsFiles::open(&part.window)?) as _)),
            Found::Other(_) | Found::Nothing => {
                let why = format!(
                    "{what} has {found}, of which no files are read here, but those of ext2, ext3, ext4 and NTFS. Restore the \
                     volume and mount it."
                );
                return Err(Fault::Failed(why).into_io());
            }
        };
        let opened = opened.map_err(|error| {
            let why =
                format!("{what} has {found}, which cannot be read: {error}. Restore the volume and check it there.");
            Fault::Failed(why).into_io()
        })?;
        self.opened.borrow_mut().insert(number, Rc::clone(&opened));
        Ok(opened)
    }

    /// What there is to say of a partition, in a line.
    fn told_of(&self, number: usize) -> String {
        let Some(part) = self.parts.get(number) else { return String::new() };
        let found = Found::any(&part.window).map_or_else(|error| error.to_string(), |found| found.to_string());
        let label = self.file_system(number).ok().and_then(|opened| opened.label()).unwrap_or_default();
        let names =
            [label, part.label.clone()].into_iter().filter(|name| !name.is_empty()).map(|name| format!(" {name:?}"));
        format!("{found}{}, {} MiB", names.collect::<String>(), part.window.length() >> 20)
    }
}

/// What a reader of file systems does; one that panics has met what nobody thought of, and that is an error as all others.
fn guarded<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(io::Error::other("the file system is damaged beyond reading")))
}

impl ForeignTree for Files {
    fn root(&self) -> io::Result<Option<Node>> {
        if self.has_table {
            return Ok(None);
        }
        let opened = self.file_system(0)?;
        guarded(|| opened.root()).map(Some)
    }

    fn names(&self, folder: &ItemPath) -> io::Result<Vec<Listed>> {
        let Some((part, path)) = self.part_of(folder)? else {
            let parts = self.parts.iter().zip(0..);
            return Ok(parts.map(|(part, number)| Listed { name: part.name.clone().into_bytes(), number }).collect());
        };
        let opened = self.file_system(part)?;
        self.caveats.borrow_mut().extend(opened.caveat());
        guarded(|| opened.names(&path))
    }

    fn node(&self, folder: &ItemPath, listed: &Listed) -> io::Result<Node> {
        let Some((part, path)) = self.part_of(folder)? else {
            // One that cannot be read is shown all the same.
            let root = self.file_system(listed.number as usize).and_then(|opened| guarded(|| opened.root()));
            let unread =
                Node { kind: NodeKind::Directory, permissions: 0o700, uid: u32::MAX, gid: u32::MAX, ..Node::default() };
            return Ok(root.unwrap_or(unread));
        };
        let opened = self.file_system(part)?;
        guarded(|| opened.node(&path, listed))
    }

    fn is_restorable(&self, node: &Node) -> bool {
        let opened = self.opened.borrow();
        let Some(sort) = opened.values().find_map(|opened| opened.left_out(node)) else { return true };
        *self.left_out.borrow_mut().entry(sort).or_default() += 1;
        false
    }

    fn read(&self, path: &ItemPath, node: &Node, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let Some((part, path)) = self.part_of(path)? else { return Err(io::ErrorKind::IsADirectory.into()) };
        let opened = self.file_system(part)?;
        guarded(|| opened.read(&path, node, take))
    }
}
