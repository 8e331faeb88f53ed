"""Restore tests: a recovery point is proven by a restore into a scratch place, and of that nothing stays: no folder, no server, no resource."""

import json
import pathlib
import random
import shutil
import subprocess

import botocore.exceptions
import pytest

import mariadb
import postgresql
import secantus
import test_documentdb
import test_dynamodb
import test_neptune
import test_redshift
import test_s3
import test_timestream
from conftest import DEBUG, ROLE, back_up, wait_for_job
from influx import Influx
from ministack import Ministack
from oxigraph import Oxigraph
from test_continuous import Writer, continuous_plan, next_run, now, points, until_restorable
from test_damage import files, flip
from test_mariadb import add as add_mariadb
from test_postgresql import ROOTS, added, arguments_of_processes, until
from test_volumes import MIB, make_image
from weed import Weed

SHARED = pathlib.Path("/var/tmp")


def scratch(engine):
    """What lies where tests restore to."""
    return [*(engine.data / "scratch").glob("*"), *SHARED.glob("vaultdeck-scratch-*")]


def shared_memory():
    return {line.split()[1] for line in pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def prove(engine, point, *more):
    """The command as others build on it: the exit code, and what it prints."""
    before = engine.json("resource", "list")
    done = engine.run("restore", "test", point, *more, "--output", "json", check=False)
    assert scratch(engine) == [] and engine.json("resource", "list") == before
    assert not [line for line in arguments_of_processes().values() if "vaultdeck-scratch-" in line or f"{engine.data}/scratch" in line]
    proof = json.loads(done.stdout)
    assert set(proof) == {"RecoveryPointArn", "Proven", "Checks", "Seconds"} and proof["RecoveryPointArn"] == point, done
    assert all(set(check) == {"Name", "Expected", "Found"} for check in proof["Checks"]), proof
    assert proof["Proven"] == (done.returncode == 0) == all(check["Expected"] == check["Found"] for check in proof["Checks"]), done
    assert done.returncode in (0, 1) and 0 < proof["Seconds"] < 120, done
    return proof


def names(proof):
    return [check["Name"] for check in proof["Checks"]]


def faults(proof):
    return [check for check in proof["Checks"] if check["Expected"] != check["Found"]]


def last_job(backup):
    return max(backup.list_restore_jobs()["RestoreJobs"], key=lambda job: job["CreationDate"])


def shown(engine, point):
    return engine.json("point", "show", point)["Details"]


def start_test(backup, point, **metadata):
    return backup.start_restore_job(RecoveryPointArn=point, Metadata={"vaultdeck:test": "true", **metadata}, IamRoleArn=ROLE)["RestoreJobId"]


def ended(backup, job):
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job))


def test_a_folder_is_proven_and_the_recovery_point_says_when(engine, small_tree):
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", small_tree))["RecoveryPointArn"]
    assert "LastProven" not in shown(engine, point)
    proof = prove(engine, point)
    assert proof["Proven"], proof
    assert any(name.startswith("SHA-256 of files, folders and links, read back from the disk") for name in names(proof)), proof
    number = next(check for check in proof["Checks"] if check["Name"] == "Number of files, folders and links")
    assert int(number["Expected"]) == sum(1 for _ in small_tree.rglob("*"))
    assert "LastProven" in shown(engine, point) and "LastDisproven" not in shown(engine, point)

    # As AWS tells of the job of a restore testing plan; it made no resource.
    job = last_job(backup)
    told = {name: job.get(name) for name in ("Status", "ValidationStatus", "DeletionStatus", "CreatedResourceArn", "RecoveryPointArn")}
    assert told == {"Status": "COMPLETED", "ValidationStatus": "SUCCESSFUL", "DeletionStatus": "SUCCESSFUL", "CreatedResourceArn": None, "RecoveryPointArn": point}
    assert "LastRestoreTime" not in backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)

    # For people, and by a call of AWS.
    said = engine.run("restore", "test", point)
    assert said.stdout.count("ok    ") == len(proof["Checks"]) and "\nproven in " in said.stdout, said
    assert ended(backup, start_test(backup, point))["ValidationStatus"] == "SUCCESSFUL"


def test_a_damaged_vault_disproves_and_says_what_does_not_come_back(engine, small_tree):
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", small_tree))["RecoveryPointArn"]
    assert prove(engine, point)["Proven"]
    for pack in files(engine, "data"):
        flip(pack)
    proof = prove(engine, point)
    found, = faults(proof)
    assert not proof["Proven"] and "restored" in found["Name"], proof
    job = last_job(backup)
    assert (job["Status"], job["ValidationStatus"], job["DeletionStatus"]) == ("FAILED", "FAILED", "SUCCESSFUL"), job
    assert found["Found"] in job["ValidationStatusMessage"] and "internal" not in job["StatusMessage"].lower(), job
    told = shown(engine, point)
    assert "LastProven" in told and "LastDisproven" in told, told
    said = engine.run("restore", "test", point, check=False)
    assert said.returncode == 1 and "FAILED" in said.stdout and "\nnot proven in " in said.stdout, said


def test_what_is_no_test_is_refused_and_a_test_takes_nothing_but_a_moment(engine, small_tree):
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", small_tree))["RecoveryPointArn"]
    for metadata, told in [({"vaultdeck:test": "maybe"}, "vaultdeck:test must be true"), ({"vaultdeck:path": "/tmp/x"}, 'has no key "vaultdeck:path"'),
                           ({"newFileSystem": "true"}, 'has no key "newFileSystem"')]:
        with pytest.raises(botocore.exceptions.ClientError, match=told):
            start_test(backup, point, **metadata)
    refused = engine.run("restore", "test", point, "--time", "2026-01-01T00:00:00Z", check=False)
    assert refused.returncode == 2 and "--time does not fit EFS" in refused.stderr, refused
    assert engine.run("restore", "test", "no-such-point", check=False).returncode == 1
    assert scratch(engine) == [] and backup.list_restore_jobs()["RestoreJobs"] == []


def test_a_volume_is_proven_by_its_image_read_back(engine, tmp_path):
    backup = engine.client()
    image = make_image(tmp_path / "disk.img", filled=70 * MIB)
    volume = json.loads(engine.run("resource", "add", "EBS", "disk", "--path", str(image), "--output", "json").stdout)["ResourceArn"]
    point = back_up(backup, volume)["RecoveryPointArn"]
    proof = prove(engine, point)
    assert proof["Proven"], proof
    size = next(check for check in proof["Checks"] if check["Name"] == "Size of the volume in bytes")
    assert int(size["Found"]) == image.stat().st_size
    flip(files(engine, "data")[0])
    assert not prove(engine, point)["Proven"]


@pytest.fixture(scope="module")
def cluster():
    folder = postgresql.make_folder()
    server = postgresql.Server(folder).make().start()
    server.run("pgbench", "-i", "-q", "-s", "2", "postgres")
    server.ask("CREATE DATABASE \"größe mit 'Zeichen'\"")
    # It must not run on a scratch server, nor keep that from starting.
    server.ask("ALTER SYSTEM SET archive_command = 'touch /tmp/never'")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_cluster_is_proven_by_a_scratch_server(start, cluster, tmp_path):
    engine = start(arguments=ROOTS)
    backup = engine.client()
    point = back_up(backup, added(engine, cluster, tmp_path))["RecoveryPointArn"]
    memory = shared_memory()
    proof = prove(engine, point)
    assert proof["Proven"], proof
    for name in ["pg_verifybackup", "A scratch server of PostgreSQL", "System identifier", "Place in the log", "Databases that open", "to their last row", "pg_amcheck", "pg_checksums"]:
        assert any(name in told for told in names(proof)), (name, proof)
    databases = next(check for check in proof["Checks"] if check["Name"] == "Databases that open")
    assert databases["Found"] == cluster.ask("SELECT count(*) FROM pg_database WHERE datallowconn")
    assert shared_memory() == memory

    for pack in files(engine, "data"):
        flip(pack)
    assert not prove(engine, point)["Proven"] and shared_memory() == memory


def test_a_page_that_was_broken_before_the_backup_is_found(start, tmp_path):
    """The restore is perfect, and what was backed up is not: only the service's own programs see that."""
    folder = postgresql.make_folder()
    server = postgresql.Server(folder).make().start()
    try:
        server.ask("CREATE TABLE broken AS SELECT n, md5(n::text) AS said FROM generate_series(1, 20000) n")
        path = server.data / server.ask("SELECT pg_relation_filepath('broken')")
        server.stop("fast")
        with open(path, "r+b") as file:
            file.seek(8192 * 5 + 4000)
            file.write(random.Random(1).randbytes(64))
        server.start()
        engine = start(arguments=ROOTS)
        programs = folder / "programs"
        programs.mkdir()
        # pg_basebackup itself would refuse; one that is told not to look is what an older version is.
        for program in postgresql.PROGRAMS.iterdir():
            (programs / program.name).symlink_to(program)
        (programs / "pg_basebackup").unlink()
        (programs / "pg_basebackup").write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {postgresql.PROGRAMS}/pg_basebackup --version\nexec {postgresql.PROGRAMS}/pg_basebackup --no-verify-checksums "$@"\n')
        (programs / "pg_basebackup").chmod(0o755)
        engine.stop()
        engine.environment["VAULTDECK_POSTGRESQL"] = str(programs)
        engine.start()
        backup = engine.client()
        point = back_up(backup, added(engine, server, tmp_path))["RecoveryPointArn"]
        proof = prove(engine, point)
        found = faults(proof)
        assert not proof["Proven"] and any("to their last row" in check["Name"] and "broken" in check["Found"] or "invalid page" in check["Found"] for check in found), proof
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_moment_of_a_continuous_recovery_point_is_proven(start, tmp_path):
    folder = postgresql.make_folder()
    server = postgresql.Server(folder, max_connections="150").make().start()
    writer = Writer(server)
    try:
        engine = start(arguments=["--clock", "simulated", *ROOTS])
        backup = engine.client()
        continuous_plan(backup, added(engine, server, tmp_path))
        next_run(engine, backup)
        point = points(backup)[0]["RecoveryPointArn"]
        writer.start()
        until(lambda: int(server.ask("SELECT count(*) FROM history") or 0) > 40, "rows are written")
        at = now(server)
        until(lambda: now(server) > at, "time goes on")
        until_restorable(engine, point, at)
        proof = prove(engine, point, "--time", at.isoformat().replace("+00:00", "Z"))
        assert proof["Proven"], proof
        later = next(check for check in proof["Checks"] if check["Name"] == "No transaction is later than")
        assert later["Expected"].startswith(at.isoformat()[:19]), later
        assert prove(engine, point)["Proven"], "the latest moment"
        refused = engine.run("restore", "test", point, "--time", "2001-01-01T00:00:00Z", check=False)
        assert refused.returncode == 1 and "RestoreTime" in refused.stderr, refused
    finally:
        writer.done.set()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_test_that_is_killed_leaves_no_server_and_is_done_again(start, cluster, tmp_path):
    engine = start(arguments=ROOTS)
    backup = engine.client()
    point = back_up(backup, added(engine, cluster, tmp_path))["RecoveryPointArn"]
    memory = shared_memory()

    def servers():
        return [pid for pid, line in arguments_of_processes().items() if "/postgres -D " in line and ("vaultdeck-scratch-" in line or str(engine.data) in line)]

    job = start_test(backup, point)
    until(servers, "a scratch server runs")
    engine.kill()
    until(lambda: not servers(), "the scratch server is gone with the engine")
    assert scratch(engine), "it was killed in the middle"
    engine.start()
    done = ended(engine.client(), job)
    assert (done["Status"], done["ValidationStatus"]) == ("COMPLETED", "SUCCESSFUL"), done
    assert scratch(engine) == [] and not servers() and shared_memory() == memory


@pytest.mark.parametrize("at", ["before-test-restores", "before-test-proves"])
def test_what_a_killed_test_left_goes_at_the_next_start(start, small_tree, at):
    engine = start(binary=DEBUG)
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", small_tree))["RecoveryPointArn"]
    engine.stop()
    engine.environment["VAULTDECK_CRASH_AT"] = at
    engine.start()
    job = start_test(engine.client(), point)
    engine.process.wait(30)
    engine.close_pipes()
    assert len(scratch(engine)) == 1
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()
    assert ended(engine.client(), job)["ValidationStatus"] == "SUCCESSFUL"
    assert scratch(engine) == []


def test_a_test_without_room_or_without_a_server_says_what_is_missing(start, cluster, tmp_path):
    engine = start(arguments=ROOTS)
    point = back_up(engine.client(), added(engine, cluster, tmp_path))["RecoveryPointArn"]
    engine.stop()
    empty = tmp_path / "small"
    empty.mkdir()
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ["psql", "pg_basebackup", "pg_receivewal"]:
        (programs / name).symlink_to(postgresql.PROGRAMS / name)
    engine.environment["VAULTDECK_POSTGRESQL"] = str(programs)
    engine.start()
    refused = engine.run("restore", "test", point, check=False)
    assert refused.returncode == 1 and "install postgresql-" in refused.stderr, refused
    assert engine.client().list_restore_jobs()["RestoreJobs"] == [], "no job was made"
    engine.stop()
    del engine.environment["VAULTDECK_POSTGRESQL"]
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", empty], capture_output=True)
    if mounted.returncode == 0:
        try:
            engine.environment["VAULTDECK_SCRATCH"] = str(empty)
            engine.start()
            failed = engine.run("restore", "test", point, check=False)
            assert failed.returncode == 1 and "Not enough space" in failed.stderr and list(empty.iterdir()) == [], failed
            engine.stop()
        finally:
            subprocess.run(["umount", empty], check=True)


def test_a_mariadb_is_proven_by_a_scratch_server(start, tmp_path):
    folder = mariadb.make_folder()
    server = mariadb.Server(folder).make().fill()
    try:
        engine = start(arguments=ROOTS)
        backup = engine.client()
        resource = json.loads(add_mariadb(engine, server, tmp_path).stdout)["ResourceArn"]
        point = back_up(backup, resource)["RecoveryPointArn"]
        proof = prove(engine, point)
        assert proof["Proven"], faults(proof)
        for name in ["mariadb-backup --prepare", "A scratch server of MariaDB", "Databases", "Tables, views and sequences", "CHECK TABLE"]:
            assert any(name in told for told in names(proof)), (name, proof)
        for pack in files(engine, "data"):
            flip(pack)
        assert not prove(engine, point)["Proven"]
    finally:
        server.stop(hard=True)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_dump_of_a_mariadb_is_proven_as_files_and_says_so(start, tmp_path):
    folder = mariadb.make_folder()
    server = mariadb.Server(folder).make().fill()
    try:
        engine = start(arguments=ROOTS)
        resource = json.loads(add_mariadb(engine, server, tmp_path, path="network").stdout)["ResourceArn"]
        proof = prove(engine, back_up(engine.client(), resource)["RecoveryPointArn"])
        assert proof["Proven"] and any("no server took it" in name for name in names(proof)), proof
    finally:
        server.stop(hard=True)
        shutil.rmtree(folder, ignore_errors=True)


def bucket(tmp_path, engine):
    weed = Weed(tmp_path / "weed").start()
    weed.client().create_bucket(Bucket="photos")
    for number, key in enumerate(["plain", "folder/a b", "größe/é", "zero", "a//b"]):
        weed.client().put_object(Bucket="photos", Key=key, Body=b"x" * number * 1000, Metadata={"number": str(number)})
    return weed, test_s3.add(engine, weed, "photos", tmp_path)


def table(tmp_path, engine):
    server = Ministack(tmp_path / "ministack").start()
    test_dynamodb.make(server.client(), items=120)
    return server, test_dynamodb.added(engine, server, tmp_path)


def documents(tmp_path, engine):
    server = secantus.Server(tmp_path / "mongo").start()
    client = server.client()
    client.shop.orders.insert_many([{"_id": n, "who": f"größe {n}"} for n in range(500)])
    client.shop.orders.create_index("who")
    client["odd-names"].create_collection("nothing")
    return server, test_documentdb.added(engine, server)


def graph(tmp_path, engine):
    store = Oxigraph(tmp_path / "graph").start()
    store.load(test_neptune.EXTREMES)
    return store, json.loads(test_neptune.add(engine, store.url).stdout)["ResourceArn"]


def metrics(tmp_path, engine):
    server = Influx(tmp_path / "influx").start()
    server.ask('CREATE DATABASE "metrics"')
    server.write("metrics", test_timestream.EXTREMES)
    return server, test_timestream.added(engine, server, tmp_path)


def warehouse(tmp_path, engine):
    folder = postgresql.make_folder()
    server = postgresql.Server(folder).make().start()
    server.ask("CREATE DATABASE ware")
    test_redshift.ask(server, "ware", test_redshift.SCHEMA)
    return server, test_redshift.added(engine, server, tmp_path, "ware")


@pytest.mark.parametrize(("make", "counted"), [(bucket, None), (table, "Items"), (documents, "Documents"), (graph, "Statements"), (metrics, "Points"), (warehouse, "Tables")])
def test_what_no_server_is_started_for_is_proven_by_its_files_and_what_is_in_them(engine, tmp_path, make, counted):
    server, resource = make(tmp_path, engine)
    try:
        backup = engine.client()
        point = back_up(backup, resource)["RecoveryPointArn"]
        proof = prove(engine, point)
        assert proof["Proven"], faults(proof)
        assert any("SHA-256" in name for name in names(proof)), proof
        if counted:
            check, = [check for check in proof["Checks"] if check["Name"].startswith(counted) and "no server was started" in check["Name"]]
            assert int(check["Found"]) > 0 and check["Expected"] == shown(engine, point)[counted], check
        for pack in files(engine, "data"):
            flip(pack)
        assert not prove(engine, point)["Proven"]
    finally:
        server.stop()
