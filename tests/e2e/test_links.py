"""A process that is killed between the judging of a folder and its use: what is there at the next start is judged again."""

import pathlib

import pytest

import trees
from conftest import DEBUG, ROLE, Engine, wait_for_job


@pytest.fixture
def scene(tmp_path):
    """A stopped debug engine with one recovery point, and a folder that nothing may be written to."""
    source = trees.everything(tmp_path / "source")
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    resource = engine.add_efs("projects", source)
    backup = engine.client()
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    point = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job))["RecoveryPointArn"]
    engine.stop()
    (tmp_path / "outside").mkdir()
    yield engine, source, resource, point
    if engine.process.poll() is None:
        engine.stop()
    assert list((tmp_path / "outside").iterdir()) == [], "something was written outside"


def killed_restore(engine, point, target, at):
    """A restore during which the engine dies at a named point."""
    engine.environment["VAULTDECK_CRASH_AT"] = at
    engine.arguments = ["--restore-root", str(target.parents[1])]
    engine.start()
    backup = engine.client()
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    job = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, "vaultdeck:path": str(target)}, IamRoleArn=ROLE)["RestoreJobId"]
    assert engine.process.wait(60) == -9
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    return job


def resumed(engine, job):
    """What becomes of the job at the next start."""
    engine.start()
    backup = engine.client()
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job))


@pytest.mark.parametrize("at", ["before-restore-opens", "before-restore-writes"])
@pytest.mark.parametrize("planted", ["", "a", "a/target"])
def test_a_link_that_was_planted_while_the_engine_was_dead_is_not_followed(scene, tmp_path, at, planted):
    engine, _, _, point = scene
    root = tmp_path / "allowed"
    (root / "a").mkdir(parents=True)
    job = killed_restore(engine, point, root / "a" / "target", at)
    place = root / planted
    if place.exists():
        place.rename(tmp_path / "aside")
    place.symlink_to(tmp_path / "outside")

    done = resumed(engine, job)

    assert done["Status"] == "FAILED" and f"{place} is a symbolic link now" in done["StatusMessage"], done


@pytest.mark.parametrize("at", ["before-restore-opens", "before-restore-writes"])
def test_a_restore_that_was_killed_goes_on_in_its_folder(scene, tmp_path, at):
    engine, source, _, point = scene
    target = tmp_path / "allowed" / "a" / "target"
    target.parents[1].mkdir()
    job = killed_restore(engine, point, target, at)

    done = resumed(engine, job)

    assert done["Status"] == "COMPLETED", done
    assert trees.listing(target) == trees.listing(source)


def test_a_restore_that_was_killed_does_not_go_on_in_another_folder(scene, tmp_path):
    engine, _, _, point = scene
    target = tmp_path / "allowed" / "a" / "target"
    target.parents[1].mkdir()
    job = killed_restore(engine, point, target, "before-restore-writes")
    target.rename(tmp_path / "aside")
    target.mkdir()
    (target / "empty").write_text("somebody's own")

    done = resumed(engine, job)

    assert done["Status"] == "FAILED" and "is not the folder any more" in done["StatusMessage"], done
    assert [entry.name for entry in target.iterdir()] == ["empty"] and (target / "empty").read_text() == "somebody's own"


def test_a_backup_that_was_killed_does_not_go_on_in_what_took_the_sources_place(scene, tmp_path):
    engine, source, resource, _ = scene
    engine.environment["VAULTDECK_CRASH_AT"] = "before-snapshot"
    engine.start()
    backup = engine.client()
    (source / "new").write_text("new")
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    assert engine.process.wait(60) == -9
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    pathlib.Path(source).rename(tmp_path / "moved")
    source.symlink_to(tmp_path / "moved")

    engine.start()
    backup = engine.client()
    done = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job))

    assert done["State"] == "FAILED" and f"{source} is a symbolic link now" in done["StatusMessage"], done
    assert len(backup.list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"]) == 1
