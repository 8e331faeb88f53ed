"""A legal hold as boto3 sees it: across an expiry under simulated time, until a day after its release."""

import datetime

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, REGION, back_up, restore

DAY = 86_400


def points(backup, vault="Default"):
    return {point["RecoveryPointArn"]: point for point in backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]}


def test_a_hold_across_an_expiry(simulated, small_tree):
    resource = simulated.add_efs("projects", small_tree)
    backup = simulated.client()
    short = {"DeleteAfterDays": 7}
    before = back_up(backup, resource, Lifecycle=short)["RecoveryPointArn"]
    now = datetime.datetime.fromisoformat(simulated.clock(advance_seconds=DAY))
    hold = backup.create_legal_hold(
        Title="case 7", Description="an inquiry", IdempotencyToken="once", Tags={"case": "7"}, RecoveryPointSelection={
            "VaultNames": ["Default"], "ResourceIdentifiers": [resource],
            "DateRange": {"FromDate": now - datetime.timedelta(days=30), "ToDate": now}})
    assert hold["Status"] == "ACTIVE"
    assert hold["LegalHoldArn"] == f"arn:aws:backup:{REGION}:{ACCOUNT}:legal-hold:{hold['LegalHoldId']}"
    after = back_up(backup, resource, Lifecycle=short)["RecoveryPointArn"]
    held = backup.list_recovery_points_by_legal_hold(LegalHoldId=hold["LegalHoldId"])["RecoveryPoints"]
    assert held == [{"RecoveryPointArn": before, "ResourceArn": resource, "ResourceType": "EFS", "BackupVaultName": "Default"}]

    # Nobody deletes it, its days go by, and it restores; what was made after the hold is gone.
    with pytest.raises(ClientError) as refused:
        backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=before)
    assert refused.value.response["Error"]["Message"] == "The recovery point cannot be deleted because it has active legal hold(s)."
    simulated.clock(advance_seconds=40 * DAY)
    assert set(points(backup)) == {before} and after not in points(backup)
    assert restore(backup, before, newFileSystem="true")["Status"] == "COMPLETED"
    with pytest.raises(ClientError):
        backup.delete_backup_vault(BackupVaultName="Default")

    # `get` tells what was put, twice in a row.
    first, second = (backup.get_legal_hold(LegalHoldId=hold["LegalHoldId"]) for _ in range(2))
    for member in ("Title", "Description", "Status", "LegalHoldArn", "CreationDate", "RecoveryPointSelection"):
        assert first[member] == second[member] == hold[member], member

    backup.cancel_legal_hold(LegalHoldId=hold["LegalHoldId"], CancelDescription="settled", RetainRecordInDays=30)
    simulated.clock(advance_seconds=DAY)
    assert points(backup) == {}
    assert backup.get_legal_hold(LegalHoldId=hold["LegalHoldId"])["Status"] == "CANCELED"
    simulated.clock(advance_seconds=31 * DAY)
    assert backup.list_legal_holds()["LegalHolds"] == []


def test_pages_hold_every_hold_and_every_point_once(simulated, small_tree):
    resource = simulated.add_efs("projects", small_tree)
    backup = simulated.client()
    expected = set()
    for _ in range(5):
        expected.add(back_up(backup, resource)["RecoveryPointArn"])
        simulated.clock(advance_seconds=60)
    holds = {backup.create_legal_hold(Title=f"case {n}", Description="d")["LegalHoldId"] for n in range(5)}
    paginated = backup.get_paginator("list_legal_holds").paginate(PaginationConfig={"PageSize": 2})
    assert sorted(hold["LegalHoldId"] for page in paginated for hold in page["LegalHolds"]) == sorted(holds)
    paginated = backup.get_paginator("list_recovery_points_by_legal_hold").paginate(LegalHoldId=min(holds), PaginationConfig={"PageSize": 2})
    assert sorted(point["RecoveryPointArn"] for page in paginated for point in page["RecoveryPoints"]) == sorted(expected)
