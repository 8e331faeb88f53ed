"""`kill -9` at any moment: no acknowledged recovery point is lost, restic finds no error, no job is forgotten."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import threading
import time
import urllib.error

import botocore.exceptions
import pytest

import trees
from conftest import ACCOUNT, DEBUG, REGION, BINARY, ROLE, Engine, back_up, restore, wait_for_job

KILLS = int(os.environ.get("VAULTDECK_E2E_KILLS", 200))
SEED = int(os.environ.get("VAULTDECK_E2E_SEED", 20261123))
FINAL = ("COMPLETED", "FAILED", "ABORTED", "EXPIRED")
MEMBERS = ["210987654321", "111122223333"]


class Ledger:
    """What the API has acknowledged: recovery points shown COMPLETED, with the tree they must restore to."""

    def __init__(self):
        self.acknowledged = {}
        self.deleted = set()
        self.jobs = set()

    def look(self, backup):
        for job in pages(backup, "list_backup_jobs", "BackupJobs"):
            self.jobs.add(job["BackupJobId"])
            if job["State"] == "COMPLETED" and job["RecoveryPointArn"] not in self.deleted:
                self.acknowledged.setdefault(job["RecoveryPointArn"], job["CreationDate"])

    def delete(self, point):
        """A user wants `point` gone: from now on it may be there or not."""
        del self.acknowledged[point]
        self.deleted.add(point)


def pages(client, operation, member, **asked):
    rows, token = [], None
    while True:
        answer = getattr(client, operation)(**asked, **({"NextToken": token} if token else {}))
        rows += answer[member]
        token = answer.get("NextToken")
        if not token:
            return rows


def settle(backup, seconds=120):
    """Wait until no job runs or waits; all jobs."""
    deadline = time.monotonic() + seconds
    while True:
        jobs = pages(backup, "list_backup_jobs", "BackupJobs")
        if all(job["State"] in FINAL for job in jobs):
            return jobs
        assert time.monotonic() < deadline, [job for job in jobs if job["State"] not in FINAL]
        time.sleep(0.1)


def judge(engine, ledger, source, sample):
    """Every job ended with a reason; every acknowledged point is there; some restore; restic finds no error."""
    backup = engine.client()
    jobs = {job["BackupJobId"]: job for job in settle(backup)}
    assert ledger.jobs <= set(jobs), f"forgotten: {ledger.jobs - set(jobs)}"
    for job in jobs.values():
        assert job["State"] == "COMPLETED" or job.get("StatusMessage"), job
    ledger.look(backup)
    vault = {point["RecoveryPointArn"]: point["Status"] for point in pages_of_vault(backup)}
    for point in ledger.acknowledged:
        assert vault.get(point) == "COMPLETED", point
    for point in sample:
        done = restore(backup, point, newFileSystem="true")
        assert done["Status"] == "COMPLETED", done
        rows = engine.json("resource", "list")
        path = next(row["Path"] for row in rows if row["ResourceArn"] == done["CreatedResourceArn"])
        assert (set(trees.listing(path)) - {b"changing"}) == (set(trees.listing(source)) - {b"changing"})
        engine.run("resource", "remove", done["CreatedResourceArn"])
        shutil.rmtree(path)
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check


def pages_of_vault(backup):
    return pages(backup, "list_recovery_points_by_backup_vault", "RecoveryPoints", BackupVaultName="Default")


def test_kill_9_at_random_moments_loses_no_acknowledged_recovery_point(tmp_path):
    rng = random.Random(SEED)
    print(f"seed {SEED}, {KILLS} kills")
    source = trees.large(tmp_path / "source", 60_000_000)
    engine = Engine(tmp_path / "data").start()
    resource = engine.add_efs("projects", source)
    keys = engine.client()
    assert keys
    ledger = Ledger()
    for kill in range(KILLS):
        backup = engine.client()
        (source / "changing").write_bytes(rng.randbytes(rng.randrange(1, 20_000_000)))
        backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
        if rng.random() < 0.3 and len(ledger.acknowledged) > 3:
            point = rng.choice(list(ledger.acknowledged))
            ledger.delete(point)
            backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
        end = time.monotonic() + rng.random() * rng.choice([0.05, 0.5, 1.0])
        while time.monotonic() < end:
            ledger.look(backup)
        engine.kill()
        engine.start()
        if kill % 50 == 49 or kill == KILLS - 1:
            settle(engine.client())
            ledger.look(engine.client())
            judge(engine, ledger, source, rng.sample(sorted(ledger.acknowledged), min(3, len(ledger.acknowledged))))
    engine.stop()
    print(f"{len(ledger.jobs)} jobs, {len(ledger.acknowledged)} acknowledged points at the end")


POINTS = ["before-index", "before-snapshot", "before-manifests", "before-catalog-commit", "during-delete", "during-delete:2",
          "during-delete:3", "during-collection"]
# A new pack is written; it is in the index too; the references of the recovery points have moved.
REPACKING = ["during-repack:1", "during-repack:2", "during-repack:3"]


@pytest.mark.parametrize("point", POINTS + REPACKING)
def test_kill_9_at_a_named_point(tmp_path, point):
    source = trees.everything(tmp_path / "source")
    # Collection waits until a pack has been known for a day, so that one lives in simulated time.
    clock = ["--clock", "simulated"] if point.startswith("during-collection") or point in REPACKING else []
    engine = Engine(tmp_path / "data", binary=DEBUG, arguments=clock).start()
    resource = engine.add_efs("projects", source)
    backup, ledger = engine.client(), Ledger()
    for version in range(2):
        # What only the first one needs shares a pack with what both do; and nothing else in the source holds the same bytes.
        (source / "changing").write_bytes(random.Random(SEED + 1).randbytes(1_000_000) if version == 0 and point in REPACKING else b"%d" % version)
        if clock:
            engine.clock(advance_seconds=60)
        backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
        settle(backup)
    ledger.look(backup)
    engine.stop()

    # when the engine dies exactly there
    engine.environment["VAULTDECK_CRASH_AT"] = point
    engine.start()
    backup = engine.client()
    if point.startswith("during"):
        # Only the newer one has packs that nothing else needs.
        victim = (min if point in REPACKING else max)(ledger.acknowledged, key=ledger.acknowledged.get)
        ledger.delete(victim)
        with contextlib.suppress(botocore.exceptions.ConnectionClosedError, ConnectionError):
            backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=victim)
            if clock:
                engine.clock(advance_seconds=3 * 86_400)
    else:
        (source / "changing").write_bytes(random.Random(SEED).randbytes(1_000_000))
        backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
    assert engine.process.wait(60) == -9
    engine.close_pipes()

    # then the next start finishes or fails what ran, and nothing acknowledged is lost
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()
    judge(engine, ledger, source, sorted(ledger.acknowledged))
    if point in REPACKING:
        # and what was not finished is: a pack that no index names is taken over by a backup, and one copy of two goes
        for _ in range(3):
            backup = engine.client()
            backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
            settle(backup)
            ledger.look(backup)
            engine.clock(advance_seconds=2 * 86_400)
            engine.stop()
            engine.start()
        judge(engine, ledger, source, sorted(ledger.acknowledged))
        packs = engine.data.glob("vaults/*/*/Default/data/*/*")
        assert sum(pack.stat().st_size for pack in packs) < 3_700_000
    engine.stop()


# The folder of cold storage is made, and nothing has moved; copies lie there, but the catalog says warm; it says cold, and the
# manifest does not; both do, and the warm snapshot is still there. The last two: a point's packs are there, its snapshot not.
MOVING = ["cold-storage-made", "before-cold-switch", "before-cold-manifests", "before-warm-snapshot-goes", "before-index", "before-snapshot"]


@pytest.mark.parametrize("point", MOVING)
def test_kill_9_while_a_point_moves_to_cold_storage(tmp_path, point):
    source = trees.everything(tmp_path / "source")
    engine = Engine(tmp_path / "data", binary=DEBUG, arguments=["--clock", "simulated"]).start()
    resource = engine.add_efs("projects", source)
    backup, ledger = engine.client(), Ledger()
    job = back_up(backup, resource, Lifecycle={"MoveToColdStorageAfterDays": 10, "DeleteAfterDays": 100})
    assert job["State"] == "COMPLETED", job
    ledger.look(backup)
    arn = job["RecoveryPointArn"]
    engine.stop()

    # when the engine dies exactly there
    def move(_):
        with contextlib.suppress(ConnectionError, OSError, http.client.HTTPException):
            engine.clock(advance_seconds=10 * 86_400)

    crash(engine, point, move)

    # then the point is restorable from one of both
    engine.start()
    backup = engine.client()
    described = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=arn)
    assert described["Status"] == "COMPLETED" and described["StorageClass"] in ("WARM", "COLD")
    judge(engine, ledger, source, [arn])

    # and the move comes to its end: what it left in either repository goes, and restic finds no error in both
    engine.clock(advance_seconds=11 * 86_400)
    described = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=arn)
    assert described["StorageClass"] == "COLD"
    judge(engine, ledger, source, [arn])
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    snapshots = [json.loads(engine.restic("snapshots", "--json", password=password, cold=cold).stdout) for cold in (False, True)]
    assert [len(found) for found in snapshots] == [0, 1]
    check = engine.restic("check", "--read-data", password=password, cold=True)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    restored = engine.restic("restore", "latest", "--target", str(tmp_path / "restored"), password=password, cold=True)
    assert restored.returncode == 0, restored
    engine.stop()


def vaults_of(engine, backup):
    """The vaults by their rows, and by their folders."""
    rows = {vault["BackupVaultName"] for vault in backup.list_backup_vaults()["BackupVaultList"]}
    folders = {folder.parent.parent.name for folder in (engine.data / "vaults" / ACCOUNT / REGION).glob("*/vaultdeck/key.json")}
    return rows, folders


def trashed(engine, name):
    """The folders in the trash that were those of a vault of this name: each a whole vault."""
    folders = list((engine.data / "trash").glob(f"{ACCOUNT}_{REGION}_{name}_*"))
    assert all((folder / "vaultdeck/key.json").exists() and (folder / "config").exists() for folder in folders), folders
    return folders


def crash(engine, point, call):
    """Start the engine so that it dies at `point`, call, and wait for its death."""
    engine.environment["VAULTDECK_CRASH_AT"] = point
    engine.start()
    call(engine.client())
    assert engine.process.wait(60) == -9
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]


# What is left of the vault when the next engine has started: a row, a folder at its place, folders in the trash.
@pytest.mark.parametrize("point, row, folder, trash", [("vault-folder-made", False, True, 0), ("vault-row-deleted", False, False, 1),
                                                       ("vault-deletion-moved", False, False, 1)])
def test_kill_9_while_a_vault_is_made_or_deleted(tmp_path, point, row, folder, trash):
    source = trees.everything(tmp_path / "source")
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    resource = engine.add_efs("projects", source)
    backup, ledger = engine.client(), Ledger()
    assert back_up(backup, resource)["State"] == "COMPLETED"
    ledger.look(backup)
    making = point == "vault-folder-made"
    if not making:
        backup.create_backup_vault(BackupVaultName="fleeting")
    engine.stop()

    # when the engine dies exactly there
    def change(backup):
        operation = backup.create_backup_vault if making else backup.delete_backup_vault
        with pytest.raises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
            operation(BackupVaultName="fleeting")

    crash(engine, point, change)

    # then the half-made vault is none, and the half-deleted one is in the trash, whole
    engine.start()
    backup = engine.client()
    rows, folders = vaults_of(engine, backup)
    assert ("fleeting" in rows, "fleeting" in folders, len(trashed(engine, "fleeting"))) == (row, folder, trash)
    assert "Default" in rows & folders

    # and a vault of that name can be made, used, and deleted: its folder is another one than the first
    backup.create_backup_vault(BackupVaultName="fleeting")
    rows, folders = vaults_of(engine, backup)
    assert rows == folders == {"Default", "fleeting"}
    assert len(trashed(engine, "fleeting")) == 1
    job = back_up(backup, resource, vault="fleeting")
    assert job["State"] == "COMPLETED", job
    engine.stop()
    engine.start()
    backup = engine.client()
    assert restore(backup, job["RecoveryPointArn"], vault="fleeting", newFileSystem="true")["Status"] == "COMPLETED"
    backup.delete_recovery_point(BackupVaultName="fleeting", RecoveryPointArn=job["RecoveryPointArn"])
    backup.delete_backup_vault(BackupVaultName="fleeting")
    rows, folders = vaults_of(engine, backup)
    assert rows == folders == {"Default"}
    assert len(trashed(engine, "fleeting")) == 2

    # and nothing acknowledged is lost
    ledger.deleted.add(job["RecoveryPointArn"])
    judge(engine, ledger, source, sorted(ledger.acknowledged))
    engine.stop()


@pytest.mark.parametrize("taken_off", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_kill_9_while_a_lock_changes(tmp_path, taken_off, swapped):
    """A lock whose change is noted in the catalog and not yet in the vault's folder: the next engine tells both the same."""
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    backup = engine.client()
    if taken_off:
        backup.put_backup_vault_lock_configuration(BackupVaultName="Default", MinRetentionDays=7)
    engine.stop()
    catalogs = {path: path.read_bytes() for path in engine.data.glob("catalog.sqlite*")}

    def change(backup):
        with pytest.raises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
            if taken_off:
                backup.delete_backup_vault_lock_configuration(BackupVaultName="Default")
            else:
                backup.put_backup_vault_lock_configuration(BackupVaultName="Default", MinRetentionDays=7)

    crash(engine, "vault-lock-noted", change)
    if not swapped:
        engine.start()
        assert engine.client().describe_backup_vault(BackupVaultName="Default")["Locked"] is not taken_off
        engine.stop()
    # From here on the folder says so too, unless the engine never came so far: then nothing was acknowledged.
    for path in engine.data.glob("catalog.sqlite*"):
        path.unlink()
    for path, content in catalogs.items():
        path.write_bytes(content)
    engine.start()
    backup = engine.client()
    locked = taken_off if swapped else not taken_off
    assert backup.describe_backup_vault(BackupVaultName="Default")["Locked"] is locked
    backup.put_backup_vault_lock_configuration(BackupVaultName="Default", MinRetentionDays=9)
    assert backup.describe_backup_vault(BackupVaultName="Default")["MinRetentionDays"] == 9
    engine.stop()


@pytest.mark.parametrize("taken_off", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_kill_9_while_an_access_policy_changes(tmp_path, taken_off, swapped):
    """A policy whose change is noted in the catalog and not yet in the vault's folder: the next engine tells both the same."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteBackupVault", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    backup = engine.client()
    if taken_off:
        backup.put_backup_vault_access_policy(BackupVaultName="Default", Policy=document)
    engine.stop()
    catalogs = {path: path.read_bytes() for path in engine.data.glob("catalog.sqlite*")}

    def policy(backup):
        try:
            return backup.get_backup_vault_access_policy(BackupVaultName="Default")["Policy"]
        except backup.exceptions.ResourceNotFoundException:
            return None

    def change(backup):
        with pytest.raises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
            if taken_off:
                backup.delete_backup_vault_access_policy(BackupVaultName="Default")
            else:
                backup.put_backup_vault_access_policy(BackupVaultName="Default", Policy=document)

    crash(engine, "vault-policy-noted", change)
    if not swapped:
        engine.start()
        assert policy(engine.client()) == (None if taken_off else document)
        engine.stop()
    # From here on the folder says so too, unless the engine never came so far: then nothing was acknowledged.
    for path in engine.data.glob("catalog.sqlite*"):
        path.unlink()
    for path, content in catalogs.items():
        path.write_bytes(content)
    engine.start()
    backup = engine.client()
    assert policy(backup) == (document if taken_off is swapped else None)
    backup.put_backup_vault_access_policy(BackupVaultName="Default", Policy=document)
    backup.delete_backup_vault_access_policy(BackupVaultName="Default")
    assert policy(backup) is None
    engine.stop()


@pytest.mark.parametrize("taken_off", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_kill_9_while_a_share_changes(tmp_path, taken_off, swapped):
    """A share whose change is noted in the catalog and not yet in its vault's folder: the next engine tells both the same."""
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    member = MEMBERS[0]
    engine.run("account", "add", "recovery", "--id", member)
    made = engine.client().create_logically_air_gapped_backup_vault(BackupVaultName="safe", MinRetentionDays=7, MaxRetentionDays=30)
    vault = made["BackupVaultArn"]

    def share(ram):
        return ram.create_resource_share(name="recovery", resourceArns=[vault], principals=[member])["resourceShare"]["resourceShareArn"]

    arn = share(engine.client("ram")) if taken_off else None
    engine.stop()
    catalogs = {path: path.read_bytes() for path in engine.data.glob("catalog.sqlite*")}

    def is_seen():
        rows = engine.client(account=member).list_backup_vaults(ByShared=True)["BackupVaultList"]
        return [row["BackupVaultArn"] for row in rows] == [vault]

    def change(_):
        ram = engine.client("ram")
        with pytest.raises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
            if taken_off:
                ram.delete_resource_share(resourceShareArn=arn)
            else:
                share(ram)

    crash(engine, "vault-shares-noted", change)
    if not swapped:
        engine.start()
        assert is_seen() is not taken_off
        engine.stop()
    # From here on the folder says so too, unless the engine never came so far: then nothing was acknowledged.
    for path in engine.data.glob("catalog.sqlite*"):
        path.unlink()
    for path, content in catalogs.items():
        path.write_bytes(content)
    engine.start()
    assert is_seen() is (taken_off if swapped else not taken_off)
    ram = engine.client("ram")
    ram.delete_resource_share(resourceShareArn=share(ram))
    engine.stop()


@pytest.mark.parametrize("swapped", [False, True])
def test_kill_9_while_a_lock_becomes_final(tmp_path, swapped):
    engine = Engine(tmp_path / "data", binary=DEBUG, arguments=["--clock", "simulated"]).start()
    backup = engine.client()
    backup.put_backup_vault_lock_configuration(BackupVaultName="Default", ChangeableForDays=3)
    engine.stop()
    catalogs = {path: path.read_bytes() for path in engine.data.glob("catalog.sqlite*")}

    def pass_days(_):
        with pytest.raises((urllib.error.URLError, ConnectionError, http.client.HTTPException)):
            engine.clock(advance_seconds=4 * 86_400)

    crash(engine, "vault-lock-final", pass_days)
    if swapped:
        # By its catalog the engine never saw that day, and its clock has not either.
        for path in engine.data.glob("catalog.sqlite*"):
            path.unlink()
        for path, content in catalogs.items():
            path.write_bytes(content)
    engine.start()
    if swapped:
        engine.clock(advance_seconds=4 * 86_400)
    backup = engine.client()
    for change in (backup.delete_backup_vault_lock_configuration, backup.put_backup_vault_lock_configuration):
        with pytest.raises(backup.exceptions.InvalidRequestException):
            change(BackupVaultName="Default")
    assert backup.describe_backup_vault(BackupVaultName="Default")["Locked"]
    engine.stop()


def test_kill_9_while_an_account_and_its_first_vault_are_made(tmp_path):
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    engine.stop()
    member = "210987654321"

    def add(_):
        assert engine.run("account", "add", "member", "--id", member, check=False).returncode != 0

    crash(engine, "vault-folder-made", add)

    engine.start()
    assert [row["AccountId"] for row in engine.json("account", "list")] == [ACCOUNT]
    engine.run("account", "add", "member", "--id", member)
    vaults = engine.client(account=member).list_backup_vaults()["BackupVaultList"]
    assert [vault["BackupVaultName"] for vault in vaults] == ["Default"]
    # the folder that the first attempt made belonged to no vault
    assert len(list((engine.data / "trash").glob(f"{member}_{REGION}_Default_*"))) == 1
    source = trees.everything(tmp_path / "source")
    resource = engine.add_efs("projects", source, account=member)
    role = ROLE.replace(ACCOUNT, member)
    backup = engine.client(account=member)
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=role)["BackupJobId"]
    assert wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job))["State"] == "COMPLETED"
    engine.stop()


def backup_policy(version, regions=(REGION,)):
    """Two plans, one of which says the version in its window; from the second version on a third plan."""
    def plan(window):
        rule = {"schedule_expression": {"@@assign": "cron(0 5 ? * * *)"}, "target_backup_vault_name": {"@@assign": "Default"},
                "complete_backup_window_minutes": {"@@assign": str(window)}}
        everything = {"iam_role_arn": {"@@assign": "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole"},
                      "resource_types": {"@@assign": ["*"]}}
        return {"regions": {"@@assign": list(regions)}, "rules": {"daily": rule}, "selections": {"resources": {"all": everything}}}
    plans = {"steady": plan(10_000), "changing": plan(1000 + version)}
    return json.dumps({"plans": plans if version < 2 else {**plans, "added": plan(20_000)}})


def made_by(content, region=REGION):
    """What the plans of a policy are called, and their windows; nothing where none holds."""
    plans = json.loads(content)["plans"] if content else {}
    return {name: int(plan["rules"]["daily"]["complete_backup_window_minutes"]["@@assign"]) for name, plan in plans.items()
            if region in plan["regions"]["@@assign"]}


def plans_of(engine, account, region=REGION):
    """The same, as the account has them: each with its one selection."""
    backup = engine.client(account=None if account == ACCOUNT else account, region=region)
    found = {}
    for row in backup.list_backup_plans()["BackupPlansList"]:
        plan = backup.get_backup_plan(BackupPlanId=row["BackupPlanId"])["BackupPlan"]
        assert len(backup.list_backup_selections(BackupPlanId=row["BackupPlanId"])["BackupSelectionsList"]) == 1
        assert plan["BackupPlanName"] not in found
        found[plan["BackupPlanName"]] = plan["Rules"][0]["CompletionWindowMinutes"]
    return found


def holds_everywhere(engine, content, region=REGION):
    """In every account the plans are those of this policy, and that is what is told to hold there."""
    for account in [ACCOUNT, *MEMBERS]:
        assert plans_of(engine, account, region) == made_by(content, region), account
    organizations = engine.client("organizations")
    for account in [ACCOUNT, *MEMBERS] if content else []:
        told = organizations.describe_effective_policy(PolicyType="BACKUP_POLICY", TargetId=account)["EffectivePolicy"]["PolicyContent"]
        windows = {name: int(plan["rules"]["daily"]["complete_backup_window_minutes"]) for name, plan in json.loads(told)["plans"].items()}
        assert windows == made_by(content), account


def with_policy(tmp_path, content, attached, binary=DEBUG):
    """An organization of three accounts, stopped; its policy, and the root."""
    engine = Engine(tmp_path / "data", binary=binary).start()
    for nth, member in enumerate(MEMBERS):
        engine.run("account", "add", f"member-{nth}", "--id", member)
    organizations = engine.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="BACKUP_POLICY")
    made = organizations.create_policy(Name="baseline", Description="", Type="BACKUP_POLICY", Content=content)
    policy = made["Policy"]["PolicySummary"]["Id"]
    if attached:
        organizations.attach_policy(PolicyId=policy, TargetId=root)
    engine.stop()
    return engine, policy, root


# At the first plan that is changed, in the middle of the accounts, and at the last one.
@pytest.mark.parametrize("change, at", [("attach", 1), ("attach", 3), ("attach", 6), ("update", 1), ("update", 3), ("update", 6),
                                        ("detach", 1), ("detach", 3), ("detach", 6)])
def test_kill_9_while_a_backup_policy_changes(tmp_path, change, at):
    """The plans in the accounts are all the old ones; what is then acknowledged is all the new ones, also after a kill -9."""
    old = None if change == "attach" else backup_policy(1)
    new = {"attach": backup_policy(1), "update": backup_policy(2), "detach": None}[change]
    engine, policy, root = with_policy(tmp_path, backup_policy(1), attached=old is not None)

    def do(organizations):
        if change == "attach":
            organizations.attach_policy(PolicyId=policy, TargetId=root)
        elif change == "detach":
            organizations.detach_policy(PolicyId=policy, TargetId=root)
        else:
            organizations.update_policy(PolicyId=policy, Content=new)

    def fail(_):
        with pytest.raises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
            do(engine.client("organizations"))

    crash(engine, f"during-plans-of-policy:{at}", fail)
    engine.start()
    holds_everywhere(engine, old)
    do(engine.client("organizations"))
    engine.kill()
    engine.start()
    holds_everywhere(engine, new)
    engine.stop()


def test_kill_9_at_random_moments_leaves_the_plans_of_one_policy(tmp_path):
    """Updates follow one another; whenever the engine dies, the policy is the one acknowledged last or the one behind it, and
    every account has its plans and no others."""
    kills, rng = max(5, KILLS // 10), random.Random(SEED)
    print(f"seed {SEED}, {kills} kills")
    engine, policy, _ = with_policy(tmp_path, backup_policy(0), attached=True, binary=BINARY)
    acknowledged = 0
    for _ in range(kills):
        engine.start()
        organizations = engine.client("organizations")
        killer = threading.Timer(rng.random() * 0.2, engine.process.send_signal, [signal.SIGKILL])
        killer.start()
        with contextlib.suppress(botocore.exceptions.HTTPClientError, botocore.exceptions.EndpointConnectionError):
            while True:
                organizations.update_policy(PolicyId=policy, Content=backup_policy(acknowledged + 1))
                acknowledged += 1
        killer.join()
        engine.process.wait(10)
        engine.close_pipes()
        engine.start()
        told = engine.client("organizations").describe_policy(PolicyId=policy)["Policy"]["Content"]
        assert told in (backup_policy(acknowledged), backup_policy(acknowledged + 1)), acknowledged
        holds_everywhere(engine, told)
        acknowledged += told != backup_policy(acknowledged)
        engine.stop()
    print(f"{acknowledged} updates")


def test_kill_9_while_the_plans_of_a_policy_are_settled_at_the_start(tmp_path):
    """A region that a policy names has come to the config: the start that makes its plans dies, and the next one makes them all."""
    own = "office-berlin-1"
    content = backup_policy(1, [REGION, own])
    engine, _, _ = with_policy(tmp_path, content, attached=True)
    config = pathlib.Path(engine.environment["XDG_CONFIG_HOME"]) / "vaultdeck" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"[regions.{own}]\n")
    engine.environment["VAULTDECK_CRASH_AT"] = "during-plans-of-policy:3"
    with contextlib.suppress(AssertionError):
        engine.start()
    assert engine.process.wait(60) == -9
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()
    for region in (REGION, own):
        holds_everywhere(engine, content, region)
    engine.stop()


@pytest.mark.parametrize("point", ["during-key-replacement", "during-key-replacement:2"])
def test_kill_9_while_a_recovery_key_is_replaced(tmp_path, point):
    source = trees.everything(tmp_path / "source")
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    resource = engine.add_efs("projects", source)
    backup, ledger = engine.client(), Ledger()
    assert back_up(backup, resource)["State"] == "COMPLETED"
    ledger.look(backup)
    written_down = engine.run("vault", "recovery-key", "Default").stdout.strip()
    engine.stop()

    def replace(_):
        done = engine.run("vault", "recovery-key", "Default", check=False)
        assert done.returncode != 0 and not done.stdout.strip(), done

    crash(engine, point, replace)
    keys = engine.data / "vaults" / ACCOUNT / REGION / "Default" / "keys"
    assert len(list(keys.iterdir())) == 2

    def opens(password):
        return engine.restic("check", "--read-data", password=password).returncode == 0

    # then the key that its owner wrote down still opens the vault, before the next start and after it
    assert opens(written_down)
    engine.start()
    assert opens(written_down)

    # and the next replacement leaves one key, which opens it
    new = engine.run("vault", "recovery-key", "Default").stdout.strip()
    assert len(list(keys.iterdir())) == 1
    assert opens(new) and not opens(written_down)
    judge(engine, ledger, source, sorted(ledger.acknowledged))
    engine.stop()


@pytest.mark.parametrize("cancelling", [False, True])
def test_kill_9_while_a_legal_hold_is_made_or_released(tmp_path, cancelling):
    source = trees.everything(tmp_path / "source")
    engine = Engine(tmp_path / "data", binary=DEBUG).start()
    backup = engine.client()
    point = back_up(backup, engine.add_efs("projects", source))["RecoveryPointArn"]
    hold = backup.create_legal_hold(Title="case 7", Description="d")["LegalHoldId"] if cancelling else None
    engine.stop()

    # when the engine dies behind the catalog's commit and before the vault's folder tells of it
    def change(backup):
        with pytest.raises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
            if cancelling:
                backup.cancel_legal_hold(LegalHoldId=hold, CancelDescription="settled")
            else:
                backup.create_legal_hold(Title="case 7", Description="d")

    crash(engine, "before-hold-files", change)
    folder = engine.data / "vaults" / ACCOUNT / REGION / "Default" / "vaultdeck" / "holds"
    assert len(list(folder.glob("*.json"))) == cancelling

    # then the change is made, and the folder follows it
    engine.start()
    backup = engine.client()
    [found] = backup.list_legal_holds()["LegalHolds"]
    assert found["Status"] == ("CANCELED" if cancelling else "ACTIVE")
    deadline = time.monotonic() + 30
    while len(list(folder.glob("*.json"))) == cancelling:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    if not cancelling:
        with pytest.raises(botocore.exceptions.ClientError, match="active legal hold"):
            backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
        backup.cancel_legal_hold(LegalHoldId=found["LegalHoldId"], CancelDescription="settled")
    backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)
    engine.stop()


@pytest.mark.parametrize("point", ["key-material-written", "during-key-destruction"])
def test_kill_9_while_a_kms_key_is_made_or_destroyed(tmp_path, point):
    engine = Engine(tmp_path / "data", binary=DEBUG, arguments=["--clock", "simulated"]).start()
    files = engine.data / "keys" / "kms"
    kms = engine.client("kms")
    key = kms.create_key(Description="kept or destroyed")["KeyMetadata"]
    engine.client().create_backup_vault(BackupVaultName="sealed", EncryptionKeyArn=key["Arn"])
    resource = engine.add_efs("projects", trees.everything(tmp_path / "source"))
    assert back_up(engine.client(), resource, vault="sealed")["State"] == "COMPLETED"
    destroys = point == "during-key-destruction"
    if destroys:
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    engine.stop()

    def die(_):
        with pytest.raises((urllib.error.URLError, ConnectionError, http.client.HTTPException, botocore.exceptions.BotoCoreError)):
            if destroys:
                engine.clock(advance_seconds=8 * 86_400)
            else:
                engine.client("kms").create_key(Description="never told")

    crash(engine, point, die)
    # A material without a key is nobody's; a key that is said to be deleted has none any more, from the next start on.
    assert (files / f"{key['KeyId']}.key").exists()
    engine.start()
    kms = engine.client("kms")
    told = [row["KeyId"] for row in kms.list_keys()["Keys"] if kms.describe_key(KeyId=row["KeyId"])["KeyMetadata"]["KeyManager"] == "CUSTOMER"]
    assert told == ([] if destroys else [key["KeyId"]])
    assert (files / f"{key['KeyId']}.key").exists() != destroys
    job = back_up(engine.client(), resource, vault="sealed")
    assert job["State"] == ("FAILED" if destroys else "COMPLETED"), job
    assert not destroys or "was deleted at" in job["StatusMessage"]
    engine.stop()


def test_sigterm_in_the_middle_of_a_backup_resumes_it_at_the_next_start(tmp_path):
    source = trees.large(tmp_path / "source", 600_000_000)
    engine = Engine(tmp_path / "data").start()
    resource = engine.add_efs("projects", source)
    backup = engine.client()
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    while backup.describe_backup_job(BackupJobId=job)["State"] in ("CREATED", "PENDING"):
        time.sleep(0.01)
    time.sleep(0.3)
    state = backup.describe_backup_job(BackupJobId=job)["State"]
    assert state == "RUNNING", f"ended too early to be interrupted: {state}"
    began = time.monotonic()
    engine.stop()
    assert time.monotonic() - began < 5.5
    engine.start()
    jobs = settle(engine.client())
    assert [(row["BackupJobId"], row["State"]) for row in jobs] == [(job, "COMPLETED")]
    engine.stop()
