"""What a boto3 script does on a fresh engine, from the vault to the restored tree, with restic as the judge."""

import os
import subprocess

import pytest

import trees
from conftest import ACCOUNT, ROLE, back_up, restore

SIZE = int(os.environ.get("VAULTDECK_E2E_BYTES", 1_000_000_000))


def test_vault_plan_selection_schedule_backup_restore_and_restic_agree(simulated, tmp_path):
    source = trees.large(trees.everything(tmp_path / "source"), SIZE)
    resource = simulated.add_efs("projects", source, "env=prod")
    backup = simulated.client()

    # given a vault, a plan that keeps its points three days, and a selection by tag
    backup.create_backup_vault(BackupVaultName="nightly")
    now = simulated.clock(advance_seconds=0)
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "daily", "Rules": [{
        "RuleName": "at-five", "TargetBackupVaultName": "nightly", "ScheduleExpression": "cron(0 5 ? * * *)",
        "StartWindowMinutes": 60, "CompletionWindowMinutes": 180, "Lifecycle": {"DeleteAfterDays": 3}}]})["BackupPlanId"]
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection={
        "SelectionName": "prod", "IamRoleArn": ROLE,
        "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "env", "ConditionValue": "prod"}]})

    # when five days and the hours of the deletion window go by
    assert simulated.clock(advance_seconds=5 * 86_400) > now
    jobs = backup.list_backup_jobs(ByBackupVaultName="nightly")["BackupJobs"]
    assert len(jobs) == 5 and {job["State"] for job in jobs} == {"COMPLETED"}, jobs
    assert {job["CreatedBy"]["BackupPlanId"] for job in jobs} == {plan}
    assert all((job["CreationDate"].hour, job["CreationDate"].minute) == (5, 0) for job in jobs)
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="nightly")["RecoveryPoints"]
    latest_three = sorted(job["CreationDate"] for job in jobs)[-3:]

    # then retention has kept the right ones: none younger than its three days is gone, and the oldest is
    kept = sorted(point["CreationDate"] for point in points)
    assert kept[-3:] == latest_three and len(kept) <= 4, kept
    assert min(job["CreationDate"] for job in jobs) not in kept
    assert all((point["CalculatedLifecycle"]["DeleteAt"] - point["CreationDate"]).days == 3 for point in points)

    # and an on-demand backup of the whole tree, restored to a new path, is the same tree
    job = back_up(backup, resource, vault="nightly")
    assert (job["State"], job.get("MessageCategory", "SUCCESS").upper()) == ("COMPLETED", "SUCCESS"), job
    done = restore(backup, job["RecoveryPointArn"], vault="nightly", newFileSystem="true")
    assert done["Status"] == "COMPLETED", done
    restored = next(row for row in simulated.json("resource", "list") if row["ResourceArn"] == done["CreatedResourceArn"])
    trees.assert_same(source, restored["Path"])

    # and restic, with the recovery key, finds no error and restores the same tree too
    password = simulated.run("vault", "recovery-key", "nightly").stdout.strip()
    check = simulated.restic("check", "--read-data", vault="nightly", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = simulated.restic("restore", "latest", "--target", str(tmp_path / "by restic"), vault="nightly", password=password)
    assert done.returncode == 0, done
    compare_with_restic(source, tmp_path / "by restic" / str(source).lstrip("/"))


def compare_with_restic(source, restored):
    """restic 0.14 writes no holes, so sparseness is left out of this comparison."""
    one, two = trees.listing(source), trees.listing(restored)
    for found in (one, two):
        for what in found.values():
            what.pop("sparse", None)
            what.pop("hard link of", None)
    assert one == two


def test_items_are_restored_into_the_source_as_aws_does(engine, tmp_path):
    source = trees.everything(tmp_path / "source")
    resource = engine.add_efs("projects", source)
    backup = engine.client()
    before = trees.listing(source)
    point = back_up(backup, resource)["RecoveryPointArn"]
    done = restore(backup, point, newFileSystem="false", ItemsToRestore='["/folder/hello.txt", "/not utf-8 \\\\xff\\\\xfe"]')
    assert done["Status"] == "COMPLETED", done
    folders = [entry for entry in source.iterdir() if entry.name.startswith("aws-backup-restore_")]
    assert len(folders) == 1
    after = trees.listing(folders[0])
    wanted = {path for path, what in after.items() if "sha256" in what}
    assert wanted == {b"folder/hello.txt", b"not utf-8 \xff\xfe"}
    for path in wanted:
        assert {**before[path], "hard link of": 0} == {**after[path], "hard link of": 0}


def test_second_recovery_key_replaces_the_first(engine, small_tree):
    back_up(engine.client(), engine.add_efs("projects", small_tree))
    first = engine.run("vault", "recovery-key", "Default").stdout
    second = engine.run("vault", "recovery-key", "Default").stdout
    assert first.count("\n") == second.count("\n") == 1 and first != second
    assert engine.restic("snapshots", password=second.strip()).returncode == 0
    assert engine.restic("snapshots", password=first.strip()).returncode != 0


def test_a_restore_over_tcp_may_not_choose_any_path(engine, small_tree, tmp_path):
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", small_tree))["RecoveryPointArn"]
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    with pytest.raises(backup.exceptions.ClientError, match="vaultdeck:path"):
        restore(backup, point, metadata, newFileSystem="true", **{"vaultdeck:path": str(tmp_path / "anywhere")})
    assert not (tmp_path / "anywhere").exists()


def test_a_restore_over_tcp_may_choose_a_path_below_an_allowed_root(start, small_tree, tmp_path):
    engine = start(arguments=["--restore-root", str(tmp_path)])
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", small_tree))["RecoveryPointArn"]
    done = restore(backup, point, newFileSystem="true", **{"vaultdeck:path": str(tmp_path / "chosen")})
    assert done["Status"] == "COMPLETED", done
    trees.assert_same(small_tree, tmp_path / "chosen")


@pytest.mark.skipif(os.geteuid() != 0, reason="starts the engine as another user, which only root can")
def test_what_the_engines_user_cannot_read_is_named_and_never_silently_lost(tmp_path, start):
    os.chmod(tmp_path, 0o755)
    for folder in tmp_path.parents:
        if folder.is_relative_to("/tmp") and folder.stat().st_uid == 0 and str(folder) != "/tmp":
            os.chmod(folder, 0o755)
    source, home = tmp_path / "source", tmp_path / "home"
    (source / "folder").mkdir(parents=True)
    (source / "readable").write_text("yes")
    (source / "folder" / "secret").write_text("no")
    os.chmod(source / "folder" / "secret", 0)
    home.mkdir()
    for path in (home, source, source / "folder", source / "readable", source / "folder" / "secret"):
        os.chown(path, 65534, 65534)
    os.chown(source / "folder" / "secret", 0, 0)
    engine = start("home/data", prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], environment={"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")})
    resource = engine.add_efs("projects", source)
    backup = engine.client()
    job = back_up(backup, resource)
    assert job["State"] == "COMPLETED" and job["MessageCategory"] == "AccessDenied", job
    assert "Completed with issues: 1 item" in job["StatusMessage"] and "folder/secret" in job["StatusMessage"], job
    done = restore(backup, job["RecoveryPointArn"], newFileSystem="true")
    assert done["Status"] == "COMPLETED", done
    started = engine.run("backup", "start", resource, "--vault", "Default", check=False)
    assert started.returncode == 3 and "folder/secret" in started.stdout + started.stderr, started


def test_the_aws_command_line_speaks_to_the_engine(engine, small_tree):
    engine.run("backup", "start", engine.add_efs("projects", small_tree), "--vault", "Default")
    exports = engine.run("credentials", "--output", "env").stdout
    assert "AWS_SECRET_ACCESS_KEY" in exports
    aws = os.path.join(os.path.dirname(os.environ.get("VAULTDECK_PYTHON", "")), "aws")
    script = f'{exports}\nexec "{aws}" --endpoint-url {engine.url} backup list-backup-jobs --query "BackupJobs[].State" --output text'
    done = subprocess.run(["sh", "-c", script], env=engine.environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "COMPLETED"), done


def test_members_are_reached_by_assuming_their_role(engine, small_tree):
    member = engine.run("account", "add", "member", "--output", "json").stdout
    assert "AccountId" in member
    account = next(row["AccountId"] for row in engine.json("account", "list") if row["AccountId"] != ACCOUNT)
    organizations, sts = engine.client("organizations"), engine.client("sts")
    assert {row["Id"] for row in organizations.list_accounts()["Accounts"]} == {ACCOUNT, account}
    assert sts.get_caller_identity()["Account"] == ACCOUNT
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="test")["Credentials"]
    import boto3
    inside = boto3.client("backup", endpoint_url=engine.url, region_name="us-east-1", aws_access_key_id=keys["AccessKeyId"],
                          aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
    vaults = inside.list_backup_vaults()["BackupVaultList"]
    assert [vault["BackupVaultArn"] for vault in vaults] == [f"arn:aws:backup:us-east-1:{account}:backup-vault:Default"]
