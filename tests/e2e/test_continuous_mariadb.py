"""Continuous backup of a real MariaDB: any second of a known history comes back, on a server that nothing but mariadbd starts."""

import datetime
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import pathlib

import botocore.exceptions
import pytest

import mariadb
from conftest import ACCOUNT, DEBUG, REGION, ROLE
from mariadb import ALONE, OWNER, PASSWORD, Server
from test_continuous import OLDEST, continuous_plan, copied, far, next_run, points, refused_at, seen_at, until_restorable, window
from test_mariadb import NETWORK, ROOTS, added, arguments_of_processes, folder, programs, restore, until  # noqa: F401

# What makes a server write a log that can be followed.
LOGS = ["--log-bin=mariadb-bin", "--server-id=1", "--binlog-format=ROW"]
# How many moments are restored; the aim of a long run is 50.
MOMENTS = int(os.environ.get("VAULTDECK_MOMENTS", "3"))
# How many rows each transaction of the history has.
ROWS = 3


def logging(folder, name="source", settings=LOGS):
    """A server that writes a log."""
    server = Server(folder, name).make()
    server.stop()
    server.start(*settings)
    server.ask("CREATE DATABASE shop; CREATE TABLE shop.history (n int, said text)")
    return server


@pytest.fixture
def server():
    folder = mariadb.make_folder()
    server = logging(folder)
    yield server
    server.stop(hard=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def engine(start):
    return start(arguments=["--clock", "simulated", *ROOTS])


def at(seconds):
    return datetime.datetime.fromtimestamp(float(seconds), datetime.timezone.utc)


def now(server):
    return at(server.ask("SELECT UNIX_TIMESTAMP(SYSDATE(6))"))


class Writer(threading.Thread):
    """Commits one transaction after the other, and remembers the server's time before and after each commit began."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.done, self.commits, self.unknown = server, threading.Event(), {}, set()

    def run(self):
        number = 0
        while not self.done.is_set():
            number += 1
            clock, values = "SELECT UNIX_TIMESTAMP(SYSDATE(6));", ", ".join([f"({number}, repeat(md5(rand()), 20))"] * ROWS)
            if number % 2:
                said = f"{clock} INSERT INTO shop.history (n, said) VALUES {values}; {clock}"
            else:
                # Its rows are written well before they are committed.
                one = f"INSERT INTO shop.history (n, said) VALUES ({number}, 'one');"
                said = f"BEGIN; {one} {one} DO SLEEP(0.4); {one} {clock} COMMIT; {clock}"
            try:
                self.commits[number] = [at(time) for time in self.server.ask(said).split()]
            except AssertionError:
                # It restarts.
                self.unknown.add(number)
                time.sleep(0.2)
            time.sleep(0.05)

    def stop(self):
        self.done.set()
        self.join(30)

    def check(self, found, moment):
        """Whether a moment has all that was committed before its second began, and nothing that was committed later."""
        assert all(rows == ROWS for rows in found.values()), f"half a transaction at {moment}: {found}"
        second = moment.replace(microsecond=0)
        must = {number for number, (_, after) in self.commits.items() if after < second}
        must_not = {number for number, (before, _) in self.commits.items() if before >= second}
        assert must <= found.keys(), f"{moment} lacks {must - found.keys()}"
        assert not must_not & found.keys(), f"{moment} has {must_not & found.keys()}"


def restored(backup, point, folder, moment=None, name=None, **more):
    """The folder of a restore to a moment."""
    name = name or f"r{random.randrange(10**9)}"
    changes = {"DBInstanceIdentifier": name, "vaultdeck:path": str(folder / name)}
    if moment:
        changes |= {"UseLatestRestorableTime": "false", "RestoreTime": moment.isoformat()}
    job = restore(backup, point, **more, **changes)
    assert job["Status"] == "COMPLETED", job
    return name, job


def numbers(server):
    return {int(number): int(rows) for number, rows in (line.split("\t") for line in server.ask("SELECT n, count(*) FROM shop.history GROUP BY n").splitlines())}


def lived(folder, name):
    """What a restored server has, which mariadbd alone starts, and that nothing of the restore is left in it."""
    assert not (folder / name / "binary-logs").exists()
    server = Server(folder, name).start()
    found = numbers(server)
    assert server.ask("SELECT count(*) FROM mysql.global_priv WHERE user LIKE 'vaultdeck%'") == "0"
    assert "binary" not in server.ask("SHOW DATABASES")
    server.stop()
    shutil.rmtree(folder / name)
    return found


def purge(server):
    """Leaves only the file that the server writes to. One that it needs itself for a moment is not purged, without a word."""
    current = server.ask("SHOW MASTER STATUS").split()[0]
    until(lambda: server.ask(f"PURGE BINARY LOGS TO '{current}'; SHOW BINARY LOGS").startswith(current), "the log is purged")


def why_stopped(backup, point):
    described, deadline = {}, time.monotonic() + 60
    while described.get("Status") != "STOPPED":
        assert time.monotonic() < deadline, (described["Status"], described.get("StatusMessage"))
        time.sleep(0.2)
        described = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
    return described["StatusMessage"]


def test_any_second_of_a_history_is_restored_across_bases_restarts_and_a_killed_engine(engine, server, folder, tmp_path):  # noqa: F811
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    continuous_plan(backup, resource, CopyActions=far(backup))
    writer = Writer(server)
    writer.start()

    # given a first run, which makes the one recovery point there is
    job, = next_run(engine, backup)
    assert job["State"] == "COMPLETED", job
    point = job["RecoveryPointArn"]
    first, last = window(engine, point)
    if last < first:
        # What was committed between the end of the copy and the first moment has not come yet, or comes just now.
        try:
            restored(backup, point, folder, first)
        except botocore.exceptions.ClientError as refused:
            assert "has to wait" in str(refused) or "UseLatestRestorableTime" in str(refused), refused
        else:
            assert window(engine, point)[1] >= first
    assert point.startswith(f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:continuous:db-"), point
    described = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
    assert (described["Status"], described["Lifecycle"]["DeleteAfterDays"]) == ("AVAILABLE", 7), described

    # and a history with a switch of the log, a killed engine, a restart of the server and a second base in it
    until_restorable(engine, point, now(server))
    server.ask("FLUSH BINARY LOGS")
    time.sleep(2)
    engine.kill()
    time.sleep(1)
    engine.start()
    backup = engine.client()
    until_restorable(engine, point, now(server))
    server.stop()
    server.start(*LOGS)
    until_restorable(engine, point, now(server))
    job, = next_run(engine, backup)
    assert (job["State"], job["RecoveryPointArn"]) == ("COMPLETED", point), job
    assert [known["RecoveryPointArn"] for known in points(backup)] == [point]
    ages = []
    for _ in range(16):
        time.sleep(1)
        ages.append((now(server) - window(engine, point)[1]).total_seconds())
    writer.stop()
    idle = now(server)
    until_restorable(engine, point, idle)
    time.sleep(16)
    idle_age = (now(server) - window(engine, point)[1]).total_seconds()
    print(f"age of LatestRestorableTime: at most {max(ages):.0f} s under load, {idle_age:.0f} s idle")
    assert max(ages) <= OLDEST and idle_age <= OLDEST

    # when seconds of it are restored, then each has what was committed before it and nothing later
    earliest, latest = window(engine, point)
    span = int((idle - earliest).total_seconds())
    for moment in [earliest, *(earliest + datetime.timedelta(seconds=random.randint(0, span)) for _ in range(MOMENTS))]:
        name, job = restored(backup, point, folder, moment)
        writer.check(lived(folder, name), moment)
    assert "transactions of the log were applied" in job["StatusMessage"], job
    name, _ = restored(backup, point, folder)
    assert lived(folder, name) == numbers(server)
    print(f"{MOMENTS} seconds of {span}, {len(writer.commits)} transactions")

    # and so has each snapshot that a run had copied
    for moment, copy in copied(engine, backup, 2):
        name, _ = restored(backup, copy, folder, vault="far")
        writer.check(lived(folder, name), moment)

    # and a moment outside of the window is refused with the window
    for outside in (earliest - datetime.timedelta(seconds=1), latest + datetime.timedelta(hours=1)):
        with pytest.raises(botocore.exceptions.ClientError, match=earliest.strftime("%Y-%m-%dT%H:")):
            restored(backup, point, folder, outside)

    # and nothing is left behind
    assert not [line for line in arguments_of_processes().values() if "mariadb-binlog" in line or str(folder) in line]
    assert not list(pathlib.Path(tempfile.gettempdir()).glob("vaultdeck-*-*/socket"))


def test_a_statement_that_ran_long_and_a_client_with_a_clock_of_its_own_are_where_they_were_seen(engine, server, folder, tmp_path):  # noqa: F811
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path))
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    until_restorable(engine, point, now(server))
    # a statement that begins long before it is committed, and one that says that it is of next year
    slow = threading.Thread(target=server.ask, args=("INSERT INTO shop.history (n, said) SELECT 1, SLEEP(35)",))
    slow.start()
    server.ask("SET timestamp = UNIX_TIMESTAMP() + 31536000; INSERT INTO shop.history (n, said) VALUES (2, 'early')")
    early = now(server)
    # it was there at one look, and so before the next
    until_restorable(engine, point, early + datetime.timedelta(seconds=1))
    until_restorable(engine, point, window(engine, point)[1] + datetime.timedelta(seconds=1))
    middle = window(engine, point)[1]
    assert slow.is_alive()
    slow.join()
    late = now(server) + datetime.timedelta(seconds=1)
    until_restorable(engine, point, late)
    for moment, found in [(middle, {2: 1}), (window(engine, point)[1], {1: 1, 2: 1})]:
        name, job = restored(backup, point, folder, moment)
        assert lived(folder, name) == found, (moment, middle, early, job["StatusMessage"])


def test_a_table_or_a_database_of_a_second_becomes_a_file_or_a_new_database(engine, server, folder, tmp_path):  # noqa: F811
    backup = engine.client()
    server.ask("CREATE TABLE shop.others (n int PRIMARY KEY); INSERT INTO shop.others VALUES (1)")
    continuous_plan(backup, added(engine, server, tmp_path))
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    writer = Writer(server)
    writer.start()
    until(lambda: len(writer.commits) > 8, "some of the history")

    # given what only the log has: a table that is made, another that changes, and both are gone later
    server.ask("CREATE TABLE shop.made (n int); INSERT INTO shop.made VALUES (7); INSERT INTO shop.others VALUES (2)")
    time.sleep(1)
    moment = now(server).replace(microsecond=0)
    time.sleep(2)
    server.ask("DROP TABLE shop.made; UPDATE shop.others SET n = n + 10")
    until(lambda: len(writer.commits) > 24, "more of the history")
    writer.stop()
    until_restorable(engine, point, now(server))
    later = numbers(server)

    def taken(item, at, *more):
        time_of = ["--time", at.isoformat()] if at else []
        done = engine.run("restore", "start", point, "--item", item, *time_of, *more, check=False)
        assert done.returncode == 0, done
        return done

    def of_database(name, table="history"):
        rows = server.ask(f"SELECT n, count(*) FROM {name}.{table} GROUP BY n ORDER BY n")
        return {int(number): int(count) for number, count in (line.split("\t") for line in rows.splitlines())}

    into = lambda name: ["--metadata", f"vaultdeck:url={server.url()}", "--metadata", f"vaultdeck:database={name}"]
    # when one table of that second becomes a new database, and a file
    taken("shop.history", moment, *into("table_then"))
    assert server.ask("SHOW TABLES FROM table_then") == "history"
    taken("shop.history", moment, "--to", str(tmp_path / "dump"))
    file = tmp_path / "dump" / "shop.history.sql"
    assert [path.name for path in file.parent.iterdir()] == [file.name] and file.stat().st_mode & 0o777 == 0o600
    server.ask("CREATE DATABASE fed")
    with open(file) as text:
        command = ["mariadb", "--no-defaults", f"--socket={server.socket}", "--user=root", "--binary-mode", "fed"]
        fed = subprocess.run(command, env={"PATH": os.environ["PATH"], "MYSQL_PWD": PASSWORD}, stdin=text, capture_output=True, timeout=120)
    assert fed.returncode == 0, fed
    # then each has what was committed before the second and nothing later
    found = of_database("table_then")
    writer.check(found, moment)
    assert of_database("fed") == found and len(found) < len(later)
    # and so has the whole database, with what was there then and is not now
    taken("shop", moment, *into("shop_then"))
    assert (of_database("shop_then"), of_database("shop_then", "made"), of_database("shop_then", "others")) == (found, {7: 1}, {1: 1, 2: 1})
    # and the latest second is as the server is
    taken("shop", window(engine, point)[1], *into("shop_now"))
    assert (of_database("shop_now"), of_database("shop_now", "others")) == (later, {11: 1, 12: 1})
    assert "made" not in server.ask("SHOW TABLES FROM shop_now").split()

    # and a table that was not there then is none of it, and nothing was written into the source or is left
    refused = engine.run("restore", "start", point, "--item", "shop.made", "--time", window(engine, point)[1].isoformat(), *into("never"), check=False)
    assert refused.returncode == 1 and "made" in refused.stderr and "never" not in server.ask("SHOW DATABASES").split(), refused
    assert numbers(server) == later and server.ask("SELECT group_concat(n ORDER BY n) FROM shop.others") == "11,12"
    assert not [line for line in arguments_of_processes().values() if "mariadb-binlog" in line or "vaultdeck-scratch-" in line]


def test_what_a_server_was_like_at_a_moment_is_told_by_its_base_and_its_log(engine, server, tmp_path):
    backup = engine.client()
    server.ask("USE shop; INSERT INTO history (n, said) SELECT seq, repeat('x', 500) FROM seq_1_to_4000; CREATE DATABASE `my-shop`; CREATE TABLE `my-shop`.t (n int)")
    continuous_plan(backup, added(engine, server, tmp_path))
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    until_restorable(engine, point, now(server))
    first = window(engine, point)[0]

    # given two files of log more behind the base, and another base behind these
    server.ask("CREATE DATABASE later; CREATE TABLE later.t (n int)")
    for number in range(2):
        server.ask(f"INSERT INTO shop.history (n, said) VALUES ({number}, 'y'); FLUSH BINARY LOGS")
    moment = now(server).replace(microsecond=0) + datetime.timedelta(seconds=1)
    until_restorable(engine, point, moment)
    sight, files = seen_at(engine, point, moment)

    # then it tells the base's databases by the sizes of their files, and the log that is run through, as restic lists them
    def log(base):
        return [size for path, size in files.items() if path.startswith(f"{base}/binary-logs/") and path.rsplit(".")[-1].isdigit()]

    assert (sight["Details"]["LogFiles"], sight["Details"]["LogBytesAtMost"]) == (str(len(log("/data"))), str(sum(log("/data")))) and len(log("/data")) >= 3, (sight, files)
    assert datetime.datetime.fromisoformat(sight["Base"]) == first and sight["AtBase"]["EngineVersion"] == server.ask("SELECT version()"), sight
    told = sight["AtBase"]["Databases"]
    assert {part.rsplit(" ", 2)[0] for part in told.split(", ")} >= {"shop", "my-shop", "mysql"} and "later" not in told, told
    shop = sum(size for path, size in files.items() if path.startswith("/data/shop/"))
    assert shop > 1 << 20 and f"shop {shop / (1 << 20):.0f} MiB" in told, (told, shop)

    assert next_run(engine, backup)[0]["State"] == "COMPLETED"
    until_restorable(engine, point, now(server))
    newer, files = seen_at(engine, point, window(engine, point)[1])
    assert datetime.datetime.fromisoformat(newer["Base"]) > first and "later " in newer["AtBase"]["Databases"] and newer["Details"]["LogFiles"] == str(len(log("/data-2"))), newer
    assert seen_at(engine, point, moment)[0]["AtBase"] == sight["AtBase"]

    # and what cannot be restored is not told of
    for outside in (first - datetime.timedelta(seconds=1), now(server) + datetime.timedelta(hours=1)):
        code, said = refused_at(engine, point, f"{outside:%Y-%m-%dT%H%%3A%M%%3A%SZ}")
        assert code == 400 and f"{first:%Y-%m-%dT%H:}" in said, said


def test_a_purged_log_stops_the_point_with_the_reason_and_plain_restic_restores_what_it_has(engine, server, folder, tmp_path):  # noqa: F811
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    continuous_plan(backup, resource)
    first = next_run(engine, backup)[0]["RecoveryPointArn"]
    server.ask("INSERT INTO shop.history (n, said) VALUES (1, 'one')")
    time.sleep(1.1)
    kept = now(server).replace(microsecond=0)
    time.sleep(1)
    server.ask("INSERT INTO shop.history (n, said) VALUES (2, 'two'); FLUSH BINARY LOGS; INSERT INTO shop.history (n, said) VALUES (3, 'three')")
    until_restorable(engine, first, now(server))

    # when the log is purged while nobody fetches it
    engine.stop()
    server.ask("INSERT INTO shop.history (n, said) VALUES (4, 'four'); FLUSH BINARY LOGS; FLUSH BINARY LOGS")
    purge(server)
    engine.start()
    backup = engine.client()
    told = why_stopped(backup, first)
    assert "purged" in told and "binlog_expire_logs_seconds" in told and PASSWORD not in told, told

    # then the next run opens another one, and the first is still restored
    second = next_run(engine, backup)[0]["RecoveryPointArn"]
    assert second != first
    until_restorable(engine, second, now(server))
    assert lived(folder, restored(backup, first, folder)[0]) == {1: 1, 2: 1, 3: 1}
    assert lived(folder, restored(backup, second, folder)[0]) == {1: 1, 2: 1, 3: 1, 4: 1}

    # and of the first, restic alone restores a moment, with the commands that MariaDB's manual has for it
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    snapshots = json.loads(engine.restic("snapshots", "--json", password=password).stdout)
    snapshot, = [one["id"] for one in snapshots if f"vaultdeck:{first.split(':recovery-point:')[1]}" in one["tags"]]
    done = engine.restic("restore", snapshot, "--target", str(folder), password=password)
    assert done.returncode == 0, done
    data, logs = folder / "data", folder / "logs"
    (data / "binary-logs").rename(logs)
    prepared = subprocess.run(["mariadb-backup", ALONE, "--prepare", f"--target-dir={data}"], capture_output=True, text=True, timeout=120)
    assert prepared.returncode == 0, prepared
    if OWNER:
        subprocess.run(["chown", "-R", f"{OWNER}:{OWNER}", data], check=True)
    _, position, *_ = (data / "xtrabackup_binlog_info").read_text().split()
    found = Server(folder, "data").start()
    files = sorted(path for path in logs.iterdir() if path.suffix != ".times")
    assert len(files) == 2, files
    statements = subprocess.run(["mariadb-binlog", ALONE, f"--start-position={position}", f"--stop-datetime={kept:%Y-%m-%d %H:%M:%S}", *files], env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True, timeout=60)
    assert statements.returncode == 0, statements
    found.ask(statements.stdout)
    assert numbers(found) == {1: 1}
    found.stop()
    assert engine.restic("check", "--read-data", password=password).returncode == 0


def test_a_log_that_is_reset_stops_the_point_even_where_the_new_one_looks_the_same(engine, server, folder, tmp_path):  # noqa: F811
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path))
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    until_restorable(engine, point, now(server))
    server.ask("RESET MASTER; CREATE DATABASE shup; CREATE TABLE shup.history (n int, said text)")
    told = why_stopped(backup, point)
    assert "reset" in told or "another mariadb-bin.000001" in told, told


def test_what_is_fetched_behind_a_closed_file_that_was_purged_is_no_gap(engine, server, folder, tmp_path):  # noqa: F811
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path))
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    server.ask("INSERT INTO shop.history (n, said) VALUES (1, 'one'); FLUSH BINARY LOGS")
    until_restorable(engine, point, now(server))
    purge(server)
    server.ask("INSERT INTO shop.history (n, said) VALUES (2, 'two')")
    time.sleep(1)
    until_restorable(engine, point, now(server))
    assert lived(folder, restored(backup, point, folder)[0]) == {1: 1, 2: 1}


@pytest.mark.parametrize("settings, told", [
    ([], "log_bin in its settings"),
    (["--log-bin=x", "--binlog-format=MIXED"], "binlog_format=ROW"),
    (["--log-bin=x", "--binlog-format=ROW", "--binlog-ignore-db=shop"], "binlog_do_db or binlog_ignore_db"),
    ([*LOGS, "rights"], "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.*"),
    ([*LOGS, "network"], "--path"),
])
def test_a_server_whose_log_cannot_be_rested_on_is_refused_with_what_to_do(engine, folder, tmp_path, settings, told):  # noqa: F811
    server = logging(folder, settings=[setting for setting in settings if setting.startswith("--")])
    server.ask("CREATE USER saver@localhost IDENTIFIED BY 'no'; GRANT RELOAD, PROCESS, LOCK TABLES, SELECT ON *.* TO saver@localhost")
    options = {"user": "saver", "password": "no"} if "rights" in settings else {"path": NETWORK} if "network" in settings else {}
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path, **options))
    job, = next_run(engine, backup)
    assert job["State"] == "FAILED" and told in job["StatusMessage"] and PASSWORD not in job["StatusMessage"], job
    assert points(backup) == []
    server.stop()


def test_an_engine_that_is_killed_while_it_stores_the_log_loses_nothing_of_it(start, server, folder, tmp_path):  # noqa: F811
    arguments = ["--clock", "simulated", *ROOTS]
    engine = start(arguments=arguments, binary=DEBUG)
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path))
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    engine.stop()
    writer = Writer(server)
    writer.start()
    for crash in ["before-chain-switch", "before-chain-manifest", "before-snapshot:2"]:
        killed = start(arguments=arguments, binary=DEBUG, environment={"VAULTDECK_CRASH_AT": crash})
        until(lambda: killed.process.poll() is not None, f"it is killed {crash}", 90)
        killed.close_pipes()
    writer.stop()
    until(lambda: not [line for line in arguments_of_processes().values() if "mariadb-binlog" in line and str(killed.data) in line], "no process is left", 10)
    again = start(arguments=arguments, binary=DEBUG)
    until_restorable(again, point, now(server))
    assert lived(folder, restored(again.client(), point, folder)[0]) == numbers(server)
    report = again.json("vault", "check", "Default")
    # Each kill may leave one that nothing names, until it is collected.
    assert report["Problems"] == [] and report["Snapshots"] <= 4, report


def test_an_engine_that_is_killed_while_the_log_is_applied_leaves_no_server_and_begins_again(start, server, folder, tmp_path):  # noqa: F811
    # (where the files' owner comes too, as whom the log is applied)
    slow = programs(folder, f'case "$*" in *--start-position*--local-load*) [ -e {folder}/go ] || {{ "$real" "$@"; touch {folder}/applied; sleep 60; }};; esac; exec "$real" "$@"', "mariadb-binlog")
    arguments = ["--clock", "simulated", *ROOTS]
    engine = start(arguments=arguments, environment=slow)
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path))
    point = next_run(engine, backup)[0]["RecoveryPointArn"]
    server.ask("INSERT INTO shop.history (n, said) VALUES (1, 'one')")
    time.sleep(1)
    until_restorable(engine, point, now(server))
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, "DBInstanceIdentifier": "again", "vaultdeck:path": str(folder / "again")}, IamRoleArn=ROLE, ResourceType="RDS")
    until((folder / "applied").exists, "it is under way", 60)
    processes = arguments_of_processes()
    lines = processes.values()
    scratch = [line for line in lines if "mariadbd" in line and str(folder / "again") in line]
    # nobody reaches it over the network, and the list of processes has no password of it
    assert scratch and all("--skip-networking" in line and "aA1-" not in line for line in scratch), scratch
    assert not any("aA1-" in line for line in lines)
    # and it runs as whom the files belong to, as does what reads the log for it
    owner = folder.stat().st_uid
    assert (folder / "applied").stat().st_uid == owner
    assert {pathlib.Path(f"/proc/{pid}").stat().st_uid for pid, line in processes.items() if line in scratch} == {owner}
    engine.kill()
    until(lambda: not any(str(folder / "again") in line for line in arguments_of_processes().values()), "no process is left", 10)
    (folder / "go").touch()
    backup = start(arguments=arguments, environment=slow).client()
    until(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"])["Status"] == "COMPLETED", "it is restored", 60)
    assert lived(folder, "again") == {1: 1}
    assert not list(pathlib.Path(tempfile.gettempdir()).glob("vaultdeck-*-*/socket"))
