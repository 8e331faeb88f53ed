"""FSx on real file systems: btrfs and ZFS hold still while they are read, and what Samba keeps of a share comes back."""

import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

import trees
from conftest import ACCOUNT, REGION, ROLE, back_up, wait_for_job
from ports import free_port

# What a backup reads takes longer than a writer needs for a round over its files.
BALLAST = 48 << 20
FILES = 8
PREFIX = ".vaultdeck-snapshot-"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
    return done.stdout


def until(is_so, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)


@pytest.fixture
def engine(start, tmp_path):
    """An engine that may restore anywhere below the test's folder."""
    return start(arguments=["--restore-root", str(tmp_path)])


@pytest.fixture
def btrfs(tmp_path):
    """A btrfs file system on a loop device, with a subvolume in it; the subvolume."""
    image, at = tmp_path / "btrfs.img", tmp_path / "btrfs"
    with open(image, "wb") as file:
        file.truncate(600 << 20)
    run("mkfs.btrfs", "-q", image)
    at.mkdir()
    run("mount", "-o", "loop", image, at)
    try:
        run("btrfs", "subvolume", "create", at / "share")
        yield at / "share"
    finally:
        run("umount", at)


@pytest.fixture
def zfs(tmp_path):
    """A dataset of a ZFS pool in a file, by the ZFS of user space."""
    image, at, pool = tmp_path / "zfs.img", tmp_path / "zfs", f"vaultdeck{random.randrange(1 << 32):x}"
    with open(image, "wb") as file:
        file.truncate(300 << 20)
    server = subprocess.Popen(["zfs-fuse", "--no-daemon", "--no-kstat-mount"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: subprocess.run(["zpool", "create", "-m", str(at), pool, str(image)], capture_output=True).returncode == 0, "the pool is there")
        run("zfs", "create", f"{pool}/share")
        yield at / "share", f"{pool}/share"
        until(lambda: subprocess.run(["zpool", "destroy", "-f", pool], capture_output=True).returncode == 0, "the pool is gone")
    finally:
        server.terminate()
        server.wait(20)


def add(engine, name, path, kind, *more):
    return engine.json("resource", "add", "FSx", name, "--path", str(path), "--kind", kind, *more)["ResourceArn"]


def restore(backup, point, **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE)
    job = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))
    assert job["Status"] == "COMPLETED", job
    return job


def completed(job):
    assert job["State"] == "COMPLETED" and job["MessageCategory"] == "SUCCESS", job
    return job


def details(engine, point):
    """What is said of a recovery point beside its items."""
    return told(engine, point, "items?path=%2F")["Details"]


def told(engine, point, what):
    """What the engine's own routes tell of a recovery point."""
    keys = engine.credentials()
    url = f"{engine.url}/_vaultdeck/recovery-points/{urllib.request.quote(point, safe='')}/{what}"
    request = botocore.awsrequest.AWSRequest("GET", url)
    credentials = botocore.credentials.Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    botocore.auth.SigV4Auth(credentials, "backup", REGION).add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(request.headers))) as answer:
        return json.load(answer)


class Writer:
    """Writes the number of its round into each of its files, one after the other, without an end. So at any moment the numbers
    fall by at most one from the first file to the last, and never rise."""

    def __init__(self, folder, files=FILES):
        self.files, self.ending = files, threading.Event()
        (folder / "m").mkdir()
        (folder / "m" / "ballast").write_bytes(random.Random(5).randbytes(BALLAST))
        self.names = [self.name(folder, number) for number in range(files)]
        for part in "az":
            (folder / part).mkdir()
        self.round(0)
        self.thread = threading.Thread(target=self.work)

    def round(self, number):
        for path in self.names:
            path.with_suffix(".new").write_text(str(number))
            path.with_suffix(".new").rename(path)

    def work(self):
        for number in itertools.count(1):
            if self.ending.is_set():
                return
            self.round(number)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def name(self, folder, number):
        return folder / ("a" if number < self.files // 2 else "z") / f"{number:03}"

    def is_of_one_moment(self, folder):
        numbers = [int(self.name(folder, number).read_text()) for number in range(self.files)]
        return numbers == sorted(numbers, reverse=True) and numbers[0] - numbers[-1] <= 1


def snapshots(subvolume):
    return [line for line in run("btrfs", "subvolume", "list", subvolume.parent).splitlines() if PREFIX in line]


def test_a_restored_tree_is_of_one_moment_while_a_writer_never_rests(engine, btrfs, tmp_path):
    backup = engine.client()
    still = add(engine, "still", btrfs, "LUSTRE", "--snapshot", "btrfs")
    moving = engine.add_efs("moving", btrfs)
    automatic = engine.json("resource", "add", "EFS", "automatic", "--path", str(btrfs), "--snapshot", "auto")["ResourceArn"]
    assert still.startswith(f"arn:aws:fsx:{REGION}:{ACCOUNT}:file-system/fs-")
    with Writer(btrfs) as writer:
        jobs = {name: back_up(backup, arn) for name, arn in [("still", still), ("automatic", automatic), ("moving", moving)]}

    for name in ("still", "automatic"):
        point = completed(jobs[name])["RecoveryPointArn"]
        assert details(engine, point)["Consistency"] == "crash"
        restore(backup, point, **{"vaultdeck:path": str(tmp_path / name)})
        assert writer.is_of_one_moment(tmp_path / name)
    assert details(engine, jobs["still"]["RecoveryPointArn"])["FileSystemType"] == "LUSTRE"
    assert snapshots(btrfs) == []

    # without a snapshot nobody promises that
    assert jobs["moving"]["State"] == "COMPLETED", jobs["moving"]
    assert details(engine, jobs["moving"]["RecoveryPointArn"])["Consistency"] == "none"


def test_a_second_backup_of_a_snapshot_reads_and_stores_what_changed(engine, btrfs, tmp_path):
    backup = engine.client()
    tree = btrfs / "projects"
    trees.everything(tree)
    (tree / "other").mkdir()
    run("btrfs", "subvolume", "create", tree / "other" / "subvolume")
    (tree / "other" / "subvolume" / "file").write_text("not in a snapshot of the other one")
    resource = add(engine, "projects", tree, "OPENZFS", "--snapshot", "btrfs")
    time.sleep(2.5)
    first = back_up(backup, resource)
    # a subvolume below is named, not lost in silence
    assert first["State"] == "COMPLETED" and "/other/subvolume (another file system is mounted here" in first["StatusMessage"], first

    size = sum(path.stat().st_size for path in (engine.data / "vaults").rglob("*") if path.is_file())
    (tree / "new").write_text("new")
    second = back_up(backup, resource)
    grown = sum(path.stat().st_size for path in (engine.data / "vaults").rglob("*") if path.is_file()) - size
    assert second["BackupSizeInBytes"] == 3, "only the new file was read"
    assert grown < 40_000, grown

    run("btrfs", "subvolume", "delete", tree / "other" / "subvolume")
    (tree / "new").unlink()
    target = tmp_path / "restored"
    restore(backup, first["RecoveryPointArn"], **{"vaultdeck:path": str(target)})
    (target / "other" / "subvolume").rmdir()
    assert content(target) == content(tree)

    # and plain restic has it at the folder's own path
    password = engine.run("vault", "recovery-key", "Default").stdout.strip().splitlines()[-1]
    done = engine.restic("restore", "latest", "--target", str(tmp_path / "restic"), password=password)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "restic" / str(tree).lstrip("/") / "new").read_text() == "new"


def content(root):
    """Everything below a folder, in no order, with its attributes."""
    found = {}
    for path in sorted(pathlib.Path(os.fsdecode(root)).rglob("*")):
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else None
        attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}
        found[str(path.relative_to(root))] = (status.st_mode, status.st_uid, status.st_gid, digest, attributes)
    return found


def test_what_a_killed_engine_left_goes_with_the_next_backup(engine, btrfs, tmp_path):
    backup = engine.client()
    (btrfs / "ballast").write_bytes(random.Random(6).randbytes(200 << 20))
    resource = add(engine, "share", btrfs, "WINDOWS", "--snapshot", "btrfs")
    started = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
    until(lambda: snapshots(btrfs), "a snapshot is read")
    time.sleep(0.1)
    engine.kill()
    assert len(snapshots(btrfs)) == 1, "nobody was left to remove it"

    engine.start()
    backup = engine.client()
    job = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=started["BackupJobId"]))
    assert snapshots(btrfs) == []
    restore(backup, completed(job)["RecoveryPointArn"], **{"vaultdeck:path": str(tmp_path / "restored")})
    assert [path.name for path in (tmp_path / "restored").iterdir()] == ["ballast"]
    assert content(tmp_path / "restored") == content(btrfs)


def test_a_snapshot_that_cannot_be_had_is_told(engine, btrfs, tmp_path):
    backup = engine.client()
    (tmp_path / "plain").mkdir()
    refused = engine.run("resource", "add", "FSx", "no", "--path", str(tmp_path / "plain"), "--kind", "LUSTRE", "--snapshot", "btrfs", check=False)
    assert refused.returncode != 0 and "a btrfs file system is needed" in refused.stderr, refused.stderr
    strict = add(engine, "strict", btrfs, "LUSTRE", "--snapshot", "btrfs")
    lenient = add(engine, "lenient", btrfs, "LUSTRE", "--snapshot", "auto")
    (btrfs / "file").write_text("content")
    # what is no snapshot lies where they would be
    for arn in (strict, lenient):
        (btrfs / (PREFIX + arn.rsplit("/", 1)[1])).mkdir()
    failed = back_up(backup, strict)
    assert failed["State"] == "FAILED" and "is in the way of a snapshot" in failed["StatusMessage"], failed
    done = back_up(backup, lenient)
    assert done["State"] == "COMPLETED" and "no snapshot could be taken" in done["StatusMessage"], done
    assert details(engine, done["RecoveryPointArn"])["Consistency"] == "none"


def test_a_zfs_dataset_is_held_still(engine, zfs, tmp_path):
    folder, dataset = zfs
    backup = engine.client()
    resource = add(engine, "dataset", folder, "OPENZFS", "--snapshot", "zfs")
    # few files, for a round of which the ZFS of user space does not need longer than a backup
    with Writer(folder, files=4) as writer:
        job = completed(back_up(backup, resource))
    assert details(engine, job["RecoveryPointArn"]) == {"Consistency": "crash", "FileSystemType": "OPENZFS"}
    restore(backup, job["RecoveryPointArn"], **{"vaultdeck:path": str(tmp_path / "restored")})
    assert writer.is_of_one_moment(tmp_path / "restored")
    assert run("zfs", "list", "-H", "-r", "-t", "all", "-o", "name", dataset).split() == [dataset]


@contextlib.contextmanager
def samba(folder, shares):
    """A Samba server of its own, with these shares."""
    port = free_port()
    for name in ("state", "cache", "lock", "private", "pid", "ncalrpc"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    lines = ["[global]", "interfaces = lo", "bind interfaces only = yes", f"smb ports = {port}", "server role = standalone", "disable netbios = yes",
             f"state directory = {folder}/state", f"cache directory = {folder}/cache", f"lock directory = {folder}/lock",
             f"private dir = {folder}/private", f"pid directory = {folder}/pid", f"ncalrpc dir = {folder}/ncalrpc", f"log file = {folder}/log",
             "load printers = no", "vfs objects = acl_xattr", "store dos attributes = yes", "map archive = no", "ea support = yes"]
    for name, path in shares.items():
        lines += [f"[{name}]", f"path = {path}", "read only = no", "force user = root"]
    (folder / "smb.conf").write_text("\n".join(lines) + "\n")
    subprocess.run(["smbpasswd", "-c", str(folder / "smb.conf"), "-s", "-a", "root"], input="secret\nsecret\n", text=True, capture_output=True, check=True, timeout=60)
    # In a session of its own: at its end it ends its whole process group.
    server = subprocess.Popen(["smbd", "--foreground", "--no-process-group", "-s", str(folder / "smb.conf")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def client(share, command):
        return subprocess.run(["smbclient", "-p", str(port), "-s", str(folder / "smb.conf"), "-U", "root%secret", f"//127.0.0.1/{share}", "-c", command], capture_output=True, text=True, timeout=60)

    try:
        until(lambda: client(next(iter(shares)), "ls").returncode == 0, "the share is served")
        yield client
    finally:
        server.terminate()
        server.wait(20)


def test_what_samba_keeps_of_a_windows_share_comes_back(engine, tmp_path):
    backup = engine.client()
    share, restored = tmp_path / "share", tmp_path / "restored"
    share.mkdir()
    (tmp_path / "local").write_text("of Windows")
    with samba(tmp_path / "samba", {"share": share}) as client:
        for command in (f"put {tmp_path}/local plan.txt", "mkdir papers", f"put {tmp_path}/local papers/secret.txt",
                        "setmode plan.txt +h", "setmode papers/secret.txt +rs"):
            done = client("share", command)
            assert done.returncode == 0 and "NT_STATUS" not in done.stdout, done
        told = [client("share", f"allinfo {name}").stdout for name in ("plan.txt", "papers/secret.txt")]
    assert "attributes:" in told[0] and "H" in told[0].split("attributes:")[1].splitlines()[0], told
    kept = content(share)
    for name in ("plan.txt", "papers/secret.txt"):
        assert {"security.NTACL", "user.DOSATTRIB"} <= set(kept[name][4]), kept[name]

    resource = add(engine, "share", share, "WINDOWS")
    job = completed(back_up(backup, resource))
    restore(backup, job["RecoveryPointArn"], **{"vaultdeck:path": str(restored)})
    assert content(restored) == kept
    with samba(tmp_path / "samba again", {"restored": restored}) as client:
        again = [client("restored", f"allinfo {name}").stdout for name in ("plan.txt", "papers/secret.txt")]
    facts = lambda text: [line for line in text.splitlines() if line.startswith(("attributes:", "create_time:", "write_time:"))]
    assert [facts(text) for text in again] == [facts(text) for text in told]


def test_each_kind_has_aws_s_arns_and_is_restored_with_what_is_proposed(engine, tmp_path):
    backup = engine.client()
    copies = backup.create_backup_vault(BackupVaultName="copies")["BackupVaultArn"]
    assert "FSx" in backup.get_supported_resource_types()["ResourceTypes"]
    for kind in ("LUSTRE", "WINDOWS", "ONTAP", "OPENZFS"):
        folder = tmp_path / kind
        trees.everything(folder)
        resource = add(engine, kind.lower(), folder, kind)
        job = completed(back_up(backup, resource))
        point = job["RecoveryPointArn"]
        # a copy says it too
        copy = backup.start_copy_job(RecoveryPointArn=point, SourceBackupVaultName="Default", DestinationBackupVaultArn=copies, IamRoleArn=ROLE)
        copied = wait_for_job(lambda: backup.describe_copy_job(CopyJobId=copy["CopyJobId"])["CopyJob"])
        proposed = backup.get_recovery_point_restore_metadata(BackupVaultName="copies", RecoveryPointArn=copied["DestinationRecoveryPointArn"])
        assert proposed["RestoreMetadata"]["FileSystemType"] == kind
        # what was backed up is gone, and the point still says of which kind it was
        engine.run("resource", "remove", resource)
        made = restore(backup, point)["CreatedResourceArn"]
        form = "volume/fs-" if kind == "ONTAP" else "file-system/fs-"
        for arn in (resource, made):
            assert arn.startswith(f"arn:aws:fsx:{REGION}:{ACCOUNT}:{form}") and ("/fsvol-" in arn) == (kind == "ONTAP"), arn
        found = next(one for one in engine.json("resource", "list") if one["ResourceArn"] == made)
        assert found["Location"]["Kind"] == kind
        assert content(pathlib.Path(found["Path"])) == content(folder)
    with pytest.raises(backup.exceptions.InvalidParameterValueException, match="SubnetIds"):
        restore(backup, point, SubnetIds='["subnet-1"]')
    with pytest.raises(backup.exceptions.InvalidParameterValueException, match="ItemsToRestore"):
        restore(backup, point, ItemsToRestore='["/folder"]')
    with pytest.raises(backup.exceptions.ClientError):
        backup.stop_backup_job(BackupJobId=job["BackupJobId"])
    shutil.rmtree(tmp_path / "LUSTRE")
