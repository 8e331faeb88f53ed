"""A real PostgreSQL 18, which tells the pages that changed: only these are read, and what is restored is whole all the same."""

import random
import shutil
import signal
import subprocess
import time

import pytest

import postgresql
from conftest import ROLE, back_up, wait_for_job
from postgresql import AS_OWNER, PROGRAMS, Server
from test_continuous import Writer, continuous_plan, details, next_run, now, restore_to, takes_writes, until_restorable
from test_postgresql import ROOTS, added, children, restore, slots, until

TRACE = "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'vaultdeck_base_%' AND restart_lsn IS NULL AND NOT active"


@pytest.fixture(scope="module")
def programs():
    folder, programs = postgresql.unpack_18()
    yield programs
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made(programs):
    """A stopped cluster of which tests take a copy: small segments of the log, and nothing that would have more of it written."""
    folder = postgresql.make_folder()
    server = Server(folder, "made", programs=programs, summarize_wal="on").make("--no-data-checksums", "--wal-segsize=1").start()
    server.run("pgbench", "-i", "-q", "-s", "1", "postgres")
    server.ask("CREATE EXTENSION amcheck")
    server.ask("CREATE EXTENSION pg_visibility")
    server.stop("fast")
    yield server.data
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(programs):
    """A folder for servers and restored data directories; servers in it are stopped (in five seconds where they are to stop at once)."""
    folder = postgresql.make_folder()
    yield folder
    for pid in folder.rglob("postmaster.pid"):
        subprocess.run([*AS_OWNER, programs / "pg_ctl", "-D", pid.parent, "-m", "fast", "-w", "stop"], capture_output=True, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def copied(data, to):
    """A stopped data directory as it is."""
    subprocess.run(["cp", "-a", data, to], check=True)


@pytest.fixture
def server(made, programs, folder):
    copied(made, folder / "source")
    return Server(folder, programs=programs, summarize_wal="on", track_commit_timestamp="on", autovacuum="off").start()


# Changes what the server sends of the file with the most changed pages: what is read is an archive of `ustar`.
TAMPER = """
import sys
archive, files, at = bytearray(sys.stdin.buffer.read()), [], 0
while archive[at]:
    name, size = bytes(archive[at:at + 100]).rstrip(b"\\0"), int(bytes(archive[at + 124:at + 135]), 8)
    if b"INCREMENTAL.1" in name and b"_" not in name:
        files.append((size, at + 512))
    at += 512 + (size + 511) // 512 * 512
size, begin = max(files)
place = {"keeps": begin + 10, "page": begin + size - 1}[sys.argv[1]]
archive[place] ^= 2
sys.stdout.buffer.write(archive)
"""


def counting(folder, programs, changes=""):
    """Where the engine finds programs: those of Debian, and those of 18, of which pg_basebackup also keeps what came over the network, and does
    something else where it is asked for changes."""
    own = folder / "counting"
    own.mkdir(exist_ok=True)
    if not (own / "psql").exists():
        (own / "psql").symlink_to(programs / "psql")
        (own / "pg_receivewal").symlink_to(programs / "pg_receivewal")
    (folder / "tamper").write_text(TAMPER)
    script = own / "pg_basebackup"
    special = f'case "$*" in *--incremental*) echo >> {folder}/asked\n{changes};; esac'
    script.write_text(f'#!/bin/sh\nreal={programs}/pg_basebackup\n[ "$1" = --version ] && exec "$real" --version\n{special}\n"$real" "$@" | tee {folder}/came\n')
    script.chmod(0o755)
    return {"VAULTDECK_POSTGRESQL": f"{PROGRAMS}:{own}"}


def came(folder):
    return (folder / "came").stat().st_size


def asked(folder):
    """How often a server was asked for changes."""
    return len((folder / "asked").read_text().splitlines())


def proven(folder, programs, name):
    """What a client sees of a restored data directory, which pg_verifybackup finds whole and pg_ctl alone starts."""
    checked = subprocess.run([*AS_OWNER, programs / "pg_verifybackup", folder / name], capture_output=True, text=True, cwd="/", timeout=120)
    assert checked.returncode == 0, checked
    assert not list((folder / name).rglob("INCREMENTAL.*")) and "INCREMENTAL" not in (folder / name / "backup_label").read_text()
    server = Server(folder, name, programs=programs, autovacuum="off").start()
    until(lambda: takes_writes(server), "it has recovered", 60)
    seen = server.seen()
    server.run("pg_amcheck", "-d", "postgres", "--heapallindexed")
    assert server.ask("SELECT count(*) FROM pg_class, pg_check_visible(oid) WHERE relkind IN ('r', 'm', 't')") == "0"
    return server, seen


def proof(backup, folder, programs, job, checksums=False):
    name = f"r{random.randrange(10**9)}"
    done = restore(backup, job["RecoveryPointArn"], **{"vaultdeck:path": str(folder / name)})
    assert done["Status"] == "COMPLETED", done
    server, seen = proven(folder, programs, name)
    server.stop("fast")
    if checksums:
        told = server.owned("pg_checksums", "--check", "-D", server.data)
        assert told.returncode == 0, told
    return seen


def clean(job):
    assert job["State"] == "COMPLETED" and "StatusMessage" not in job, job
    return job


def read_whole(job, why):
    assert job["State"] == "COMPLETED" and "all of the cluster was read, and not only the pages that changed" in job["StatusMessage"], job
    assert why in job["StatusMessage"], job
    return job


def test_only_the_pages_that_changed_are_read_and_each_point_is_whole(start, server, programs, folder, tmp_path):
    engine = start(arguments=ROOTS, environment=counting(folder, programs))
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    # (of a table that VACUUM is to cut, the pages at the end are empty and known to be so)
    server.ask("CREATE TABLE cut AS SELECT n, repeat('x', 200) AS said FROM generate_series(1, 40000) n")
    server.ask("DELETE FROM cut WHERE n > 20000")
    server.ask("VACUUM (FREEZE, TRUNCATE FALSE) cut")
    jobs, expected = [clean(back_up(backup, resource))], [server.seen()]
    whole, read = came(folder), jobs[0]["BytesTransferred"]
    assert whole > 45 << 20 and server.ask(TRACE) == slots(server) == "1"
    assert "no recovery point before" in details(engine, jobs[0]["RecoveryPointArn"])["PagesRead"]

    # when a few rows change, with a restart of the server in between, then only their pages come
    server.ask("UPDATE pgbench_accounts SET abalance = 1 WHERE aid % 20000 = 0")
    server.stop("fast")
    server.start()
    server.ask("CREATE TABLE later AS SELECT n, repeat('x', 100) AS said FROM generate_series(1, 3000) n")
    # (which clears what is known of the pages that go, without a word in the log)
    server.ask("VACUUM cut")
    expected.append(server.seen())
    jobs.append(clean(back_up(backup, resource)))
    print(f"first {whole} came, {read} read; second {came(folder)} came, {jobs[1]['BytesTransferred']} read")
    assert came(folder) < whole / 5 and jobs[1]["BytesTransferred"] < read / 5
    assert server.ask(TRACE) == slots(server) == "1"
    assert "changed since" in details(engine, jobs[1]["RecoveryPointArn"])["PagesRead"]

    # and the next one builds on that, whatever became of the files
    server.ask("TRUNCATE pgbench_tellers")
    server.ask("DELETE FROM later WHERE n > 100")
    server.ask("VACUUM later")
    server.ask("VACUUM FULL pgbench_branches")
    server.ask("INSERT INTO pgbench_history (tid, bid, aid) SELECT n, n, n FROM generate_series(1, 60000) n")
    server.ask("CREATE DATABASE other STRATEGY file_copy")
    # (which is empty after a crash)
    server.ask("CREATE UNLOGGED TABLE fast AS SELECT 1 AS x")
    expected.append(server.seen() | {"public.fast": "0|"})
    jobs.append(clean(back_up(backup, resource)))
    assert came(folder) < whole / 2, came(folder)
    assert proof(backup, folder, programs, jobs[0]) == expected[0]
    assert proof(backup, folder, programs, jobs[1]) == expected[1]

    # and plain restic restores the last one, in which a table that was cut grows again without a page that is known too well
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    assert engine.restic("check", "--read-data", password=password).returncode == 0
    assert engine.restic("restore", "latest", "--target", str(folder / "restic"), password=password).returncode == 0
    (folder / "restic").chmod(0o755)
    shutil.move(folder / "restic" / "data", folder / "plain")
    restored, seen = proven(folder, programs, "plain")
    assert seen == expected[-1]
    restored.ask("INSERT INTO cut SELECT n, repeat('y', 200) FROM generate_series(20001, 40000) n")
    assert restored.ask("SELECT count(*) FROM pg_visibility('cut') WHERE all_visible AND NOT pd_all_visible") == "0"
    assert children(server) == [] and engine.json("vault", "check", "Default")["Problems"] == []


def without_summaries(server):
    """All of them are gone, as when wal_summary_keep_time is over, and so is the log that they could be made of again."""
    for _ in range(2):
        server.ask("SELECT pg_switch_wal()")
        server.ask("CHECKPOINT")
    server.stop("fast")
    for summary in (server.data / "pg_wal" / "summaries").iterdir():
        summary.unlink()
    server.start()


def without_one(server):
    """One in the midst of what is needed is gone, which only the server itself finds out."""
    for _ in range(3):
        server.ask("INSERT INTO pgbench_history (tid) VALUES (1)")
        server.ask("CHECKPOINT")
    folder = server.data / "pg_wal" / "summaries"
    until(lambda: len(list(folder.iterdir())) >= 4, "they are written")
    sorted(folder.iterdir())[-2].unlink()


def with_checksums(server):
    """Each page is another one, and no log tells of it."""
    server.stop("fast")
    assert server.owned("pg_checksums", "--enable", "--no-sync", "-D", server.data).returncode == 0
    server.start()


def promoted(server):
    """Its own standby takes over: the same log goes on in another timeline."""
    server.stop("fast")
    (server.data / "standby.signal").touch()
    server.start()
    assert server.ask("SELECT pg_promote()") == "t"
    until(lambda: takes_writes(server), "it is the primary")


def test_where_a_doubt_exists_all_is_read_and_the_job_says_so(start, server, programs, folder, tmp_path):
    engine = start(arguments=ROOTS, environment=counting(folder, programs))
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    clean(back_up(backup, resource))
    whole = came(folder)
    for happens, why in [
        (without_summaries, "wal_summary_keep_time"),
        (without_one, "WAL summaries are required"),
        (with_checksums, "checksums of pages were switched on or off"),
        (promoted, "went over from timeline 1 to 2"),
    ]:
        happens(server)
        server.ask("UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 7")
        job = read_whole(back_up(backup, resource), why)
        assert came(folder) > whole * 0.9 and why in details(engine, job["RecoveryPointArn"])["PagesRead"]

    # and the next one reads what changed again, and has all checksums
    server.ask("UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % 5000 = 7")
    job = clean(back_up(backup, resource))
    assert came(folder) < whole / 3 and proof(backup, folder, programs, job, checksums=True) == server.seen()

    # a server that does not summarize is nothing that anybody has to be told of, and no trace is left on it
    server.stop("fast")
    server.start(summarize_wal="off")
    job = clean(back_up(backup, resource))
    assert came(folder) > whole * 0.9 and "summarize_wal" in details(engine, job["RecoveryPointArn"])["PagesRead"] and slots(server) == "0"


def test_a_cluster_that_was_set_back_is_not_taken_for_the_one_that_was_backed_up(start, server, programs, folder, tmp_path):
    engine = start(arguments=ROOTS, environment=counting(folder, programs))
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    server.ask("CREATE TABLE told (n int, said text)")
    first = clean(back_up(backup, resource))
    whole = came(folder)

    def history(said):
        server.ask(f"INSERT INTO told SELECT n, '{said}' FROM generate_series(1, 100) n")
        server.ask(f"UPDATE pgbench_accounts SET filler = '{said}' WHERE aid % 5000 = 0")

    # The disk is as it was: behind the first backup, which it went on from.
    server.stop("fast")
    copied(server.data, folder / "snapshot")
    server.start()
    history("one")
    clean(back_up(backup, resource))

    # What was written since is of the same length, in the same timeline, and of another history.
    server.stop("fast")
    shutil.rmtree(server.data)
    copied(folder / "snapshot", server.data)
    server.start()
    history("two")
    # (and just where the backup before began, a summary begins)
    server.ask("SELECT pg_switch_wal()")
    server.ask("CHECKPOINT")
    job = read_whole(back_up(backup, resource), "does not have the trace of the backup before")
    assert came(folder) > whole * 0.9 and proof(backup, folder, programs, job) == server.seen()

    # Nor is one that was restored in the place of it, whose log goes on from there.
    server.stop("fast")
    shutil.rmtree(server.data)
    assert restore(backup, first["RecoveryPointArn"], **{"vaultdeck:path": str(server.data)})["Status"] == "COMPLETED"
    server.start()
    until(lambda: takes_writes(server), "it has recovered", 60)
    history("six")
    read_whole(back_up(backup, resource), "does not have the trace of the backup before")
    assert came(folder) > whole * 0.9


def test_what_comes_otherwise_than_it_was_sent_is_never_a_recovery_point(start, server, programs, folder, tmp_path):
    tamper = f'if [ -e {folder}/mode ]; then "$real" "$@" | python3 {folder}/tamper "$(cat {folder}/mode)"; exit; fi'
    gone = f'if [ -e {folder}/gone ]; then echo "pg_basebackup: error: timeout expired" >&2; exit 1; fi'
    engine = start(arguments=ROOTS, environment=counting(folder, programs, f"{tamper}\n{gone}"))
    backup = engine.client()
    resource = added(engine, server, tmp_path)
    clean(back_up(backup, resource))
    times = 0
    for mode, why, asks in [
        ("keeps", "it keeps more than a segment has", 1),
        ("page", "earlier attempts of this job came to no end", 2),
    ]:
        server.ask("UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % 10000 = 0")
        (folder / "mode").write_text(mode)
        job = read_whole(back_up(backup, resource), why)
        times += asks
        assert asked(folder) == times
    (folder / "mode").unlink()
    assert proof(backup, folder, programs, job) == server.seen()

    # What looks as if it could be over soon may be what only the changes have.
    (folder / "gone").touch()
    read_whole(back_up(backup, resource), "timeout expired")
    assert asked(folder) == times + 1
    (folder / "gone").unlink()

    # What the vault has of the point before may be damaged.
    vault = engine.data / "vaults"
    pack = max((path for path in vault.rglob("data/*/*") if path.is_file()), key=lambda path: path.stat().st_size)
    with open(pack, "r+b") as file:
        file.seek(pack.stat().st_size // 2)
        file.write(b"damage" * 1000)
    read_whole(back_up(backup, resource), "what the recovery point before has of")


def test_an_engine_that_is_killed_while_changes_are_read_leaves_nothing_and_begins_again(start, server, programs, folder, tmp_path):
    slowly = f'[ -e {folder}/slow ] && set -- "$@" --max-rate=1M'
    environment = counting(folder, programs, slowly)
    engine = start(arguments=ROOTS, environment=environment)
    resource = added(engine, server, tmp_path)
    first = clean(back_up(engine.client(), resource))
    server.ask("UPDATE pgbench_accounts SET abalance = 3 WHERE aid % 2000 = 0")
    (folder / "slow").touch()
    job = engine.client().start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    until(lambda: slots(server) == "2" and len(children(server)) >= 2, "it is under way")
    time.sleep(1)
    engine.kill()
    (folder / "slow").unlink()
    until(lambda: slots(server) == server.ask(TRACE) == "1" and children(server) == [], "nothing of it is left", 10)
    engine = start(arguments=ROOTS, environment=environment)
    done = clean(wait_for_job(lambda: engine.client().describe_backup_job(BackupJobId=job), seconds=60))
    assert done["BytesTransferred"] < first["BytesTransferred"] / 3
    assert proof(engine.client(), folder, programs, done) == server.seen()
    assert slots(server) == server.ask(TRACE) == "1" and children(server) == []


def test_any_second_is_restored_from_a_base_of_which_only_changes_were_read(start, server, programs, folder, tmp_path):
    engine = start(arguments=["--clock", "simulated", *ROOTS], environment=counting(folder, programs))
    backup = engine.client()
    continuous_plan(backup, added(engine, server, tmp_path))
    writer = Writer(server)
    writer.start()
    point = clean(next_run(engine, backup)[0])["RecoveryPointArn"]
    whole = came(folder)
    clean(next_run(engine, backup)[0])
    assert came(folder) < whole / 3, came(folder)
    time.sleep(1)
    at = now(server)
    time.sleep(1)
    writer.stop()
    until_restorable(engine, point, at)
    restored = Server(folder, restore_to(engine, backup, point, folder, at), programs=programs).start()
    until(lambda: takes_writes(restored), "it has recovered", 60)
    told = "SELECT count(*), coalesce(sum(id), 0) FROM history"
    lived = server.ask(f"{told} WHERE pg_xact_commit_timestamp(xmin) <= '{at.isoformat()}'")
    assert restored.ask(told) == lived != server.ask(told)


def test_without_the_programs_of_18_it_says_which_are_needed(start, server, tmp_path):
    engine = start(arguments=ROOTS, environment={"VAULTDECK_POSTGRESQL": str(PROGRAMS)})
    with pytest.raises(AssertionError, match="postgresql-client-18.*VAULTDECK_POSTGRESQL"):
        added(engine, server, tmp_path)
