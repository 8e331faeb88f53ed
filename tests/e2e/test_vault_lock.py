"""Vault Lock through boto3: what is put is what is told, and a lock lives through its cooling-off under simulated time."""

import datetime

import botocore.exceptions
import pytest

from conftest import back_up, restore

DAY = 86_400
OUTSIDE = "Backup job failed because the lifecycle is outside the valid range for backup vault."


def told(backup, vault="safe"):
    """The lock as both reads tell of it, twice in a row the same; `ChangeableForDays` is in none."""
    members = ("Locked", "MinRetentionDays", "MaxRetentionDays", "LockDate")
    reads = []
    for _ in range(2):
        described = backup.describe_backup_vault(BackupVaultName=vault)
        listed = next(row for row in backup.list_backup_vaults()["BackupVaultList"] if row["BackupVaultName"] == vault)
        assert "ChangeableForDays" not in {**described, **listed}
        reads += [{name: row[name] for name in members if name in row} for row in (described, listed)]
    assert all(read == reads[0] for read in reads), reads
    return reads[0]


def refused(call, code="InvalidRequestException", **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


def test_a_lock_lives_through_its_cooling_off(simulated, small_tree):
    backup = simulated.client()
    resource = simulated.add_efs("projects", small_tree)
    backup.create_backup_vault(BackupVaultName="safe")
    assert told(backup) == {"Locked": False}

    # governance: told as it was put, and taken off again
    backup.put_backup_vault_lock_configuration(BackupVaultName="safe", MinRetentionDays=7)
    assert told(backup) == {"Locked": True, "MinRetentionDays": 7}
    backup.delete_backup_vault_lock_configuration(BackupVaultName="safe")
    assert told(backup) == {"Locked": False}

    # compliance: the lock date is the days ahead
    put = {"BackupVaultName": "safe", "MinRetentionDays": 5, "MaxRetentionDays": 30, "ChangeableForDays": 3}
    backup.put_backup_vault_lock_configuration(**put)
    lock = told(backup)
    now = datetime.datetime.fromisoformat(simulated.clock(advance_seconds=0))
    assert lock.pop("LockDate") == now + datetime.timedelta(days=3)
    assert lock == {"Locked": True, "MinRetentionDays": 5, "MaxRetentionDays": 30}

    # jobs within its days complete, others fail as jobs
    inside = back_up(backup, resource, vault="safe", Lifecycle={"DeleteAfterDays": 10})
    assert inside["State"] == "COMPLETED", inside
    point = inside["RecoveryPointArn"]
    for days in ({"DeleteAfterDays": 4}, {"DeleteAfterDays": 31}, {}):
        job = back_up(backup, resource, vault="safe", Lifecycle=days) if days else back_up(backup, resource, vault="safe")
        assert (job["State"], job["StatusMessage"]) == ("FAILED", OUTSIDE), job

    # points are locked at once; restoring is not
    named = {"BackupVaultName": "safe", "RecoveryPointArn": point}
    for _ in range(2):
        refused(backup.delete_recovery_point, **named)
        refused(backup.update_recovery_point_lifecycle, **named, Lifecycle={"DeleteAfterDays": 5})
        refused(backup.delete_backup_vault, BackupVaultName="safe")
        assert restore(backup, point, vault="safe", newFileSystem="true")["Status"] == "COMPLETED"
        simulated.clock(advance_seconds=DAY)

    # until its date the lock can be changed, and from then on by nobody
    backup.put_backup_vault_lock_configuration(**put)
    date = told(backup)["LockDate"]
    simulated.clock(advance_seconds=3 * DAY - 1)
    backup.put_backup_vault_lock_configuration(**{**put, "MinRetentionDays": 6})
    simulated.clock(advance_seconds=3 * DAY)
    lock = told(backup)
    assert (lock["MinRetentionDays"], lock["LockDate"] > date) == (6, True)
    message = refused(backup.delete_backup_vault_lock_configuration, BackupVaultName="safe")
    assert "immutable" in message, message
    refused(backup.put_backup_vault_lock_configuration, **put)
    refused(backup.put_backup_vault_lock_configuration, BackupVaultName="safe")
    assert told(backup) == lock

    # the life of the point ends on its day, eight hours at most behind it: 8 days have gone by, and 10 were promised
    refused(backup.delete_recovery_point, **named)
    simulated.clock(advance_seconds=DAY)
    assert backup.describe_recovery_point(**named)["Status"] == "COMPLETED"
    simulated.clock(advance_seconds=DAY + 8 * 3600)
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="safe")["RecoveryPoints"] == []
    backup.delete_backup_vault(BackupVaultName="safe")


@pytest.mark.parametrize("put, member", [
    ({"MinRetentionDays": 8, "MaxRetentionDays": 7}, "MinRetentionDays"),
    ({"MinRetentionDays": -1}, "MinRetentionDays"),
    ({"MaxRetentionDays": 36_501}, "MaxRetentionDays"),
    ({"ChangeableForDays": 2}, "ChangeableForDays"),
    ({"ChangeableForDays": 36_501}, "ChangeableForDays"),
])
def test_a_lock_that_breaks_a_rule_names_it_and_changes_nothing(engine, put, member):
    backup = engine.client()
    message = refused(backup.put_backup_vault_lock_configuration, "InvalidParameterValueException", BackupVaultName="Default", **put)
    assert member in message, message
    assert told(backup, "Default") == {"Locked": False}


def test_the_command_line_locks_and_unlocks(engine):
    backup = engine.client()
    backup.create_backup_vault(BackupVaultName="safe")
    engine.run("vault", "lock", "safe", "--min-days", "7", "--max-days", "365", "--yes")
    assert told(backup) == {"Locked": True, "MinRetentionDays": 7, "MaxRetentionDays": 365}
    engine.run("vault", "unlock", "safe", "--yes")
    assert told(backup) == {"Locked": False}

    # a lock that nobody can take off wants the vault's name
    compliance = ("vault", "lock", "safe", "--min-days", "7", "--changeable-for-days", "3")
    for answer in ((), ("--yes",), ("--confirm", "Default")):
        assert engine.run(*compliance, *answer, check=False).returncode != 0
    assert told(backup) == {"Locked": False}
    done = engine.run(*compliance, "--confirm", "safe")
    assert "nobody can take it off" in done.stdout + done.stderr, (done.stdout, done.stderr)
    assert told(backup)["LockDate"]

    rows = {row["BackupVaultName"]: row for row in engine.json("vaults")}
    assert (rows["safe"]["Locked"], rows["safe"]["MinRetentionDays"]) == (True, 7)
    assert rows["Default"]["LockDate"] is None
