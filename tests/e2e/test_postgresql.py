"""Clusters of a real PostgreSQL: what is backed up comes back as psql reads it, on a server that nothing but pg_ctl starts."""

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

import postgresql
from conftest import ACCOUNT, DEBUG, REGION, ROLE, back_up, wait_for_job
from ports import free_port
from postgresql import PASSWORD, PROGRAMS, Server

# Where servers' folders are made, and restored ones may be over the network.
ROOTS = ["--restore-root", tempfile.gettempdir()]
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"


@pytest.fixture(scope="module")
def server():
    folder = postgresql.make_folder()
    server = Server(folder).make().start()
    server.run("pgbench", "-i", "-q", "-s", "4", "postgres")
    server.ask("CREATE TABLE kinds (id serial PRIMARY KEY, said text, bytes bytea, at timestamptz)")
    server.ask("INSERT INTO kinds (said, bytes, at) SELECT repeat('größe ', n), decode(md5(n::text), 'hex'), now() FROM generate_series(1, 500) n")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder():
    """A folder for a restored data directory; a server on it is stopped."""
    folder = postgresql.make_folder()
    yield folder
    for pid in folder.rglob("postmaster.pid"):
        subprocess.run([*postgresql.AS_OWNER, PROGRAMS / "pg_ctl", "-D", pid.parent, "-m", "immediate", "-w", "stop"], capture_output=True, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def engine(start):
    return start(arguments=ROOTS)


def secret_file(folder, text=PASSWORD):
    path = folder / "secret"
    path.write_text(text)
    return str(path)


def add(engine, server, folder, name="main", kind="RDS", user="postgres", password=PASSWORD, url=None, check=True):
    return engine.run("resource", "add", kind, name, "--url", url or server.url(user), "--secret-file", secret_file(folder, password), "--output", "json", check=check)


def added(*arguments, **options):
    return json.loads(add(*arguments, **options).stdout)["ResourceArn"]


def restore(backup, point, kind="RDS", **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType=kind)
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def start_restored(folder, name="restored"):
    """What anybody would do with a restored data directory."""
    checked = subprocess.run([*postgresql.AS_OWNER, PROGRAMS / "pg_verifybackup", folder / name], capture_output=True, text=True, cwd="/", timeout=120)
    assert checked.returncode == 0, checked
    server = Server(folder, name).start()
    assert server.ask("SELECT pg_is_in_recovery()") == "f"
    return server


def stored(engine):
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def slots(server):
    return server.ask("SELECT count(*) FROM pg_replication_slots")


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
    def told(pid):
        try:
            return f"PGPORT={server.port}\0".encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    return [pid for pid, line in arguments_of_processes().items() if ("pg_basebackup" in line or "psql" in line) and told(pid)]


def programs(folder, basebackup):
    """A folder of PostgreSQL's programs, of which pg_basebackup does a bit more than it should."""
    folder = folder / f"programs-{time.monotonic_ns()}"
    folder.mkdir()
    (folder / "psql").symlink_to(PROGRAMS / "psql")
    script = folder / "pg_basebackup"
    script.write_text(f'#!/bin/sh\nreal={PROGRAMS}/pg_basebackup\n[ "$1" = --version ] && exec "$real" --version\n{basebackup}\n')
    script.chmod(0o755)
    return {"VAULTDECK_POSTGRESQL": str(folder)}


def test_a_cluster_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, server, folder, tmp_path):
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
    assert first["BytesTransferred"] > 60 << 20 and not told
    assert slots(server) == "0" and children(server) == []

    # when the tables change, the next backup stores little
    size = stored(engine)
    server.ask("UPDATE pgbench_accounts SET abalance = 1 WHERE aid <= 100")
    server.ask("DELETE FROM kinds WHERE id > 400")
    server.ask("CREATE TABLE later AS SELECT 1 AS x")
    after = server.seen()
    second = back_up(backup, resource)
    assert second["State"] == "COMPLETED", second
    grown = stored(engine) - size
    assert 0 < grown < size / 4, f"{grown} after {size}"
    print(f"first {first['BytesTransferred']} read, {size} stored; second {second['BytesTransferred']} read, {grown} stored")

    # then both come back as they were
    for point, expected, name in [(first, before, "restored"), (second, after, "newer")]:
        done = restore(backup, point["RecoveryPointArn"], **{"vaultdeck:path": str(folder / name)})
        assert done["Status"] == "COMPLETED" and "StatusMessage" not in done, done
        root, source = os.stat(folder / name), os.stat(server.data)
        assert (root.st_uid, root.st_gid, root.st_mode) == (source.st_uid, source.st_gid, source.st_mode)
        version = os.stat(folder / name / "PG_VERSION"), os.stat(server.data / "PG_VERSION")
        assert len({(found.st_uid, found.st_gid, found.st_mode, int(found.st_mtime)) for found in version}) == 1
        assert not (folder / name / "recovery.signal").exists() and (folder / name / "backup_label").exists()
        restored = start_restored(folder, name)
        assert restored.seen() == expected
        restored.ask("INSERT INTO kinds (said) VALUES ('it goes on')")
        restored.stop("fast")

    # and the source is left as it was, and nothing tells its password
    assert server.seen() == after and slots(server) == "0"
    listed = engine.run("resource", "list", "--output", "json").stdout
    assert PASSWORD not in listed and json.dumps(PASSWORD) not in listed
    assert {row["ResourceType"] for row in json.loads(listed)} == {"RDS"}
    assert not [path for path in engine.data.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_plain_restic_and_pg_ctl_make_a_server_of_it(engine, server, folder, tmp_path):
    assert back_up(engine.client(), added(engine, server, tmp_path))["State"] == "COMPLETED"
    expected = server.seen()
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = engine.restic("restore", "latest", "--target", str(folder), password=password)
    assert done.returncode == 0, done
    assert start_restored(folder, "data").seen() == expected


def test_aurora_is_the_same_with_its_own_names(engine, server, folder, tmp_path):
    resource = added(engine, server, tmp_path, kind="Aurora", name="Orders")
    assert resource == f"{ARN}:cluster:orders"
    # A name may have what ends a row of an answer.
    server.ask('CREATE DATABASE "two\nlines"')
    point = engine.json("backup", "start", "Orders", "--vault", "Default")["RecoveryPointArn"]
    assert "two?lines " in engine.json("point", "show", point)["Details"]["Databases"]
    server.ask('DROP DATABASE "two\nlines"')
    engine.run("restore", "start", point, "--to", str(folder / "restored"))
    assert start_restored(folder).seen() == server.seen()
    made = [row for row in engine.json("resource", "list") if row["ResourceArn"] != resource]
    assert [row["Path"] for row in made] == [str(folder / "restored")] and made[0]["ResourceArn"].startswith(f"{ARN}:cluster:orders-restored-")
    failed = back_up(engine.client(), made[0]["ResourceArn"])
    assert failed["State"] == "FAILED" and "pg_ctl start" in failed["StatusMessage"], failed


def test_what_cannot_be_registered_is_refused_with_the_way_out(engine, server, tmp_path):
    server.ask("CREATE ROLE nobody LOGIN PASSWORD 'no'")
    server.ask("CREATE ROLE copier LOGIN REPLICATION PASSWORD 'yes'")
    try:
        for options, told in [
            ({"password": "wr@ng:/ %"}, "password authentication failed"),
            ({"user": "nobody", "password": "no"}, "REPLICATION"),
            ({"url": f"postgresql://postgres@127.0.0.1:{free_port()}"}, "Connection refused"),
            ({"url": f"postgresql://postgres:hunter2@127.0.0.1:{server.port}"}, "--secret-file"),
            ({"url": f"{server.url()}/nowhere"}, "does not exist"),
            ({"url": f"{server.url()}?sslmode=require"}, "SSL"),
            ({"url": "oracle://root@127.0.0.1"}, "postgresql://"),
            ({"name": "a_b"}, "hyphens"),
        ]:
            refused = add(engine, server, tmp_path, check=False, **options)
            words = refused.stdout + refused.stderr
            assert refused.returncode != 0 and told in words, (options, refused)
            assert not [secret for secret in ("wr@ng", "hunter2", PASSWORD) if secret in words], words
        assert engine.json("resource", "list") == []
        # what needs no superuser
        resource = added(engine, server, tmp_path, user="copier", password="yes")
        assert back_up(engine.client(), resource)["State"] == "COMPLETED"
    finally:
        server.ask("DROP ROLE nobody")
        server.ask("DROP ROLE copier")


def test_a_server_that_cannot_be_backed_up_is_refused_by_what_it_lacks(engine, folder, tmp_path):
    other = Server(folder, "other").make()
    other.start(wal_level="minimal", max_wal_senders=0)
    refused = add(engine, other, tmp_path, check=False)
    assert refused.returncode != 0 and "wal_level = replica" in refused.stderr, refused
    other.stop("fast")
    other.start()
    resource = added(engine, other, tmp_path)
    place = folder / "elsewhere"
    place.mkdir()
    if postgresql.OWNER:
        shutil.chown(place, postgresql.OWNER)
    other.ask(f"CREATE TABLESPACE slow LOCATION '{place}'")
    failed = back_up(engine.client(), resource)
    assert failed["State"] == "FAILED" and "tablespaces slow" in failed["StatusMessage"], failed
    other.ask("DROP TABLESPACE slow")
    assert back_up(engine.client(), resource)["State"] == "COMPLETED"
    # another cluster at the same place
    other.stop("fast")
    shutil.rmtree(other.data)
    other.make().start()
    failed = back_up(engine.client(), resource)
    assert failed["State"] == "FAILED" and "another database cluster" in failed["StatusMessage"], failed
    other.stop("fast")


def test_a_restore_that_cannot_be_done_is_refused_by_name(engine, server, folder, tmp_path):
    backup = engine.client()
    point = back_up(backup, added(engine, server, tmp_path))["RecoveryPointArn"]
    full = folder / "full"
    full.mkdir()
    (full / "x").write_text("mine")
    for changes, told in [
        ({"DBInstanceIdentifier": "main"}, "DBInstanceIdentifier"),
        ({"DBInstanceIdentifier": "a--b"}, "DBInstanceIdentifier"),
        ({"RestoreTime": "2026-11-26T00:00:00Z"}, "RestoreTime"),
        ({"Engine": "mysql"}, "Engine=mysql"),
        ({"MultiAZ": "true"}, "MultiAZ"),
        ({"Nonsense": "x"}, "Nonsense"),
        ({"vaultdeck:path": str(full)}, "empty folder"),
        ({"vaultdeck:path": str(engine.data / "x")}, "data directory"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            restore(backup, point, **changes)
        assert told in str(refused.value), refused.value
    assert (full / "x").read_text() == "mine"


@pytest.mark.parametrize("script, told", [
    ('"$real" "$@"; echo "pg_basebackup: error: something went wrong" >&2; exit 0', "something went wrong"),
    ('"$real" "$@" | head -c 30000000; exit 0', "cannot read the source"),
    ('"$real" "$@" | head -c 30000000; echo "pg_basebackup: error: cut off" >&2; exit 1', "cut off"),
    ('echo "no archive"; exit 0', "cannot read the source"),
    ('exit 3', "exit status: 3"),
])
def test_a_program_that_ends_before_its_work_leaves_no_recovery_point(start, server, tmp_path, script, told):
    engine = start(arguments=ROOTS, environment=programs(tmp_path, script))
    backup = engine.client()
    failed = back_up(backup, added(engine, server, tmp_path))
    assert failed["State"] == "FAILED" and told in failed["StatusMessage"], failed
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"] == []
    until(lambda: slots(server) == "0" and children(server) == [], "nothing of it is left", 10)


def test_without_the_programs_it_says_what_to_install(start, server, tmp_path):
    engine = start(arguments=ROOTS, environment={"VAULTDECK_POSTGRESQL": "/nowhere"})
    refused = add(engine, server, tmp_path, check=False)
    assert refused.returncode != 0 and "postgresql-client" in refused.stderr, refused


SLOWLY = 'exec "$real" "$@" --max-rate=2M'


def begin(engine, server, tmp_path):
    """A backup that is under way."""
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    until(lambda: slots(server) == "1" and len(children(server)) == 2, "it is under way")
    time.sleep(1)
    return backup, resource, job


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_that_ends_in_the_midst_leaves_nothing_and_begins_again(start, server, folder, tmp_path, end):
    slow = programs(tmp_path, f"[ -e {tmp_path}/fast ] || {SLOWLY}\n" + 'exec "$real" "$@"')
    engine = start(arguments=ROOTS, environment=slow)
    _, resource, job = begin(engine, server, tmp_path)
    if end == signal.SIGKILL:
        engine.kill()
    else:
        engine.stop()
    until(lambda: slots(server) == "0" and children(server) == [], "nothing of it is left", 10)
    (tmp_path / "fast").touch()
    again = start(arguments=ROOTS, environment=slow)
    backup = again.client()
    done = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job))
    if done["State"] != "COMPLETED":
        assert end == signal.SIGTERM, done
        done = back_up(backup, resource)
    assert restore(backup, done["RecoveryPointArn"], **{"vaultdeck:path": str(folder / "restored")})["Status"] == "COMPLETED"
    assert start_restored(folder).seen() == server.seen()


def test_a_server_that_is_restarted_in_the_midst_is_read_again_from_the_beginning(start, server, tmp_path):
    engine = start(arguments=ROOTS, environment=programs(tmp_path, f"[ -e {tmp_path}/fast ] || {SLOWLY}\n" + 'exec "$real" "$@"'))
    backup, _, job = begin(engine, server, tmp_path)
    (tmp_path / "fast").touch()
    server.stop()
    server.start()
    until(lambda: "pg_basebackup" in backup.describe_backup_job(BackupJobId=job).get("StatusMessage", ""), "it says what is in the way")
    done = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job), seconds=180)
    assert done["State"] == "COMPLETED", done
    until(lambda: slots(server) == "0" and children(server) == [], "nothing of it is left", 10)


def test_a_restore_that_is_killed_goes_on_and_starts(start, server, folder, tmp_path):
    engine = start(arguments=ROOTS, binary=DEBUG)
    backup = engine.client()
    point = back_up(backup, added(engine, server, tmp_path))["RecoveryPointArn"]
    engine.stop()
    engine = start(arguments=ROOTS, binary=DEBUG, environment={"VAULTDECK_CRASH_AT": "before-restore-writes"})
    backup = engine.client()
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    job = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, "vaultdeck:path": str(folder / "restored")}, IamRoleArn=ROLE)["RestoreJobId"]
    engine.process.wait(30)
    engine.close_pipes()
    backup = start(arguments=ROOTS, binary=DEBUG).client()
    assert wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job))["Status"] == "COMPLETED"
    assert start_restored(folder).seen() == server.seen()


def test_settings_that_lay_elsewhere_have_defaults_in_the_restored_folder(engine, folder, tmp_path):
    """Debian keeps them in /etc: the restored server starts all the same, and the job says what it starts with."""
    other = Server(folder, "other").make()
    away = folder / "etc"
    away.mkdir()
    for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
        shutil.move(other.data / name, away / name)
    other.start(config_file=away / "postgresql.conf", hba_file=away / "pg_hba.conf", ident_file=away / "pg_ident.conf")
    other.ask("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n")
    backup, expected = engine.client(), other.seen()
    point = back_up(backup, added(engine, other, tmp_path))["RecoveryPointArn"]
    done = restore(backup, point, **{"vaultdeck:path": str(folder / "restored")})
    assert done["Status"] == "COMPLETED" and done["StatusMessage"].startswith("postgresql.conf, pg_hba.conf, pg_ident.conf were not in"), done
    restored = Server(folder, "restored").start()
    assert restored.seen() == expected
    restored.stop()
    other.stop()
