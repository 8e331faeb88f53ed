"""Servers of a real MariaDB: what is backed up comes back as its client reads it, on a server that nothing but mariadbd starts."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import botocore.exceptions
import pytest

import mariadb
from conftest import ACCOUNT, DEBUG, REGION, ROLE, back_up, wait_for_job
from mariadb import PASSWORD, Server

# Where servers' folders are made, and restored ones may be over the network.
ROOTS = ["--restore-root", tempfile.gettempdir()]
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"


@pytest.fixture(scope="module")
def server():
    folder = mariadb.make_folder()
    server = Server(folder).make().fill()
    # What is in the log since the last checkpoint is in each copy.
    server.stop()
    server.start()
    yield server
    server.stop(hard=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder():
    """A folder for restored data directories; servers on them are stopped."""
    folder = mariadb.make_folder()
    yield folder
    for path in folder.rglob("*.sock.pid"):
        try:
            os.kill(int(path.read_text()), signal.SIGKILL)
        except (OSError, ValueError):
            pass
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def engine(start):
    return start(arguments=ROOTS)


def add(engine, server, tmp_path, name="main", kind="RDS", user="root", password=PASSWORD, url=None, path=None, check=True, more=()):
    secret = tmp_path / "secret"
    secret.write_text(password)
    where = ["--url", url or server.url(user), "--path", str(path or server.data)]
    return engine.run("resource", "add", kind, name, *where, "--secret-file", str(secret), *more, "--output", "json", check=check)


def added(*arguments, **options):
    return json.loads(add(*arguments, **options).stdout)["ResourceArn"]


def restore(backup, point, kind="RDS", **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType=kind)
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def stored(engine):
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def until(true, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def arguments_of_processes():
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass
    return found


def children(server):
    """The programs that talk to a server for an engine."""
    return [pid for pid, line in arguments_of_processes().items() if f"--port={server.port}" in line and "mariadbd" not in line]


def points(backup):
    return backup.list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"]


def test_a_server_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, server, folder, tmp_path):
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    assert resource == f"{ARN}:db:main"

    # given a backup, during which nobody reads the password in a list of processes
    before, told, done = server.seen(), [], threading.Event()

    def watch():
        while not done.is_set():
            told.extend(line for line in arguments_of_processes().values() if PASSWORD in line)

    watcher = threading.Thread(target=watch)
    watcher.start()
    first = back_up(backup, resource)
    done.set()
    watcher.join()
    assert first["State"] == "COMPLETED", first.get("StatusMessage")
    assert first["BytesTransferred"] > 20 << 20 and not told and children(server) == []

    # when the tables change, the next backup stores little
    size = stored(engine)
    server.ask("UPDATE shop.orders SET price = 1 WHERE id <= 100; DELETE FROM shop.kinds WHERE id > 400; CREATE TABLE shop.later (x int); INSERT INTO shop.later VALUES (1)")
    after = server.seen()
    second = back_up(backup, resource)
    assert second["State"] == "COMPLETED", second
    grown = stored(engine) - size
    assert 0 < grown < size / 4, f"{grown} after {size}"
    print(f"first {first['BytesTransferred']} read, {size} stored; second {second['BytesTransferred']} read, {grown} stored")

    # then both come back as they were
    for point, expected, name in [(first, before, "restored"), (second, after, "newer")]:
        done = restore(backup, point["RecoveryPointArn"], **{"vaultdeck:path": str(folder / name)})
        assert done["Status"] == "COMPLETED" and "StatusMessage" not in done, done.get("StatusMessage")
        for path in (folder / name).rglob("*"):
            assert path.stat().st_uid == server.data.stat().st_uid, path
        for path in ("", "shop", "shop/orders.ibd"):
            restored, source = os.stat(folder / name / path), os.stat(server.data / path)
            assert (restored.st_uid, restored.st_gid, restored.st_mode) == (source.st_uid, source.st_gid, source.st_mode), path
        restored = Server(folder, name).start()
        assert restored.seen() == expected and restored.users() == server.users()
        restored.ask("INSERT INTO shop.old VALUES (0, 'it goes on')")
        restored.stop()

    # and the source is left as it was, and nothing tells its password
    assert server.seen() == after
    listed = engine.run("resource", "list", "--output", "json").stdout
    assert PASSWORD not in listed and json.dumps(PASSWORD) not in listed
    assert {row["ResourceType"] for row in json.loads(listed)} == {"RDS"}
    assert not [path for path in engine.data.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_plain_restic_and_mariadbs_own_programs_make_a_server_of_it(engine, server, folder, tmp_path):
    assert back_up(engine.client(), added(engine, server, tmp_path))["State"] == "COMPLETED"
    expected = server.seen()
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = engine.restic("restore", "latest", "--target", str(folder), password=password)
    assert done.returncode == 0, done
    prepared = subprocess.run(["mariadb-backup", mariadb.ALONE, "--prepare", f"--target-dir={folder}/data"], capture_output=True, text=True, timeout=120)
    assert prepared.returncode == 0, prepared.stderr[-2000:]
    if mariadb.OWNER:
        subprocess.run(["chown", "-R", f"{mariadb.OWNER}:", folder / "data"], check=True)
    assert Server(folder, "data").start().seen() == expected
