//! The files of the file systems in a volume, out of a recovery point: listed and restored one by one, with nothing restored
//! that they do not need.
//!
//! A volume with a table of partitions shows one folder for each, `p1`, `p2`, and so on, as the system counts; one with a file
//! system alone shows its files at once. Read are ext2, ext3, ext4 and NTFS. Whatever else is found is named, and the way is to
//! restore the volume and to mount it. Nobody vouches for an image: what the readers of file systems make of a damaged one is an
//! error of the item, whatever it is.

mod browse;
mod bytes;
mod disk;
mod ext;
#[cfg(test)]
mod hostile_tests;
mod lately;
mod ntfs;
#[cfg(test)]
mod scene;
mod signs;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod turns;

pub(in crate::engine::drivers) use browse::FilesOfVolume;
pub(in crate::engine::drivers) use target::{plan, target};

use crate::engine::drivers::Fault;
use crate::repository::{ForeignItem, ForeignTree, Handle, Listed, Node, NodeKind, Take};
use disk::{Content, Window, is_of_store};
use ext::Ext;
use lately::Lately;
use ntfs::Ntfs;
use signs::Found;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// The most names of one folder that are read, and the most bytes of them.
const MOST_NAMES: usize = 1_000_000;
const MOST_BYTES: usize = 96 << 20;
/// How much of a file is read at once.
const STEP: usize = 1 << 20;
/// How many file systems are open at once.
const OPEN: usize = 2;
/// The list of partitions, which is the root of a volume that has some.
const PARTITIONS: Handle = Handle { part: u32::MAX, number: 0 };
/// The root of a partition, before it is known which number its file system gives it.
const ROOT: u64 = u64::MAX;

/// A file system that is read. It knows its items by their numbers.
trait FileSystem {
    /// What it is called, where it has a name.
    fn label(&self) -> Option<String>;

    /// Its root.
    fn root(&self) -> u64;

    /// Adds the names in a folder.
    fn names(&self, folder: u64, names: &mut Names) -> io::Result<()>;

    /// See [`ForeignTree::item`].
    fn item(&self, number: u64) -> io::Result<ForeignItem>;

    /// See [`ForeignTree::read`].
    fn read(&self, number: u64, take: &mut Take<'_>) -> io::Result<()>;

    /// What is to be said of all that comes out of it.
    fn caveat(&self) -> &'static str;
}

/// The names in a folder, no more than there is memory for.
struct Names {
    part: u32,
    listed: Vec<Listed>,
    bytes: usize,
}

impl Names {
    fn add(&mut self, name: Vec<u8>, number: u64) -> io::Result<()> {
        self.bytes += name.len();
        if self.listed.len() >= MOST_NAMES || self.bytes > MOST_BYTES {
            let why =
                format!("the folder has more than {MOST_NAMES} names or {MOST_BYTES} bytes of them, and is not read");
            return Err(io::Error::other(why));
        }
        self.listed.push(Listed { name, at: Handle { part: self.part, number } });
        Ok(())
    }
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
    content: Rc<dyn Content>,
    parts: Vec<Part>,
    /// Whether it has a table of partitions.
    has_table: bool,
    /// File systems that were looked into lately; each may have a journal in memory.
    opened: RefCell<Lately<u32, Rc<dyn FileSystem>>>,
    /// How many items of which sort were passed over.
    left_out: RefCell<BTreeMap<&'static str, u64>>,
    /// What there is to say of the file systems that were looked into.
    caveats: RefCell<BTreeSet<&'static str>>,
}

impl Files {
    /// Looks at what is in a volume; no file system is opened yet. An error of the recovery point is [`Fault::System`]; all others
    /// are of the image.
    fn of(content: Rc<dyn Content>) -> io::Result<Self> {
        let whole = Window::new(&content, 0, content.size());
        let table = table::read(&whole).map_err(|error| {
            told_unless_of_store(error, |error| {
                format!("The partitions of the volume cannot be read: {error}. Restore the volume and check it there.")
            })
        })?;
        let has_table = table.is_some();
        let parts = match table {
            None => vec![Part { name: String::new(), label: String::new(), window: whole }],
            Some(table) => table
                .into_iter()
                .map(|partition| Part {
                    name: format!("p{}", partition.number),
                    label: partition.name,
                    window: Window::new(&content, partition.bytes.start, partition.bytes.end - partition.bytes.start),
                })
                .collect(),
        };
        let opened = RefCell::new(Lately::new(OPEN));
        let (left_out, caveats) = (RefCell::default(), RefCell::default());
        Ok(Self { content, parts, has_table, opened, left_out, caveats })
    }

    /// How many bytes were taken out of the repository.
    pub(super) fn bytes_read(&self) -> u64 {
        self.content.bytes_read()
    }

    /// What is to be said of a restore: what was passed over, and what such files come without.
    pub(super) fn notes(&self) -> Vec<String> {
        let left_out = self.left_out.borrow();
        let left_out = left_out.iter().map(|(what, count)| format!("Left out: {what} ({count})."));
        left_out.chain(self.caveats.borrow().iter().map(|caveat| (*caveat).to_owned())).collect()
    }

    fn file_system(&self, number: u32) -> io::Result<Rc<dyn FileSystem>> {
        if let Some(known) = self.opened.borrow_mut().get(&number) {
            return Ok(known);
        }
        let part = self.parts.get(number as usize).ok_or(io::ErrorKind::NotFound)?;
        let what = if part.name.is_empty() { "The volume" } else { "The partition" };
        let found = Found::any(&part.window)?;
        let opened: io::Result<Rc<dyn FileSystem>> = match found {
            Found::Ext(_) => guarded(|| Ok(Rc::new(Ext::open(&part.window)?) as _)),
            Found::Ntfs => guarded(|| Ok(Rc::new(Ntfs::open(&part.window)?) as _)),
            Found::Two(..) => {
                let why = format!(
                    "{what} has {found}, and which of them counts cannot be told here. Restore the volume and mount it."
                );
                return Err(Fault::Failed(why).into_io());
            }
            Found::Other(_) | Found::Nothing => {
                let why = format!(
                    "{what} has {found}. Single files come only out of ext2, ext3, ext4 and NTFS: restore the volume and \
                     mount it."
                );
                return Err(Fault::Failed(why).into_io());
            }
        };
        let opened = opened.map_err(|error| {
            told_unless_of_store(error, |error| {
                format!("{what} has {found}, which cannot be read: {error}. Restore the volume and check it there.")
            })
        })?;
        self.opened.borrow_mut().keep(number, Rc::clone(&opened));
        Ok(opened)
    }

    /// What there is to say of a partition, in a line; what its file system calls it only if that is opened for it.
    fn told_of(&self, number: u32, is_opened: bool) -> io::Result<String> {
        let Some(part) = self.parts.get(number as usize) else { return Ok(String::new()) };
        let found = Found::any(&part.window)?;
        let label = match is_opened.then(|| self.file_system(number)).transpose() {
            Err(error) if is_of_store(&error) => return Err(error),
            opened => opened.ok().flatten().and_then(|opened| opened.label()).unwrap_or_default(),
        };
        let names =
            [label, part.label.clone()].into_iter().filter(|name| !name.is_empty()).map(|name| format!(" {name:?}"));
        Ok(format!("{found}{}, {} MiB", names.collect::<String>(), part.window.length() >> 20))
    }
}

/// An error of the recovery point as it is, and one of the image in these words.
fn told_unless_of_store(error: io::Error, told: impl FnOnce(&io::Error) -> String) -> io::Error {
    if is_of_store(&error) { error } else { Fault::Failed(told(&error)).into_io() }
}

/// What a reader of file systems does; one that panics has met what nobody thought of, and that is an error as all others.
fn guarded<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(io::Error::other("the file system is damaged beyond reading")))
}

impl Files {
    /// The file system of an item, and its number there.
    fn within(&self, at: Handle) -> io::Result<(Rc<dyn FileSystem>, u64)> {
        let opened = self.file_system(at.part)?;
        let number = if at.number == ROOT { opened.root() } else { at.number };
        Ok((opened, number))
    }

    /// The root of a partition; nothing of one that cannot be read, which says why when it is looked into.
    fn part_root(&self, part: u32) -> io::Result<Option<ForeignItem>> {
        let root = Handle { part, number: ROOT };
        match self.within(root).and_then(|(opened, number)| guarded(|| opened.item(number))) {
            Err(error) if is_of_store(&error) => Err(error),
            root => Ok(root.ok()),
        }
    }
}

/// What stands for a partition into which nobody could look.
fn unread_root() -> Node {
    let (uid, gid) = (u32::MAX, u32::MAX);
    Node { kind: NodeKind::Directory, permissions: 0o700, uid, gid, ..Node::default() }
}

impl ForeignTree for Files {
    fn root(&self) -> io::Result<(Handle, Option<Node>)> {
        if self.has_table {
            return Ok((PARTITIONS, None));
        }
        let root = Handle { part: 0, number: ROOT };
        Ok((root, Some(self.item(root)?.node)))
    }

    fn names(&self, folder: Handle) -> io::Result<Vec<Listed>> {
        if folder == PARTITIONS {
            let listed = |(part, number): (&Part, u32)| Listed {
                name: part.name.clone().into_bytes(),
                at: Handle { part: number, number: ROOT },
            };
            return Ok(self.parts.iter().zip(0..).map(listed).collect());
        }
        let (opened, number) = self.within(folder)?;
        self.caveats.borrow_mut().insert(opened.caveat());
        let mut names = Names { part: folder.part, listed: Vec::new(), bytes: 0 };
        guarded(|| opened.names(number, &mut names))?;
        // A name that leads back to the root leads to what is known as that already.
        let root = opened.root();
        names.listed.iter_mut().filter(|listed| listed.at.number == root).for_each(|listed| listed.at.number = ROOT);
        Ok(names.listed)
    }

    fn item(&self, at: Handle) -> io::Result<ForeignItem> {
        if self.has_table && at.number == ROOT {
            let root = self.part_root(at.part)?;
            return Ok(root.unwrap_or_else(|| ForeignItem { node: unread_root(), room: 0, left_out: None }));
        }
        let (opened, number) = self.within(at)?;
        guarded(|| opened.item(number))
    }

    fn read(&self, at: Handle, take: &mut Take<'_>) -> io::Result<()> {
        let (opened, number) = self.within(at)?;
        guarded(|| opened.read(number, take))
    }

    fn passed_over(&self, what: &'static str) {
        *self.left_out.borrow_mut().entry(what).or_default() += 1;
    }
}
