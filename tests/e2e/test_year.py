"""400 days of an organization of five accounts under simulated time, by boto3: daily and monthly plans of its policies, copies over regions and
accounts, a lock through its cooling-off, a legal hold across an expiry, cold storage after 30 days and expiry after 120.

What must be there on a day is worked out in this file by plain arithmetic over the numbers of days: a point that is made on day c
and lives n days is there on the evenings of the days c to c + n - 1. restic reads every vault at the end.
"""

import datetime
import json
import os
import pathlib
import tempfile
import zoneinfo

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, REGION

DAYS = 400
ABROAD = "eu-central-1"
UTC = datetime.timezone.utc
EVENING = datetime.timedelta(hours=20)
COLD_AFTER, COLD_LIFE = 30, 120
# On this day a source is away: its backup fails, and there is no copy of it.
AWAY = 150
# The hold catches what is there in the evening of the first of these days, and is released in the evening of the second.
HELD, RELEASED = 100, 200
# In the evening of this day the engine is stopped and started again.
RESTART = 250
EVERY_VAULT_FULLY = 50
COPY_INTO = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}]})


def days(count):
    return datetime.timedelta(days=count)


def role(account):
    return f"arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"


def refused(call, code, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


def assigned(value):
    return {"@@assign": value}


def lifecycle_of(lifecycle):
    names = {"MoveToColdStorageAfterDays": "move_to_cold_storage_after_days", "DeleteAfterDays": "delete_after_days"}
    return {names[name]: assigned(str(value)) for name, value in lifecycle.items()}


def give_plan(year, account, name, rule):
    """A backup policy of the organization, attached to an account, makes there a plan of one rule that protects all of its
    resources; the one place where plans come from."""
    terms = {"schedule_expression": assigned(rule["ScheduleExpression"]), "target_backup_vault_name": assigned(rule["TargetBackupVaultName"])}
    if "ScheduleExpressionTimezone" in rule:
        terms["schedule_expression_timezone"] = assigned(rule["ScheduleExpressionTimezone"])
    if "Lifecycle" in rule:
        terms["lifecycle"] = lifecycle_of(rule["Lifecycle"])
    for copy in rule.get("CopyActions", []):
        arn = copy["DestinationBackupVaultArn"]
        terms["copy_actions"] = {arn: {"target_backup_vault_arn": assigned(arn), "lifecycle": lifecycle_of(copy["Lifecycle"])}}
    everything = {"iam_role_arn": assigned(role("$account")), "resource_types": assigned(["*"])}
    content = {"plans": {name: {"regions": assigned([REGION]), "rules": {name: terms}, "selections": {"resources": {"all": everything}}}}}
    organizations = year.organizations
    policy = organizations.create_policy(Name=name, Description="", Type="BACKUP_POLICY", Content=json.dumps(content))["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=account)
    plans = year.client(account).list_backup_plans()["BackupPlansList"]
    assert [(plan["BackupPlanName"], plan["BackupPlanId"][:5]) for plan in plans] == [(name, "orgs/")], plans


class Year:
    """The organization, its clock, and its folders."""

    def __init__(self, engine, root):
        self.engine, self.root = engine, root
        self.clients, self.sources = {}, {}
        self.organizations = engine.client("organizations")
        root = self.organizations.list_roots()["Roots"][0]["Id"]
        self.organizations.enable_policy_type(RootId=root, PolicyType="BACKUP_POLICY")
        now = datetime.datetime.fromisoformat(engine.clock(advance_seconds=0))
        self.midnight = datetime.datetime.combine(now.date() + days(1), datetime.time(), UTC)
        self.set(self.midnight)

    def set(self, to):
        return self.engine.clock(set=to.isoformat())

    def client(self, account, region=REGION):
        if (account, region) not in self.clients:
            self.clients[account, region] = self.engine.client(account=None if account == ACCOUNT else account, region=region)
        return self.clients[account, region]

    def member(self, name):
        self.engine.run("account", "add", name)
        return next(row["AccountId"] for row in self.engine.json("account", "list") if row["Name"] == name)

    def source(self, account, name):
        """A folder whose file tells the day."""
        folder = self.root / name
        folder.mkdir()
        (folder / "constant").write_bytes(name.encode() * 1000)
        self.sources[name] = folder
        return self.engine.add_efs(name, folder, account=None if account == ACCOUNT else account)

    def write(self, day):
        for folder in self.sources.values():
            if folder.exists():
                (folder / "today").write_text(f"day {day}\n")

    def restart(self):
        self.engine.stop()
        self.engine.start()
        self.clients.clear()


class Vault:
    """A vault, and what must be in it."""

    def __init__(self, year, account, name, source, made, lives, region=REGION, cold=None):
        """`made` tells when a point is made on a day, or that none is; `lives` for how many days it is kept, `None` for ever."""
        self.year, self.account, self.name, self.source = year, account, name, source
        self.made, self.lives, self.region, self.cold = made, lives, region, cold
        self.arn = year.client(account, region).create_backup_vault(BackupVaultName=name)["BackupVaultArn"]

    def expected(self, day):
        """The days whose points are there in the evening of a day."""
        oldest = 0 if self.lives is None else max(0, day - self.lives + 1)
        return [made for made in range(oldest, day + 1) if self.made(made)]

    def points(self):
        pages = self.year.client(self.account, self.region).get_paginator("list_recovery_points_by_backup_vault")
        return [point for page in pages.paginate(BackupVaultName=self.name) for point in page["RecoveryPoints"]]

    def check(self, day):
        """The list of points in the evening of a day: their number, their states, their dates; by day."""
        expected = {self.made(made): made for made in self.expected(day)}
        points = self.points()
        assert sorted(point["CreationDate"] for point in points) == sorted(expected), f"{self.name} on day {day}"
        assert {point["Status"] for point in points} <= {"COMPLETED"}, f"{self.name} on day {day}"
        by_day = {expected[point["CreationDate"]]: point for point in points}
        for made, point in by_day.items():
            told = {name: at - self.made(made) for name, at in point.get("CalculatedLifecycle", {}).items()}
            lives = {} if self.lives is None else {"DeleteAt": days(self.lives)}
            assert told == lives | ({"MoveToColdStorageAt": days(self.cold)} if self.cold else {}), point
        return by_day

    def check_class(self, day, made, point):
        """The class in the evening of `day` of the point of another day."""
        told = self.year.client(self.account, self.region).describe_recovery_point(
            BackupVaultName=self.name, RecoveryPointArn=point["RecoveryPointArn"])
        cold = self.cold is not None and day - made >= self.cold
        assert told["StorageClass"] == ("COLD" if cold else "WARM"), (day, made, told)

    def restic(self, *arguments, cold=False):
        if not hasattr(self, "password"):
            where = ["--region", self.region] + ([] if self.account == ACCOUNT else ["--account", self.account])
            self.password = self.year.engine.run("vault", "recovery-key", self.name, *where).stdout.strip()
        done = self.year.engine.restic(*arguments, vault=self.name, password=self.password, account=self.account, region=self.region, cold=cold)
        assert done.returncode == 0, done
        return done.stdout

    def judge(self, day):
        """restic finds no error, one snapshot for each point, of its moment, and in it what the source was on its day."""
        points = {point["RecoveryPointArn"].rsplit(":", 1)[1].lower(): made for made, point in self.check(day).items()}
        found = {}
        for cold in (False, True)[:2 if self.cold else 1]:
            assert "no errors were found" in self.restic("check", "--read-data", cold=cold)
            for snapshot in json.loads(self.restic("snapshots", "--json", cold=cold)):
                id = next(tag.removeprefix("vaultdeck:") for tag in snapshot["tags"] if tag.startswith("vaultdeck:"))
                assert id.lower() not in found, "in one repository only"
                found[id.lower()] = (cold, snapshot)
        assert found.keys() == points.keys(), self.name
        for id, (cold, snapshot) in found.items():
            assert cold == (self.cold is not None and day - points[id] >= self.cold)
        for id in (min(points, key=points.get), max(points, key=points.get)):
            cold, snapshot = found[id]
            file = self.year.root / self.source / "today"
            assert self.restic("dump", snapshot["id"], str(file), cold=cold) == f"day {points[id]}\n"


def at(year, hour, minute=0, unless=()):
    """Every day at an hour of UTC, but for some days."""
    return lambda day: None if day in unless else year.midnight + days(day) + datetime.timedelta(hours=hour, minutes=minute)


def monthly(year, zone, hour):
    """On the first of each month at an hour of a zone; by the days of UTC, on which that hour is too."""
    def made(day):
        date = (year.midnight + days(day)).date()
        local = datetime.datetime.combine(date, datetime.time(hour), zoneinfo.ZoneInfo(zone))
        return local.astimezone(UTC) if date.day == 1 else None
    return made


class Evidence(Vault):
    """A vault of which a legal hold keeps what was there on a day."""

    def expected(self, day):
        kept = super().expected(HELD) if HELD <= day <= RELEASED else []
        return sorted({*kept, *super().expected(day)})


@pytest.fixture
def year(start):
    """In memory where there is such a folder: thousands of commits wait for the disk else, and nothing of that is looked at here."""
    memory = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        root = pathlib.Path(folder)
        engine = start(root / "data", arguments=["--clock", "simulated"])
        yield Year(engine, root)
        engine.stop()


def test_400_days_of_five_accounts(year):
    site, data, archive, audit = (year.member(name) for name in ("site", "data", "archive", "audit"))
    home = year.client(ACCOUNT)
    home.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"})
    for account, name in ((ACCOUNT, "ledger"), (site, "pages"), (data, "tables"), (archive, "papers"), (audit, "logs")):
        year.source(account, name)

    ledger = Vault(year, ACCOUNT, "ledger", "ledger", at(year, 5), COLD_LIFE, cold=COLD_AFTER)
    pages = Vault(year, site, "nightly", "pages", at(year, 6, unless={AWAY}), 7)
    pages_abroad = Vault(year, site, "abroad", "pages", at(year, 6, unless={AWAY}), 35, region=ABROAD)
    tables = Vault(year, data, "nightly", "tables", at(year, 7, 30), 14)
    safe = Vault(year, archive, "safe", "tables", at(year, 7, 30), 60)
    papers = Vault(year, archive, "papers", "papers", monthly(year, "Europe/Berlin", 9), None)
    evidence = Evidence(year, audit, "evidence", "logs", at(year, 0, 15), 10)
    vaults = [ledger, pages, pages_abroad, tables, safe, papers, evidence]

    keeper = year.client(archive)
    keeper.put_backup_vault_access_policy(BackupVaultName="safe", Policy=COPY_INTO)
    lock = {"BackupVaultName": "safe", "MinRetentionDays": 30, "MaxRetentionDays": 90, "ChangeableForDays": 3}
    keeper.put_backup_vault_lock_configuration(**lock)
    # a day less than the 90 that a point must lie in cold storage
    short = {"MoveToColdStorageAfterDays": COLD_AFTER, "DeleteAfterDays": COLD_LIFE - 1}
    rule = {"RuleName": "short", "TargetBackupVaultName": "ledger", "Lifecycle": short}
    message = refused(home.create_backup_plan, "InvalidParameterValueException", BackupPlan={"BackupPlanName": "short", "Rules": [rule]})
    assert "90 days apart" in message, message

    give_plan(year, ACCOUNT, "ledger", {
        "TargetBackupVaultName": "ledger", "ScheduleExpression": "cron(0 5 * * ? *)",
        "Lifecycle": {"MoveToColdStorageAfterDays": COLD_AFTER, "DeleteAfterDays": COLD_LIFE}})
    give_plan(year, site, "pages", {
        "TargetBackupVaultName": "nightly", "ScheduleExpression": "cron(0 6 * * ? *)", "Lifecycle": {"DeleteAfterDays": 7},
        "CopyActions": [{"DestinationBackupVaultArn": pages_abroad.arn, "Lifecycle": {"DeleteAfterDays": 35}}]})
    give_plan(year, data, "tables", {
        "TargetBackupVaultName": "nightly", "ScheduleExpression": "cron(30 7 * * ? *)", "Lifecycle": {"DeleteAfterDays": 14},
        "CopyActions": [{"DestinationBackupVaultArn": safe.arn, "Lifecycle": {"DeleteAfterDays": 60}}]})
    give_plan(year, archive, "papers", {
        "TargetBackupVaultName": "papers", "ScheduleExpression": "cron(0 9 1 * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin"})
    give_plan(year, audit, "logs", {
        "TargetBackupVaultName": "evidence", "ScheduleExpression": "cron(15 0 * * ? *)", "Lifecycle": {"DeleteAfterDays": 10}})

    hold = None
    for day in range(DAYS):
        year.write(day)
        if day in (AWAY, AWAY + 1):
            away = (year.root / "pages", year.root / "pages-away")
            away[day - AWAY].rename(away[1 - (day - AWAY)])
        year.set(year.midnight + days(day) + EVENING)
        found = {vault: vault.check(day) for vault in vaults}
        check_cold(ledger, day, found[ledger])
        check_lock(year, safe, lock, day, found[safe])
        if day == AWAY:
            check_failure(year, site)
        if day == HELD:
            hold = create_hold(year, audit, evidence, found[evidence])
        if HELD <= day <= RELEASED and day % 10 == 0:
            check_hold(year, audit, hold, evidence, found[evidence])
        if day == RELEASED:
            year.client(audit).cancel_legal_hold(LegalHoldId=hold, CancelDescription="settled")
        if day == RESTART:
            year.restart()

    check_jobs(year, (ACCOUNT, site, data, archive, audit), papers)
    for vault in vaults:
        vault.judge(DAYS - 1)


def check_cold(ledger, day, points):
    """The day of the move and the one before it; every point now and then."""
    for made, point in points.items():
        if day - made in (COLD_AFTER - 1, COLD_AFTER) or day % EVERY_VAULT_FULLY == 0:
            ledger.check_class(day, made, point)


def check_lock(year, safe, lock, day, points):
    """Changed on its last day but one, by which its date moves on; from that date on nobody can."""
    backup = year.client(safe.account)
    described = backup.describe_backup_vault(BackupVaultName="safe")
    changed = 2
    date = year.midnight + days(3) if day <= changed else year.midnight + days(changed + 3) + EVENING
    assert (described["Locked"], described["LockDate"], described["NumberOfRecoveryPoints"]) == (True, date, len(points)), day
    assert described["MinRetentionDays"] == (30 if day <= changed else 40)
    changed_lock = {**lock, "MinRetentionDays": 40}
    if day == changed:
        backup.put_backup_vault_lock_configuration(**changed_lock)
    if day in (changed + 3, DAYS - 1):
        refused(backup.delete_backup_vault_lock_configuration, "InvalidRequestException", BackupVaultName="safe")
        refused(backup.put_backup_vault_lock_configuration, "InvalidRequestException", **changed_lock)
    if day % EVERY_VAULT_FULLY == 0:
        for point in (points[min(points)], points[max(points)]):
            refused(backup.delete_recovery_point, "InvalidRequestException", BackupVaultName="safe", RecoveryPointArn=point["RecoveryPointArn"])
        check_copy_outside(year, safe, day)


def check_copy_outside(year, safe, day):
    """A copy of fewer days than the lock wants fails as a job, and nothing of it is there."""
    resource = next(point for point in safe.points())
    source = year.client(resource["ResourceArn"].split(":")[4])
    point = source.list_recovery_points_by_backup_vault(BackupVaultName="nightly")["RecoveryPoints"][0]
    started = source.start_copy_job(RecoveryPointArn=point["RecoveryPointArn"], SourceBackupVaultName="nightly",
                                    DestinationBackupVaultArn=safe.arn, IamRoleArn=role(point["ResourceArn"].split(":")[4]),
                                    Lifecycle={"DeleteAfterDays": 29})
    year.engine.clock(advance_seconds=60)
    job = source.describe_copy_job(CopyJobId=started["CopyJobId"])["CopyJob"]
    assert job["State"] == "FAILED" and "retention" in job["StatusMessage"], job
    assert len(safe.points()) == len(safe.expected(day))


def check_failure(year, site):
    """The source was away: the job of that day failed, and says so."""
    jobs = year.client(site).list_backup_jobs(ByState="FAILED")["BackupJobs"]
    assert [job["CreationDate"] for job in jobs] == [year.midnight + days(AWAY) + datetime.timedelta(hours=6)]
    assert str(year.root / "pages") in jobs[0]["StatusMessage"], jobs


def create_hold(year, audit, evidence, points):
    assert len(points) == 10
    made = year.client(audit).create_legal_hold(
        Title="case 7", Description="an inquiry", RecoveryPointSelection={"VaultNames": ["evidence"]})
    return made["LegalHoldId"]


def check_hold(year, audit, hold, evidence, points):
    """It is on what was there when it was made, which nobody deletes."""
    backup = year.client(audit)
    caught = range(HELD - 9, HELD + 1)
    held = backup.list_recovery_points_by_legal_hold(LegalHoldId=hold)["RecoveryPoints"]
    assert {row["RecoveryPointArn"] for row in held} == {points[made]["RecoveryPointArn"] for made in caught}
    for made in caught:
        message = refused(backup.delete_recovery_point, "InvalidRequestException", BackupVaultName="evidence", RecoveryPointArn=points[made]["RecoveryPointArn"])
        assert "legal hold" in message, message


def check_jobs(year, accounts, papers):
    """Every job of the 400 days, by account and state; records are kept for as long."""
    home, site, data, archive, audit = accounts
    firsts = len(papers.expected(DAYS - 1))
    outside = len(range(0, DAYS, EVERY_VAULT_FULLY))
    backups = {home: {"COMPLETED": DAYS}, site: {"COMPLETED": DAYS - 1, "FAILED": 1}, data: {"COMPLETED": DAYS},
               archive: {"COMPLETED": firsts}, audit: {"COMPLETED": DAYS}}
    copies = {home: {}, site: {"COMPLETED": DAYS - 1}, data: {"COMPLETED": DAYS, "FAILED": outside}, audit: {}}
    for account, expected in backups.items():
        assert count(year.client(account), "list_backup_jobs", "BackupJobs") == expected, account
    for account, expected in copies.items():
        assert count(year.client(account), "list_copy_jobs", "CopyJobs") == expected, account


def count(client, operation, member):
    states = {}
    for page in client.get_paginator(operation).paginate():
        for job in page[member]:
            states[job["State"]] = states.get(job["State"], 0) + 1
    return states
