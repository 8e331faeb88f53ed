"""Who changed what: an engine's trail as boto3 reads it, and beside the audit log of this machine."""

import datetime
import json

import botocore.exceptions
import pytest

from conftest import ACCOUNT, REGION, back_up


def names(trail, **asked):
    pages = trail.get_paginator("lookup_events").paginate(**asked)
    return [event["EventName"] for page in pages for event in page["Events"]]


def test_boto3_looks_up_who_changed_what(engine, tmp_path):
    backup, trail = engine.client(), engine.client("cloudtrail")
    begun = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5)
    for number in range(55):
        backup.create_backup_vault(BackupVaultName=f"vault-{number}")
    with pytest.raises(botocore.exceptions.ClientError):
        backup.delete_backup_vault(BackupVaultName="absent")
    backup.list_backup_vaults()
    assert names(trail, StartTime=begun) == ["DeleteBackupVault"] + 55 * ["CreateBackupVault"]
    assert names(trail, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "DeleteBackupVault"}]) == ["DeleteBackupVault"]

    refused = trail.lookup_events(MaxResults=1)["Events"][0]
    record = json.loads(refused["CloudTrailEvent"])
    assert (record["errorCode"], record["requestParameters"]) == ("ResourceNotFoundException", {"backupVaultName": "absent"})
    assert "Botocore" in record["userAgent"] and record["recipientAccountId"] == ACCOUNT
    assert (refused["EventTime"] - begun).total_seconds() < 120


def test_what_was_answered_is_in_the_trail_after_a_kill(engine):
    backup = engine.client()
    for number in range(20):
        backup.create_backup_vault(BackupVaultName=f"vault-{number}")
    engine.kill()
    engine.start()
    assert names(engine.client("cloudtrail")) == 20 * ["CreateBackupVault"]


def test_the_command_tells_a_change_of_this_machine_once_and_those_of_others_beside_it(engine, tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "file").write_text("content")
    resource = engine.add_efs("files", folder)
    assert back_up(engine.client(), resource)["State"] == "COMPLETED"
    engine.run("hold", "create", "--title", "Case 7", "--description", "an inquiry", "--vault", "Default")
    engine.run("delete", "point", "--yes", engine.json("points")[0]["RecoveryPointArn"], check=False)

    rows = engine.json("activity")
    told = {(row["EventName"], row["Result"]): row for row in rows}
    assert len(told) == len(rows), rows
    # By boto3, which this machine's log knows nothing of; by the command line, which both know.
    other, own = told["StartBackupJob", "DONE"], told["CreateLegalHold", "DONE"]
    assert other["UserAgent"].startswith("Boto3/") and other["UserArn"].startswith(f"arn:aws:iam::{ACCOUNT}:")
    assert own["Username"].startswith("uid ") and own["UserArn"] is None
    assert "Case 7" in own["Summary"] and "Case 7" in own["RequestParameters"]
    held = told["DeleteRecoveryPoint", "REFUSED"]
    assert "hold" in held["ErrorMessage"], held
    assert told["AddResource", "DONE"]["Region"] == REGION
    filtered = engine.json("activity", "--filter", "result:refused")
    assert [row["EventName"] for row in filtered] == ["DeleteRecoveryPoint"]
