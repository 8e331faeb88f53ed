"""Files out of a volume's recovery point: ext and NTFS that their own tools made, alone and in partitions, compared with what lies in them."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

import qemu
from conftest import ACCOUNT, DEBUG, REGION, ROLE, back_up, wait_for_job
from test_volumes import MIB, add, completed, digest, restore

SEED = 20261127


def noise(seed, size):
    return random.Random(SEED + seed).randbytes(size)


def make_tree(root):
    """Files of every sort that a file system of Linux has."""
    root.mkdir()
    (root / "etc").mkdir()
    (root / "etc" / "fstab").write_text("/dev/vda1 / ext4 defaults 0 1\n")
    (root / "etc" / "empty").touch()
    (root / "large").write_bytes(noise(1, 40 * MIB))
    with open(root / "sparse", "wb") as file:
        file.truncate(30 * MIB)
        file.seek(17 * MIB)
        file.write(b"in the midst")
    (root / "link").symlink_to("etc/fstab")
    (root / "out").symlink_to("/etc/passwd")
    (root / "long").symlink_to("x" * 200)
    os.mkfifo(root / "pipe")
    (root / "names").mkdir()
    for name in [b"two words", "größe".encode(), b"not \xff utf-8", b"new\nline", b"back\\slash", b"-rf", b"n" * 255]:
        (root / "names" / os.fsdecode(name)).write_bytes(name)
    many = root / "many"
    many.mkdir()
    for number in range(3000):
        (many / f"file-{number:05}").write_text(str(number))
    deep = root
    for number in range(40):
        deep = deep / f"d{number}"
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("deep")
    (root / "tool").write_bytes(noise(2, 12_345))
    (root / "tool").chmod(0o4755)
    os.link(root / "tool", root / "etc" / "again")
    os.mknod(root / "disk", 0o600 | stat.S_IFBLK, os.makedev(259, 70000))
    os.chown(root / "etc" / "fstab", 1234, 4321)
    (root / "etc" / "fstab").chmod(0o640)
    os.utime(root / "etc" / "fstab", (1_000_000_000, 1_000_000_000))
    return root


def model(root, owners=True):
    """What lies below a folder: what each item is, whose, since when, and a hash of what is in it."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        kind = stat.S_IFMT(status.st_mode)
        mode = stat.S_IMODE(status.st_mode) if owners and kind != stat.S_IFLNK else None
        content = None
        if kind == stat.S_IFREG:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        elif kind == stat.S_IFLNK:
            content = os.readlink(path)
        owner = (status.st_uid, status.st_gid) if owners else None
        found[os.fsencode(path.relative_to(root))] = (kind, mode, owner, int(status.st_mtime), content)
    found.pop(b"lost+found", None)
    return found


def ext(image, tree, size, kind="ext4", *options):
    with open(image, "wb") as file:
        file.truncate(size)
    qemu.run("mkfs.ext4" if kind == "ext4" else f"mkfs.{kind}", "-q", "-F", "-d", tree, *options, image)
    return image


def ask(engine, point, path, token=None):
    """A page of a folder of a recovery point."""
    keys = engine.credentials()
    quote = lambda text: urllib.request.quote(text, safe="")
    url = f"{engine.url}/_vaultdeck/recovery-points/{quote(point)}/items?path={quote(path)}&maxResults=1000"
    url += f"&nextToken={quote(token)}" if token else ""
    request = botocore.awsrequest.AWSRequest("GET", url)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]), "backup", REGION).add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(request.headers)), timeout=60) as answer:
        return json.load(answer)


def items(engine, point, path):
    page = ask(engine, point, path)
    found = page["Items"]
    while page.get("NextToken"):
        page = ask(engine, point, path, page["NextToken"])
        found += page["Items"]
    return {item["Name"]: item for item in found}


def refusal(engine, point, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(engine, point, path)
    return refused.value.code, refused.value.read().decode()


def read_so_far(engine):
    """How many bytes an engine's process has read, from whatever file."""
    told = pathlib.Path(f"/proc/{engine.process.pid}/io").read_text()
    return int(told.split("rchar:")[1].split()[0])


def chosen(backup, point, to, *paths, **more):
    return restore(backup, point, ItemsToRestore=json.dumps(list(paths)), **({"vaultdeck:path": str(to)} if to else {}), **more)


@pytest.fixture
def open_handed(start, tmp_path):
    """An engine that restores over the network to folders of this test."""
    return start(arguments=["--restore-root", str(tmp_path)])


def test_files_of_an_ext4_volume_are_listed_and_come_back_as_they_were(open_handed, tmp_path):
    assert qemu.is_root(), "the tests run as root, as .ci/run does"
    engine, backup = open_handed, open_handed.client()
    tree = make_tree(tmp_path / "tree")
    image = ext(tmp_path / "disk.img", tree, 256 * MIB)
    expected = model(tree)
    resource = add(engine, "disk", path=image)
    point = completed(back_up(backup, resource))["RecoveryPointArn"]

    root = items(engine, point, "/")
    assert set(root) == {os.fsdecode(name) for name in os.listdir(tree)} | {"lost+found"}
    assert (root["link"]["Kind"], root["link"]["LinkTarget"], root["etc"]["Kind"], root["pipe"]["Kind"]) == ("symlink", "etc/fstab", "dir", "fifo")
    fstab = items(engine, point, "/etc")["fstab"]
    assert (fstab["Size"], fstab["Mode"], fstab["Modified"]) == (30, 0o640, "2001-09-09T01:46:40Z")
    assert {"not \\xff utf-8", "back\\\\slash", "größe"} <= set(items(engine, point, "/names"))
    assert list(items(engine, point, "/many")) == [f"file-{number:05}" for number in range(3000)]
    for path in ["/none", "/none/x"]:
        assert refusal(engine, point, path)[0] == 400 and "holds no folder" in refusal(engine, point, path)[1]
    for path in ["/etc/fstab", "/link", "/link/x"]:
        assert "is not a folder" in refusal(engine, point, path)[1], path

    # one small file: nearly nothing of the volume is read for it, as the job says and as the system saw
    before = read_so_far(engine)
    done = completed(chosen(backup, point, tmp_path / "one", "/etc/fstab"))
    read = read_so_far(engine) - before
    print(f"one file out of {image.stat().st_size} bytes: {read} bytes read; {done['StatusMessage']}")
    assert read < 8 * MIB and "1 file with 30 bytes" in done["StatusMessage"] and done["BackupSizeInBytes"] == 30, done
    assert not done.get("CreatedResourceArn")
    assert model(tmp_path / "one") == {name: expected[name] for name in (b"etc", b"etc/fstab")}

    # all of them, by the command line; sparse files stay sparse
    said = engine.run("restore", "start", point, "--item", "/", "--to", str(tmp_path / "all")).stderr
    assert "Extended attributes" in said, said
    assert model(tmp_path / "all") == expected
    assert (tmp_path / "all" / "etc" / "again").stat().st_ino == (tmp_path / "all" / "tool").stat().st_ino
    assert stat.S_ISBLK((tmp_path / "all" / "disk").lstat().st_mode) and (tmp_path / "all" / "disk").stat().st_rdev == os.makedev(259, 70000)
    assert (tmp_path / "all" / "sparse").stat().st_blocks * 512 < 2 * MIB

    # a later state, and the older one beside it
    (tree / "etc" / "fstab").write_text("changed\n")
    (tree / "tool").unlink()
    ext(image, tree, 256 * MIB)
    later = completed(back_up(backup, resource))["RecoveryPointArn"]
    assert "tool" not in items(engine, later, "/") and "tool" in items(engine, point, "/")
    for name, of, text in [("new", later, "changed\n"), ("old", point, "/dev/vda1 / ext4 defaults 0 1\n")]:
        completed(chosen(backup, of, tmp_path / name, "/etc"))
        assert (tmp_path / name / "etc" / "fstab").read_text() == text
    done = chosen(backup, later, tmp_path / "gone", "/tool", "/etc/empty")
    assert done["Status"] == "FAILED" and "/tool (it is not there)" in done["StatusMessage"] and (tmp_path / "gone/etc/empty").exists(), done


def test_what_a_restore_of_files_may_not_do_is_refused(open_handed, tmp_path):
    engine, backup = open_handed, open_handed.client()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_text("a")
    point = completed(back_up(backup, add(engine, "disk", path=ext(tmp_path / "disk.img", tree, 16 * MIB))))["RecoveryPointArn"]
    for changes, told in [
        ({"to": tree}, "must be an empty folder"),
        ({"to": "/srv/elsewhere"}, "outside of the folders"),
        ({"to": engine.data / "x"}, "data directory"),
        ({"to": tmp_path / "x", "volumeSize": "3"}, "volumeSize"),
        ({"to": tmp_path / "x", "restoreType": "FILE"}, "single files"),
    ]:
        to = changes.pop("to")
        with pytest.raises(botocore.exceptions.ClientError, match=told):
            chosen(backup, point, to, "/a", **changes)
    for path in ["a", "/../a", "/a/./b"]:
        with pytest.raises(botocore.exceptions.ClientError, match="ItemsToRestore"):
            chosen(backup, point, tmp_path / "x", path)
    # without a folder it is one of the engine's own
    done = completed(chosen(backup, point, None, "/a"))
    made = pathlib.Path(done["StatusMessage"].split(" came into ")[1].split(";")[0])
    assert made.is_relative_to(engine.data) and (made / "a").read_text() == "a"


def test_partitions_are_folders_and_what_is_not_read_is_named(open_handed, tmp_path):
    assert qemu.is_root(), "the tests run as root, as .ci/run does"
    engine, backup = open_handed, open_handed.client()
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub" / "f").write_bytes(noise(3, 100_000))
    parts = [ext(tmp_path / "p.ext4", tree, 32 * MIB, "ext4", "-L", "system"), ext(tmp_path / "p.ext2", tree, 16 * MIB, "ext2"), tmp_path / "p.btrfs",
             ext(tmp_path / "p.ext3", tree, 24 * MIB, "ext3")]
    with open(parts[2], "wb") as file:
        file.truncate(120 * MIB)
    qemu.run("mkfs.btrfs", "-q", parts[2])
    for label, script, numbers in [
        ("gpt", "label: gpt\nstart=2048, size=65536, name=boot\nsize=32768\nsize=245760\nsize=49152\n", [1, 2, 3, 4]),
        # the third and the fourth are logical ones
        ("dos", "label: dos\nstart=2048, size=65536\nsize=32768\nsize=400000, type=5\nx5 : size=245760\nx6 : size=49152\n", [1, 2, 5, 6]),
    ]:
        image = tmp_path / f"{label}.img"
        with open(image, "wb") as file:
            file.truncate(256 * MIB)
        subprocess.run(["sfdisk", "-q", image], input=script, text=True, check=True, timeout=60)
        table = json.loads(qemu.run("sfdisk", "--json", image))["partitiontable"]["partitions"]
        starts = {int(part["node"].removeprefix(str(image))): part["start"] for part in table}
        with open(image, "r+b") as file:
            for number, part in zip(numbers, parts):
                file.seek(starts[number] * 512)
                file.write(part.read_bytes())
        point = completed(back_up(backup, add(engine, label, path=image)))["RecoveryPointArn"]
        found = items(engine, point, "/")
        assert list(found) == [f"p{number}" for number in numbers] and all(item["Kind"] == "dir" for item in found.values())
        notes = [found[f"p{number}"]["Note"] for number in numbers]
        name = ' "boot"' if label == "gpt" else ""
        assert notes == [f'ext4 "system"{name}, 32 MiB', "ext2, 16 MiB", "btrfs, 120 MiB", "ext3, 24 MiB"], notes
        for number in (numbers[0], numbers[1], numbers[3]):
            assert set(items(engine, point, f"/p{number}")) == {"sub", "lost+found"}
            to = tmp_path / f"{label}-{number}"
            completed(chosen(backup, point, to, f"/p{number}/sub"))
            assert digest(to / f"p{number}" / "sub" / "f") == digest(tree / "sub" / "f")
        code, said = refusal(engine, point, f"/p{numbers[2]}")
        assert code == 400 and "The partition has btrfs" in said and "restore the volume and mount it" in said, said
        # all of them: what can be read is there, and what cannot is named
        done = chosen(backup, point, tmp_path / f"{label}-all", "/")
        assert done["Status"] == "FAILED" and "btrfs" in done["StatusMessage"], done
        assert (tmp_path / f"{label}-all" / f"p{numbers[3]}" / "sub" / "f").exists()


def test_what_stands_only_in_the_journal_counts(open_handed, tmp_path):
    engine, backup = open_handed, open_handed.client()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_text("before\n")
    block, commands = tmp_path / "block", tmp_path / "commands"

    def with_journal(name, options):
        """An image with a transaction that was committed and not yet carried out, as one of a volume in use."""
        image = ext(tmp_path / f"{name}.img", tree, 32 * MIB)
        block.write_bytes(b"after!\n" + bytes(4089))
        number = qemu.run("debugfs", "-R", "blocks /a", image).strip()
        commands.write_text(f"jo {options}\njw -b {number} {block}\njc\n")
        qemu.run("debugfs", "-w", "-f", commands, image)
        assert "needs_recovery" in qemu.run("dumpe2fs", "-h", image) and qemu.run("debugfs", "-R", "cat /a", image) == "before\n"
        return image, completed(back_up(backup, add(engine, name, path=image)))["RecoveryPointArn"]

    for name, options in [("plain", ""), ("checked", "-c -v 3")]:
        image, point = with_journal(name, options)
        completed(chosen(backup, point, tmp_path / f"{name}-to", "/a"))
        subprocess.run(["e2fsck", "-fy", image], capture_output=True, timeout=60)
        assert (tmp_path / f"{name}-to" / "a").read_text() == qemu.run("debugfs", "-R", "cat /a", image) == "after!\n"

    # what was revoked since is not what counts
    image, _ = with_journal("revoked", "")
    number = qemu.run("debugfs", "-R", "blocks /a", image).strip()
    commands.write_text(f"jo\njw -r {number}\njc\n")
    qemu.run("debugfs", "-w", "-f", commands, image)
    point = completed(back_up(backup, add(engine, "revoked-again", path=shutil.copy(image, tmp_path / "again.img"))))["RecoveryPointArn"]
    completed(chosen(backup, point, tmp_path / "revoked-to", "/a"))
    subprocess.run(["e2fsck", "-fy", image], capture_output=True, timeout=60)
    assert (tmp_path / "revoked-to" / "a").read_text() == qemu.run("debugfs", "-R", "cat /a", image) == "before\n"


def test_what_was_allocated_and_never_written_shows_nothing_of_what_lay_there(open_handed, tmp_path):
    engine, backup = open_handed, open_handed.client()
    tree, image = tmp_path / "tree", tmp_path / "disk.img"
    tree.mkdir()
    (tree / "a").write_text("a")
    image.write_bytes(b"SECRET! " * (2 * MIB))
    qemu.run("mkfs.ext4", "-q", "-F", "-b", "1024", "-d", tree, image)
    for command in ["write /dev/null prealloc", "fallocate prealloc 0 2999", "set_inode_field prealloc size 3072000"]:
        qemu.run("debugfs", "-w", "-R", command, image)
    point = completed(back_up(backup, add(engine, "disk", path=image)))["RecoveryPointArn"]
    completed(chosen(backup, point, tmp_path / "to", "/prealloc"))
    assert (tmp_path / "to" / "prealloc").read_bytes() == bytes(3_072_000)


def test_files_of_ntfs_are_listed_and_come_back(open_handed, tmp_path):
    assert qemu.is_root(), "the tests run as root, as .ci/run does"
    engine, backup = open_handed, open_handed.client()
    image, at = tmp_path / "ntfs.img", tmp_path / "mounted"
    with open(image, "wb") as file:
        file.truncate(96 * MIB)
    qemu.run("mkntfs", "-q", "-F", "-Q", "-L", "Daten", image)
    at.mkdir()
    qemu.run("ntfs-3g", image, at)
    try:
        # what a file that is made longer finds in its clusters, and must not show
        (at / "garbage").write_bytes(noise(5, 80 * MIB))
        os.sync()
        (at / "garbage").unlink()
        (at / "prealloc").touch()
    finally:
        qemu.run("umount", at)
    qemu.run("ntfsfallocate", "-f", "-l", str(3 * MIB), image, "prealloc")
    qemu.run("ntfs-3g", image, at)
    try:
        (at / "Ordner" / "sub").mkdir(parents=True)
        (at / "Ordner" / "sub" / "größe.txt").write_text("klein")
        (at / "Ordner" / "large").write_bytes(noise(4, 20 * MIB))
        (at / "empty").touch()
        with open(at / "sparse", "wb") as file:
            file.truncate(9 * MIB)
            file.seek(5 * MIB)
            file.write(b"in the midst")
        (at / "many").mkdir()
        for number in range(2000):
            (at / "many" / f"a longer name {number:05}").write_text(str(number))
        os.utime(at / "Ordner" / "large", (1_234_567_890, 1_234_567_890))
        (at / "junction").mkdir()
        expected = model(at, owners=False)
        assert expected[b"prealloc"][-1] == hashlib.sha256(bytes(3 * MIB)).hexdigest()
        # of a folder becomes what leads to another one
        os.setxattr(at / "junction", "system.ntfs_reparse_data", (0xA0000003).to_bytes(4, "little") + bytes([12, 0, 0, 0]) + bytes(12))
    finally:
        qemu.run("umount", at)
    point = completed(back_up(backup, add(engine, "windows", kind="Storage Gateway", path=image)))["RecoveryPointArn"]
    assert set(items(engine, point, "/")) == {"Ordner", "empty", "sparse", "many", "prealloc", "junction"}
    assert items(engine, point, "/Ordner")["large"]["Size"] == 20 * MIB
    assert len(items(engine, point, "/many")) == 2000
    said = engine.run("restore", "start", point, "--item", "/", "--to", str(tmp_path / "all")).stderr
    assert "Access lists" in said and "$LogFile" in said and "Left out: links and junctions of Windows (1)" in said, said
    expected.pop(b"junction")
    assert model(tmp_path / "all", owners=False) == expected
    done = chosen(backup, point, tmp_path / "named", "/junction", "/empty", kind="Storage Gateway")
    assert done["Status"] == "FAILED" and "/junction (links and junctions of Windows are not restored)" in done["StatusMessage"], done
    assert (tmp_path / "named" / "empty").exists()
    done = completed(chosen(backup, point, tmp_path / "one", "/Ordner/sub", kind="Storage Gateway"))
    assert (tmp_path / "one" / "Ordner" / "sub" / "größe.txt").read_text() == "klein", done


def test_a_file_system_that_is_damaged_or_unknown_is_a_clear_refusal(open_handed, tmp_path):
    engine, backup = open_handed, open_handed.client()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_text("a")

    def spoil(name, *places):
        image = ext(tmp_path / f"{name}.img", tree, 16 * MIB)
        with open(image, "r+b") as file:
            for at, content in places:
                file.seek(at)
                file.write(content)
        return image

    luks = spoil("luks", (0, b"LUKS\xba\xbe\0\x02"))
    xfs = spoil("xfs", (0, b"XFSB\0\0\x10\0"))
    lvm = spoil("lvm", (512, b"LABELONE"), (1024, bytes(1024)))
    superblock = spoil("superblock", (1024 + 0x28, b"\xff" * 4))
    blocks = spoil("blocks", (1024 + 0x4, b"\xff\xff\xff\x7f"))
    nothing = tmp_path / "nothing.img"
    nothing.write_bytes(bytes(MIB) + b"x" * MIB)
    for image, told in [(luks, "LUKS"), (xfs, "XFS"), (lvm, "LVM"), (superblock, "cannot be read"), (blocks, "superblock is damaged"), (nothing, "no known file system")]:
        point = completed(back_up(backup, add(engine, image.stem, path=image)))["RecoveryPointArn"]
        page = ask(engine, point, "/")
        assert page["Items"] == [] and told in page["Note"] and "estore the volume" in page["Note"], page
        done = chosen(backup, point, tmp_path / f"{image.stem}-files", "/a")
        assert done["Status"] == "FAILED" and told in done["StatusMessage"], done
    # noise all over what describes the files costs at most them, and never the engine
    for seed in range(6):
        image = spoil(f"noise{seed}", *[(8192 + random.Random(seed * 100 + n).randrange(3 * MIB), noise(n, 300)) for n in range(60)])
        point = completed(back_up(backup, add(engine, image.stem, path=image)))["RecoveryPointArn"]
        ask(engine, point, "/")
        done = chosen(backup, point, tmp_path / f"{image.stem}-files", "/")
        assert done["Status"] in ("COMPLETED", "FAILED"), done
    assert engine.json("resource", "list")


def test_a_restore_of_files_that_is_killed_goes_on_and_is_whole(start, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(20):
        (tree / f"f{number}").write_bytes(noise(number, MIB))
    image = ext(tmp_path / "disk.img", tree, 64 * MIB)
    options = {"binary": DEBUG, "arguments": ["--restore-root", str(tmp_path)]}
    engine = start(environment={"VAULTDECK_CRASH_AT": "before-restore-writes"}, **options)
    backup, to = engine.client(), tmp_path / "to"
    point = completed(back_up(backup, add(engine, "disk", path=image)))["RecoveryPointArn"]
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    metadata |= {"ItemsToRestore": '["/"]', "vaultdeck:path": str(to)}
    restoring = backup.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE)["RestoreJobId"]
    engine.process.wait(60)
    engine.close_pipes()
    (to / "f3").write_bytes(b"half of an earlier attempt")
    engine = start(**options)
    backup = engine.client()
    done = completed(wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=restoring)))
    assert {path.name: digest(path) for path in to.iterdir() if path.is_file()} == {path.name: digest(path) for path in tree.iterdir()}, done
