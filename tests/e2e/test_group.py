"""Jobs that come due at one simulated moment are committed together: few waits for the disk, and `kill -9` splits nothing."""

import contextlib
import http.client
import sqlite3
import time

import pytest

import trees
from conftest import DEBUG, ROLE, Engine, restore
from test_crash import Ledger, judge, pages, pages_of_vault

RESOURCES = 10
HOUR = 3600
# Making the jobs, beginning them, completing them: one transaction each. Snapshots and manifests: their bytes, their names.
WAITS = 3 + 2 + 2


def world(tmp_path, **environment):
    """A simulated engine with an hourly plan over ten folders, of which each was backed up twice."""
    engine = Engine(tmp_path / "data", binary=DEBUG, arguments=["--clock", "simulated"], environment=environment).start()
    sources = []
    for number in range(RESOURCES):
        source = tmp_path / f"source-{number}"
        source.mkdir()
        (source / "file").write_text(f"resource {number}")
        sources.append(source)
        engine.add_efs(f"resource-{number}", source, "backup=yes")
    backup = engine.client()
    rule = {"RuleName": "hourly", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(0 * * * ? *)",
            "Lifecycle": {"DeleteAfterDays": 35}}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "hourly", "Rules": [rule]})["BackupPlanId"]
    condition = {"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "yes"}
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection={
        "SelectionName": "all", "IamRoleArn": ROLE, "ListOfTags": [condition]})
    engine.clock(advance_seconds=2 * HOUR)
    return engine, backup, sources


def completed(backup):
    """What the API shows as COMPLETED, with the jobs by the name of their resource, the oldest first."""
    ledger, named = Ledger(), {}
    ledger.look(backup)
    for job in sorted(pages(backup, "list_backup_jobs", "BackupJobs"), key=lambda job: job["CreationDate"]):
        named.setdefault(job["ResourceName"], []).append(job)
    return ledger, named


def test_ten_jobs_of_one_moment_wait_for_the_disk_a_few_times_together(tmp_path):
    waits = tmp_path / "waits"
    engine, backup, _ = world(tmp_path, VAULTDECK_DISK_WAITS=str(waits))
    before = len(waits.read_text().splitlines())

    engine.clock(advance_seconds=3 * HOUR)

    lines = waits.read_text().splitlines()[before:]
    assert len(completed(backup)[0].acknowledged) == 5 * RESOURCES
    # One more for the time at which the advance answers.
    assert len(lines) <= 3 * WAITS + 1, lines
    engine.stop()


@pytest.mark.parametrize("point", ["before-snapshot", "before-manifests", "before-catalog-commit"])
def test_kill_9_in_the_commit_of_a_group(tmp_path, point):
    engine, backup, sources = world(tmp_path)
    ledger, _ = completed(backup)
    assert len(ledger.acknowledged) == 2 * RESOURCES
    engine.stop()

    # when the engine dies in the midst of a commit of ten, of which some have stored something new
    for source in sources[::2]:
        (source / "new").write_text(f"new in {source.name}")
    engine.environment["VAULTDECK_CRASH_AT"] = point
    engine.start()
    with pytest.raises((OSError, http.client.HTTPException)):
        engine.clock(advance_seconds=HOUR)
    assert engine.process.wait(60) == -9
    engine.close_pipes()

    # then all ten end after the next start, nothing acknowledged is lost, and restic finds no fault
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()
    judge(engine, ledger, sources[0], [])
    backup = engine.client()
    after, named = completed(backup)
    assert len(after.acknowledged) == 3 * RESOURCES
    for number, source in enumerate(sources):
        jobs = named[f"resource-{number}"]
        assert len(jobs) == 3
        done = restore(backup, jobs[-1]["RecoveryPointArn"], newFileSystem="true")
        assert done["Status"] == "COMPLETED", done
        rows = engine.json("resource", "list")
        path = next(row["Path"] for row in rows if row["ResourceArn"] == done["CreatedResourceArn"])
        assert trees.listing(path) == trees.listing(source)
    engine.stop()


def expire_everything(engine):
    """All points of a stopped engine are past their day, as after a long pause."""
    with contextlib.closing(sqlite3.connect(engine.data / "catalog.sqlite")) as catalog, catalog:
        return catalog.execute("UPDATE recovery_points SET delete_due = 1 WHERE status = 'COMPLETED'").rowcount


def wait_until_empty(engine, seconds=60):
    deadline = time.monotonic() + seconds
    while pages_of_vault(engine.client()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_points_that_expire_together_wait_for_the_disk_a_few_times_together(tmp_path):
    waits = tmp_path / "waits"
    engine, _, _ = world(tmp_path, VAULTDECK_DISK_WAITS=str(waits))
    engine.clock(advance_seconds=4 * HOUR)
    engine.stop()
    expired = expire_everything(engine)
    assert expired == 6 * RESOURCES
    waits.write_text("")

    engine.start()
    wait_until_empty(engine)

    # Each by itself would take three: two folders and a row.
    lines = waits.read_text().splitlines()
    assert len(lines) < expired, lines
    engine.stop()


@pytest.mark.parametrize("step", [1, 2, 3])
def test_kill_9_while_many_points_are_deleted(tmp_path, step):
    engine, backup, sources = world(tmp_path)
    ledger, _ = completed(backup)
    for point in list(ledger.acknowledged):
        ledger.delete(point)
    engine.stop()
    assert expire_everything(engine) == 2 * RESOURCES
    engine.environment["VAULTDECK_CRASH_AT"] = f"during-delete:{step}"
    with contextlib.suppress(AssertionError):
        engine.start()
    assert engine.process.wait(60) == -9
    engine.close_pipes()

    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()
    wait_until_empty(engine)
    judge(engine, ledger, sources[0], [])
    engine.clock(advance_seconds=HOUR)
    assert len(pages_of_vault(engine.client())) == RESOURCES
    engine.stop()
