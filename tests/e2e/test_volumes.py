"""Volumes: raw images, devices and exports of qemu-nbd come back bit by bit, and plain restic with dd restores them too."""

import contextlib
import hashlib
import pathlib
import random
import re
import socketserver
import subprocess
import threading
import time

import botocore.exceptions
import pytest

import qemu
from conftest import ACCOUNT, DEBUG, REGION, ROLE, back_up, wait_for_job
from ports import free_port

MIB = 1 << 20
SIZE = 200 * MIB + 12_288
SEED = 20261126


def digest(path, length=None):
    """SHA-256 of a file or device, or of its beginning."""
    found, left = hashlib.sha256(), length
    with open(path, "rb") as file:
        while chunk := file.read(MIB if left is None else min(MIB, left)):
            found.update(chunk)
            left = None if left is None else left - len(chunk)
    return found.hexdigest()


def make_image(path, filled=64 * MIB, size=SIZE, at=0):
    """A sparse raw image with so much noise in it."""
    with open(path, "wb") as file:
        file.truncate(size)
        file.seek(at)
        file.write(random.Random(SEED).randbytes(filled))
    return path


def change_pages(path, pages, count):
    """Change so many pages of 4 KiB, all over the first `pages`."""
    chosen = random.Random(SEED + 1).sample(range(pages), count)
    with open(path, "r+b") as file:
        for page in chosen:
            file.seek(page * 4096)
            file.write(random.Random(page).randbytes(4096))


def stored(engine):
    """How many bytes lie in the vault."""
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def add(engine, name, kind="EBS", **location):
    (option, value), = location.items()
    return engine.json("resource", "add", kind, name, f"--{option}", str(value))["ResourceArn"]


def restore(backup, point, kind="EBS", **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType=kind)
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def path_of(engine, arn):
    return next(row["Path"] for row in engine.json("resource", "list") if row["ResourceArn"] == arn)


def completed(job):
    state = job.get("State") or job["Status"]
    assert (state, job.get("MessageCategory", "SUCCESS").upper()) == ("COMPLETED", "SUCCESS"), job
    return job


def test_an_image_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, tmp_path):
    image, backup = make_image(tmp_path / "disk.img"), engine.client()
    resource = add(engine, "disk", path=image)
    assert re.fullmatch(rf"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-[0-9a-f]{{17}}", resource)
    before = digest(image)
    first = completed(back_up(backup, resource))
    assert first["ResourceType"] == "EBS" and stored(engine) > 64 * MIB
    assert re.fullmatch(rf"arn:aws:ec2:{REGION}::snapshot/snap-[0-9a-f]{{17}}", first["RecoveryPointArn"])

    # half a percent of the pages changes, all over what is there
    at_first, pages = stored(engine), 64 * MIB // 4096
    change_pages(image, pages, pages // 200)
    second = completed(back_up(backup, resource))
    again = stored(engine) - at_first
    print(f"0.5 % of {pages} pages changed: {100 * again / (64 * MIB):.2f} % stored again")
    assert again <= 0.08 * 64 * MIB and second["RecoveryPointArn"] != first["RecoveryPointArn"]

    # what the engine proposes is accepted as it stands, and makes a sparse file that is a resource
    done = completed(restore(backup, first["RecoveryPointArn"]))
    made = pathlib.Path(path_of(engine, done["CreatedResourceArn"]))
    assert digest(made) == before and made.stat().st_blocks * 512 < 70 * MIB and "read back" in done["StatusMessage"]
    assert completed(back_up(backup, done["CreatedResourceArn"]))
    # and so does the command line, of the second one, to where it is told
    target = tmp_path / "elsewhere" / "second.img"
    engine.run("restore", "start", second["RecoveryPointArn"], "--to", str(target))
    assert digest(target) == digest(image) != before


def test_plain_restic_and_dd_make_the_volume_again(engine, tmp_path):
    image = make_image(tmp_path / "disk.img", filled=20 * MIB, at=120 * MIB)
    completed(back_up(engine.client(), add(engine, "disk", path=image)))
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    out = tmp_path / "out"
    done = engine.restic("restore", "latest", "--target", str(out), password=password)
    assert done.returncode == 0, done
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert found == ["segments/00/00000001.seg", "segments/00/00000002.seg", "volume.json"]
    # word by word what the documentation says
    script = re.search(r"cd out\n(for segment .*?\ndone\ntruncate .*?)\n```", pathlib.Path("README.md").read_text(), re.S).group(1)
    subprocess.run(["bash", "-ec", script], cwd=out, check=True, timeout=120)
    assert digest(tmp_path / "volume.img") == digest(image)


@pytest.fixture
def nbd(tmp_path):
    """A qcow2 image with a dirty bitmap that nothing is in, and its server."""
    raw = make_image(tmp_path / "source.raw", filled=48 * MIB, size=200 * MIB, at=30 * MIB)
    image = tmp_path / "disk.qcow2"
    qemu.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    qemu.run("qemu-img", "bitmap", "--add", image, "b0")
    server = qemu.Nbd(image)
    yield server
    server.stop()


def test_with_a_dirty_bitmap_of_qemu_only_what_changed_is_read(engine, nbd, tmp_path):
    backup = engine.client()
    nbd.start("--bitmap=b0")
    resource = add(engine, "disk", url=f"{nbd.url}?bitmap=b0")
    before = digest(qemu.raw_of(nbd.image, tmp_path))
    first = completed(back_up(backup, resource))
    assert first["BytesTransferred"] >= 48 * MIB

    # five pages change: in what is there, where nothing was, and one twice
    nbd.stop()
    qemu.write(nbd.image, 40 * MIB, 40 * MIB + 8192, 77 * MIB, 150 * MIB, 199 * MIB)
    nbd.start("--bitmap=b0")
    second = completed(back_up(backup, resource))
    print(f"with a bitmap, after 5 pages changed: {second['BytesTransferred']} of {200 * MIB} bytes read")
    assert second["BytesTransferred"] <= 5 * 65_536 + 4096
    for point, expected in [(first, before), (second, digest(qemu.raw_of(nbd.image, tmp_path)))]:
        done = completed(restore(backup, point["RecoveryPointArn"]))
        assert digest(path_of(engine, done["CreatedResourceArn"])) == expected

    # a bitmap that was made anew does not know of what changed before: all is read
    nbd.stop()
    qemu.write(nbd.image, 31 * MIB)
    qemu.run("qemu-img", "bitmap", "--remove", nbd.image, "b0")
    qemu.run("qemu-img", "bitmap", "--add", nbd.image, "b0")
    nbd.start("--bitmap=b0")
    third = completed(back_up(backup, resource))
    assert third["BytesTransferred"] >= 48 * MIB
    # and so it is where the server gives out none any more
    nbd.stop()
    qemu.write(nbd.image, 32 * MIB)
    nbd.start()
    fourth = completed(back_up(backup, resource))
    assert fourth["BytesTransferred"] >= 48 * MIB
    done = completed(restore(backup, fourth["RecoveryPointArn"]))
    assert digest(path_of(engine, done["CreatedResourceArn"])) == digest(qemu.raw_of(nbd.image, tmp_path))


def test_a_server_that_is_away_is_waited_for_and_one_that_is_written_to_is_told(engine, nbd):
    nbd.start()
    backup, resource = engine.client(), add(engine, "disk", url=nbd.url)
    nbd.stop()
    started = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    time.sleep(1)
    assert backup.describe_backup_job(BackupJobId=started)["State"] == "RUNNING"
    nbd.start()
    completed(wait_for_job(lambda: backup.describe_backup_job(BackupJobId=started)))
    nbd.stop()
    nbd.arguments = []
    nbd.start()
    job = back_up(backup, resource)
    assert job["State"] == "COMPLETED" and "part old and part new" in job["StatusMessage"], job
    # nobody is kept waiting at the server's door
    assert qemu.run("qemu-img", "info", "-U", nbd.url)


@pytest.fixture
def open_handed(start, tmp_path):
    """An engine that restores over the network to files of this test, and onto devices."""
    return start(arguments=["--restore-root", str(tmp_path), "--restore-root", "/dev"])


@contextlib.contextmanager
def loop(image, *options):
    device = qemu.Loop(image, *options)
    try:
        yield device.path
    finally:
        device.detach()


def test_a_device_is_backed_up_and_one_that_nobody_uses_is_written_onto(open_handed, tmp_path):
    engine = open_handed
    assert qemu.is_root(), "the tests run as root, as .ci/run does"
    backup = engine.client()
    image = make_image(tmp_path / "disk.img", filled=10 * MIB, size=100 * MIB, at=70 * MIB)
    other = make_image(tmp_path / "other.img", filled=100 * MIB, size=100 * MIB)
    larger = make_image(tmp_path / "larger.img", filled=MIB, size=120 * MIB, at=110 * MIB)
    mounted = make_image(tmp_path / "mounted.img", filled=0, size=100 * MIB)
    qemu.run("mkfs.ext4", "-q", mounted)
    at = tmp_path / "mounted"
    at.mkdir()
    with loop(image, "--read-only") as source, loop(other) as target, loop(larger) as wide, loop(mounted) as used:
        resource = add(engine, "device", path=source)
        point = completed(back_up(backup, resource))["RecoveryPointArn"]
        qemu.run("mount", used, at)
        try:
            busy = digest(mounted)
            for place, told in [(used, "in use"), (source, "is a folder of"), (str(at), "must be a file")]:
                with pytest.raises(botocore.exceptions.ClientError, match=told):
                    restore(backup, point, **{"vaultdeck:path": place})
            assert digest(mounted) == busy
            # what is mounted can be backed up, and is told to be of no one moment
            job = back_up(backup, add(engine, "used", path=used))
            assert job["State"] == "COMPLETED" and "was in use" in job["StatusMessage"], job
        finally:
            qemu.run("umount", at)
        done = restore(backup, point, **{"vaultdeck:path": wide})
        assert done["Status"] == "FAILED" and "only if it is all zeros" in done["StatusMessage"], done
        done = completed(restore(backup, point, **{"vaultdeck:path": target}))
        assert path_of(engine, done["CreatedResourceArn"]) == target and digest(target) == digest(source)


def test_a_gateways_volume_is_named_as_awss_and_restored_into_its_gateway(engine, tmp_path):
    image, backup = make_image(tmp_path / "lun.img", filled=MIB, size=70 * MIB), engine.client()
    resource = add(engine, "lun", kind="Storage Gateway", path=image)
    form = rf"arn:aws:storagegateway:{REGION}:{ACCOUNT}:gateway/sgw-[0-9A-F]{{8}}/volume/vol-[0-9a-f]{{17}}"
    assert re.fullmatch(form, resource)
    point = completed(back_up(backup, resource))["RecoveryPointArn"]
    done = completed(restore(backup, point, kind="Storage Gateway"))
    made = done["CreatedResourceArn"]
    assert re.fullmatch(form, made) and made.split("/")[1] == resource.split("/")[1] and made != resource
    assert digest(path_of(engine, made)) == digest(image)
    # and, as AWS does, as an EBS volume; the other way round too
    metadata = {"availabilityZone": "us-east-1b"}
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE, ResourceType="EBS")["RestoreJobId"]
    volume = completed(wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started)))["CreatedResourceArn"]
    assert volume.startswith("arn:aws:ec2:") and digest(path_of(engine, volume)) == digest(image)
    point = completed(back_up(backup, volume))["RecoveryPointArn"]
    metadata = {"gatewayArn": resource.split("/volume/")[0], "gatewayType": "BACKUP_VM", "targetName": "t"}
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE, ResourceType="Storage Gateway")["RestoreJobId"]
    assert re.fullmatch(form, completed(wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started)))["CreatedResourceArn"])
    with pytest.raises(botocore.exceptions.ClientError, match="Invalid ResourceType"):
        backup.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE, ResourceType="EFS")


def test_a_restore_that_is_killed_goes_on_and_is_whole(start, tmp_path):
    image = make_image(tmp_path / "disk.img")
    engine = start(binary=DEBUG, environment={"VAULTDECK_CRASH_AT": "before-restore-writes"})
    backup = engine.client()
    point = completed(back_up(backup, add(engine, "disk", path=image)))["RecoveryPointArn"]
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    restoring = backup.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE)["RestoreJobId"]
    engine.process.wait(60)
    engine.close_pipes()
    engine = start(binary=DEBUG)
    backup = engine.client()
    done = completed(wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=restoring)))
    assert digest(path_of(engine, done["CreatedResourceArn"])) == digest(image)


def test_a_target_without_room_fails_by_name(open_handed, tmp_path):
    engine = open_handed
    assert qemu.is_root(), "the tests run as root, as .ci/run does"
    backup = engine.client()
    point = completed(back_up(backup, add(engine, "disk", path=make_image(tmp_path / "disk.img"))))["RecoveryPointArn"]
    small = tmp_path / "small"
    small.mkdir()
    qemu.run("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", small)
    try:
        done = restore(backup, point, **{"vaultdeck:path": str(small / "disk.img")})
        assert done["Status"] == "FAILED" and "Not enough space" in done["StatusMessage"] and not list(small.iterdir()), done
    finally:
        qemu.run("umount", small)


class OfMail(socketserver.BaseRequestHandler):
    """A server of something else."""

    def handle(self):
        self.request.sendall(b"220 mail.example.org ESMTP ready\r\n")


def test_what_cannot_be_backed_up_or_restored_is_refused_with_the_reason(open_handed, nbd, tmp_path):
    engine, backup = open_handed, open_handed.client()
    nbd.start()
    other = socketserver.ThreadingTCPServer(("127.0.0.1", 0), OfMail)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    (tmp_path / "empty").touch()
    server = nbd.url.rsplit("/", 1)[0]
    for option, value, told in [
        ("path", nbd.image, "qemu-nbd"),
        ("path", tmp_path / "empty", "is empty"),
        ("path", tmp_path, "neither a file nor a block device"),
        ("path", tmp_path / "missing", "No such file"),
        ("path", engine.data / "catalog.sqlite", "Invalid Path"),
        ("url", f"{server}/other", "does not exist"),
        ("url", f"{nbd.url}?bitmap=b0", "--bitmap=b0"),
        ("url", "nbds://127.0.0.1/disk", "nbd://"),
        ("url", "nbd://user:hunter2@127.0.0.1/disk", "no user"),
        ("url", f"nbd://127.0.0.1:{free_port()}/disk", "cannot be reached"),
        ("url", f"nbd://127.0.0.1:{other.server_address[1]}/disk", "an NBD server with the fixed newstyle"),
    ]:
        done = engine.run("resource", "add", "EBS", "v", f"--{option}", str(value), check=False)
        assert done.returncode != 0 and told in done.stderr and "hunter2" not in done.stderr, (value, done)
    other.shutdown()
    assert engine.json("resource", "list") == []

    image = make_image(tmp_path / "disk.img", filled=MIB, size=2 << 30)
    point = completed(back_up(backup, add(engine, "disk", path=image)))["RecoveryPointArn"]
    for changes, told in [
        ({"vaultdeck:path": str(image)}, "must be a file that does not exist yet"),
        ({"vaultdeck:path": f"{image}/x"}, "Not a directory"),
        ({"vaultdeck:path": "/etc/disk.img"}, "outside of the folders"),
        ({"vaultdeck:path": str(engine.data / "x")}, "data directory"),
        ({"encrypted": "true"}, "encrypted=true"),
        ({"volumeType": "io2"}, "volumeType=io2"),
        ({"restoreType": "FILE", "pathsToRestore": '["/etc"]'}, "single files"),
        ({"volumeSpeed": "9"}, "volumeSpeed"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError, match=re.escape(told)):
            restore(backup, point, **changes)
    done = restore(backup, point, volumeSize="1")
    assert done["Status"] == "FAILED" and "volumeSize" in done["StatusMessage"], done
    # an image that goes after it was registered
    image.unlink()
    job = back_up(backup, next(row["ResourceArn"] for row in engine.json("resource", "list") if row["Name"] == "disk"))
    assert job["State"] == "FAILED" and "no volume at" in job["StatusMessage"], job
