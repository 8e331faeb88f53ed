"""Copies by boto3 into another region and another account; `kill -9` in the middle of one; restic reads what arrived."""

import contextlib
import json
import pathlib

import pytest

import trees
from conftest import ACCOUNT, DEBUG, ROLE, Engine, back_up, restore, wait_for_job

ABROAD = "eu-central-1"


def copy(client, point, destination, **more):
    started = client.start_copy_job(RecoveryPointArn=point, SourceBackupVaultName="Default", DestinationBackupVaultArn=destination, IamRoleArn=ROLE, **more)
    return wait_for_job(lambda: client.describe_copy_job(CopyJobId=started["CopyJobId"])["CopyJob"])


def member_of(engine):
    engine.run("account", "add", "archive")
    return next(row["AccountId"] for row in engine.json("account", "list") if row["AccountId"] != ACCOUNT)


def test_a_copy_abroad_restores_when_its_source_vault_is_gone_and_restic_reads_it(engine, small_tree):
    resource = engine.add_efs("projects", small_tree, "env=prod")
    home, abroad = engine.client(), engine.client(region=ABROAD)
    home.create_backup_vault(BackupVaultName="source")
    destination = abroad.create_backup_vault(BackupVaultName="copies")["BackupVaultArn"]
    made = back_up(home, resource, vault="source", Lifecycle={"DeleteAfterDays": 35})
    source = home.describe_recovery_point(BackupVaultName="source", RecoveryPointArn=made["RecoveryPointArn"])
    started = home.start_copy_job(RecoveryPointArn=made["RecoveryPointArn"], SourceBackupVaultName="source", DestinationBackupVaultArn=destination, IamRoleArn=ROLE)
    job = wait_for_job(lambda: home.describe_copy_job(CopyJobId=started["CopyJobId"])["CopyJob"])
    assert (job["State"], job["MessageCategory"], job["IsParent"]) == ("COMPLETED", "SUCCESS", False), job
    assert home.list_copy_jobs(BySourceRecoveryPointArn=made["RecoveryPointArn"])["CopyJobs"] == [job]
    summary = home.list_copy_job_summaries(AggregationPeriod="SEVEN_DAYS")["CopyJobSummaries"]
    assert [(row["State"], row["Count"]) for row in summary] == [("COMPLETED", 1)]

    point = job["DestinationRecoveryPointArn"]
    told = abroad.describe_recovery_point(BackupVaultName="copies", RecoveryPointArn=point)
    assert (told["SourceBackupVaultArn"], told["CreationDate"], told["Lifecycle"]) == (source["BackupVaultArn"], source["CreationDate"], {"DeleteAfterDays": 35})
    assert abroad.list_tags(ResourceArn=point)["Tags"] == {"env": "prod"}

    # when source and vault are gone
    home.delete_recovery_point(BackupVaultName="source", RecoveryPointArn=made["RecoveryPointArn"])
    home.delete_backup_vault(BackupVaultName="source")
    done = restore(abroad, point, vault="copies", newFileSystem="true")
    assert done["Status"] == "COMPLETED", done
    restored = next(row for row in engine.json("resource", "list") if row["ResourceArn"] == done["CreatedResourceArn"])
    trees.assert_same(small_tree, restored["Path"])
    password = engine.run("vault", "recovery-key", "copies", "--region", ABROAD).stdout.strip()
    check = engine.restic("check", "--read-data", vault="copies", password=password, region=ABROAD)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check


def test_a_copy_to_another_account_needs_the_setting_and_the_policy(engine, small_tree):
    resource = engine.add_efs("projects", small_tree)
    home = engine.client()
    account = member_of(engine)
    member = engine.client(account=account, region=ABROAD)
    destination = member.create_backup_vault(BackupVaultName="copies")["BackupVaultArn"]
    point = back_up(home, resource)["RecoveryPointArn"]

    assert "isCrossAccountBackupEnabled" in copy(home, point, destination)["StatusMessage"]
    with pytest.raises(member.exceptions.InvalidRequestException, match="management account"):
        member.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"})
    home.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"})
    assert member.describe_global_settings()["GlobalSettings"]["isCrossAccountBackupEnabled"] == "true"
    denied = copy(home, point, destination)
    assert denied["State"] == "FAILED" and denied["StatusMessage"].startswith("Access Denied trying to call AWS Backup service"), denied
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}]}'
    member.put_backup_vault_access_policy(BackupVaultName="copies", Policy=policy)
    job = copy(home, point, destination)
    assert job["State"] == "COMPLETED", job
    # who gets it sees the job, and restores it there
    assert [row["CopyJobId"] for row in member.list_copy_jobs()["CopyJobs"]][0] == job["CopyJobId"]
    role = f"arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"
    metadata = member.get_recovery_point_restore_metadata(BackupVaultName="copies", RecoveryPointArn=job["DestinationRecoveryPointArn"])["RestoreMetadata"]
    started = member.start_restore_job(RecoveryPointArn=job["DestinationRecoveryPointArn"], Metadata={**metadata, "newFileSystem": "true"}, IamRoleArn=role)
    done = wait_for_job(lambda: member.describe_restore_job(RestoreJobId=started["RestoreJobId"]))
    assert done["Status"] == "COMPLETED", done
    path = next(row["Path"] for row in engine.json("resource", "list") if row["ResourceArn"] == done["CreatedResourceArn"])
    trees.assert_same(small_tree, path)


@pytest.mark.parametrize("point", ["before-index", "before-snapshot", "before-manifests", "before-catalog-commit"])
def test_kill_9_in_a_copy_leaves_it_to_the_next_start(tmp_path, point):
    source = trees.everything(tmp_path / "source")
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    resource = engine.add_efs("projects", source)
    home, abroad = engine.client(), engine.client(region=ABROAD)
    destination = abroad.create_backup_vault(BackupVaultName="copies")["BackupVaultArn"]
    made = back_up(home, resource)["RecoveryPointArn"]
    engine.stop()

    engine.environment["VAULTDECK_CRASH_AT"] = point
    engine.start()
    job = engine.client().start_copy_job(RecoveryPointArn=made, SourceBackupVaultName="Default", DestinationBackupVaultArn=destination, IamRoleArn=ROLE)["CopyJobId"]
    assert engine.process.wait(60) == -9
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()

    home, abroad = engine.client(), engine.client(region=ABROAD)
    done = wait_for_job(lambda: home.describe_copy_job(CopyJobId=job)["CopyJob"])
    assert done["State"] == "COMPLETED", done
    points = abroad.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]
    assert [row["RecoveryPointArn"] for row in points] == [done["DestinationRecoveryPointArn"]]
    assert len(list((engine.data / "vaults" / ACCOUNT / ABROAD / "copies" / "vaultdeck" / "points").iterdir())) == 1
    restored = restore(abroad, done["DestinationRecoveryPointArn"], vault="copies", newFileSystem="true")
    path = next(row["Path"] for row in engine.json("resource", "list") if row["ResourceArn"] == restored["CreatedResourceArn"])
    trees.assert_same(source, pathlib.Path(path))
    password = engine.run("vault", "recovery-key", "copies", "--region", ABROAD).stdout.strip()
    check = engine.restic("check", "--read-data", vault="copies", password=password, region=ABROAD)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    engine.stop()


def stack_of_one_folder(engine, folder, source, vault="Default"):
    """A composite recovery point of a template and of a folder."""
    folder.mkdir()
    files = engine.add_efs("projects", source)
    (folder / "template.yaml").write_text("Resources: {}\n")
    (folder / "members.json").write_text(json.dumps({"Files": files}))
    stack = json.loads(engine.run("resource", "add", "CloudFormation", "shop", "--path", str(folder), "--output", "json").stdout)
    made = back_up(engine.client(), stack["ResourceArn"], vault=vault)
    assert made["State"] == "COMPLETED", made
    return made["RecoveryPointArn"]


def judge_composite(engine, source, job):
    """The copy of it abroad: whole, with its two points, each of which was copied once."""
    home, abroad = engine.client(), engine.client(region=ABROAD)
    assert job["State"] == "COMPLETED" and job["IsParent"], job
    assert (job["NumberOfChildJobs"], job["ChildJobsInState"]) == (2, {"COMPLETED": 2}), job
    children = home.list_copy_jobs(ByParentJobId=job["CopyJobId"])["CopyJobs"]
    assert {child.get("CompositeMemberIdentifier") for child in children} == {None, "Files"}
    assert all(child["ParentJobId"] == job["CopyJobId"] and not child["IsParent"] for child in children)
    composite = job["DestinationRecoveryPointArn"]
    points = abroad.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]
    nested = {point.get("CompositeMemberIdentifier"): point for point in points if not point["IsParent"]}
    assert [point["RecoveryPointArn"] for point in points if point["IsParent"]] == [composite] and len(points) == 3
    assert set(nested) == {None, "Files"} and all(point["ParentRecoveryPointArn"] == composite for point in nested.values())
    assert len(list((engine.data / "vaults" / ACCOUNT / ABROAD / "copies" / "vaultdeck" / "points").iterdir())) == 3
    restored = restore(abroad, nested["Files"]["RecoveryPointArn"], vault="copies", newFileSystem="true")
    assert restored["Status"] == "COMPLETED", restored
    path = next(row["Path"] for row in engine.json("resource", "list") if row["ResourceArn"] == restored["CreatedResourceArn"])
    trees.assert_same(source, pathlib.Path(path))
    password = engine.run("vault", "recovery-key", "copies", "--region", ABROAD).stdout.strip()
    check = engine.restic("check", "--read-data", vault="copies", password=password, region=ABROAD)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check


def test_a_composite_is_copied_as_a_whole_and_restores_when_its_source_vault_is_gone(engine, small_tree, tmp_path):
    home, abroad = engine.client(), engine.client(region=ABROAD)
    home.create_backup_vault(BackupVaultName="source")
    composite = stack_of_one_folder(engine, tmp_path / "stack", small_tree, vault="source")
    destination = abroad.create_backup_vault(BackupVaultName="copies")["BackupVaultArn"]
    done = engine.run("copy", "start", composite, "--to", destination)
    job = next(job for job in home.list_copy_jobs()["CopyJobs"] if job["IsParent"])
    assert done.stdout.strip() == job["DestinationRecoveryPointArn"]
    for point in home.list_recovery_points_by_backup_vault(BackupVaultName="source", ByParentRecoveryPointArn=composite)["RecoveryPoints"]:
        home.delete_recovery_point(BackupVaultName="source", RecoveryPointArn=point["RecoveryPointArn"])
    home.delete_recovery_point(BackupVaultName="source", RecoveryPointArn=composite)
    home.delete_backup_vault(BackupVaultName="source")
    judge_composite(engine, small_tree, home.describe_copy_job(CopyJobId=job["CopyJobId"])["CopyJob"])


@pytest.mark.parametrize(
    "points",
    [
        ["before-snapshot"],
        ["before-catalog-commit"],
        ["before-composite-copy"],
        # The children are done by then: what dies next is the composite's own commit.
        ["before-composite-copy", "before-manifests"],
        ["before-composite-copy", "before-catalog-commit"],
    ],
)
def test_kill_9_while_a_composite_is_copied_leaves_it_to_the_next_start(tmp_path, points):
    source = trees.everything(tmp_path / "source")
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    composite = stack_of_one_folder(engine, tmp_path / "stack", source)
    destination = engine.client(region=ABROAD).create_backup_vault(BackupVaultName="copies")["BackupVaultArn"]
    engine.stop()

    job = None
    for point in points:
        engine.environment["VAULTDECK_CRASH_AT"] = point
        # What goes on at the start may die before the address is told.
        with contextlib.suppress(AssertionError) if job else contextlib.nullcontext():
            engine.start()
        if job is None:
            job = engine.client().start_copy_job(RecoveryPointArn=composite, SourceBackupVaultName="Default", DestinationBackupVaultArn=destination, IamRoleArn=ROLE)
            assert job["IsParent"]
        assert engine.process.wait(60) == -9
        engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()

    home = engine.client()
    judge_composite(engine, source, wait_for_job(lambda: home.describe_copy_job(CopyJobId=job["CopyJobId"])["CopyJob"]))
    engine.stop()
