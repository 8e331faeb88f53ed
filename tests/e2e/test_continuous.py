"""Continuous backup of a real PostgreSQL: any second of a known history comes back, on a server that nothing but pg_ctl starts."""

import datetime
import json
import os
import random
import shutil
import subprocess
import threading
import time
import urllib.error

import botocore.exceptions
import pytest

import postgresql
from conftest import ACCOUNT, DEBUG, REGION, ROLE, wait_for_job
from postgresql import PASSWORD, PROGRAMS, Server
from test_fsx import details, told
from test_postgresql import ROOTS, added, arguments_of_processes, until

# How many moments are restored; the aim of a long run is 50.
MOMENTS = int(os.environ.get("VAULTDECK_MOMENTS", "5"))
# No second of a running server may be older than this before it can be restored.
OLDEST = 60


class Writer(threading.Thread):
    """Commits one row after the other; the server itself remembers when each was committed."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.done = server, threading.Event()
        server.ask("CREATE TABLE IF NOT EXISTS history (id bigserial PRIMARY KEY, said text)")

    def run(self):
        while not self.done.is_set():
            try:
                self.server.ask("INSERT INTO history (said) SELECT repeat(md5(random()::text), 20) FROM generate_series(1, 20)")
            except AssertionError:
                # It restarts.
                time.sleep(0.2)
            time.sleep(0.05)

    def stop(self):
        self.done.set()
        self.join(30)


@pytest.fixture
def server():
    folder = postgresql.make_folder()
    # As where the settings lie outside of the data directory: the restored server has the default of it, which is less.
    server = Server(folder, track_commit_timestamp="on", max_connections="150").make().start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder():
    folder = postgresql.make_folder()
    yield folder
    for pid in folder.rglob("postmaster.pid"):
        subprocess.run([*postgresql.AS_OWNER, PROGRAMS / "pg_ctl", "-D", pid.parent, "-m", "immediate", "-w", "stop"], capture_output=True, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def engine(start):
    return start(arguments=["--clock", "simulated", *ROOTS])


def continuous_plan(backup, resource, days=7, vault="Default", name="continuous", **more):
    rule = {"RuleName": "all-the-time", "TargetBackupVaultName": vault, "ScheduleExpression": "cron(0 5 ? * * *)", "EnableContinuousBackup": True, "Lifecycle": {"DeleteAfterDays": days}, **more}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": [rule]})["BackupPlanId"]
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection={"SelectionName": "it", "IamRoleArn": ROLE, "Resources": [resource]})
    return plan


def far(backup, vault="far"):
    """What a rule needs to have copies made in another vault, which is made."""
    return [{"DestinationBackupVaultArn": backup.create_backup_vault(BackupVaultName=vault)["BackupVaultArn"]}]


def copied(engine, backup, number, vault="far"):
    """The snapshots that so many runs had copied, each behind the moment that it is of, the oldest first."""
    jobs = lambda: [(job["State"], job.get("StatusMessage")) for job in backup.list_copy_jobs()["CopyJobs"]]
    until(lambda: not {"CREATED", "RUNNING"} & {state for state, _ in jobs()}, "copies are made", 120)
    assert jobs() == [("COMPLETED", None)] * number
    found = points(backup, vault)
    assert {(point["Status"], point["SourceBackupVaultArn"].rsplit(":", 1)[1]) for point in found} == {("COMPLETED", "Default")}, found
    arns = [point["RecoveryPointArn"] for point in found]
    return sorted((moment(details(engine, arn)["SnapshotTime"]), arn) for arn in arns)


def next_run(engine, backup):
    """The next run of the plans, until its jobs are over; these jobs."""
    before = {job["BackupJobId"] for job in backup.list_backup_jobs()["BackupJobs"]}
    engine.clock(advance_seconds=24 * 3600)
    return [job for job in backup.list_backup_jobs()["BackupJobs"] if job["BackupJobId"] not in before]


def points(backup, vault="Default"):
    return backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]


def moment(text):
    return datetime.datetime.fromisoformat(text)


def window(engine, point):
    told = details(engine, point)
    return moment(told["EarliestRestorableTime"]), moment(told["LatestRestorableTime"])


def now(server):
    return moment(server.ask("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00')"))


def until_restorable(engine, point, at, seconds=90):
    try:
        until(lambda: window(engine, point)[1] >= at, f"{point} can be restored to {at}", seconds)
    except AssertionError as never:
        raise AssertionError(f"{never}: {details(engine, point)}, {engine.run('points', '--json').stdout}") from never


def history(server, at):
    """What a server that lived through it says was there at a moment."""
    return server.ask(f"SELECT count(*), coalesce(sum(id), 0) FROM history WHERE pg_xact_commit_timestamp(xmin) <= '{at.isoformat()}'")


def seen_at(engine, point, at):
    """What the engine's own route tells of a moment, and the files of the log that the base before it has, as plain restic lists them."""
    sight = told(engine, point, f"moment?at={at:%Y-%m-%dT%H%%3A%M%%3A%S.%fZ}")
    assert moment(sight["At"]) == at and moment(sight["Base"]) <= at, sight
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    snapshots = json.loads(engine.restic("snapshots", "--json", password=password).stdout)
    snapshot, = [one["id"] for one in snapshots if f"vaultdeck:{point.split(':recovery-point:')[1]}" in one["tags"]]
    listed = engine.restic("ls", "--json", snapshot, password=password).stdout.splitlines()
    return sight, {row["path"]: row["size"] for row in map(json.loads, listed) if row.get("type") == "file"}


def refused_at(engine, point, at):
    """What the route says of a moment that it does not tell of."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        told(engine, point, f"moment?at={at}")
    return refused.value.code, refused.value.read().decode()


def restore_to(engine, backup, point, folder, at=None, name=None, vault="Default"):
    name = name or f"r{random.randrange(10**9)}"
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName=vault, RecoveryPointArn=point)["RestoreMetadata"]
    if at:
        metadata.pop("UseLatestRestorableTime")
        metadata["RestoreTime"] = at.isoformat()
    metadata |= {"DBInstanceIdentifier": name, "vaultdeck:path": str(folder / name)}
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE, ResourceType="RDS")
    job = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))
    assert job["Status"] == "COMPLETED", job
    return name


def recovered(folder, name):
    """What is in a restored server once pg_ctl has started it and it has recovered."""
    server = Server(folder, name).start()
    until(lambda: takes_writes(server), "it has recovered", 60)
    told = server.ask("SELECT count(*), coalesce(sum(id), 0) FROM history")
    server.stop()
    shutil.rmtree(folder / name)
    return told


def takes_writes(server):
    try:
        return server.ask("SELECT pg_is_in_recovery()") == "f"
    except AssertionError:
        # It lets nobody in before.
        return False


def slots(server):
    return server.ask("SELECT count(*) FROM pg_replication_slots")


def test_any_second_of_a_history_is_restored_across_bases_restarts_and_a_killed_engine(engine, server, folder, tmp_path):
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    continuous_plan(backup, resource, CopyActions=far(backup))
    writer = Writer(server)
    writer.start()

    # given a first run, which makes the one recovery point there is
    job, = next_run(engine, backup)
    assert job["State"] == "COMPLETED", job
    point = job["RecoveryPointArn"]
    assert point.startswith(f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:continuous:db-"), point
    described = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
    assert (described["Status"], described["Lifecycle"]["DeleteAfterDays"]) == ("AVAILABLE", 7), described
    assert slots(server) == "1"

    # and a history with a switch of the log, a killed engine, a restart of the server and a second base in it
    until_restorable(engine, point, now(server))
    server.ask("SELECT pg_switch_wal()")
    time.sleep(2)
    engine.kill()
    time.sleep(1)
    engine.start()
    backup = engine.client()
    until_restorable(engine, point, now(server))
    server.stop("fast")
    server.start()
    until_restorable(engine, point, now(server))
    job, = next_run(engine, backup)
    assert (job["State"], job["RecoveryPointArn"]) == ("COMPLETED", point), job
    assert [known["RecoveryPointArn"] for known in points(backup)] == [point]
    ages = []
    for _ in range(10):
        time.sleep(1)
        ages.append((now(server) - window(engine, point)[1]).total_seconds())
    writer.stop()
    idle = now(server)
    until_restorable(engine, point, idle)
    time.sleep(20)
    idle_age = (now(server) - window(engine, point)[1]).total_seconds()
    print(f"age of LatestRestorableTime: at most {max(ages):.0f} s under load, {idle_age:.0f} s idle")
    assert max(ages) <= OLDEST and idle_age <= OLDEST

    # when moments of it are restored, then each is what the server itself says that was there then
    earliest, latest = window(engine, point)
    span = (idle - earliest).total_seconds()
    chosen = [earliest + datetime.timedelta(seconds=random.uniform(0, span)) for _ in range(MOMENTS)]
    for at in [*chosen, idle]:
        name = restore_to(engine, backup, point, folder, at)
        assert recovered(folder, name) == history(server, at), f"{at} in {earliest} to {latest}"
    name = restore_to(engine, backup, point, folder)
    assert recovered(folder, name) == history(server, now(server))

    # and so is each snapshot that a run had copied
    for at, copy in copied(engine, backup, 2):
        name = restore_to(engine, backup, copy, folder, vault="far")
        assert recovered(folder, name) == history(server, at), at

    # and a moment outside of the window is refused with the window
    for outside in (earliest - datetime.timedelta(seconds=1), latest + datetime.timedelta(hours=1)):
        with pytest.raises(botocore.exceptions.ClientError, match=earliest.strftime("%Y-%m-%dT%H:")):
            restore_to(engine, backup, point, folder, outside)

    # and once it is deleted nothing of it is left on the server or this machine
    backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
    until(lambda: slots(server) == "0", "the slot is gone", 60)
    assert not [line for line in arguments_of_processes().values() if "pg_receivewal" in line and str(engine.data) in line]


def test_a_moment_in_which_nothing_happened_is_restored_from_the_base_before(engine, server, folder, tmp_path):
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    continuous_plan(backup, resource)
    server.ask("CREATE TABLE history (id bigserial PRIMARY KEY, said text)")
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    server.ask("INSERT INTO history (said) VALUES ('before')")
    until_restorable(engine, point, now(server))

    # given another base after a time without any change, and a change behind that
    idle = now(server)
    time.sleep(4)
    assert next_run(engine, backup)[0]["State"] == "COMPLETED"
    time.sleep(1)
    server.ask("INSERT INTO history (said) VALUES ('after')")
    until_restorable(engine, point, now(server))

    # then the log of the base before has nothing to stop before
    assert recovered(folder, restore_to(engine, backup, point, folder, idle)) == "1|1"
    assert recovered(folder, restore_to(engine, backup, point, folder)) == "2|3"


def test_what_a_cluster_was_like_at_a_moment_is_told_by_its_base_and_its_log(engine, server, tmp_path):
    backup = engine.client()
    server.ask("CREATE DATABASE shop")
    server.ask("CREATE TABLE history AS SELECT n AS id, repeat('x', 500) AS said FROM generate_series(1, 4000) n")
    continuous_plan(backup, added(engine, server, tmp_path))
    before = server.ask("SELECT string_agg(datname, ' ') FROM (SELECT datname FROM pg_database WHERE datallowconn ORDER BY pg_database_size(oid) DESC) d").split()
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    until_restorable(engine, point, now(server))
    first = window(engine, point)[0]

    # given two segments of log behind the base, and another base behind these
    server.ask("CREATE DATABASE later")
    for _ in range(2):
        server.ask("INSERT INTO history SELECT n, repeat('y', 500) FROM generate_series(1, 100) n; SELECT pg_switch_wal()")
    at = now(server)
    until_restorable(engine, point, at)
    sight, files = seen_at(engine, point, at)
    # then it tells the base's databases, and the log that is run through from there, as restic lists it
    log = [size for path, size in files.items() if path.startswith("/data/pg_wal/") and len(path.rsplit("/")[-1]) == 24]
    assert (sight["Details"]["LogFiles"], sight["Details"]["LogBytesAtMost"]) == (str(len(log)), str(sum(log))) and len(log) > 2, (sight, files)
    assert moment(sight["Base"]) == first and sight["AtBase"]["EngineVersion"] == server.ask("SHOW server_version"), sight
    named = [part.rsplit(" ", 2)[0] for part in sight["AtBase"]["Databases"].split(", ")]
    assert sorted(named) == sorted(before) and named[0] == before[0], (named, before)

    assert next_run(engine, backup)[0]["State"] == "COMPLETED"
    until_restorable(engine, point, now(server))
    newer, files = seen_at(engine, point, window(engine, point)[1])
    log = [path for path in files if path.startswith("/data-2/pg_wal/") and len(path.rsplit("/")[-1]) == 24]
    assert moment(newer["Base"]) > at and "later " in newer["AtBase"]["Databases"] and newer["Details"]["LogFiles"] == str(len(log)), newer
    assert seen_at(engine, point, at)[0]["AtBase"] == sight["AtBase"]

    # and what cannot be restored is not told of
    for outside in (first - datetime.timedelta(seconds=1), now(server) + datetime.timedelta(hours=1)):
        code, said = refused_at(engine, point, f"{outside:%Y-%m-%dT%H%%3A%M%%3A%SZ}")
        assert code == 400 and f"{first:%Y-%m-%dT%H:}" in said, said
    assert refused_at(engine, point, "noon")[0] == 400


def test_a_lost_slot_stops_the_point_with_the_reason_and_plain_restic_restores_what_it_has(engine, server, folder, tmp_path):
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    continuous_plan(backup, resource)
    server.ask("CREATE TABLE history (id bigserial PRIMARY KEY, said text)")
    first = next_run(engine, backup)[0]["RecoveryPointArn"]
    server.ask("INSERT INTO history (said) VALUES ('one')")
    kept = now(server)
    time.sleep(1)
    server.ask("INSERT INTO history (said) VALUES ('two')")
    until_restorable(engine, first, now(server))

    # when somebody drops the slot under it
    server.ask("SELECT pg_terminate_backend(active_pid), pg_sleep(0.2) FROM pg_replication_slots")
    server.ask("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
    until(lambda: backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=first)["Status"] == "STOPPED", "it is stopped", 60)
    told = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=first)["StatusMessage"]
    assert "slot" in told and PASSWORD not in told, told

    # then the next run opens another one
    second = next_run(engine, backup)[0]["RecoveryPointArn"]
    assert second != first and slots(server) == "1"

    # and of the first, restic alone restores a moment, with the settings that PostgreSQL's manual has for it
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    snapshots = json.loads(engine.restic("snapshots", "--json", password=password).stdout)
    snapshot, = [one["id"] for one in snapshots if f"vaultdeck:{first.split(':recovery-point:')[1]}" in one["tags"]]
    done = engine.restic("restore", snapshot, "--include", "/data", "--target", str(folder), password=password)
    assert done.returncode == 0, done
    checked = subprocess.run([*postgresql.AS_OWNER, PROGRAMS / "pg_verifybackup", folder / "data"], capture_output=True, text=True, cwd="/", timeout=120)
    assert checked.returncode == 0, checked
    (folder / "data" / "recovery.signal").touch()
    with (folder / "data" / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"hot_standby = off\nrestore_command = 'false'\nrecovery_target_time = '{kept.isoformat(sep=' ')}'\nrecovery_target_action = 'promote'\n")
    assert recovered(folder, "data") == "1|1"
    assert engine.restic("check", "--read-data", password=password).returncode == 0


@pytest.mark.parametrize("point", ["before-chain-switch", "before-chain-manifest", "before-snapshot:3"])
def test_an_engine_that_is_killed_while_it_stores_the_log_loses_nothing_of_it(start, server, folder, tmp_path, point):
    arguments = ["--clock", "simulated", *ROOTS]
    engine = start(arguments=arguments, binary=DEBUG)
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    continuous_plan(backup, resource)
    server.ask("CREATE TABLE history (id bigserial PRIMARY KEY, said text)")
    arn = next_run(engine, backup)[0]["RecoveryPointArn"]
    engine.stop()
    killed = start(arguments=arguments, binary=DEBUG, environment={"VAULTDECK_CRASH_AT": point})
    writer = Writer(server)
    writer.start()
    until(lambda: killed.process.poll() is not None, "it is killed", 90)
    killed.close_pipes()
    writer.stop()
    until(lambda: not [line for line in arguments_of_processes().values() if "pg_receivewal" in line and str(killed.data) in line], "no process is left", 10)
    again = start(arguments=arguments, binary=DEBUG)
    backup = again.client()
    at = now(server)
    until_restorable(again, arn, at)
    assert recovered(folder, restore_to(again, backup, arn, folder, at)) == history(server, at)
    report = again.json("vault", "check", "Default")
    assert report["Problems"] == [] and report["Snapshots"] <= 2, report


def test_a_segment_that_a_kill_left_half_made_is_fetched_again(start, server, folder, tmp_path):
    arguments = ["--clock", "simulated", *ROOTS]
    engine = start(arguments=arguments)
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path))
    server.ask("CREATE TABLE history (id bigserial PRIMARY KEY, said text)")
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    until_restorable(engine, point, now(server))
    engine.kill()
    until(lambda: not [line for line in arguments_of_processes().values() if "pg_receivewal" in line and str(engine.data) in line], "no process is left", 10)

    # given what pg_receivewal leaves that is killed while it fills a new file with zeros
    segment, = (engine.data / "continuous").glob("*/*.partial")
    os.truncate(segment, 3 << 20)
    server.ask("INSERT INTO history (said) VALUES ('after')")
    at = now(server)
    engine.start()

    until_restorable(engine, point, at)
    assert recovered(folder, restore_to(engine, engine.client(), point, folder, at)) == history(server, at)
