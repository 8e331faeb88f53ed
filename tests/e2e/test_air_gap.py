"""Logically air-gapped vaults through boto3: made, written into, shared by AWS RAM, restored from by another account, and nothing
else; also when the engine is killed while one is made."""

import botocore.exceptions
import pytest

from conftest import ACCOUNT, DEBUG, REGION, ROLE, Engine, back_up, wait_for_job

MEMBER = "210987654321"
VAULT = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:safe"
DAYS = {"MinRetentionDays": 7, "MaxRetentionDays": 30}


def refused(call, code, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


def test_it_is_made_written_into_shared_and_restored_from(simulated, small_tree):
    backup, resource = simulated.client(), simulated.add_efs("projects", small_tree)
    simulated.run("account", "add", "recovery", "--id", MEMBER)

    # both days are asked for, seven at least
    make = backup.create_logically_air_gapped_backup_vault
    assert "MinRetentionDays" in refused(make, "InvalidParameterValueException", BackupVaultName="safe", MinRetentionDays=6, MaxRetentionDays=30)
    made = make(BackupVaultName="safe", CreatorRequestId="once", BackupVaultTags={"team": "storage"}, **DAYS)
    assert (made["BackupVaultArn"], made["VaultState"]) == (VAULT, "AVAILABLE")
    assert make(BackupVaultName="safe", CreatorRequestId="once", BackupVaultTags={"team": "storage"}, **DAYS)["CreationDate"] == made["CreationDate"]
    refused(make, "AlreadyExistsException", BackupVaultName="safe", **DAYS)
    assert backup.list_tags(ResourceArn=VAULT)["Tags"] == {"team": "storage"}

    # locked from its creation, told twice the same
    for _ in range(2):
        told = backup.describe_backup_vault(BackupVaultName="safe")
        listed = backup.list_backup_vaults(ByVaultType="LOGICALLY_AIR_GAPPED_BACKUP_VAULT")["BackupVaultList"]
        for row in (told, *listed):
            assert row["VaultType"] == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT" and row["Locked"]
            assert (row["MinRetentionDays"], row["MaxRetentionDays"], row["LockDate"]) == (7, 30, row["CreationDate"])
            assert row["EncryptionKeyType"] == "AWS_OWNED_KMS_KEY" and "EncryptionKeyArn" not in row
        assert [row["BackupVaultName"] for row in listed] == ["safe"]
    refused(backup.put_backup_vault_lock_configuration, "InvalidRequestException", BackupVaultName="safe", MinRetentionDays=7)
    refused(backup.delete_backup_vault_lock_configuration, "InvalidRequestException", BackupVaultName="safe")

    # a backup within its days lies there at once; one outside fails as a job
    job = back_up(backup, resource, LogicallyAirGappedBackupVaultArn=VAULT, Lifecycle={"DeleteAfterDays": 10})
    assert (job["State"], job["BackupVaultName"], job["VaultType"]) == ("COMPLETED", "safe", "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"), job
    point = job["RecoveryPointArn"]
    assert point.startswith(f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:")
    outside = back_up(backup, resource, LogicallyAirGappedBackupVaultArn=VAULT, Lifecycle={"DeleteAfterDays": 31})
    assert outside["StatusMessage"] == "Backup job failed because the lifecycle is outside the valid range for backup vault."
    refused(backup.delete_recovery_point, "InvalidRequestException", BackupVaultName="safe", RecoveryPointArn=point)
    refused(backup.delete_backup_vault, "InvalidRequestException", BackupVaultName="safe")

    # shared by RAM, without an invitation
    member, ram, members_ram = simulated.client(account=MEMBER), simulated.client("ram"), simulated.client("ram", account=MEMBER)
    of_owner = {"BackupVaultName": "safe", "BackupVaultAccountId": ACCOUNT}
    refused(member.describe_backup_vault, "AccessDeniedException", **of_owner)
    default = VAULT.replace(":safe", ":Default")
    assert "air-gapped" in refused(ram.create_resource_share, "InvalidParameterException", name="x", resourceArns=[default])
    assert "organization" in refused(ram.create_resource_share, "OperationNotPermittedException", name="x", resourceArns=[VAULT], principals=["999999999999"])
    refused(ram.create_resource_share, "UnknownResourceException", name="x", resourceArns=[VAULT.replace(":safe", ":nope")])
    refused(ram.create_resource_share, "MalformedArnException", name="x", resourceArns=["safe"])
    share = ram.create_resource_share(name="recovery", resourceArns=[VAULT], principals=[MEMBER])["resourceShare"]
    assert (share["status"], share["owningAccountId"]) == ("ACTIVE", ACCOUNT)
    assert [row["name"] for row in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]] == ["recovery"]
    assert [row["name"] for row in members_ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]] == ["recovery"]
    assert members_ram.get_resource_share_invitations()["resourceShareInvitations"] == []
    for kind, entity in (("RESOURCE", VAULT), ("PRINCIPAL", MEMBER)):
        told = ram.get_resource_share_associations(associationType=kind)["resourceShareAssociations"]
        assert [(row["associatedEntity"], row["status"]) for row in told] == [(entity, "ASSOCIATED")]
    resources = members_ram.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"]
    assert [(row["arn"], row["type"]) for row in resources] == [(VAULT, "backup:BackupVault")]

    # whom it is shared with sees and restores it
    assert [row["BackupVaultArn"] for row in member.list_backup_vaults(ByShared=True)["BackupVaultList"]] == [VAULT]
    assert member.describe_backup_vault(**of_owner)["Locked"]
    assert [row["RecoveryPointArn"] for row in member.list_recovery_points_by_backup_vault(**of_owner)["RecoveryPoints"]] == [point]
    assert member.describe_recovery_point(RecoveryPointArn=point, **of_owner)["Status"] == "COMPLETED"
    metadata = member.get_recovery_point_restore_metadata(RecoveryPointArn=point, **of_owner)["RestoreMetadata"]
    assert member.list_protected_resources_by_backup_vault(**of_owner)["Results"][0]["ResourceArn"] == resource
    role = ROLE.replace(ACCOUNT, MEMBER)
    metadata["newFileSystem"] = "true"
    started = member.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=role)["RestoreJobId"]
    done = wait_for_job(lambda: member.describe_restore_job(RestoreJobId=started))
    assert done["Status"] == "COMPLETED" and f":{MEMBER}:file-system/" in done["CreatedResourceArn"], done

    # and nothing else
    refused(member.delete_recovery_point, "ResourceNotFoundException", BackupVaultName="Default", RecoveryPointArn=point)
    member.create_logically_air_gapped_backup_vault(BackupVaultName="safe", **DAYS)
    assert "restores only" in refused(member.delete_recovery_point, "AccessDeniedException", BackupVaultName="safe", RecoveryPointArn=point)
    refused(member.start_copy_job, "AccessDeniedException", RecoveryPointArn=point, SourceBackupVaultName="safe", IamRoleArn=role,
            DestinationBackupVaultArn=VAULT.replace(ACCOUNT, MEMBER))
    refused(members_ram.delete_resource_share, "UnknownResourceException", resourceShareArn=share["resourceShareArn"])

    # taken out of the share it is out
    ram.disassociate_resource_share(resourceShareArn=share["resourceShareArn"], principals=[MEMBER])
    refused(member.describe_backup_vault, "AccessDeniedException", **of_owner)
    refused(member.start_restore_job, "ResourceNotFoundException", RecoveryPointArn=point, Metadata=metadata, IamRoleArn=role)
    assert ram.delete_resource_share(resourceShareArn=share["resourceShareArn"])["returnValue"]

    # lives end as they were set
    simulated.clock(advance_seconds=11 * 86_400)
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="safe")["RecoveryPoints"] == []
    backup.delete_backup_vault(BackupVaultName="safe")


def test_kill_9_while_it_is_made(tmp_path):
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    engine.stop()
    engine.environment["VAULTDECK_CRASH_AT"] = "vault-folder-made"
    engine.start()
    with pytest.raises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
        engine.client().create_logically_air_gapped_backup_vault(BackupVaultName="safe", **DAYS)
    assert engine.process.wait(60) == -9
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()
    backup = engine.client()

    # the folder that was made has its lock already, and is no vault's
    folder = engine.data / "vaults" / ACCOUNT / REGION / "safe" / "vaultdeck"
    assert (folder / "lock.json").exists() and (folder / "copies" / "lock.json").exists()
    assert [row["BackupVaultName"] for row in backup.list_backup_vaults()["BackupVaultList"]] == ["Default"]
    backup.create_logically_air_gapped_backup_vault(BackupVaultName="safe", **DAYS)
    told = backup.describe_backup_vault(BackupVaultName="safe")
    assert (told["Locked"], told["LockDate"]) == (True, told["CreationDate"])
    engine.stop()
