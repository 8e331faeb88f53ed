//! Images that the tools of their file systems made, for the tests of those who read them.

use super::disk::{Content, Window};
use super::{FileSystem, Names};
use crate::repository::{NodeKind, Stretch};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

/// Bytes in memory or in a file.
pub(super) enum Image {
    Memory(Vec<u8>),
    File(File),
}

impl Content for Image {
    fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(file) => file.metadata().unwrap().len(),
        }
    }

    fn bytes_read(&self) -> u64 {
        0
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => buffer.copy_from_slice(&bytes[at as usize..at as usize + buffer.len()]),
            Self::File(file) => file.read_exact_at(buffer, at)?,
        }
        Ok(())
    }
}

impl Image {
    /// All of it.
    pub(super) fn window(self) -> Window {
        let length = self.size();
        let content: Rc<dyn Content> = Rc::new(self);
        Window::new(&content, 0, length)
    }

    pub(super) fn of(path: &Path) -> Window {
        Self::File(File::open(path).unwrap()).window()
    }
}

/// Runs a program of the system, which must end well: 1 is what `e2fsck` ends with when it has mended something.
pub(super) fn run(program: &str, arguments: &[&str]) -> String {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(arguments).env("PATH", path).output().unwrap();
    let is_well = output.status.success() || program == "e2fsck" && output.status.code() == Some(1);
    assert!(is_well, "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Numbers that follow from a seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll(256) as u8).collect()
    }
}

/// What an item of a tree is, to be held against another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) kind: NodeKind,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) modified: i64,
    pub(super) size: u64,
    /// Of what is in a file, or of where a link leads.
    pub(super) digest: u64,
}

pub(super) type Tree = BTreeMap<Vec<u8>, Seen>;

/// A digest of content that comes in pieces, in which zeros cost nothing.
#[derive(Default)]
struct Digest {
    hasher: DefaultHasher,
    at: u64,
}

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(1024) {
            if *block != [0; 1024][..block.len()] {
                self.hasher.write_u64(self.at);
                self.hasher.write(block);
            }
            self.at += block.len() as u64;
        }
    }

    fn told(self) -> (u64, u64) {
        (self.at, self.hasher.finish())
    }
}

fn digest(bytes: &[u8]) -> (u64, u64) {
    let mut digest = Digest::default();
    digest.add(bytes);
    digest.told()
}

/// What lies in a folder of this machine; `lost+found` is no matter of anybody.
pub(super) fn tree_of(folder: &Path) -> Tree {
    let (mut tree, mut folders) = (Tree::new(), vec![folder.to_owned()]);
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(&here).unwrap() {
            let path = entry.unwrap().path();
            let (name, data) = (path.strip_prefix(folder).unwrap(), fs::symlink_metadata(&path).unwrap());
            if name == Path::new("lost+found") {
                continue;
            }
            let (kind, (size, digest)) = match data.file_type() {
                kind if kind.is_dir() => {
                    folders.push(path.clone());
                    (NodeKind::Directory, (0, 0))
                }
                kind if kind.is_symlink() => {
                    (NodeKind::Symlink, digest(fs::read_link(&path).unwrap().as_os_str().as_bytes()))
                }
                kind if kind.is_file() => (NodeKind::File, digest(&fs::read(&path).unwrap())),
                _ => (NodeKind::Fifo, (0, 0)),
            };
            let (mode, owner) = (data.mode() & 0o7777, (data.uid(), data.gid()));
            let seen = Seen { kind, mode, owner, modified: data.mtime(), size, digest };
            tree.insert(name.as_os_str().as_bytes().to_vec(), seen);
        }
    }
    tree
}

/// The names in a folder of a file system, with their numbers.
pub(super) fn names(of: &dyn FileSystem, folder: u64) -> io::Result<BTreeMap<Vec<u8>, u64>> {
    let mut names = Names { part: 0, listed: Vec::new(), bytes: 0 };
    of.names(folder, &mut names)?;
    Ok(names.listed.into_iter().map(|listed| (listed.name, listed.at.number)).collect())
}

/// The number of an item.
pub(super) fn find(of: &dyn FileSystem, path: &str) -> u64 {
    path.split('/').fold(of.root(), |folder, name| names(of, folder).unwrap()[name.as_bytes()])
}

/// The content of a file; one that is larger is refused.
pub(super) fn content(of: &dyn FileSystem, number: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    of.read(number, &mut |stretch| {
        match stretch {
            Stretch::Bytes(bytes) => content.extend_from_slice(bytes),
            Stretch::Zeros(count) => content.resize(content.len() + count as usize, 0),
        }
        Ok(())
    })?;
    Ok(content)
}

/// All that a reader makes of a file system.
pub(super) fn read_all(of: &dyn FileSystem) -> io::Result<Tree> {
    let (mut tree, mut folders) = (Tree::new(), vec![(Vec::new(), of.root())]);
    while let Some((folder, number)) = folders.pop() {
        for (name, number) in names(of, number)? {
            let path = if folder.is_empty() { name } else { [folder.as_slice(), b"/", &name].concat() };
            if path == b"lost+found" {
                continue;
            }
            let node = of.item(number)?.node;
            let (size, digest) = match node.kind {
                NodeKind::Directory => {
                    folders.push((path.clone(), number));
                    (0, 0)
                }
                NodeKind::Symlink => digest(&node.link_target),
                NodeKind::File => {
                    let mut digest = Digest::default();
                    of.read(number, &mut |stretch| {
                        match stretch {
                            Stretch::Bytes(bytes) => digest.add(bytes),
                            Stretch::Zeros(count) => digest.at += count,
                        }
                        Ok(())
                    })?;
                    assert_eq!(digest.at, node.size, "{}", String::from_utf8_lossy(&path));
                    digest.told()
                }
                _ => (0, 0),
            };
            let (mode, owner, modified) = (node.permissions, (node.uid, node.gid), node.modified.seconds);
            tree.insert(path, Seen { kind: node.kind, mode, owner, modified, size, digest });
        }
    }
    Ok(tree)
}

/// What is wrong with the first item that two trees tell differently.
pub(super) fn assert_same(found: &Tree, expected: &Tree, what: &str) {
    for (path, seen) in expected {
        assert_eq!(found.get(path), Some(seen), "{what}: {}", String::from_utf8_lossy(path));
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

/// Reads what can be read of an image that was tampered with, as far as a budget of items and bytes goes. What is wrong is an
/// error, and no more is asked of it than to be one.
pub(super) fn read_what_can_be(of: &dyn FileSystem) -> usize {
    let (mut folders, mut met, mut bytes) = (vec![of.root()], 0, 0_usize);
    while let Some(folder) = folders.pop() {
        for number in names(of, folder).unwrap_or_default().into_values() {
            met += 1;
            if met > 3000 {
                return met;
            }
            let Ok(item) = of.item(number) else { continue };
            if item.node.kind == NodeKind::Directory {
                folders.push(number);
            } else if item.node.is_file() {
                let _ = of.read(number, &mut |stretch| {
                    bytes += match stretch {
                        Stretch::Bytes(read) => read.len(),
                        Stretch::Zeros(_) => 1,
                    };
                    if bytes > 64 << 20 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
                });
            }
        }
    }
    met
}

/// An image with so many MiB in a folder that goes away with it.
pub(super) struct Made {
    pub(super) folder: tempfile::TempDir,
    pub(super) image: PathBuf,
}

impl Made {
    pub(super) fn new(mib: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(mib << 20).unwrap();
        Self { folder, image }
    }

    pub(super) fn path(&self) -> &str {
        self.image.to_str().unwrap()
    }

    /// What it has, in memory.
    pub(super) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.image).unwrap()
    }
}
