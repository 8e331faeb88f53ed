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
from ports import free_port

# Where servers' folders are made, and restored ones may be over the network.
ROOTS = ["--restore-root", tempfile.gettempdir()]
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"
# In the place of a data directory: only the network reaches it.
NETWORK = "network"


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
    where = ["--url", url or server.url(user), *([] if path == NETWORK else ["--path", str(path or server.data)])]
    return engine.run("resource", "add", kind, name, *where, "--secret-file", str(secret), *more, "--output", "json", check=check)


def added(*arguments, **options):
    return json.loads(add(*arguments, **options).stdout)["ResourceArn"]


def restore(backup, point, kind="RDS", vault="Default", **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName=vault, RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType=kind)
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def restore_into(engine, point, server, name, check=True):
    """Into a server, which only those may ask for who own the engine's data."""
    return engine.run("restore", "start", point, "--metadata", f"DBInstanceIdentifier={name}", "--metadata", f"vaultdeck:url={server.url()}", check=check)


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


def test_aurora_is_the_same_with_its_own_names(engine, server, folder, tmp_path):
    resource = added(engine, server, tmp_path, kind="Aurora", name="Orders", more=["--engine", "aurora-mysql"])
    assert resource == f"{ARN}:cluster:orders"
    point = engine.json("backup", "start", "Orders", "--vault", "Default")["RecoveryPointArn"]
    engine.run("restore", "start", point, "--to", str(folder / "restored"))
    assert Server(folder, "restored").start().seen() == server.seen()
    made = [row for row in engine.json("resource", "list") if row["ResourceArn"] != resource]
    assert [row["Path"] for row in made] == [str(folder / "restored")] and made[0]["ResourceArn"].startswith(f"{ARN}:cluster:orders-restored-")
    failed = back_up(engine.client(), made[0]["ResourceArn"])
    assert failed["State"] == "FAILED" and "mariadbd --datadir" in failed["StatusMessage"], failed


def test_what_cannot_be_registered_is_refused_with_the_way_out(engine, server, folder, tmp_path):
    other = Server(folder, "other").make()
    server.ask("CREATE USER nobody@localhost IDENTIFIED BY 'no'; CREATE USER copier@localhost IDENTIFIED BY 'yes'; GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO copier@localhost")
    try:
        for options, told in [
            ({"password": "wr@ng:/ %"}, "Access denied"),
            ({"user": "nobody", "password": "no"}, "lacks RELOAD, PROCESS, LOCK TABLES"),
            ({"url": f"mysql://root@127.0.0.1:{free_port()}"}, "Can't connect"),
            ({"url": f"mysql://root:hunter2@127.0.0.1:{server.port}"}, "--secret-file"),
            ({"url": f"{server.url()}/shop"}, "no database"),
            ({"url": f"{server.url()}?ssl-mode=VERIFY_IDENTITY"}, "server does not support it"),
            ({"url": "oracle://root@127.0.0.1"}, "postgresql:// or mysql://"),
            ({"path": other.data}, f"which is {server.data}/"),
            ({"path": folder}, "must be the server's data directory"),
            ({"path": folder / "nowhere"}, "must be the server's data directory"),
            ({"more": ["--engine", "postgres"]}, "that is mariadb"),
            ({"name": "a_b"}, "hyphens"),
        ]:
            refused = add(engine, server, tmp_path, check=False, **options)
            words = refused.stdout + refused.stderr
            assert refused.returncode != 0 and told in words, (options, refused)
            assert not [secret for secret in ("wr@ng", "hunter2", PASSWORD) if secret in words], words
        assert engine.json("resource", "list") == []
        # what needs no right to read a row
        resource = added(engine, server, tmp_path, user="copier", password="yes")
        assert back_up(engine.client(), resource)["State"] == "COMPLETED"
    finally:
        other.stop(hard=True)
        server.ask("DROP USER nobody@localhost; DROP USER copier@localhost")


def test_a_server_that_is_not_the_one_that_was_registered_is_not_backed_up(engine, folder, tmp_path):
    other = Server(folder, "other").make()
    resource = added(engine, other, tmp_path)
    backup = engine.client()
    # moved to other tables than can be copied
    elsewhere = mariadb.make_folder()
    try:
        other.ask(f"CREATE DATABASE far; CREATE TABLE far.t (x int) ENGINE=InnoDB DATA DIRECTORY='{elsewhere}'")
        failed = back_up(backup, resource)
        assert failed["State"] == "FAILED" and "far/t" in failed["StatusMessage"], failed
        other.ask("DROP DATABASE far")
        assert back_up(backup, resource)["State"] == "COMPLETED"
    finally:
        shutil.rmtree(elsewhere)
    # down, and then another one at the same place
    other.stop()
    shutil.rmtree(other.data)
    time.sleep(1)
    other.make()
    failed = back_up(backup, resource)
    assert failed["State"] == "FAILED" and "another server" in failed["StatusMessage"], failed
    assert len(points(backup)) == 1


def test_a_server_of_a_machine_of_another_name_is_known_by_the_files_that_it_holds(engine, folder, tmp_path):
    other = Server(folder, "other").make()
    other.stop()
    shutil.copytree(other.data, folder / "copy")
    other.start(within=mariadb.IN_A_BOX)
    assert other.ask("SELECT @@hostname") == "box"
    refused = add(engine, other, tmp_path, path=folder / "copy", check=False)
    assert refused.returncode != 0 and "no server is at work in" in refused.stderr, refused
    assert back_up(engine.client(), added(engine, other, tmp_path))["State"] == "COMPLETED"


def test_a_restore_that_cannot_be_done_is_refused_by_name(engine, server, folder, tmp_path):
    backup = engine.client()
    point = back_up(backup, added(engine, server, tmp_path))["RecoveryPointArn"]
    full = folder / "full"
    full.mkdir()
    (full / "x").write_text("mine")
    for changes, told in [
        ({"DBInstanceIdentifier": "main"}, "DBInstanceIdentifier"),
        ({"RestoreTime": "2026-11-26T00:00:00Z"}, "RestoreTime"),
        ({"Engine": "postgres"}, "cannot be made of a recovery point of mariadb"),
        ({"Engine": "oracle"}, "Engine=oracle"),
        ({"MultiAZ": "true"}, "MultiAZ"),
        ({"vaultdeck:path": str(full)}, "empty folder"),
        ({"vaultdeck:path": str(server.data / "x")}, "lies inside"),
        ({"vaultdeck:path": str(engine.data / "x")}, "data directory"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            restore(backup, point, **changes)
        assert told in str(refused.value), refused.value
    assert (full / "x").read_text() == "mine"


def programs(tmp_path, script, name="mariadb-backup"):
    """A folder of MariaDB's programs, of which one does a bit more than it should."""
    folder = tmp_path / f"programs-{time.monotonic_ns()}"
    folder.mkdir()
    for other in {"mariadb", "mariadb-dump", "mariadb-backup", "mariadb-binlog", "mariadbd"} - {name}:
        (folder / other).symlink_to(shutil.which(other))
    path = folder / name
    path.write_text(f'#!/bin/sh\nreal={shutil.which(name)}\n[ "$1" = --version ] && exec "$real" --version\n{script}\n')
    path.chmod(0o755)
    return {"VAULTDECK_MARIADB": str(folder)}


@pytest.mark.parametrize("script, told", [
    ('"$real" "$@"; echo "[ERROR] something went wrong" >&2; exit 0', "something went wrong"),
    ('"$real" "$@" | head -c 9000000; exit 0', "unexpected end"),
    ('"$real" "$@" 2>&1 >/dev/null | tail -1 >&2; exit 0', "xtrabackup_checkpoints is not in it"),
    ('"$real" "$@" | tr 1 2; exit 0', "stream of mariadb-backup"),
    ('"$real" "$@" | head -c 9000000; echo "cut off" >&2; exit 1', "cut off"),
    ('echo "no stream"; exit 0', "a chunk that is none"),
    ('exit 3', "exit status: 3"),
])
def test_a_program_that_ends_before_its_work_leaves_no_recovery_point(start, server, tmp_path, script, told):
    engine = start(arguments=ROOTS, environment=programs(tmp_path, script))
    backup = engine.client()
    failed = back_up(backup, added(engine, server, tmp_path))
    assert failed["State"] == "FAILED" and told in failed["StatusMessage"], failed
    assert points(backup) == []
    until(lambda: children(server) == [], "nothing of it is left", 10)


@pytest.mark.parametrize("script, told", [
    ('"$real" "$@" | head -c 900000; exit 0', "unexpected end"),
    ('"$real" "$@" | head -c 900000; echo "cut off" >&2; exit 1', "cut off"),
    ('"$real" "$@"; exit 3', "exit status: 3"),
    ('case "$*" in *users*) "$real" "$@" | head -c 900;; *) exec "$real" "$@";; esac', "unexpected end"),
    ('"$real" "$@" | grep -v "Table structure for table .kinds"', "cannot be divided"),
    ('exit 0', "unexpected end"),
])
def test_a_dump_that_is_not_whole_leaves_no_recovery_point(start, server, tmp_path, script, told):
    engine = start(arguments=ROOTS, environment=programs(tmp_path, script, "mariadb-dump"))
    backup = engine.client()
    failed = back_up(backup, added(engine, server, tmp_path, path=NETWORK))
    assert failed["State"] == "FAILED" and told in failed["StatusMessage"], failed
    assert points(backup) == []
    until(lambda: children(server) == [], "nothing of it is left", 10)


def test_without_the_programs_or_with_those_of_another_version_it_says_what_to_install(start, server, tmp_path):
    engine = start(arguments=ROOTS, environment={"VAULTDECK_MARIADB": "/nowhere"})
    refused = add(engine, server, tmp_path, check=False)
    assert refused.returncode != 0 and "mariadb-client has the program" in refused.stderr, refused
    old = programs(tmp_path, "")
    script = pathlib.Path(old["VAULTDECK_MARIADB"]) / "mariadb-backup"
    script.write_text("#!/bin/sh\necho mariadb-backup based on MariaDB server 10.6.1-MariaDB\n")
    refused = add(start("other", arguments=ROOTS, environment=old), server, tmp_path, check=False)
    assert refused.returncode != 0 and "mariadb-backup 10.6 for the MariaDB server 10.11" in refused.stderr, refused


SLOWLY = 'case "$*" in *--backup*) exec "$real" "$@" --throttle=1;; esac'


def begin(engine, server, tmp_path):
    """A backup that is under way."""
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    until(lambda: children(server) != [], "it is under way")
    time.sleep(1)
    assert children(server) != []
    return backup, resource, job


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_that_ends_in_the_midst_leaves_nothing_and_begins_again(start, server, folder, tmp_path, end):
    # where the files' owner comes too, as whom they are prepared
    slow = programs(folder, f"[ -e {folder}/fast ] || {SLOWLY}\n" + 'exec "$real" "$@"')
    engine = start(arguments=ROOTS, environment=slow)
    _, resource, job = begin(engine, server, tmp_path)
    if end == signal.SIGKILL:
        engine.kill()
    else:
        engine.stop()
    until(lambda: children(server) == [], "nothing of it is left", 10)
    (folder / "fast").touch()
    backup = start(arguments=ROOTS, environment=slow).client()
    done = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job))
    if done["State"] != "COMPLETED":
        assert end == signal.SIGTERM, done
        done = back_up(backup, resource)
    assert restore(backup, done["RecoveryPointArn"], **{"vaultdeck:path": str(folder / "restored")})["Status"] == "COMPLETED"
    assert Server(folder, "restored").start().seen() == server.seen()


def test_a_server_that_is_restarted_in_the_midst_fails_the_job_with_its_words(start, folder, tmp_path):
    other = Server(folder, "other").make().fill()
    engine = start(arguments=ROOTS, environment=programs(tmp_path, SLOWLY))
    backup, _, job = begin(engine, other, tmp_path)
    other.stop(hard=True)
    other.start()
    done = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job))
    assert done["State"] == "FAILED" and "mariadb-backup" in done["StatusMessage"], done
    assert points(backup) == []
    until(lambda: children(other) == [], "nothing of it is left", 10)


@pytest.mark.parametrize("moment", ["written", "prepared"])
def test_a_restore_that_is_killed_goes_on_and_starts(start, server, folder, tmp_path, moment):
    engine = start(arguments=ROOTS, binary=DEBUG)
    backup = engine.client()
    point = back_up(backup, added(engine, server, tmp_path))["RecoveryPointArn"]
    engine.stop()
    # cut off before anything is written, or when the files were prepared and nothing of that was told
    # (where the files' owner comes too, as whom they are prepared)
    wait = programs(folder, f'"$real" "$@"; [ -e {folder}/go ] && exit; touch {folder}/restored/left {folder}/prepared; sleep 60')
    environment = {"VAULTDECK_CRASH_AT": "before-restore-writes"} if moment == "written" else wait
    engine = start(arguments=ROOTS, binary=DEBUG, environment=environment)
    backup = engine.client()
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    job = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, "vaultdeck:path": str(folder / "restored")}, IamRoleArn=ROLE)["RestoreJobId"]
    if moment == "written":
        engine.process.wait(30)
        engine.close_pipes()
    else:
        until((folder / "prepared").exists, "it is prepared")
        assert (folder / "prepared").stat().st_uid == folder.stat().st_uid, "as whom the files belong to"
        assert (folder / "restored").stat().st_uid == folder.stat().st_uid and (folder / "restored").stat().st_mode & 0o77 == 0
        engine.kill()
    (folder / "go").touch()
    backup = start(arguments=ROOTS, binary=DEBUG, environment={} if moment == "written" else wait).client()
    assert wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job))["Status"] == "COMPLETED"
    # nothing of what was half prepared is in what was made anew
    assert not list((folder / "restored").glob(".*")) and not (folder / "restored" / "left").exists()
    assert Server(folder, "restored").start().seen() == server.seen()


def empty(folder, name="empty"):
    return Server(folder, name).make()


def test_a_server_that_only_the_network_reaches_is_dumped_and_made_again_in_an_empty_one(engine, server, folder, tmp_path):
    backup = engine.client()
    resource = added(engine, server, tmp_path, path=NETWORK)
    before, users = server.seen(), server.users()
    first = back_up(backup, resource)
    assert first["State"] == "COMPLETED", first.get("StatusMessage")
    assert children(server) == []

    # when a table changes, the next backup stores little more
    size = stored(engine)
    server.ask("UPDATE shop.orders SET said = 'changed' WHERE id <= 20")
    second = back_up(backup, resource)
    assert second["State"] == "COMPLETED", second
    grown = stored(engine) - size
    assert 0 < grown < size / 2, f"{grown} after {size}"
    print(f"first {first['BytesTransferred']} read, {size} stored; second {second['BytesTransferred']} read, {grown} stored")

    # then the first one is made again by the engine, users and all, and becomes a resource that is backed up
    target = empty(folder)
    restore_into(engine, first["RecoveryPointArn"], target, "again")
    assert target.seen() == before and target.users() == users
    assert back_up(backup, f"{ARN}:db:again")["State"] == "COMPLETED"


def test_plain_restic_and_the_client_make_a_server_of_a_dump(engine, server, folder, tmp_path):
    assert back_up(engine.client(), added(engine, server, tmp_path, path=NETWORK))["State"] == "COMPLETED"
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    done = engine.restic("restore", "latest", "--target", str(folder), password=password)
    assert done.returncode == 0, done
    dump, target = folder / "dump", empty(folder)
    assert {path.name for path in dump.glob("shop/*")} >= {"orders.sql", "kinds.sql", "a_view.sql", "a%20first%20view.sql"}
    for path in [*dump.glob("*.sequences.sql"), *dump.glob("*/*.sql"), *dump.glob("*.routines.sql"), *dump.glob("*.views.sql"), dump / "users.sql"]:
        target.ask(path.read_text())
    assert target.seen() == server.seen() and target.users() == server.users()
    # and one table alone
    target.ask("SET FOREIGN_KEY_CHECKS = 0; DROP TABLE shop.orders")
    target.ask((dump / "shop" / "orders.sql").read_text())
    assert target.seen() == server.seen()


def test_a_dump_is_restored_as_files_too_and_into_no_server_that_has_something(engine, server, folder, tmp_path):
    backup = engine.client()
    point = back_up(backup, added(engine, server, tmp_path, path=NETWORK))["RecoveryPointArn"]
    done = restore(backup, point, **{"vaultdeck:path": str(folder / "files")})
    assert done["Status"] == "COMPLETED" and "SQL files" in done["StatusMessage"], done
    assert "CREATE TABLE `orders`" in (folder / "files" / "shop" / "orders.sql").read_text()
    other = empty(folder, "other")
    other.ask("CREATE DATABASE mine")
    failed = restore_into(engine, point, other, "full", check=False)
    assert failed.returncode != 0 and "has mine" in failed.stdout + failed.stderr, failed
    for changes, told in [
        ({"vaultdeck:url": other.url()}, "over the network, restores go only to the server that was backed up"),
        ({"vaultdeck:url": server.url()}, "is that of"),
        ({"vaultdeck:url": "mysql://root:hunter2@127.0.0.1"}, "must not hold a password"),
        ({"vaultdeck:url": other.url(), "vaultdeck:path": str(folder / "x")}, "give one of them"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            restore(backup, point, **changes)
        assert told in str(refused.value) and "hunter2" not in str(refused.value), refused.value


def test_a_dump_holds_history_and_long_names_leaves_the_account_alone_and_says_what_it_lacks(engine, folder, tmp_path):
    other, target = empty(folder, "other"), empty(folder)
    other.ask(f"""
        CREATE DATABASE many; USE many;
        CREATE TABLE versioned (x int) WITH SYSTEM VERSIONING; INSERT INTO versioned VALUES (1), (2); UPDATE versioned SET x = 3 WHERE x = 1; DELETE FROM versioned WHERE x = 2;
        CREATE TABLE `{'表' * 46}` (x int); CREATE TABLE `{'表' * 45}甲` (x int); INSERT INTO `{'表' * 45}甲` VALUES (7);
        CREATE USER saver@localhost IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO saver@localhost; ALTER USER root@localhost IDENTIFIED BY 'another'
    """)
    backup = engine.client()
    resource = added(engine, other, tmp_path, user="saver", path=NETWORK)
    done = back_up(backup, resource)
    assert done["State"] == "COMPLETED" and "StatusMessage" not in done, done
    restore_into(engine, done["RecoveryPointArn"], target, "again")
    said = [job["StatusMessage"] for job in backup.list_restore_jobs()["RestoreJobs"]]
    assert len(said) == 1 and "root@localhost, as whom it was restored, keeps the password" in said[0], said
    # root comes in with its own password still, and all others came along
    history = "SELECT x, row_start, row_end FROM many.versioned FOR SYSTEM_TIME ALL ORDER BY x"
    assert target.ask(history) == other.ask(history, password="another") and len(target.ask(history).splitlines()) == 3
    assert target.ask("SELECT count(*) FROM mysql.global_priv WHERE user = 'saver'") == "1"
    assert target.ask(f"SELECT x FROM many.`{'表' * 45}甲`") == "7"

    other.ask("USE many; CREATE TABLE f (lost float, kept float(10, 2), also double); CREATE TABLE t (x int, s bigint unsigned GENERATED ALWAYS AS ROW START, e bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING", password="another")
    done = back_up(backup, resource)
    assert done["State"] in ("COMPLETED", "PARTIAL") and "six digits, and all others are lost: many.f.lost." in done["StatusMessage"], done
    assert "no history" in done["StatusMessage"] and "many.t" in done["StatusMessage"], done


@pytest.mark.parametrize("meanwhile", [None, "CREATE DATABASE mine; CREATE TABLE mine.x (x int)", "CREATE TABLE shop.x (x int)"])
def test_a_restore_into_a_server_that_is_killed_goes_on_but_not_beside_what_somebody_made(start, server, folder, tmp_path, meanwhile):
    engine = start(arguments=ROOTS, binary=DEBUG)
    target = empty(folder)
    point = back_up(engine.client(), added(engine, server, tmp_path, path=NETWORK))["RecoveryPointArn"]
    engine.stop()
    # the client's fourth run of statements, when databases are there and some tables
    stuck = programs(tmp_path, f'case "$*" in *--binary-mode*) echo >> {tmp_path}/runs; [ -e {tmp_path}/go ] || [ $(wc -l < {tmp_path}/runs) -lt 5 ] || sleep 60;; esac; exec "$real" "$@"', "mariadb")
    engine = start(arguments=ROOTS, binary=DEBUG, environment=stuck)
    asked = threading.Thread(target=restore_into, args=(engine, point, target, "again", False))
    asked.start()
    until(lambda: (tmp_path / "runs").exists() and len((tmp_path / "runs").read_text()) == 5, "it is under way")
    assert target.ask("SHOW DATABASES LIKE 'shop'") == "shop"
    engine.kill()
    asked.join()
    (tmp_path / "go").touch()
    target.ask(meanwhile or "SELECT 1")
    backup = start(arguments=ROOTS, binary=DEBUG, environment=stuck).client()
    [job] = backup.list_restore_jobs()["RestoreJobs"]
    done = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job["RestoreJobId"]))
    if meanwhile is None:
        assert done["Status"] == "COMPLETED" and target.seen() == server.seen(), done
    else:
        assert done["Status"] == "FAILED" and "somebody made it since the restore began" in done["StatusMessage"], done


def test_a_client_that_does_not_read_all_and_ends_well_has_restored_nothing(start, server, folder, tmp_path):
    lazy = programs(tmp_path, 'case "$*" in *--binary-mode*) head -c 1000 >/dev/null; exit 0;; esac; exec "$real" "$@"', "mariadb")
    engine = start(arguments=ROOTS, environment=lazy)
    point = back_up(engine.client(), added(engine, server, tmp_path, path=NETWORK))["RecoveryPointArn"]
    failed = restore_into(engine, point, empty(folder), "again", check=False)
    assert failed.returncode != 0 and "before it had read all" in failed.stdout + failed.stderr, failed


def test_what_is_planted_in_a_dump_or_missing_in_it_fails_the_job(start, server, folder, tmp_path):
    other = empty(folder, "other")
    other.ask("CREATE DATABASE shop; CREATE TABLE shop.a (x int); CREATE TABLE shop.b (x int)")
    engine = start(arguments=ROOTS)
    backup = engine.client()
    resource = added(engine, other, tmp_path, path=NETWORK)
    assert back_up(backup, resource)["State"] == "COMPLETED"
    other.ask("CREATE USER blind@localhost IDENTIFIED BY 'no'; GRANT SELECT, PROCESS ON *.* TO blind@localhost")
    refused = add(engine, other, tmp_path, name="blind", user="blind", password="no", path=NETWORK, check=False)
    assert refused.returncode != 0 and "lacks SHOW VIEW, TRIGGER, EVENT" in refused.stderr, refused
    other.ask("DELIMITER ;;\nCREATE TRIGGER shop.planted BEFORE INSERT ON shop.a FOR EACH ROW BEGIN SET @planted = '\n--\n-- Table structure for table `b`\n--\n'; END;;\nDELIMITER ;")
    failed = back_up(backup, resource)
    assert failed["State"] == "FAILED" and "cannot be divided" in failed["StatusMessage"], failed
    other.ask("DROP TRIGGER shop.planted")
    assert back_up(backup, resource)["State"] == "COMPLETED"
    until(lambda: children(other) == [], "nothing of it is left", 10)
