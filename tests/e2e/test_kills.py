"""`kill -9` at any moment of backups, restores and a followed log, over every driver: no acknowledged recovery point is lost, each
restores to what it was made of, and nothing that ran for the engine stays."""

import contextlib
import os
import random
import time

import botocore.exceptions
import pytest

import services
from conftest import DEBUG, ROLE, back_up, wait_for_job
from services import ROOTS, programs_for
from test_continuous import continuous_plan, next_run, now, until_restorable
from test_crash import FINAL, pages
from test_postgresql import until

# The aim of a long run is 200.
KILLS = int(os.environ.get("VAULTDECK_KILLS", 10))
SEED = int(os.environ.get("VAULTDECK_E2E_SEED", 20261126))
# How a job ends honestly that was killed again and again; its third attempt may find what a server did late for the first ones.
GIVEN_UP = ("The engine stopped while this job ran, 3 times", "what an earlier one wrote came late", "E11000 duplicate key")


def is_given_up(job):
    return any(why in job.get("StatusMessage", "") for why in GIVEN_UP)


@pytest.fixture
def all_services(tmp_path):
    made = []
    yield lambda: [made.append(kind(tmp_path)) or made[-1] for kind in services.ALL]
    for service in made:
        service.stop()


class Ledger:
    """What was asked for, and what must come of it."""

    def __init__(self):
        # The state of a service that a backup job must have; the service and the place that a restore job must have filled.
        self.backups, self.restores = {}, {}
        # By recovery point, once its job was seen COMPLETED: the service, and the state that it holds.
        self.acknowledged = {}

    def look(self, backup):
        """Reads the lists of jobs. Returns the resources of which a backup is not over."""
        busy, jobs = set(), pages(backup, "list_backup_jobs", "BackupJobs")
        known = {job["BackupJobId"] for job in jobs}
        assert self.backups.keys() <= known, f"forgotten: {self.backups.keys() - known}"
        for job in jobs:
            if job["State"] not in FINAL:
                busy.add(job["ResourceArn"])
            elif job["BackupJobId"] in self.backups:
                if job["State"] == "COMPLETED":
                    self.acknowledged[job["RecoveryPointArn"]] = self.backups[job["BackupJobId"]]
                else:
                    assert is_given_up(job), (job["ResourceType"], job.get("StatusMessage"))
        return busy

    def judge(self, engine):
        """Every acknowledged point is there, and what was restored is what it holds."""
        backup = engine.client()

        def over(done, what):
            """Waits for it; the engine's clock goes on meanwhile, for some of what failed is tried again in a minute."""
            deadline = time.monotonic() + 300
            while not done():
                assert time.monotonic() < deadline, f"never: {what}"
                time.sleep(1)
                engine.clock(advance_seconds=10)

        over(lambda: not self.look(backup), "all backups are over")
        there = {point["RecoveryPointArn"]: point["Status"] for point in pages(backup, "list_recovery_points_by_backup_vault", "RecoveryPoints", BackupVaultName="Default")}
        for point in self.acknowledged:
            assert there.get(point) == "COMPLETED", point
        for job, (service, name, expected) in self.restores.items():
            over(lambda: backup.describe_restore_job(RestoreJobId=job)["Status"] in FINAL, f"{job} of {service.type} is over")
            done = backup.describe_restore_job(RestoreJobId=job)
            if done["Status"] != "COMPLETED":
                assert is_given_up(done), (service.type, done.get("StatusMessage"))
                continue
            assert service.restored(name) == expected, (service.type, done)
            if "CreatedResourceArn" in done:
                engine.run("resource", "remove", done["CreatedResourceArn"])
        self.restores.clear()


def start_backup(backup, ledger, service):
    state = service.seen()
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=service.resource, IamRoleArn=ROLE)["BackupJobId"]
    ledger.backups[job] = (service, state)


def start_restore(engine, backup, ledger, point, name):
    service, state = ledger.acknowledged[point]
    ledger.restores[service.restore(engine, backup, point, name)] = (service, name, state)


def test_kill_9_at_random_moments_of_every_driver(start, tmp_path, all_services):
    print(f"seed {SEED}, {KILLS} kills")
    rng, ledger = random.Random(SEED), Ledger()
    engine = start(arguments=["--clock", "simulated", *ROOTS])
    every = [service.register(engine) for service in all_services()]
    backup = engine.client()
    for service in every:
        service.change(rng)
        start_backup(backup, ledger, service)
    until(lambda: not ledger.look(backup), "the first backups are over", 300)
    followed = next(service for service in every if service.type == "RDS")
    continuous_plan(backup, followed.resource)
    point = next_run(engine, backup)[0]["RecoveryPointArn"]

    # Nothing else runs for these servers and in this folder but what the engine starts.
    marks = [str(tmp_path), *(str(service.server.port) for service in every if service.type in ("RDS", "Aurora", "Redshift"))]
    killed = {"backups": 0, "restores": 0}
    for kill in range(KILLS):
        backup = engine.client()
        busy = ledger.look(backup)
        for service in rng.sample(every, 3):
            if service.resource not in busy:
                service.change(rng)
                start_backup(backup, ledger, service)
        waiting = [row for row in pages(backup, "list_restore_jobs", "RestoreJobs") if row["Status"] not in FINAL]
        for number in range(3 - len(waiting)):
            # Each service as often as the others, whatever it has of points.
            service = rng.choice(every)
            own = sorted(point for point, (of, _) in ledger.acknowledged.items() if of is service)
            # Short: what was restored into a server is backed up with it, and restored again under a longer name.
            start_restore(engine, backup, ledger, rng.choice(own), f"r{kill}-{number}")
        time.sleep(rng.random() * rng.choice([0.05, 0.5, 2.0]))
        killed["backups"] += len(ledger.look(backup))
        killed["restores"] += sum(row["Status"] not in FINAL for row in pages(backup, "list_restore_jobs", "RestoreJobs"))
        engine.kill()
        until(lambda: not programs_for(*marks), "what ran for the engine has ended with it", 10)
        engine.start()
        if kill % 10 == 9 or kill == KILLS - 1:
            ledger.judge(engine)
    print(f"{killed} killed, {len(ledger.backups)} backups, {len(ledger.acknowledged)} acknowledged")
    assert min(killed.values()) > 0

    # the continuous point goes on where it was
    status = engine.client().describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)["Status"]
    assert status == "AVAILABLE"
    until_restorable(engine, point, now(followed.server))
    assert followed.server.ask("SELECT count(*) FROM pg_replication_slots") == "1"
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    engine.stop()
    until(lambda: not programs_for(*marks), "nothing runs for the engine", 10)
    assert followed.server.ask("SELECT count(*) FROM pg_replication_slots WHERE active OR temporary") == "0"
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check


@pytest.mark.parametrize("kind", services.ALL, ids=lambda kind: kind.__name__)
def test_a_restore_that_is_killed_when_all_is_written_is_completed_by_the_next_engine(start, tmp_path, kind):
    service = kind(tmp_path)
    try:
        engine = start(arguments=ROOTS, binary=DEBUG)
        service.register(engine)
        service.change(random.Random(SEED))
        state = service.seen()
        point = back_up(engine.client(), service.resource)["RecoveryPointArn"]
        engine.stop()
        engine = start(arguments=ROOTS, binary=DEBUG, environment={"VAULTDECK_CRASH_AT": "before-restore-completes"})
        # It may be killed before it answers.
        with contextlib.suppress(botocore.exceptions.BotoCoreError):
            service.restore(engine, engine.client(), point, "restored")
        until(lambda: engine.process.poll() is not None, "it is killed", 90)
        engine.close_pipes()
        backup = start(arguments=ROOTS, binary=DEBUG).client()
        job, = backup.list_restore_jobs()["RestoreJobs"]
        done = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job["RestoreJobId"]))
        assert done["Status"] == "COMPLETED", done
        assert service.restored("restored") == state
    finally:
        service.stop()
