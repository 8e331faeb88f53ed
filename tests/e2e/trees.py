"""Trees to protect, seeded, and a comparison that forgives nothing."""

import hashlib
import os
import pathlib
import random
import socket
import stat

SEED = 20261123


def everything(root):
    """A small tree with one of each thing that a file system can hold."""
    root = pathlib.Path(root)
    (root / "folder" / "deep" / "deeper").mkdir(parents=True)
    (root / "empty folder").mkdir()
    (root / "folder" / "hello.txt").write_text("hello\n")
    (root / "empty").touch()
    (root / "folder" / "deep" / "random.bin").write_bytes(random.Random(SEED).randbytes(3_000_000))
    (root / "folder" / "deep" / "deeper" / "text").write_bytes(b"line of text\n" * 100_000)
    os.symlink("folder/hello.txt", root / "link")
    os.symlink("/nowhere/at all", root / "dangling")
    os.link(root / "folder" / "hello.txt", root / "hard link")
    os.mkfifo(root / "fifo")
    with open(root / "sparse", "wb") as file:
        file.seek(40_000_000)
        file.write(b"end")
        file.truncate(60_000_000)
    for name in ("\x1b[31mred\x07", "new\nline", "\u202egnp.exe", "n" * 250, "quote\"back\\slash", " leading and trailing "):
        (root / name).write_text(name)
    with open(os.fsencode(root) + b"/not utf-8 \xff\xfe", "wb") as file:
        file.write(b"bytes")
    os.chmod(root / "folder" / "hello.txt", 0o4755)
    os.chmod(root / "empty folder", 0o2770)
    os.chmod(root / "folder", 0o1777)
    os.setxattr(root / "empty", "user.colour", b"blue\0green")
    os.setxattr(root / "folder", "user.folder", b"yes")
    if os.geteuid() == 0:
        os.chown(root / "empty", 1234, 5678)
        os.lchown(root / "dangling", 4321, 8765)
    for path, nanoseconds in ((root / "empty", 1_000_000_000_123_456_789), (root / "empty folder", 86_400_000_000_001), (root / "folder", 1_600_000_000_000_000_001)):
        os.utime(path, ns=(nanoseconds, nanoseconds))
    os.utime(root / "dangling", ns=(7_000_000_007, 7_000_000_007), follow_symlinks=False)
    return root


def large(root, size):
    """A tree of about `size` bytes: text, random bytes, and a sparse file, in files from 1 kB to a quarter of it."""
    root, rng = pathlib.Path(root), random.Random(SEED)
    words = [rng.randbytes(rng.randrange(2, 9)).hex().encode() for _ in range(4000)]
    text = b" ".join(rng.choice(words) for _ in range(400_000))
    for folder in range(40):
        (root / f"small/{folder:02d}").mkdir(parents=True)
        for number in range(50):
            at = rng.randrange(len(text) - 40_000)
            (root / f"small/{folder:02d}/f{number:03d}.txt").write_bytes(b"%d " % rng.getrandbits(60) + text[at:at + rng.randrange(1_000, 40_000)])
    left = size - 40 * 50 * 20_000
    with open(root / "database", "wb") as file:
        while file.tell() < left // 2:
            at = rng.randrange(len(text) - 600_000)
            file.write(text[at:at + 500_000] + rng.randbytes(100_000))
    with open(root / "media", "wb") as file:
        while file.tell() < left // 4:
            file.write(rng.randbytes(1 << 20))
    with open(root / "image", "wb") as file:
        for index in range(max(1, left // 4 // (1 << 20))):
            file.seek(index * 2 << 20)
            file.write(rng.randbytes(1 << 20))
    return root


def listing(root):
    """Everything there is to know of the tree at `root`, by path."""
    root = os.fsencode(root)
    found, links = {}, {}
    for folder, folders, files in os.walk(root):
        for name in [b"", *folders, *files] if folder == root else [*folders, *files]:
            path = os.path.join(folder, name) if name else folder
            found[os.path.relpath(path, root)] = facts(path, root, links)
    return found


def facts(path, root, links):
    info = os.lstat(path)
    what = {"mode": oct(info.st_mode), "owner": (info.st_uid, info.st_gid), "mtime": info.st_mtime_ns,
            "xattrs": {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}}
    if stat.S_ISLNK(info.st_mode):
        what["target"] = os.readlink(path)
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            what["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
        what["size"] = info.st_size
        what["sparse"] = info.st_size > 1 << 20 and info.st_blocks * 512 < info.st_size * 9 // 10
        if info.st_nlink > 1:
            first = links.setdefault(info.st_ino, os.path.relpath(path, root))
            what["hard link of"] = first
    return what


def assert_same(left, right):
    """The two trees are the same in content, modes, owners, times, links, xattrs and holes."""
    one, two = listing(left), listing(right)
    assert sorted(one) == sorted(two), f"only in one: {sorted(set(one) ^ set(two))}"
    for path in one:
        expected, got = dict(one[path]), dict(two[path])
        assert (expected.pop("hard link of", None) is None) == (got.pop("hard link of", None) is None), f"{path!r}: link lost or made"
        assert expected == got, f"{path!r}: {expected} became {got}"
    assert link_groups(one) == link_groups(two)


def link_groups(found):
    groups = {}
    for path, what in found.items():
        if "hard link of" in what:
            groups.setdefault(what["hard link of"], set()).add(path)
    return sorted(sorted(group) for group in groups.values())


def unix_socket(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    return server
