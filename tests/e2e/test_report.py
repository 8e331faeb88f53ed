"""A week of a simulated clock, and what the reports of its days say: to the letter, and twice the same."""

import csv
import io
import json
import re
import shutil

from conftest import ACCOUNT, REGION, ROLE, restore


def plan(backup, **selected):
    """A plan that runs each day at five."""
    document = {"BackupPlanName": "main", "Rules": [{
        "RuleName": "nightly", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(0 5 * * ? *)",
        "StartWindowMinutes": 60, "CompletionWindowMinutes": 120, "Lifecycle": {"DeleteAfterDays": 3},
    }]}
    made = backup.create_backup_plan(BackupPlan=document)["BackupPlanId"]
    backup.create_backup_selection(BackupPlanId=made, BackupSelection={"SelectionName": "all", "IamRoleArn": ROLE, **selected})


def parts(text):
    """The sections of a report by their titles, each as the lines of its table."""
    sections = re.split(r"^## ", text, flags=re.M)
    return {section.split("\n", 1)[0]: section.split("\n", 1)[1].strip().split("\n") for section in sections[1:]}


def test_the_reports_of_a_week_say_what_became_of_it(simulated, tmp_path):
    engine = simulated
    engine.clock(set="2031-11-15T12:00:00Z")
    for name in ("good", "bad", "=1+1|<b>"):
        folder = tmp_path / f"source-{len(name)}"
        folder.mkdir()
        (folder / "file").write_text(name)
    good = engine.add_efs("good", tmp_path / "source-4")
    bad = engine.add_efs("bad", tmp_path / "source-3")
    engine.add_efs("=1+1|<b>", tmp_path / "source-8")
    backup = engine.client()
    plan(backup, Resources=[good, bad])

    engine.clock(set="2031-11-16T12:00:00Z")
    shutil.move(tmp_path / "source-3", tmp_path / "away")
    engine.clock(set="2031-11-17T12:00:00Z")
    shutil.move(tmp_path / "away", tmp_path / "source-3")
    engine.clock(set="2031-11-18T12:00:00Z")
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="Default", ByResourceArn=good)["RecoveryPoints"]
    restored = restore(backup, points[0]["RecoveryPointArn"], newFileSystem="true")
    assert restored["Status"] == "COMPLETED"
    engine.run("resource", "remove", restored["CreatedResourceArn"])
    engine.run("restore", "test", points[0]["RecoveryPointArn"])
    engine.clock(set="2031-11-18T18:00:00Z")

    first = engine.run("report", "daily", "--at", "2031-11-17").stdout
    assert first == engine.run("report", "daily", "--at", "2031-11-17").stdout
    assert first.startswith("# Daily report, 2031-11-17 00:00 to 2031-11-18 00:00\n\nAll times are UTC. Told at 2031-11-18 18:00.\n")
    found = parts(first)
    place = f"| {ACCOUNT} | {REGION} |"
    assert found["Jobs"][2:] == [f"{place} EFS | backup | 2 | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 4 B |"]
    [trouble] = found["What did not go well"][2:]
    assert trouble.startswith(f"{place} EFS | bad | backup | failed | 2031-11-17 05:00 | "), trouble
    assert found["Missing runs"] == ["None."]
    [new] = found["New findings"][2:]
    assert new.startswith(f"{place} CRITICAL | failed | 2031-11-17 05:00 | Backup failed: bad |"), new
    assert found["Gone findings"] == ["None."]
    assert found["No plan selects"][2:] == [f"{place} EFS | =1+1\\|\\<b\\> |"]
    assert found["Vaults"][2:] == [f"{place} Default | 3 | 11 B | 1 | 4 B |"]
    assert found["Restored and proven"] == ["None."]
    assert found["Deleted within the next day"] == ["None."], "what was made on the 16th lives until the 19th"

    found = parts(engine.run("report", "daily").stdout)
    assert found["Jobs"][2:] == [
        f"{place} EFS | backup | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 7 B |",
        f"{place} EFS | restore | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 8 B |",
    ]
    [gone] = found["Gone findings"][2:]
    assert "Backup failed: bad" in gone
    assert [line.split(" | ")[4] for line in found["Restored and proven"][2:]] == ["proven", "restored"], "at one moment, so by the verdict"
    assert [line.split(" | ")[3] for line in found["Deleted within the next day"][2:]] == ["bad", "good"]

    weekly = json.loads(engine.run("report", "weekly", "--output", "json").stdout)
    [backups] = [line for line in weekly["Jobs"] if line["Kind"] == "backup"]
    assert (backups["Ran"], backups["Completed"], backups["Failed"]) == (6, 5, 1)
    assert weekly["Period"] == {"Span": "weekly", "From": "2031-11-11T18:00:00Z", "To": "2031-11-18T18:00:00Z"}
    assert weekly["Unread"] == []

    table = list(csv.DictReader(io.StringIO(engine.run("report", "weekly", "--output", "csv").stdout)))
    assert table[0]["Section"] == "period" and {row["Section"] for row in table} >= {"jobs", "trouble", "unprotected", "vault", "restore"}
    [alone] = [row for row in table if row["Section"] == "unprotected"]
    assert alone["Name"] == "'=1+1|<b>", "a spreadsheet makes no formula of it"
    assert sum(int(row["Count"]) for row in table if row["Section"] == "jobs" and row["Kind"] == "backup") == 6

    assert engine.run("report", "daily", "--at", "2031-11-19", check=False).returncode == 2
    assert "--at" in engine.run("report", "daily", "--at", "soon", check=False).stderr
    assert engine.run("report", "monthly", check=False).returncode == 2


def test_a_run_of_which_no_job_came_is_missing_in_the_report_of_its_day(simulated, tmp_path):
    engine = simulated
    engine.clock(set="2031-11-15T12:00:00Z")
    folder = tmp_path / "source"
    folder.mkdir()
    engine.add_efs("files", folder, "env=prod")
    backup = engine.client()
    plan(backup, ListOfTags=[{"ConditionType": "STRINGEQUALS", "ConditionKey": "env", "ConditionValue": "prod"}])
    engine.clock(set="2031-11-16T12:00:00Z")
    # The region is opted out of the type: the plan makes no job of what it selects by tags, and tells nobody.
    backup.update_region_settings(ResourceTypeOptInPreference={"EFS": False})
    engine.clock(set="2031-11-17T12:00:00Z")
    backup.update_region_settings(ResourceTypeOptInPreference={"EFS": True})
    engine.clock(set="2031-11-18T12:00:00Z")
    found = parts(engine.run("report", "daily", "--at", "2031-11-17").stdout)
    assert found["Missing runs"][2:] == [f"| {ACCOUNT} | {REGION} | EFS | files | 2031-11-17 05:00 | main / nightly |"]
    assert parts(engine.run("report", "daily", "--at", "2031-11-16").stdout)["Missing runs"] == ["None."]
    assert parts(engine.run("report", "daily", "--at", "2031-11-18").stdout)["Missing runs"] == ["None."]
