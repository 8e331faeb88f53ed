//! Trees of files: one with everything that a file system can hold, random ones, and how two are compared.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps};
use vaultdeck::repository::Id;

use super::is_root;

/// Everything about an item that a restore must bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub kind: &'static str,
    pub mode: u32,
    pub owner: (u32, u32),
    pub modified: (i64, i64),
    pub size: u64,
    pub content: Option<Id>,
    pub link: Option<PathBuf>,
    pub device: u64,
    pub attributes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The first path, in order, of the same file.
    pub same_as: PathBuf,
}

/// All items below `root`, `root` itself as the empty path.
pub fn items(root: &Path) -> BTreeMap<PathBuf, Item> {
    let mut items = BTreeMap::new();
    let mut first = HashMap::new();
    visit(root, Path::new(""), &mut items, &mut first);
    items
}

fn visit(root: &Path, path: &Path, items: &mut BTreeMap<PathBuf, Item>, first: &mut HashMap<(u64, u64), PathBuf>) {
    let full = if path.as_os_str().is_empty() { root.to_owned() } else { root.join(path) };
    let status = fs::symlink_metadata(&full).unwrap();
    let kind = status.file_type();
    let (name, device) = match () {
        () if kind.is_dir() => ("folder", 0),
        () if kind.is_file() => ("file", 0),
        () if kind.is_symlink() => ("symlink", 0),
        () if kind.is_fifo() => ("fifo", 0),
        () if kind.is_char_device() => ("character device", status.rdev()),
        () if kind.is_block_device() => ("block device", status.rdev()),
        () => ("socket", 0),
    };
    let shared = status.nlink() > 1 && !kind.is_dir();
    let same_as = if shared {
        first.entry((status.dev(), status.ino())).or_insert_with(|| path.to_owned()).clone()
    } else {
        path.to_owned()
    };
    let item = Item {
        kind: name,
        mode: status.permissions().mode() & 0o7777,
        owner: (status.uid(), status.gid()),
        modified: (status.mtime(), status.mtime_nsec()),
        size: if kind.is_file() { status.len() } else { 0 },
        content: kind.is_file().then(|| Id::of(&fs::read(&full).unwrap())),
        link: kind.is_symlink().then(|| fs::read_link(&full).unwrap()),
        device,
        attributes: attributes(&full),
        same_as,
    };
    items.insert(path.to_owned(), item);
    if kind.is_dir() {
        let mut names: Vec<_> = fs::read_dir(&full).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        for name in names {
            visit(root, &path.join(name), items, first);
        }
    }
}

fn attributes(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let Ok(names) = xattr::list(path) else { return BTreeMap::new() };
    names.map(|name| (name.as_bytes().to_vec(), xattr::get(path, &name).ok().flatten().unwrap_or_default())).collect()
}

/// Fails with the first difference.
pub fn assert_same(expected: &Path, found: &Path) {
    assert_items(&items(expected), &items(found));
}

/// Fails with the first difference.
pub fn assert_items(expected: &BTreeMap<PathBuf, Item>, found: &BTreeMap<PathBuf, Item>) {
    for (path, item) in expected {
        assert_eq!(Some(item), found.get(path), "{}", path.display());
    }
    let more: Vec<_> = found.keys().filter(|path| !expected.contains_key(*path)).collect();
    assert!(more.is_empty(), "nobody asked for {more:?}");
}

/// Bytes that nothing compresses, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Names that break terminals, shells, and programs that think that names are text.
pub const HOSTILE: [&[u8]; 12] = [
    b"\x1b[31mred\x1b[0m",
    b"line\nbreak",
    b"tab\tand\rreturn",
    b"caf\xe9 latin-1",
    b"\xff\xfe\xfd",
    b"back\\slash \\x41 \\\\",
    b"\"quoted\" 'twice'",
    b"-rf",
    b"...",
    "\u{202e}gpj.exe".as_bytes(),
    "\u{feff}bom \u{2028} e\u{301} \u{1f600}".as_bytes(),
    b"$(touch pwned) *?[a] ; & <b>",
];

/// A tree with everything that a restore must bring back, as far as we may make it.
pub fn everything(root: &Path) {
    fs::create_dir_all(root.join("deep/er/and/deeper")).unwrap();
    fs::create_dir(root.join("empty folder")).unwrap();
    fs::write(root.join("empty"), b"").unwrap();
    fs::write(root.join("deep/er/and/deeper/text"), b"hello\n".repeat(5000)).unwrap();
    fs::write(root.join("large"), noise(1, 9 << 20)).unwrap();
    fs::write(root.join("large again"), noise(1, 9 << 20)).unwrap();
    for number in 0..300_u64 {
        fs::write(root.join("deep").join(format!("small {number}")), noise(number, (number * 7) as usize)).unwrap();
    }
    fs::create_dir(root.join("names")).unwrap();
    for name in HOSTILE {
        fs::write(root.join("names").join(OsStr::from_bytes(name)), name).unwrap();
    }
    fs::write(root.join("names").join("x".repeat(255)), b"long").unwrap();
    links(root);
    sparse(&root.join("sparse"));
    special(root);
    attributes_of_all_kinds(root);
    permissions_and_owners(root);
    times(root);
}

/// What restic 0.14 cannot keep: it writes the target of a link as text.
pub fn beyond_restic(root: &Path) {
    symlink(OsStr::from_bytes(b"no\xffwhere"), root.join("link of bytes")).unwrap();
}

fn links(root: &Path) {
    symlink("deep/er", root.join("link to folder")).unwrap();
    symlink("/etc/passwd", root.join("link out")).unwrap();
    symlink("no\nwhere \u{1f600}", root.join("dangling")).unwrap();
    fs::write(root.join("first name"), noise(77, 100_000)).unwrap();
    fs::hard_link(root.join("first name"), root.join("second name")).unwrap();
    fs::hard_link(root.join("first name"), root.join("deep/er/third name")).unwrap();
}

/// 64 MiB, of which three pieces hold something.
pub fn sparse(path: &Path) {
    let file = fs::File::create(path).unwrap();
    file.set_len(64 << 20).unwrap();
    for at in [0, (10 << 20) + 123, (40 << 20) + 4096] {
        file.write_all_at(&noise(at, 5000), at).unwrap();
    }
}

fn special(root: &Path) {
    rustix::fs::mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o620), 0).unwrap();
    if is_root() {
        let make = |name: &str, kind, device| {
            rustix::fs::mknodat(CWD, root.join(name), kind, Mode::from_raw_mode(0o640), device)
        };
        // Where even root may not (a container), there is nothing to restore.
        let _ = make("null", FileType::CharacterDevice, rustix::fs::makedev(1, 3));
        let _ = make("loop", FileType::BlockDevice, rustix::fs::makedev(7, 300));
    }
}

fn attributes_of_all_kinds(root: &Path) {
    for name in ["empty", "empty folder", "deep/small 3"] {
        // Some file systems hold none.
        let _ = xattr::set(root.join(name), "user.note", b"bytes \x00\xff of any kind");
        let _ = xattr::set(root.join(name), "user.empty", b"");
    }
    if is_root() {
        let _ = xattr::set(root.join("empty"), "trusted.secret", b"only root");
    }
}

fn permissions_and_owners(root: &Path) {
    if is_root() {
        for (name, user, group) in
            [("empty", 1234, 5678), ("empty folder", 1, 0), ("dangling", 4_000_000_000, 42), ("pipe", 65534, 65534)]
        {
            std::os::unix::fs::lchown(root.join(name), Some(user), Some(group)).unwrap();
        }
    }
    for (name, mode) in [
        ("empty", 0o4755),
        ("deep/small 1", 0o2755),
        ("empty folder", 0o1777),
        ("deep/small 2", 0o400),
        ("deep/er/and", 0o2750),
        ("large", 0),
    ] {
        fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    if !is_root() {
        fs::set_permissions(root.join("large"), fs::Permissions::from_mode(0o400)).unwrap();
    }
    fs::set_permissions(root.join("deep/er/and/deeper"), fs::Permissions::from_mode(0o555)).unwrap();
}

fn times(root: &Path) {
    let set = |name: &str, seconds, nanoseconds| {
        let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, root.join(name), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    };
    set("empty", -86_400, 999_999_999);
    set("dangling", 1_000_000_000, 1);
    set("pipe", 4_102_444_800, 123_456_789);
    set("deep/er/and/deeper", 946_684_800, 5);
    set("deep/er/and", 946_684_801, 6);
    set("deep", 946_684_802, 7);
    set("", 946_684_803, 8);
}
