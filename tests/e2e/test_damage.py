"""Damage on the real binary: a check names it by recovery point and path, a repair or a backup mends it, and restic agrees."""

import json

import trees
from conftest import ACCOUNT, REGION, back_up, restore


def vault(engine):
    return engine.data / "vaults" / ACCOUNT / REGION / "Default"


def files(engine, folder):
    found = [path for path in (vault(engine) / folder).rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_size, reverse=True)


def flip(path):
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def restored(engine, backup, point, source, tmp_path):
    done = restore(backup, point, newFileSystem="true")
    assert done["Status"] == "COMPLETED", done
    rows = engine.json("resource", "list")
    trees.assert_same(source, next(row for row in rows if row["ResourceArn"] == done["CreatedResourceArn"])["Path"])


def judged_by_restic(engine):
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("--no-lock", "check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check


def test_repair_says_first_then_brings_back_snapshots_index_and_manifests(engine, small_tree, tmp_path):
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", small_tree))["RecoveryPointArn"]
    for snapshot in files(engine, "snapshots"):
        snapshot.unlink()
    flip(files(engine, "index")[0])
    flip(files(engine, "vaultdeck/points")[0])

    # A check writes the manifest again, and names the recovery point that lost its snapshot.
    found = engine.run("vault", "check", "Default", check=False)
    assert found.returncode == 1 and point.split(":")[-1] in found.stdout, found
    told = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)["StatusMessage"]
    assert told == "Damaged: nothing of it can be restored: its snapshot is missing"

    # A repair says what it will do, and does nothing unasked.
    planned = engine.run("vault", "repair", "Default", "--dry-run", check=False)
    assert "would repair: " in planned.stdout and "snapshot" in planned.stdout, planned
    refused = engine.run("vault", "repair", "Default", check=False)
    assert refused.returncode == 2 and "--yes" in refused.stderr and not files(engine, "snapshots"), refused

    done = engine.run("vault", "repair", "Default", "--yes")
    assert "vault Default is whole" in done.stdout, done
    assert engine.run("vault", "check", "Default").returncode == 0
    assert "StatusMessage" not in backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
    restored(engine, backup, point, small_tree, tmp_path)
    judged_by_restic(engine)


def test_lost_data_is_named_stored_again_by_the_next_backup_and_restored(engine, small_tree, tmp_path):
    backup = engine.client()
    resource = engine.add_efs("projects", small_tree)
    first = back_up(backup, resource)["RecoveryPointArn"]
    flip(files(engine, "data")[0])
    found = engine.run("vault", "check", "Default", "--output", "json", check=False)
    problems = json.loads(found.stdout)["Problems"]
    lost = [problem for problem in problems if problem.get("RecoveryPointArn") == first]
    assert found.returncode == 1 and len(lost) == 1, found
    names = {item["Path"] for item in lost[0]["Items"]}
    assert names and all(path == "/" or (small_tree / path[1:]).exists() for path in names), names

    # Nothing else holds it, and the repair says so.
    left = engine.run("vault", "repair", "Default", "--yes", check=False)
    assert left.returncode == 1 and "still damaged: recovery point" in left.stdout, left

    second = back_up(backup, resource)["RecoveryPointArn"]
    for point in (first, second):
        told = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
        assert "StatusMessage" not in told, told
        restored(engine, backup, point, small_tree, tmp_path)
