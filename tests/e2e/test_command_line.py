"""The interfaces that others build on: options, outputs, exit codes."""

import json
import os
import subprocess

import pytest

import trees
from conftest import ACCOUNT, BINARY, REGION, Engine, back_up


def test_data_directory_before_or_after_the_subcommand_or_from_the_environment(tmp_path, small_tree):
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    add = ["resource", "add", "EFS", "projects", "--path", str(small_tree)]
    first = subprocess.run([BINARY, "--data-dir", str(tmp_path / "d"), *add], env=environment, capture_output=True, text=True, check=True).stdout
    again = subprocess.run([BINARY, *add, "--data-dir", str(tmp_path / "d")], env=environment, capture_output=True, text=True, check=True).stdout
    third = subprocess.run([BINARY, *add], env={**environment, "VAULTDECK_DATA_DIR": str(tmp_path / "d")}, capture_output=True, text=True, check=True).stdout
    assert first == again == third and first.startswith(f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-") and first.count("\n") == 1
    assert len(first.strip().rsplit("fs-", 1)[1]) == 17
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "d" / "keys" / "local.key").stat().st_mode & 0o777 == 0o600


def test_resource_rules(tmp_path, small_tree):
    engine = Engine(tmp_path / "data")
    arn = engine.add_efs("projects", small_tree, "env=prod")
    place = {"AccountId": ACCOUNT, "Region": REGION, "Path": str(small_tree), "Location": {"Path": str(small_tree)}}
    assert engine.json("resource", "list") == [{"ResourceArn": arn, "ResourceType": "EFS", "Name": "projects", "Facts": {}, "Tags": {"env": "prod"}, **place}]
    assert engine.add_efs("projects", small_tree, "env=test") == arn
    assert engine.json("resource", "list")[0]["Tags"] == {"env": "test"}
    for arguments, words in (
        (["EFS", "projects", "--path", str(tmp_path)], "path"),
        (["EFS", "none", "--path", str(tmp_path / "absent")], "absent"),
        (["EFS", "above", "--path", str(tmp_path)], "data directory"),
        (["EFS", "inside", "--path", str(tmp_path / "data" / "vaults")], "data directory"),
        (["Timestream", "table", "--path", str(small_tree)], "Timestream"),
        (["EFS", "file", "--path", str(small_tree / "empty")], "folder"),
    ):
        refused = engine.run("resource", "add", *arguments, check=False)
        assert refused.returncode in (1, 2) and words.lower() in refused.stderr.lower(), (arguments, refused)
    engine.run("resource", "remove", arn)
    assert engine.json("resource", "list") == []


def test_serve_prints_one_line_and_stops_at_sigterm(engine):
    assert engine.stop() == ""


def test_credentials_tell_where_the_engine_listens(engine):
    keys = engine.credentials()
    assert set(keys) == {"AccessKeyId", "SecretAccessKey", "AccountId", "Region", "EndpointUrl"}
    assert (keys["AccountId"], keys["Region"], keys["EndpointUrl"]) == (ACCOUNT, REGION, engine.url)
    engine.stop()
    assert engine.credentials()["EndpointUrl"] is None


def test_a_second_engine_says_who_holds_the_directory(engine):
    second = engine.run("serve", "--listen", "127.0.0.1:0", check=False)
    assert second.returncode == 4 and str(engine.process.pid) in second.stderr, second


def test_serve_refuses_an_address_that_others_can_reach(tmp_path):
    refused = Engine(tmp_path / "data").run("serve", "--listen", "0.0.0.0:0", check=False)
    assert refused.returncode in (1, 2) and "loopback" in refused.stderr, refused


def test_exit_codes_of_following_commands(engine, small_tree, tmp_path):
    arn = engine.add_efs("projects", small_tree)
    done = engine.run("backup", "start", arn, "--vault", "Default")
    assert done.returncode == 0
    assert engine.run("backup", "start", arn, "--vault", "absent", check=False).returncode == 1
    assert engine.run("nonsense", check=False).returncode == 2
    point = json.loads(engine.run("points", "--output", "json").stdout)[0]
    target = tmp_path / "target"
    engine.run("restore", "start", point["RecoveryPointArn"], "--to", str(target))
    trees.assert_same(small_tree, target)


@pytest.mark.parametrize("command", ["vaults", "plans", "jobs", "points", "accounts"])
def test_lists_come_as_table_json_and_csv(engine, small_tree, command):
    back_up(engine.client(), engine.add_efs("projects", small_tree))
    assert isinstance(json.loads(engine.run(command, "--output", "json").stdout), list)
    assert engine.run(command, "--output", "table").stdout
    assert "," in engine.run(command, "--output", "csv").stdout.splitlines()[0]


def test_commands_work_alike_with_and_without_a_running_engine(tmp_path, small_tree):
    engine = Engine(tmp_path / "data")
    engine.add_efs("projects", small_tree)
    alone = engine.run("vaults", "--output", "json").stdout
    engine.start()
    assert engine.run("vaults", "--output", "json").stdout == alone
    engine.stop()


def test_vault_check_names_what_is_damaged(engine, small_tree):
    back_up(engine.client(), engine.add_efs("projects", small_tree))
    assert engine.run("vault", "check", "Default").returncode == 0
    packs = sorted((engine.data / "vaults" / ACCOUNT / REGION / "Default" / "data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    pack = packs[-1]
    pack.chmod(0o600)
    damaged = bytearray(pack.read_bytes())
    damaged[1000] ^= 1
    pack.write_bytes(damaged)
    found = engine.run("vault", "check", "Default", check=False)
    assert found.returncode == 1 and pack.name[:8] in found.stdout + found.stderr, found
    point = engine.client().list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"][0]
    assert point["RecoveryPointArn"].split(":")[-1] in found.stdout and point["StatusMessage"].startswith("Damaged: "), (found, point)


def test_roles_that_cannot_be_assumed_are_refused(engine, small_tree):
    arn = engine.add_efs("projects", small_tree)
    backup = engine.client()
    other = f"arn:aws:iam::{ACCOUNT}:role/Other"
    with pytest.raises(backup.exceptions.InvalidParameterValueException, match="cannot be assumed by AWS Backup"):
        backup.start_backup_job(BackupVaultName="Default", ResourceArn=arn, IamRoleArn=other)
    engine.run("role", "add", other)
    backup.start_backup_job(BackupVaultName="Default", ResourceArn=arn, IamRoleArn=other)
    assert other in engine.run("role", "list").stdout
    engine.run("role", "remove", other)
    assert other not in engine.run("role", "list").stdout


def test_completions_and_version():
    assert "vaultdeck" in subprocess.run([BINARY, "completions", "bash"], capture_output=True, text=True, check=True).stdout
    assert subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.startswith("vaultdeck ")


def test_demo_reset_on_a_real_data_directory_refuses(tmp_path, small_tree):
    engine = Engine(tmp_path / "data")
    engine.add_efs("projects", small_tree)
    refused = engine.run("demo", "--reset", check=False)
    assert refused.returncode in (1, 2) and "demo" in refused.stderr, refused
    assert engine.json("resource", "list")
